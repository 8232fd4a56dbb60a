# SPDX-License-Identifier: BSD-2-Clause
"""Virtio devices on seL4: the same monitors, services and native program as on our own kernel.

Without an SDK (MICROKIT_SDK) there is nothing to boot, and all of this is skipped. The tests share one machine, in the
order of the file.
"""

import os
import re

import pytest

from console import Skyscope
from hotplug_checks import (check_a_disk_comes_and_goes, check_a_guest_that_is_held_lets_a_disk_go_later,
                            check_a_pulled_disk_is_missed, check_limits_of_a_disk_change, plug, start_listening, unplug,
                            wait_for, wait_for_link)
from machine import ROOT
from sel4_device_checks import check_a_restarted_guest_finds_all_again, check_balloon, check_files_made_by_the_guest
from vm_checks import uptime

if not os.environ.get("MICROKIT_SDK"):
    pytest.skip("no Microkit SDK: give one with MICROKIT_SDK=DIRECTORY", allow_module_level=True)

IMAGES = ROOT / os.environ.get("SKYSCOPE_SEL4_IMAGES_aarch64", "build/aarch64/sel4/qemu_virt_aarch64-release/systems")
GUESTS = ("first", "second")
DISKS = ("overlay", "scratch")


@pytest.fixture(scope="module")
def devices():
    with Skyscope("sel4-devices", kernel=IMAGES / "devices.elf", cpus=1, cpu="cortex-a53", gic=2,
                  memory="2G") as skyscope:
        skyscope.expect_shell("first", 480)
        yield skyscope


def run(skyscope, guest, command, timeout=240):
    skyscope.to_shell(GUESTS.index(guest), guest)
    return skyscope.check_shell(command, timeout)


def test_disks_keep_what_is_written(devices):
    for guest in GUESTS:
        run(devices, guest, "dd if=/dev/urandom of=/tmp/written bs=64k count=32 2>/dev/null && "
                            "dd if=/tmp/written of=/dev/vda bs=64k oflag=direct 2>/dev/null && "
                            "dd if=/dev/vda of=/tmp/read bs=64k count=32 iflag=direct 2>/dev/null && "
                            "cmp /tmp/written /tmp/read")


def test_an_overlay_is_above_its_image(devices):
    run(devices, "first", "dd if=/dev/vdb of=/tmp/image bs=4k 2>/dev/null && dd if=/dev/urandom of=/tmp/changed bs=4k "
                          "count=1 2>/dev/null && dd if=/tmp/changed of=/dev/vdb oflag=direct bs=4k 2>/dev/null && "
                          "dd if=/dev/vdb bs=4k iflag=direct 2>/dev/null | cmp - /tmp/changed")
    devices.to_manager()
    assert "overlay: 4 of 2048 KiB used" in devices.manager("disk list")
    # The image itself, in memory, is as it was.
    run(devices, "first", "cmp -n 4096 /dev/pmem0 /tmp/image && mkdir /image && mount -t squashfs -o ro /dev/pmem0 "
                          "/image && cat /image/deep/note")


def test_network_between_guests(devices):
    for number, guest in enumerate(GUESTS):
        run(devices, guest, f"i=$(ls /sys/class/net | grep -v lo) && ip addr add 10.0.0.{number + 1}/24 dev $i && "
                            "ip link set $i up")
    assert " 0% packet loss" in run(devices, "first", "ping -q -c 5 10.0.0.2")


def test_the_manager_switches_a_port_off_and_on(devices):
    devices.to_manager()
    assert re.findall(r"(\S+/\S+) +lan +\S+ +1 (\w+)", devices.manager("net list")) == [
        ("first/net0", "up"), ("first/card", "down"), ("second/net0", "up")]  # the card is not plugged
    devices.manager("net link second/net0 down")
    wait_for_link(devices, "second/net0", "down")
    devices.to_shell(0, "first")
    status, said = devices.shell("ping -q -c 3 -W 1 10.0.0.2", 240)
    assert status != 0 and " 0 packets received" in said
    devices.to_manager()
    devices.manager("net link second/net0 up")
    devices.to_shell(0, "first")
    devices.until(lambda: devices.shell("ping -q -c 1 -W 2 10.0.0.2")[0] == 0, "an answer after the link is up again", 120)


