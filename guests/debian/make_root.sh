#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes an ext4 image with a Debian of unpacked packages. The same input gives the same bytes.
#
#   fakeroot guests/debian/make_root.sh OUTPUT MEBIBYTES PACKAGES FILES MODULES NAME...
#
# PACKAGES is a directory with .deb files, FILES a tree that is copied over the result. MODULES is one like /lib/modules,
# for one kernel, and NAMEs are the kernel modules that are wanted from there.
#
# The packages' own scripts are not run: they would have to be run by the guest's processor and as root. What they would do
# and this system needs is done below. dpkg in the guest knows the packages as unpacked.
set -eu

if [ $# -lt 5 ]; then
    echo "usage: fakeroot guests/debian/make_root.sh OUTPUT MEBIBYTES PACKAGES FILES MODULES NAME..." >&2
    exit 2
fi
output=$1
size=$2
packages=$3
files=$4
modules=$5
shift 5
here=$(dirname "$0")
root=$output.root

# Documentation but for the licences, other languages, and a data base of real machines' devices.
unpack() {
    dpkg-deb --fsys-tarfile "$1" | tar -x -C "$root" --same-owner --preserve-permissions --keep-directory-symlink \
        --wildcards --exclude='./usr/share/man/*' --exclude='./usr/share/info/*' --exclude='./usr/share/locale/*' \
        --exclude='./usr/share/doc/*/[!c]*' --exclude='./usr/share/doc/*/changelog*' --exclude='./usr/share/lintian/*' \
        --exclude='./usr/share/bash-completion/*' --exclude='./usr/lib/*/gconv/*' --exclude='./lib/udev/hwdb.d/*' \
        --exclude='./usr/share/i18n/*' --exclude='./usr/lib/systemd/catalog/*.*.catalog'
}

# What dpkg keeps of a package.
register() {
    rm -rf "$root.control" && dpkg-deb --control "$1" "$root.control"
    name=$(dpkg-deb --field "$1" Package)
    if [ "$(dpkg-deb --field "$1" Multi-Arch)" = same ]; then
        name=$name:$(dpkg-deb --field "$1" Architecture)
    fi
    dpkg-deb --fsys-tarfile "$1" | tar -t | sed 's:^\.::; s:/$::; s:^$:/.:' >"$database/info/$name.list"
    {
        sed -n '1p' "$root.control/control"
        echo "Status: install ok unpacked"
        sed '1d' "$root.control/control"
        # As dpkg writes it: " /path sum".
        if [ -f "$root.control/conffiles" ]; then
            echo "Conffiles:"
            sed 's/$/ newconffile/; s/^/ /' "$root.control/conffiles"
        fi
        echo
    } >>"$database/status"
    rm "$root.control/control"
    for file in "$root.control"/*; do
        [ ! -f "$file" ] || cp -p "$file" "$database/info/$name.${file##*/}"
    done
    rm -rf "$root.control"
}

rm -rf "$root"
mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
for directory in bin sbin lib lib64; do
    ln -s "usr/$directory" "$root/$directory"
done
database=$root/var/lib/dpkg
mkdir -p "$database/info" "$database/updates" "$database/triggers"
echo 1 >"$database/info/format"
for package in "$packages"/*.deb; do
    unpack "$package"
    register "$package"
done
newest=$(find "$root" -type f -path "$root/usr/*" -printf '%T@\n' | sort -n | tail -n 1)
newest=${newest%.*}

# base-passwd, systemd, udev, dbus: users and groups.
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
cat >>"$root/etc/passwd" <<'END'
systemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin
messagebus:x:100:100::/nonexistent:/usr/sbin/nologin
END
cat >>"$root/etc/group" <<'END'
systemd-journal:x:999:
systemd-network:x:998:
messagebus:x:100:
input:x:101:
sgx:x:102:
kvm:x:103:
render:x:104:
END
sed -i 's/^\([^:]*\):\*:/\1:x:/' "$root/etc/passwd" "$root/etc/group"
# Nobody has a password.
sed 's/:.*/:*:19000:0:99999:7:::/' "$root/etc/passwd" >"$root/etc/shadow"
sed 's/:.*/:*::/' "$root/etc/group" >"$root/etc/gshadow"
chown 0:42 "$root/etc/shadow" "$root/etc/gshadow" && chmod 640 "$root/etc/shadow" "$root/etc/gshadow"
chown 0:100 "$root/usr/lib/dbus-1.0/dbus-daemon-launch-helper"
chmod 4754 "$root/usr/lib/dbus-1.0/dbus-daemon-launch-helper"

