#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Boots an ISO image in QEMU with this terminal as the machine's first serial
# port. The processor is emulated (TCG), with AMD's virtualisation extensions.
#
#   mk/run.sh ISO
#
# Environment: FIRMWARE=bios (default) or uefi; MACHINE_CPUS, MACHINE_MEMORY.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: mk/run.sh ISO" >&2
    exit 2
fi
iso=$1
firmware=${FIRMWARE:-bios}
directory=$(mktemp -d)

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
    rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

case $firmware in
bios) set -- ;;
uefi)
    cp /usr/share/OVMF/OVMF_VARS.fd "$directory/OVMF_VARS.fd"
    set -- -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd \
        -drive "if=pflash,format=raw,file=$directory/OVMF_VARS.fd"
    ;;
*)
    echo "mk/run.sh: no firmware '$firmware': use bios or uefi" >&2
    exit 2
    ;;
esac

cat <<END

Booting $iso in QEMU. This terminal is the machine's console.

  To leave:            Ctrl-A x           (ends QEMU at once)
  To switch consoles:  Ctrl-] n           next; Ctrl-] m: the manager; Ctrl-] ?: all keys
  Clean power-off:     Ctrl-] m, then type poweroff

END

# The emulated processor lacks features that its model names; QEMU warns of each.
qemu-system-x86_64 -accel tcg -machine q35 -cpu EPYC,+svm,+npt \
    -smp "${MACHINE_CPUS:-2}" -m "${MACHINE_MEMORY:-2G}" \
    -nodefaults -no-user-config -display none -serial mon:stdio -no-reboot \
    "$@" -cdrom "$iso" -boot d 2>"$directory/warnings" || {
    status=$?
    grep -v "TCG doesn't support requested feature" "$directory/warnings" >&2 || true
    exit "$status"
}
