#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The first process of the network benchmark (kernel command line: rdinit=/bin/net_bench.sh role=client or role=server).
PATH=/bin:/sbin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
while read -r module; do
    insmod "/lib/modules/$module.ko"
done </lib/modules/order

# "bench-interrupts NAME COUNT" of the network card, so far.
interrupts() {
    awk -v name="$1" '/virtio/ { count += $2 } END { print "bench-interrupts", name, count }' /proc/interrupts
}

# Who has an answer from the server's address finds its program there, too.
if grep -q role=server /proc/cmdline; then
    net_bench server | {
        read -r line && echo "$line"
        ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up
        cat
    }
fi
ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up
until ping -c 1 10.0.0.1 >/dev/null; do
    :
done
interrupts start
net_bench 10.0.0.1 200 0
interrupts round_trips
net_bench 10.0.0.1 1 4
interrupts bulk
echo "bench-end"
# A machine that counts instructions and has nothing to do runs ahead of its console.
while :; do
    :
done
