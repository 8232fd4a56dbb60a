#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Downloads the upstream tarball of a Debian source package and unpacks it.
#
#   fetch_debian_source.sh PACKAGE SHA256 DIRECTORY
#
# Uses the machine's own Debian mirror with private lists below DIRECTORY's
# parent: the system's apt state is neither needed nor changed, and any user may
# run it. A tarball whose SHA-256 is not the pinned one is refused.
set -eu

if [ $# -ne 3 ]; then
    echo "usage: $0 PACKAGE SHA256 DIRECTORY" >&2
    exit 2
fi
package=$1
sha256=$2
target=$3

fail()
{
    echo "third_party: $package: $*" >&2
    exit 1
}

download=$(dirname "$target")
mkdir -p "$download"
download=$(cd "$download" && pwd)
target=$download/$(basename "$target")
apt=$download/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$download/tarballs"

# One at a time: the packages share the lists.
exec 9>"$apt/lock"
flock 9

# Prints the mirror's deb-src lines, taken from the machine's own configuration.
source_lines()
{
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    option=
    [ ! -f "$keyring" ] || option="[signed-by=$keyring] "
    # shellcheck disable=SC2016 # apt expands these, not the shell
    apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 'Created-By: Packages' |
        awk -F'|' -v codename="$codename" -v option="$option" '
            ($2 == codename || $2 == "stable") && $3 == "main" && !seen[$1 $2]++ {
                print "deb-src " option $1 " " $2 " main"
            }'
}

private_apt()
{
    apt-get -q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/nonexistent \
        -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "APT::Sandbox::User=$(id -un)" \
        -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

checked()
{
    [ -f "$1" ] && echo "$sha256  $1" | sha256sum --check --status 2>/dev/null
}

find_tarball()
{
    for file in "$download/tarballs/${package}_"*.orig.tar.*; do
        case $file in
        *.asc) ;;
        *)
            if checked "$file"; then
                echo "$file"
                return 0
            fi
            ;;
        esac
    done
    return 1
}

if ! tarball=$(find_tarball); then
    source_lines >"$apt/sources.list"
    [ -s "$apt/sources.list" ] || fail "no Debian mirror found in the apt sources of this machine"
    # Lists older than an hour may name versions that the mirror no longer has.
    if [ -z "$(find "$apt" -name updated -mmin -60)" ]; then
        private_apt update >"$apt/log" 2>&1 || fail "cannot read the mirror's package lists: $(tail -n 3 "$apt/log")"
        touch "$apt/updated"
    fi
    (cd "$download/tarballs" && private_apt source --download-only --tar-only "$package") >"$apt/log" 2>&1 ||
        fail "cannot download the source package: $(tail -n 3 "$apt/log")"
    tarball=$(find_tarball) || fail "the downloaded tarball does not have the pinned SHA-256 $sha256"
fi

rm -rf "$target.new" "$target"
mkdir -p "$target.new"
tar -xf "$tarball" -C "$target.new" --strip-components=1 --no-same-owner
mv "$target.new" "$target"
