# SPDX-License-Identifier: BSD-2-Clause
"""The VMM on seL4: the systems that `make test KERNEL=sel4` builds with a Microkit SDK.

Without an SDK (MICROKIT_SDK) there is nothing to boot, and all of this is skipped.
"""

import os
import pathlib
import re
import time

import pytest

from console import Skyscope
from machine import ROOT
from vm_checks import (check_both_work_at_once, check_clock, check_manager_knows_its_limits,
                       check_one_starts_again_the_other_goes_on, check_one_stops_the_other_goes_on, check_pause,
                       reset_while_busy)

if not os.environ.get("MICROKIT_SDK"):
    pytest.skip("no Microkit SDK: give one with MICROKIT_SDK=DIRECTORY", allow_module_level=True)

IMAGES = ROOT / os.environ.get("SKYSCOPE_SEL4_IMAGES_aarch64", "build/aarch64/sel4/qemu_virt_aarch64-release/systems")


def boot(system, directory=IMAGES):
    """The board that the SDK's kernel is for."""
    return Skyscope(f"sel4-{system}", kernel=directory / f"{system}.elf", cpus=1, cpu="cortex-a53", gic=2, memory="2G")


@pytest.fixture(scope="module")
def linux():
    with boot("linux") as skyscope:
        skyscope.expect_shell("linux")
        yield skyscope


def test_boots_without_errors(linux):
    assert linux.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""
    assert linux.shell("dmesg | grep -iE 'Call Trace|BUG:|WARNING: CPU|firmware bug|spurious'")[1].strip() == ""
    assert "SMC Calling Convention" in linux.check_shell("dmesg | grep psci")


def test_registers_memory_and_clocks_survive(linux):
    assert linux.check_shell("guest_check").count("passed") == 3


def interrupts(skyscope, name):
    """How often the interrupt came, per vCPU."""
    line = re.search(rf"^\s*\w+:((?:\s+\d+)+)\s.*(?:{name})", skyscope.check_shell("cat /proc/interrupts"), re.MULTILINE)
    return [int(count) for count in line[1].split()]


def test_interrupts(linux):
    for name in ("arch_timer", "uart-pl011"):  # each look at the count is worth some of both
        before = interrupts(linux, name)
        linux.until(lambda name=name, before=before: interrupts(linux, name) > before, f"interrupts of {name}")
    assert re.search(r"Err:\s+0\b", linux.check_shell("cat /proc/interrupts"))


def test_the_clock_is_real(linux):
    check_clock(linux)


def processor_time(skyscope):
    """Seconds that QEMU has had of the host's processors."""
    fields = pathlib.Path(f"/proc/{skyscope.child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_guest_that_waits_leaves_the_processor(linux):
    used, start = processor_time(linux), time.monotonic()
    linux.check_shell("sleep 5")  # what is measured: a guest with nothing to do
    assert processor_time(linux) - used < (time.monotonic() - start) / 2


def test_much_output(linux):
    assert linux.check_shell("seq 1 2000").split() == [str(number) for number in range(1, 2001)]


def test_manager_knows_its_limits(linux):
    check_manager_knows_its_limits(linux, "linux")


def test_pause(linux):
    check_pause(linux, "linux")


def test_reset(linux):
    linux.to_shell(0, "linux")
    for _ in range(3):
        reset_while_busy(linux, "linux")
    linux.check_shell("guest_check")


def test_stop_and_start(linux):
    last = linux.boot_id()
    linux.to_manager()
    linux.manager("stop linux")
    linux.wait_for_state("linux", "stopped")
    linux.manager("start linux")
    linux.expect_new_boot(0, "linux", last)


def test_guest_restarts_and_powers_off(linux):
    last = linux.boot_id()
    linux.send("reboot")
    linux.expect_text("reboot: Restarting system")
    linux.expect_new_boot(0, "linux", last)
    linux.send("poweroff")
    linux.expect_text("reboot: Power down")
    linux.to_manager()
    linux.wait_for_state("linux", "stopped")


@pytest.fixture(scope="module")
def smp():
    with boot("smp") as skyscope:
        skyscope.expect_shell("smp")
        yield skyscope


def test_two_vcpus(smp):
    assert smp.check_shell("nproc").strip() == "2"
    before = interrupts(smp, "arch_timer")
    assert smp.check_shell("guest_check & guest_check; wait").count("passed") == 6
    assert all(now > then for now, then in zip(interrupts(smp, "arch_timer"), before))
    # SGIs go through the VMM.
    assert all(count > 0 for count in interrupts(smp, "Function call interrupts|Rescheduling interrupts"))


def test_a_vcpu_goes_and_comes(smp):
    online = "/sys/devices/system/cpu/cpu1/online"
    assert smp.check_shell(f"echo 0 > {online}; nproc; echo 1 > {online}; nproc").split()[-1] == "2"
    smp.check_shell("guest_check")


def test_reset_of_two_vcpus(smp):
    for _ in range(2):
        reset_while_busy(smp, "smp")
    assert smp.check_shell("nproc").strip() == "2"


@pytest.fixture(scope="module")
def duo():
    with boot("duo") as skyscope:
        skyscope.expect_shell("first")
        yield skyscope


def test_two_vms(duo):
    duo.to_shell(1, "second")
    assert duo.check_shell("hostname").strip() == "second"
    check_both_work_at_once(duo)


def test_one_stops_the_other_goes_on(duo):
    check_one_stops_the_other_goes_on(duo)
    check_one_starts_again_the_other_goes_on(duo)


def test_manager_powers_the_machine_off(duo):
    """By the secure firmware: this SDK's kernel lets the manager call it."""
    duo.to_manager()
    duo.send("poweroff")
    assert duo.expect_exit() == 0


def test_example_with_the_library_alone():
    """sel4/example: a Microkit system written by hand, with a VMM of its own."""
    with boot("example", IMAGES.parent / "example") as example:
        example.expect_shell("guest")
        assert example.check_shell("guest_check").count("passed") == 3
