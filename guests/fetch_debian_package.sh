#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Downloads a Debian package and unpacks it, without installing anything.
#
#   guests/fetch_debian_package.sh ARCHITECTURE PACKAGE DIRECTORY
#
# Its files are then in DIRECTORY/files. A kernel's meta-package stands for the
# kernel that it depends on. ARCHITECTURE is Debian's (amd64, arm64); the machine
# need not know it. apt checks the package against the hashes in the archive's
# signed index.
set -eu

if [ $# -ne 3 ]; then
    echo "usage: guests/fetch_debian_package.sh ARCHITECTURE PACKAGE DIRECTORY" >&2
    exit 2
fi
# shellcheck source=guests/own_index.sh
. "$(dirname "$0")/own_index.sh"
architecture=$1
wanted=$2
mkdir -p "$3"
directory=$(cd "$3" && pwd)

# The package itself, or the kernel that the meta-package depends on.
resolve() {
    depends=$(apt-cache --no-all-versions show "$wanted" 2>/dev/null | sed -n 's/^Depends: //p' | head -n 1)
    case $wanted in
    linux-image-*) printf '%s\n' "$depends" | sed -n 's/.*\(linux-image-[0-9][^ ,]*\).*/\1/p' ;;
    *) echo "$wanted" ;;
    esac
}

download() {
    package=$(resolve)
    [ -n "$package" ] || return 1
    # apt runs as root here only to write into this directory: no need for its sandbox user.
    (cd "$directory/download" && apt-get -o APT::Sandbox::User=root -q=2 download "$package")
}

# For another architecture, or where the machine's index is missing or out of date.
download_with_own_index() {
    (use_own_index "$architecture" "$(dirname "$directory")" && download)
}

native=$(dpkg --print-architecture)
rm -rf "$directory/download"
mkdir -p "$directory/download"
if ! { [ "$architecture" = "$native" ] && download; } >"$directory/download.log" 2>&1; then
    # The machine's own index is missing or out of date, or not for this architecture.
    if ! download_with_own_index >>"$directory/download.log" 2>&1; then
        cat "$directory/download.log" >&2
        echo "guests/fetch_debian_package.sh: cannot download $wanted for $architecture" >&2
        exit 1
    fi
fi

rm -rf "$directory/files"
dpkg-deb -x "$directory"/download/*.deb "$directory/files"
echo "  GOT $(cd "$directory/download" && echo *.deb)"