def test_a_disk_comes_and_goes(devices):
    check_a_disk_comes_and_goes(devices, "first", DISKS, "scratch")


def test_a_guest_that_is_held_lets_a_disk_go_later(devices):
    check_a_guest_that_is_held_lets_a_disk_go_later(devices, "first", DISKS)


def test_a_pulled_disk_is_missed(devices):
    check_a_pulled_disk_is_missed(devices, "first", DISKS)


def test_a_network_card_comes_and_goes(devices):
    run(devices, "second", "ip addr add 10.1.0.2/24 dev $(ls /sys/class/net | grep -v lo)")
    for _ in range(2):
        plug(devices, "net", "first", "card")
        wait_for_link(devices, "first/card", "up")
        devices.to_shell(0, "first")
        wait_for(devices, "ls /sys/class/net", ["eth0", "eth1", "lo"])
        devices.check_shell("ip addr add 10.1.0.1/24 dev eth1 && ip link set eth1 up")
        assert " 0% packet loss" in run(devices, "first", "ping -q -c 5 10.1.0.2")
        unplug(devices, "net", "first", "card")
        wait_for_link(devices, "first/card", "down")
        devices.to_shell(0, "first")
        wait_for(devices, "ls /sys/class/net", ["eth0", "lo"])


def test_limits_of_a_port_change(devices):
    """By the receiver's clock, it takes at least as long as the limit says, and nothing is lost."""
    run(devices, "first", "dd if=/dev/urandom of=/tmp/sent bs=64k count=8 2>/dev/null")
    expected = devices.check_shell("md5sum </tmp/sent").split()
    devices.to_manager()
    assert "done" in devices.manager("net limit first/net0 bandwidth 128KiB")
    devices.to_shell(1, "second")
    start_listening(devices, "TCP-LISTEN:4000", "/tmp/by_network")
    start = uptime(devices)
    run(devices, "first", "socat -u OPEN:/tmp/sent TCP:10.0.0.2:4000")
    devices.to_shell(1, "second")
    wait_for(devices, "md5sum </tmp/by_network", expected)
    # 512 KiB, of which a tenth of a second's may come at once.
    assert uptime(devices) - start > 3
    devices.to_manager()
    assert re.search(r"limits: 128 KiB/s; it has waited [1-9]", devices.manager("net list"))
    assert "done" in devices.manager("net limit first/net0 bandwidth none")
    assert "limits:" not in devices.manager("net list")


def test_limits_of_a_disk_change(devices):
    check_limits_of_a_disk_change(devices, "first", "scratch")


def test_sockets(devices):
    assert "hello native" in run(devices, "first", "echo hello native | socat -t 60 - VSOCK-CONNECT:100:7")
    devices.to_shell(1, "second")
    status, _ = devices.shell("echo x | socat -t 60 - VSOCK-CONNECT:100:7", 240)  # is no peer of it
    assert status != 0


def test_sockets_between_guests(devices):
    devices.to_shell(0, "first")
    start_listening(devices, "VSOCK-LISTEN:9", "/tmp/received")
    run(devices, "second", "socat -u OPEN:/tmp/written VSOCK-CONNECT:3:9")
    expected = devices.check_shell("md5sum </tmp/written").split()
    devices.to_shell(0, "first")
    wait_for(devices, "md5sum </tmp/received", expected)


def test_files_made_by_the_guest(devices):
    check_files_made_by_the_guest(devices)


def test_balloon(devices):
    devices.to_manager()
    assert "it has no <balloon>" in devices.manager("vm memory second")
    check_balloon(devices)


def test_a_restarted_guest_finds_all_again(devices):
    check_a_restarted_guest_finds_all_again(devices, DISKS, "scratch", 480)
    devices.to_manager()
    assert devices.vm_states() == {"first": "running", "second": "running"}
