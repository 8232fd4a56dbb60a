# SPDX-License-Identifier: BSD-2-Clause
"""Disks and network cards that are plugged and unplugged while Debian's kernel runs.

The tests share one machine, in the order of the file. The VM "deaf" has a kernel that was told not to listen.
"""

import re

import pytest

from console import Skyscope
from hotplug_checks import disk, plug, plug_states, sum_of, unplug, wait_for, wait_for_disks, wait_for_link
from machine import BUILD

FIO = "fio --thread --ioengine=io_uring --direct=1 --name=job"


@pytest.fixture(scope="module")
def machine():
    with Skyscope("hotplug", payload=BUILD / "systems/hotplug/payload.bin") as skyscope:
        skyscope.expect_shell("main")
        yield skyscope


def test_what_is_not_plugged_is_not_there(machine):
    machine.to_shell(0, "main")
    wait_for_disks(machine, "base", "limited")
    assert "eth0" not in machine.check_shell("ls /sys/class/net")
    assert plug_states(machine, "disk") == {"main/base": "", "main/spare": "unplugged", "main/limited": "",
                                            "deaf/base": "", "deaf/spare": ""}
    assert plug_states(machine, "net") == {"main/card": "unplugged", "deaf/card": ""}


def test_disks_come_and_go_beside_one_that_works(machine):
    machine.to_shell(0, "main")
    base = disk(machine, "base")
    machine.check_shell(f"({FIO} --filename={base} --rw=randrw --bs=4k --iodepth=8 --rate_iops=50 --verify=crc32c "
                        "--verify_fatal=1 --size=8M --time_based --runtime=100000 >/tmp/fio.log 2>&1; echo $? >/tmp/fio.end) & :")
    plug(machine, "disk", "main", "spare")
    machine.to_shell(0, "main")
    wait_for_disks(machine, "base", "limited", "spare")
    spare = disk(machine, "spare")
    machine.check_shell(f"dd if=/dev/urandom of={spare} bs=64k count=64 conv=fsync 2>/dev/null", timeout=120)
    content = sum_of(machine, spare)
    for _ in range(2):
        unplug(machine, "disk", "main", "spare")
        machine.to_shell(0, "main")
        wait_for_disks(machine, "base", "limited")
        machine.to_manager()
        assert "it is not plugged" in machine.manager("disk unplug main spare")
        assert "done" in machine.manager("disk plug main spare")
        assert "it is plugged" in machine.manager("disk plug main spare")
        machine.to_shell(0, "main")
        wait_for_disks(machine, "base", "limited", "spare")
        assert sum_of(machine, disk(machine, "spare")) == content
    report = machine.check_shell(f"{FIO} --filename={disk(machine, 'spare')} --rw=randrw --bs=4k --iodepth=16 --size=2M "
                                 "--verify=crc32c --verify_fatal=1", timeout=200)
    assert "err= 0:" in report
    # What went on beside all this: no error, and still under way.
    machine.check_shell("! [ -e /tmp/fio.end ]")
    machine.check_shell("killall -INT fio")
    wait_for(machine, "ls /tmp/fio.end", ["/tmp/fio.end"])
    report = machine.check_shell("cat /tmp/fio.log")
    assert "err= 0:" in report and "bad magic" not in report and "crc32c:" not in report


def test_a_network_card_comes_and_goes(machine):
    machine.to_shell(1, "deaf")
    machine.check_shell("ip address add 10.9.0.2/24 dev eth0; ip link set eth0 up")
    for _ in range(2):
        machine.to_manager()
        wait_for_link(machine, "main/card", "down")
        assert "done" in machine.manager("net plug main card")
        wait_for_link(machine, "main/card", "up")
        machine.to_shell(0, "main")
        wait_for(machine, "ls /sys/class/net", ["eth0", "lo"])
        machine.check_shell("ip address add 10.9.0.1/24 dev eth0; ip link set eth0 up")
        assert "5 packets received" in machine.check_shell("ping -c 5 10.9.0.2", timeout=60)
        unplug(machine, "net", "main", "card")
        wait_for_link(machine, "main/card", "down")
        assert "main/card: address locked, unplugged" in machine.manager("net show main/card")
        wait_for_link(machine, "deaf/card", "up")
        machine.to_shell(0, "main")
        wait_for(machine, "ls /sys/class/net", ["lo"])


