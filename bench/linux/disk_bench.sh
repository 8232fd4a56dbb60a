#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The first process of the disk benchmark (kernel command line: rdinit=/bin/disk_bench.sh). Before each measurement it
# waits for a line, so that the host can read its counters.
PATH=/bin:/sbin
mount -t devtmpfs devtmpfs /dev
while read -r module; do
    insmod "/lib/modules/$module.ko"
done </lib/modules/order

measure() {
    disk_bench ready "$1"
    disk_bench /dev/vda "$@"
}

measure disk_read_4k 4096 1 4000
measure disk_read_4k_depth32 4096 32 16000
measure disk_read_1m 1048576 1 100 sequential
while :; do
    disk_bench ready end
done
