# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Sourced by the scripts that download Debian's packages.

# use_own_index ARCHITECTURE DIRECTORY: until the (sub)shell ends, apt-get and apt-cache use an index of their own in
# DIRECTORY/apt-ARCHITECTURE, up to date, for which no package is installed yet. That needs no privilege and changes
# nothing elsewhere. All users of the same index take turns.
use_own_index() {
    apt=$2/apt-$1
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    touch "$apt/status"
    exec 9>"$apt/lock"
    flock 9
    # apt runs as root here only to write into this directory: no need for its sandbox user.
    cat >"$apt/apt.conf" <<END
APT::Architecture "$1";
APT::Architectures { "$1"; };
APT::Sandbox::User "root";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Debug::NoLocking "true";
Acquire::Languages "none";
END
    APT_CONFIG=$apt/apt.conf
    export APT_CONFIG
    # An index older than an hour may name versions that the mirror no longer has.
    if [ -z "$(find "$apt" -name updated -mmin -60)" ]; then
        apt-get -q=2 update && touch "$apt/updated"
    fi
}
