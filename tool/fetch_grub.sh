#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Downloads GRUB's modules for another Debian architecture and unpacks them,
# without installing anything: such a package cannot be installed beside this
# machine's own GRUB.
#
#   tool/fetch_grub.sh PACKAGE ARCHITECTURE DIRECTORY
#
# The modules are then in DIRECTORY/PLATFORM, for example DIRECTORY/arm64-efi. apt
# checks the package against the hashes in the archive's signed index, which is
# fetched into DIRECTORY, with no privilege and without a change to the machine's.
set -eu

if [ $# -ne 3 ]; then
    echo "usage: tool/fetch_grub.sh PACKAGE ARCHITECTURE DIRECTORY" >&2
    exit 2
fi
package=$1
architecture=$2
mkdir -p "$3"
directory=$(cd "$3" && pwd)

rm -rf "$directory/download" "$directory/apt"
mkdir -p "$directory/download" "$directory/apt/lists/partial" "$directory/apt/cache/archives/partial"
set -- -o "Dir::State::lists=$directory/apt/lists" -o "Dir::Cache=$directory/apt/cache" -o Debug::NoLocking=true \
    -o APT::Sandbox::User=root -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -q=2
if ! { apt-get "$@" update && cd "$directory/download" && apt-get "$@" download "$package"; } \
    >"$directory/download.log" 2>&1; then
    cat "$directory/download.log" >&2
    echo "tool/fetch_grub.sh: cannot download $package for $architecture" >&2
    exit 1
fi
dpkg-deb -x "$directory"/download/*.deb "$directory/unpacked"
for platform in "$directory"/unpacked/usr/lib/grub/*; do
    rm -rf "${directory:?}/${platform##*/}"
    mv "$platform" "$directory/"
done
rm -rf "$directory/unpacked" "$directory/apt" "$directory/download"
