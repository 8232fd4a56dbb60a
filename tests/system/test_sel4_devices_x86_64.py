# SPDX-License-Identifier: BSD-2-Clause
"""Virtio devices on seL4 with VT-x, in Bochs: the same monitor, services and native program as on our own kernel.

QEMU emulates no VT-x. Without an SDK (MICROKIT_SDK) that has the board, or without Bochs, all of this is skipped. The tests
share one machine, in the order of the file.
"""

import re

import pytest

from bochs import Bochs
from hotplug_checks import (check_a_disk_comes_and_goes, check_a_guest_that_is_held_lets_a_disk_go_later,
                            check_a_pulled_disk_is_missed, check_limits_of_a_disk_change, disk, plug, plug_states, unplug,
                            wait_for, wait_for_link)
from sel4_device_checks import check_a_restarted_guest_finds_all_again, check_balloon, check_files_made_by_the_guest
from sel4_vtx import IMAGES

BOOT_TIME = 1200  # seconds until a Linux guest's shell
DISKS = ("mapped", "overlay", "scratch")


@pytest.fixture(scope="module")
def devices():
    with Bochs("sel4-vtx-devices", iso=IMAGES / "devices.iso") as skyscope:
        skyscope.expect_shell("first", BOOT_TIME)
        yield skyscope


def run(skyscope, command, timeout=300):
    skyscope.to_shell(0, "first")
    return skyscope.check_shell(command, timeout)


def test_boots_without_errors(devices):
    assert devices.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""
    assert devices.shell("dmesg | grep -iE 'Call Trace|BUG:|WARNING: CPU|firmware bug|unchecked MSR'")[1].strip() == ""


@pytest.mark.parametrize("name", ["scratch", "mapped"])
def test_disks_keep_what_is_written(devices, name):
    """By PCI and by MMIO."""
    devices.to_shell(0, "first")
    path = disk(devices, name)
    run(devices, "dd if=/dev/urandom of=/tmp/written bs=64k count=32 2>/dev/null && "
                 f"dd if=/tmp/written of={path} bs=64k oflag=direct 2>/dev/null && "
                 f"dd if={path} of=/tmp/read bs=64k count=32 iflag=direct 2>/dev/null && cmp /tmp/written /tmp/read")


def test_an_overlay_is_above_its_image(devices):
    devices.to_shell(0, "first")
    path = disk(devices, "overlay")
    run(devices, f"dd if={path} of=/tmp/image bs=4k 2>/dev/null && dd if=/dev/urandom of=/tmp/changed bs=4k count=1 "
                 f"2>/dev/null && dd if=/tmp/changed of={path} oflag=direct bs=4k 2>/dev/null && "
                 f"dd if={path} bs=4k iflag=direct 2>/dev/null | cmp - /tmp/changed")
    devices.to_manager()
    assert "overlay: 4 of 2048 KiB used" in devices.manager("disk list")
    # The image itself, in memory, is as it was.
    run(devices, "cmp -n 4096 /dev/pmem0 /tmp/image && mkdir /image && mount -t squashfs -o ro /dev/pmem0 /image && "
                 "cat /image/deep/note")


def test_a_disk_comes_and_goes(devices):
    check_a_disk_comes_and_goes(devices, "first", DISKS, "scratch")


def test_a_guest_that_is_held_lets_a_disk_go_later(devices):
    check_a_guest_that_is_held_lets_a_disk_go_later(devices, "first", DISKS)


def test_a_pulled_disk_is_missed(devices):
    check_a_pulled_disk_is_missed(devices, "first", DISKS)


def test_limits_of_a_disk_change(devices):
    check_limits_of_a_disk_change(devices, "first", "scratch")


def test_network_between_a_card_and_one_that_comes_and_goes(devices):
    """One VM is all that seL4 can have there, so the second card is given to a network namespace of its own."""
    run(devices, "ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up")
    devices.check_shell("unshare -n tail -f /dev/null & apart=$!")
    devices.until(lambda: devices.shell("[ $(readlink /proc/$apart/ns/net) != $(readlink /proc/self/ns/net) ]")[0] == 0,
                  "a network namespace", 240)
    for _ in range(2):
        plug(devices, "net", "first", "card")
        wait_for_link(devices, "first/card", "up")
        devices.to_shell(0, "first")
        wait_for(devices, "ls /sys/class/net", ["eth0", "eth1", "lo"])
        devices.check_shell("ip link set eth1 netns $apart && nsenter -t $apart -n ip addr add 10.0.0.2/24 dev eth1 && "
                            "nsenter -t $apart -n ip link set eth1 up")
        wait_for(devices, "ls /sys/class/net", ["eth0", "lo"])
        assert " 0% packet loss" in run(devices, "ping -q -c 5 10.0.0.2")
        devices.to_manager()
        frames = re.findall(r"first/\S+ +lan +\S+ +1 up +(\d+)", devices.manager("net list"))
        assert len(frames) == 2 and all(int(count) >= 5 for count in frames)
        devices.manager("net link first/net0 down")
        wait_for_link(devices, "first/net0", "down")
        devices.to_shell(0, "first")
        assert devices.shell("ping -q -c 2 -W 1 10.0.0.2")[0] != 0
        devices.to_manager()
        devices.manager("net link first/net0 up")
        wait_for_link(devices, "first/net0", "up")
        devices.to_shell(0, "first")
        devices.until(lambda: devices.shell("ping -q -c 1 -W 2 10.0.0.2")[0] == 0, "an answer after the link is up again", 240)
        unplug(devices, "net", "first", "card")
        wait_for_link(devices, "first/card", "down")
        devices.to_shell(0, "first")
        assert devices.shell("ping -q -c 2 -W 1 10.0.0.2")[0] != 0


def test_sockets(devices):
    assert "hello native" in run(devices, "echo hello native | socat -t 60 - VSOCK-CONNECT:100:7")


def test_random_numbers(devices):
    """By RDSEED or RDRAND: seL4 itself has none to give."""
    first, second = (run(devices, "dd if=/dev/hwrng bs=32 count=1 2>/dev/null | md5sum") for _ in range(2))
    assert first != second


def test_files_made_by_the_guest(devices):
    check_files_made_by_the_guest(devices)


def test_balloon(devices):
    check_balloon(devices)


def test_a_restarted_guest_finds_all_again(devices):
    check_a_restarted_guest_finds_all_again(devices, DISKS, "mapped", BOOT_TIME)
    assert plug_states(devices, "net") == {"first/net0": "", "first/card": "unplugged"}
    assert devices.vm_states() == {"first": "running"}
