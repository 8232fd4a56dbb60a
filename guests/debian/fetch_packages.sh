#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Downloads Debian packages with all that they depend on, as for a machine that has none yet.
#
#   guests/debian/fetch_packages.sh ARCHITECTURE DIRECTORY PACKAGE...
#
# They are then in DIRECTORY, and nothing else is. A PACKAGE may be one of apt's patterns. ARCHITECTURE is Debian's; the
# machine need not know it. apt checks packages against the hashes in the archive's signed index.
set -eu

if [ $# -lt 3 ]; then
    echo "usage: guests/debian/fetch_packages.sh ARCHITECTURE DIRECTORY PACKAGE..." >&2
    exit 2
fi
# shellcheck source=guests/own_index.sh
. "$(dirname "$0")/../own_index.sh"
architecture=$1
directory=$2
shift 2

rm -rf "$directory"
mkdir -p "$directory/partial"
directory=$(cd "$directory" && pwd)
log=$directory.log
download() {
    (
        use_own_index "$architecture" "$(dirname "$directory")" &&
            apt-get -q=2 -y --no-install-recommends --download-only \
                -o "Dir::Cache::archives=$directory" install "$@"
    )
}
if ! download "$@" >"$log" 2>&1; then
    cat "$log" >&2
    echo "guests/debian/fetch_packages.sh: cannot download $* for $architecture" >&2
    exit 1
fi
rm -rf "$directory/partial" "$directory/lock"