def test_a_guest_that_does_not_answer_keeps_its_disk_until_it_is_pulled(machine):
    machine.to_shell(1, "deaf")
    wait_for_disks(machine, "base", "spare")
    base, spare = disk(machine, "base"), disk(machine, "spare")
    content = sum_of(machine, spare)
    machine.to_manager()
    assert "has not let go of it yet" in machine.manager("disk unplug deaf spare", 60)
    assert plug_states(machine, "disk")["deaf/spare"] == "leaving"
    machine.to_shell(1, "deaf")
    assert sum_of(machine, spare) == content
    machine.to_manager()
    assert "unplug force: done" in machine.manager("disk unplug deaf spare force")
    assert plug_states(machine, "disk")["deaf/spare"] == "unplugged"
    # The guest lives, without the disk. (It must not ask it for its serial number: nobody answers.)
    machine.to_shell(1, "deaf")
    machine.check_shell(f"{FIO} --filename={base} --rw=randrw --bs=4k --size=1M --verify=crc32c", timeout=120)


def test_a_pulled_disk_is_missed(machine):
    machine.to_manager()
    assert "unplug force: done" in machine.manager("disk unplug main limited force")
    machine.to_shell(0, "main")
    wait_for_disks(machine, "base", "spare")
    plug(machine, "disk", "main", "limited")
    machine.to_shell(0, "main")
    wait_for_disks(machine, "base", "limited", "spare")


def test_what_is_fixed_stays(machine):
    machine.to_manager()
    assert "the device is fixed" in machine.manager("disk unplug main base")
    assert "the device is fixed" in machine.manager("net unplug deaf card force")
    assert "main has no disk card" in machine.manager("disk plug main card")
    assert "there is no VM nobody" in machine.manager("disk plug nobody spare")


def test_reset_keeps_what_was_plugged_and_ends_what_was_leaving(machine):
    machine.to_shell(0, "main")
    boot = machine.boot_id()
    machine.check_shell(f"dd if=/dev/urandom of={disk(machine, 'spare')} bs=64k count=64 conv=fsync 2>/dev/null", timeout=120)
    content = sum_of(machine, disk(machine, "spare"))
    plug(machine, "net", "main", "card")
    machine.manager("pause main")
    assert "has not let go of it yet" in machine.manager("disk unplug main limited")
    machine.manager("reset main")
    machine.expect_new_boot(0, "main", boot)
    wait_for_disks(machine, "base", "spare")
    assert sum_of(machine, disk(machine, "spare")) == content
    wait_for(machine, "ls /sys/class/net", ["eth0", "lo"])
    assert plug_states(machine, "disk")["main/limited"] == "unplugged"
    assert plug_states(machine, "net")["main/card"] == ""
    # And it comes again.
    assert "done" in machine.manager("disk plug main limited")
    machine.to_shell(0, "main")
    wait_for_disks(machine, "base", "limited", "spare")


def requests_a_second(skyscope, serial):
    """How many reads a second the guest in front gets done, by its clock."""
    report = skyscope.check_shell(f"{FIO} --filename={disk(skyscope, serial)} --rw=randread --bs=4k --iodepth=8 "
                                  "--time_based --runtime=8", timeout=120)
    return float(re.search(r"read: .*?\bIOPS=([\d.]+)", report)[1])


def test_limits_change(machine):
    machine.to_manager()
    assert "done" in machine.manager("disk limit main limited iops 20")
    assert re.search(r"main/limited .*\n    limits: 20 requests/s", machine.manager("disk list").replace("\r", ""))
    machine.to_shell(0, "main")
    assert requests_a_second(machine, "limited") < 24
    machine.to_manager()
    assert "done" in machine.manager("disk limit main limited iops none bandwidth 100MiB")
    assert "limits: 102400 KiB/s" in machine.manager("disk list")
    machine.to_shell(0, "main")
    # A machine that has much else to do may give few for a while.
    machine.until(lambda: requests_a_second(machine, "limited") > 24, "more requests than the old limit allowed", 300)
