#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Downloads the kernel package that a Debian meta-package stands for and unpacks
# it, without installing anything.
#
#   guests/fetch_debian_kernel.sh META-PACKAGE DIRECTORY
#
# The kernel is then DIRECTORY/vmlinuz, its modules DIRECTORY/modules/VERSION.
# apt checks the package against the hashes in the archive's signed index. A
# package that is in DIRECTORY already is kept.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: guests/fetch_debian_kernel.sh META-PACKAGE DIRECTORY" >&2
    exit 2
fi
meta=$1
mkdir -p "$2"
directory=$(cd "$2" && pwd)

# Names the kernel package that the meta-package depends on.
resolve() {
    apt-cache "$@" --no-all-versions show "$meta" 2>/dev/null |
        sed -n 's/^Depends:.*\(linux-image-[0-9][^ ,]*\).*/\1/p' | head -n 1
}

download() {
    package=$(resolve "$@")
    [ -n "$package" ] || return 1
    # apt runs as root here only to write into this directory: no need for its sandbox user.
    (cd "$directory/download" && apt-get "$@" -o APT::Sandbox::User=root -q=2 download "$package")
}

rm -rf "$directory/download"
mkdir -p "$directory/download"
if ! download >"$directory/download.log" 2>&1; then
    # The machine's index is missing or out of date: make one of our own,
    # which needs no privilege and changes nothing outside the directory.
    mkdir -p "$directory/apt/lists/partial" "$directory/apt/cache/archives/partial"
    set -- -o "Dir::State::lists=$directory/apt/lists" -o "Dir::Cache=$directory/apt/cache" \
        -o Debug::NoLocking=true
    if ! { apt-get "$@" -o APT::Sandbox::User=root -q=2 update && download "$@"; } >>"$directory/download.log" 2>&1; then
        cat "$directory/download.log" >&2
        echo "guests/fetch_debian_kernel.sh: cannot download the kernel that $meta stands for" >&2
        exit 1
    fi
fi

rm -rf "$directory/unpacked"
dpkg-deb -x "$directory"/download/*.deb "$directory/unpacked"
kernel=$(find "$directory/unpacked/boot" -name 'vmlinuz-*')
if [ ! -f "$kernel" ]; then
    echo "guests/fetch_debian_kernel.sh: no single vmlinuz in the package" >&2
    exit 1
fi
rm -rf "$directory/modules"
mv "$directory/unpacked/lib/modules" "$directory/modules"
mv "$kernel" "$directory/vmlinuz"
rm -rf "$directory/unpacked" "$directory/apt"
echo "  GOT $(cd "$directory/download" && echo *.deb)"
