#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Boots an ISO image, or a Microkit's image of seL4, in an emulator with this terminal as the machine's first serial
# port. The processor is emulated (TCG): one with AMD's virtualisation extensions, or,
# if the image is for AArch64, one with EL2. In Bochs it is one with Intel's VT-x.
#
#   mk/run.sh IMAGE
#
# Environment: EMULATOR=qemu (default) or bochs; FIRMWARE=bios (default) or uefi, AArch64: uefi; MACHINE_CPUS, MACHINE_MEMORY;
# MACHINE_CPU, a model as QEMU names it; MACHINE_GIC=2 or 3 (default), AArch64's interrupt controller.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: mk/run.sh IMAGE" >&2
    exit 2
fi
iso=$1
emulator=${EMULATOR:-qemu}
messages=$(mktemp)

# QEMU puts the terminal into raw mode; whatever way it ends, put it back.
terminal=
if [ -t 0 ]; then
    terminal=$(stty -g)
fi
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    if [ -n "$terminal" ]; then
        stty "$terminal" 2>/dev/null || true
        # Attributes and cursor, in case a guest left them changed.
        printf '\033[0m\033[?25h\r\n'
    fi
    rm -f "$messages"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

cat <<END

Booting $iso in $emulator. This terminal is the machine's console.

  To leave:            Ctrl-A x           (ends it at once)
  To switch consoles:  Ctrl-] n           next; Ctrl-] m: the manager; Ctrl-] ?: all keys
  Clean power-off:     Ctrl-] m, then type poweroff (not on seL4)

END

# The emulated processor lacks features that its model names; QEMU warns of each.
build/bin/skyscope run --emulator "$emulator" ${FIRMWARE:+--firmware "$FIRMWARE"} ${MACHINE_CPU:+--cpu "$MACHINE_CPU"} \
    ${MACHINE_GIC:+--gic "$MACHINE_GIC"} ${MACHINE_CPUS:+--cpus "$MACHINE_CPUS"} --memory "${MACHINE_MEMORY:-2G}" \
    "$iso" 2>"$messages" || {
    status=$?
    grep -v "TCG doesn't support requested feature" "$messages" >&2 || true
    exit "$status"
}