# base-files, libc-bin.
cp "$root/usr/share/base-files/dot.bashrc" "$root/root/.bashrc"
cp "$root/usr/share/base-files/dot.profile" "$root/root/.profile"
cp "$root/usr/share/base-files/profile" "$root/etc/profile"
cp "$root/usr/share/libc-bin/nsswitch.conf" "$root/etc/nsswitch.conf"
ln -sfn /run "$root/var/run"
ln -sfn /run/lock "$root/var/lock"
mkdir -p "$root/var/lib/dbus" "$root/var/lib/pam"
ln -sfn /proc/mounts "$root/etc/mtab"

# libpam-runtime: the module of ordinary passwords, alone.
for stack in auth account password session session-noninteractive; do
    sed -e "s/\$${stack%-*}_primary/${stack%-*} [success=1 default=ignore] pam_unix.so/" \
        -e "/\$${stack%-*}_additional/d" "$root/usr/share/pam/common-$stack" >"$root/etc/pam.d/common-$stack"
done

# Alternatives.
ln -sf mawk "$root/usr/bin/awk"
ln -sf more "$root/usr/bin/pager"
ln -sf which.debianutils "$root/usr/bin/which"

# systemd: what its presets would enable. The machine's identity is made at the first start.
for unit in sockets.target.wants/systemd-networkd.socket multi-user.target.wants/systemd-networkd.service \
    multi-user.target.wants/remote-fs.target; do
    mkdir -p "$root/etc/systemd/system/${unit%/*}"
    ln -s "/lib/systemd/system/${unit##*/}" "$root/etc/systemd/system/$unit"
done
: >"$root/etc/machine-id"
: >"$root/etc/environment"
: >"$root/etc/default/locale"

cp -R "$files"/. "$root"
version=$(ls "$modules")
directory=$root/usr/lib/modules/$version
mkdir -p "$directory"
cp "$modules/$version"/modules.builtin* "$modules/$version/modules.order" "$directory"
"$here"/../linux/order_modules.py "$modules" "$directory/kernel" "$@"
rm "$directory/kernel/order"
/sbin/depmod --basedir "$root" "$version"

chown -R 0:0 "$root/usr/lib/modules" "$root/etc/systemd" "$root/root" "$database"
# Not before all is there, so that systemd finds nothing newer than what it takes for up to date.
: >"$root/etc/.updated"
: >"$root/var/.updated"
find "$root" -newermt "@$newest" -exec touch -h -d "@$newest" {} +

uuid=5c7e0000-0000-4000-8000-000000000001
rm -f "$output.new"
E2FSPROGS_FAKE_TIME=$newest mke2fs -q -t ext4 -b 4096 -m 0 -L root -U $uuid -E "hash_seed=$uuid,lazy_itable_init=0" \
    -O ^metadata_csum_seed,^orphan_file -J size=4 -d "$root" "$output.new" "${size}M" >/dev/null
# mke2fs takes over when a file came to this directory, and was last read.
(cd "$root" && find . -printf '%P\n' | LC_ALL=C sort | while read -r path; do
    for field in atime ctime crtime; do
        echo "set_inode_field \"/$path\" $field @$newest"
    done
done) >"$output.times"
E2FSPROGS_FAKE_TIME=$newest debugfs -w -f "$output.times" "$output.new" >/dev/null 2>"$output.errors"
# It says which version it is, and succeeds whatever happens.
if grep -v '^debugfs ' "$output.errors" >&2; then
    exit 1
fi
rm -rf "$root" "$output.times" "$output.errors"
mv "$output.new" "$output"
