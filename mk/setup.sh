#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Installs the Debian packages that a job needs and that are missing, after
# saying which and why. Says nothing when nothing is missing.
#
#   mk/setup.sh [--list] JOB...     JOB: run, uefi, aarch64, vtx, test, lint, bench
#
# --list prints the packages of the jobs and why each is needed, and installs
# nothing.
set -eu

# job  package  what for
needs='
run   gcc                  C compiler
run   libc6-dev            C library headers, for the host tool
run   binutils             assembler and linker
run   libxml2-dev          the tool reads system files (XML)
run   libfdisk-dev         the tool writes and reads partition tables (GPT)
run   libelf-dev           the tool reads program images (ELF)
run   libfdt-dev           the tool makes guests'"'"' device trees
run   liblz4-dev           the tool packs guests'"'"' images
run   libargon2-dev        the tool turns passphrases into encryption keys
run   libzycore-dev        headers of the x86 instruction decoder
run   dpkg-dev             downloads and unpacks source packages
run   ca-certificates      trust roots for downloads
run   xz-utils             unpacks source packages
run   python3              downloads and unpacks npm packages
run   acpica-tools         compiles the ACPI tables that guests see
run   busybox-static       user space of the example guests
run   cpio                 packs the example guests'"'"' initial RAM disk
run   grub-common          makes the GRUB of bootable images
run   grub-pc-bin          GRUB for BIOS
run   grub-efi-amd64-bin   GRUB for UEFI
run   squashfs-tools       makes read-only file systems for example guests
run   e2fsprogs            makes the root file system of an example guest
run   fakeroot             root owns its files, without being root
run   kmod                 lists the dependencies of its kernel modules
run   xorriso              writes ISO images
run   mtools               writes the EFI system partition of bootable images
run   qemu-system-x86      the emulated machine

uefi  ovmf                 UEFI firmware for the emulated machine

aarch64 gcc-aarch64-linux-gnu C compiler for AArch64; assembler and linker with it
aarch64 linux-libc-dev-arm64-cross Linux'"'"'s headers for programs of AArch64 guests
aarch64 qemu-system-arm    the emulated AArch64 machine
aarch64 qemu-efi-aarch64   its UEFI firmware

vtx   bochs                the emulated machine with VT-x, which seL4 needs
vtx   bochs-term           its screen, in a terminal

test  ovmf                 UEFI firmware for the emulated machine
test  libcmocka-dev        unit tests
test  device-tree-compiler checks guests'"'"' device trees
test  clang                fuzzing
test  libclang-rt-14-dev   the fuzzer'"'"'s run-time library
test  python3              test runner
test  python3-pytest       system tests
test  python3-pexpect      system tests: talks to the emulated machine
test  swtpm                the emulated machine'"'"'s TPM
test  tpm2-tools           reads the log of measured boot
test  fdisk                a second opinion on partition tables
test  gdisk                a third one
test  sbsigntool           signs GRUB for UEFI Secure Boot
test  efitools             makes the key lists that the emulated machine'"'"'s firmware is given
test  openssl              makes the keys and certificates of Secure Boot tests
test  nodejs               runs the independent implementation of post-quantum cryptography

lint  clang-format         layout of the source
lint  clang-tidy           static analysis
lint  cppcheck             static analysis
lint  shellcheck           static analysis of shell scripts
lint  libcmocka-dev        headers that the unit tests include
lint  python3              runs the analysers side by side

bench python3              reads the measurements
bench libglib2.0-dev       headers that QEMU plugins include
'

list=no
if [ "${1:-}" = --list ]; then
    list=yes
    shift
fi
if [ $# -eq 0 ]; then
    echo "usage: mk/setup.sh [--list] run|uefi|aarch64|vtx|test|lint|bench..." >&2
    exit 2
fi

wanted=
for job in "$@"; do
    case $job in
    run | uefi | aarch64 | vtx | test | lint | bench) wanted="$wanted $job " ;;
    *)
        echo "mk/setup.sh: no job '$job': use run, uefi, aarch64, vtx, test, lint or bench" >&2
        exit 2
        ;;
    esac
done

# Prints "package reason" for each package of the wanted jobs, once each.
needed() {
    seen=' '
    printf '%s\n' "$needs" | while read -r job package reason; do
        [ -n "$job" ] || continue
        case $wanted in *" $job "*) ;; *) continue ;; esac
        case $seen in *" $package "*) continue ;; esac
        seen="$seen$package "
        printf '%s %s\n' "$package" "$reason"
    done
}

if [ $list = yes ]; then
    needed | while read -r package reason; do
        printf '%-20s %s\n' "$package" "$reason"
    done
    exit 0
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is no Debian system, so nothing is installed here. What is needed, by the names of"
    echo "Debian 12's packages:"
    needed | while read -r package reason; do
        printf '  %-20s %s\n' "$package" "$reason"
    done
    exit 0
fi

installed=" $(dpkg-query -W -f '${db:Status-Abbrev}${Package} ' 2>/dev/null | sed 's/ii /=/g') "
missing=$(needed | while read -r package reason; do
    case $installed in *"=$package "*) ;; *) printf '%s %s\n' "$package" "$reason" ;; esac
done)
if [ -z "$missing" ]; then
    exit 0
fi

echo "These Debian packages are missing and are installed now:"
printf '%s\n' "$missing" | while read -r package reason; do
    printf '  %-20s %s\n' "$package" "$reason"
done

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Installing needs root, and sudo is not here. As root, run:" >&2
        echo "  apt-get update && apt-get install --no-install-recommends $(printf '%s\n' "$missing" | cut -d ' ' -f 1 | tr '\n' ' ')" >&2
        exit 1
    fi
    as_root=sudo
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
install_all() {
    printf '%s\n' "$missing" | cut -d ' ' -f 1 |
        xargs $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends
}
if ! $as_root apt-get update >"$log" 2>&1; then
    cat "$log" >&2
    echo "apt-get update failed: see above." >&2
    exit 1
fi
if ! install_all >"$log" 2>&1; then
    cat "$log" >&2
    echo "apt-get install failed: see above." >&2
    exit 1
fi
echo "Installed."
