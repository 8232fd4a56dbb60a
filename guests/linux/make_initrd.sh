#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Packs the example Linux guest's user space: busybox, the files in
# guests/linux/root and a few programs and kernel modules. The same input gives
# the same bytes.
#
#   guests/linux/make_initrd.sh [-m NAMES] OUTPUT BUSYBOX MODULES PROGRAM...
#
# -m NAMES: further kernel modules, with all that they depend on, loaded at the start in their order.
# BUSYBOX is the guest's, which need not run on this machine: the names of its parts are
# asked of the machine's own. MODULES is a directory like /lib/modules. The image is not compressed: the
# guest then starts sooner, for a megabyte more of payload.
set -eu

further=
if [ "$1" = -m ]; then
    further=$2
    shift 2
fi
output=$1
busybox=$2
modules=$3
shift 3
here=$(dirname "$0")
root=$output.root

rm -rf "$root"
mkdir -p "$root/bin" "$root/sbin" "$root/etc" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/root" \
    "$root/lib/modules"
cp -R "$here"/root/. "$root"
cp "$busybox" "$root/bin/busybox"
/bin/busybox --list | while read -r applet; do
    [ "$applet" = busybox ] || [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
done
ln -s bin/busybox "$root/init"
for program in "$@"; do
    cp "$program" "$root/bin/"
done
# Power buttons (ACPI's; one on a GPIO controller), and the events that they make.
for module in button gpio_keys evdev; do
    find "$modules" -name "$module.ko" -exec cp {} "$root/lib/modules/" \;
done
if [ -n "$further" ]; then
    # shellcheck disable=SC2086 # words are wanted
    "$here"/order_modules.py "$modules" "$root/lib/modules" $further
fi
find "$root" -type d -exec chmod 755 {} +
find "$root" -type f -path '*bin/*' -exec chmod 755 {} +
chmod 755 "$root"/etc/rcS "$root"/etc/acpi/*/*
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . -mindepth 1 | LC_ALL=C sort |
    cpio --quiet --create --format=newc --reproducible --owner=+0:+0) >"$output.new"
mv "$output.new" "$output"
rm -rf "$root"
