# SPDX-License-Identifier: BSD-2-Clause
"""A Linux VM with two virtual CPUs. The tests share one machine, in the order of the file."""

import re

import pytest

from console import Skyscope
from machine import ARCH, BUILD

# Interrupts by which one processor makes another reschedule or call a function.
INTERRUPTS = {"x86_64": "RES|CAL", "aarch64": "IPI0|IPI1"}[ARCH]


@pytest.fixture(scope="module")
def smp():
    with Skyscope("smp", payload=BUILD / "systems/smp/payload.bin") as skyscope:
        skyscope.expect_shell("smp")
        yield skyscope


def test_both_processors_come_up(smp):
    assert smp.check_shell("nproc").strip() == "2"
    assert smp.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""


def test_both_work_at_once(smp):
    output = smp.check_shell("(taskset 1 guest_check > /tmp/a; echo $?) & taskset 2 guest_check > /tmp/b; echo $?; wait; "
                             "cat /tmp/a /tmp/b", 300)
    assert output.count("passed") == 6, output


def test_interprocessor_interrupts_arrive(smp):
    """Moving a process to and fro makes each processor wake the other."""
    def calls():
        lines = re.findall(rf"^\s*(?:{INTERRUPTS}):((?:\s+\d+)+)",
                           smp.check_shell(f"grep -E '{INTERRUPTS}' /proc/interrupts"), re.MULTILINE)
        return sum(int(number) for line in lines for number in line.split())

    before = calls()
    smp.check_shell("for i in 1 2 3 4 5 6 7 8 9 10; do taskset 1 true; taskset 2 true; done")
    assert calls() > before


def test_a_processor_goes_and_comes_back(smp):
    smp.check_shell("echo 0 > /sys/devices/system/cpu/cpu1/online")
    assert smp.check_shell("nproc").strip() == "1"
    smp.check_shell("echo 1 > /sys/devices/system/cpu/cpu1/online")
    assert smp.check_shell("nproc").strip() == "2"
    smp.check_shell("taskset 2 guest_check", 300)


def test_reboot(smp):
    before = smp.boot_id()
    smp.send("reboot")
    smp.expect_new_boot(0, "smp", before)
    assert smp.check_shell("nproc").strip() == "2"


def test_stop_start_and_pause(smp):
    before = smp.boot_id()
    smp.to_manager()
    smp.manager("stop smp")
    smp.wait_for_state("smp", "stopped")
    smp.manager("start smp")
    smp.expect_new_boot(0, "smp", before)
    smp.to_manager()
    smp.pause("smp")
    smp.resume("smp")
    smp.to_shell(0, "smp")
    smp.check_shell("guest_check", 300)
