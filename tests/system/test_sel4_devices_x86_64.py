# SPDX-License-Identifier: BSD-2-Clause
"""Virtio devices on seL4 with VT-x, in Bochs: the same monitor, services and native program as on our own kernel.

QEMU emulates no VT-x. Without an SDK (MICROKIT_SDK) that has the board, or without Bochs, all of this is skipped. The tests
share one machine, in the order of the file.
"""

import os
import pathlib
import re

import pytest

from bochs import BOCHS, Bochs
from hotplug_checks import (check_a_disk_comes_and_goes, check_a_guest_that_is_held_lets_a_disk_go_later,
                            check_a_pulled_disk_is_missed, check_limits_of_a_disk_change, disk, plug_states, sum_of,
                            unplug, wait_for, wait_for_disks, wait_for_link)
from machine import ROOT

BOARD = "x86_64_generic_vtx"

if not os.environ.get("MICROKIT_SDK"):
    pytest.skip("no Microkit SDK: give one with MICROKIT_SDK=DIRECTORY", allow_module_level=True)
if not (pathlib.Path(os.environ["MICROKIT_SDK"]) / "board" / BOARD).is_dir():
    pytest.skip(f"the Microkit SDK has no board {BOARD}: build one that has it", allow_module_level=True)
if BOCHS is None:
    pytest.skip("no Bochs: install bochs and bochs-term", allow_module_level=True)

IMAGES = ROOT / os.environ.get("SKYSCOPE_SEL4_IMAGES_x86_64", f"build/sel4/{BOARD}-release/systems")
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
    devices.check_shell("unshare -n sleep 1000000 & apart=$!; until [ $(readlink /proc/$apart/ns/net) != "
                        "$(readlink /proc/self/ns/net) ]; do sleep 1; done", 240)
    for _ in range(2):
        devices.to_manager()
        assert "plug: done" in devices.manager("net plug first card")
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
    run(devices, "mkdir /made && mount -t virtiofs work /made && cp /tmp/written /made/a && ln /made/a /made/b && sync && "
                 "echo 3 > /proc/sys/vm/drop_caches && cmp /made/b /tmp/written")


def test_balloon(devices):
    devices.to_manager()
    devices.manager("vm memory first 200MiB")
    devices.until(lambda: "given up by the guest        56 MiB" in devices.manager("vm memory first"),
                  "the guest to give up memory", 240)
    devices.manager("vm memory first 256MiB")
    devices.until(lambda: "given up by the guest         0 MiB" in devices.manager("vm memory first"),
                  "the guest to have its memory back", 240)


def test_a_restarted_guest_finds_all_again(devices):
    devices.to_manager()
    devices.manager("disk plug first spare")
    devices.to_shell(0, "first")
    wait_for_disks(devices, *DISKS, "spare")
    spare = sum_of(devices, disk(devices, "spare"))
    before = devices.boot_id()
    devices.send("reboot")
    devices.expect_new_boot(0, "first", before, BOOT_TIME)
    wait_for_disks(devices, *DISKS, "spare")
    assert sum_of(devices, disk(devices, "spare")) == spare
    run(devices, "mkdir /made && mount -t virtiofs work /made && "
                 f"dd if={disk(devices, 'mapped')} bs=64k count=32 iflag=direct 2>/dev/null | cmp - /made/a")
    assert "again" in run(devices, "echo again | socat -t 60 - VSOCK-CONNECT:100:7")
    assert plug_states(devices, "net") == {"first/net0": "", "first/card": "unplugged"}
    assert devices.vm_states() == {"first": "running"}
