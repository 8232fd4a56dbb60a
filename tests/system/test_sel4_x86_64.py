# SPDX-License-Identifier: BSD-2-Clause
"""The VMM on seL4 with VT-x: the systems that `make test KERNEL=sel4` builds with a Microkit SDK, in Bochs.

QEMU emulates no VT-x. Without an SDK (MICROKIT_SDK) that has the board, or without Bochs, all of this is skipped. Bochs is
slow: each boot is used for many questions.
"""

import re

import pytest

from bochs import Bochs
from sel4_vtx import IMAGES
from vm_checks import check_manager_knows_its_limits, check_pause, reset_while_busy

BOOT_TIME = 900  # seconds until a Linux guest's shell


def boot(system):
    """A PC with an Intel processor."""
    return Bochs(f"sel4-vtx-{system}", iso=IMAGES / f"{system}.iso")


@pytest.fixture(scope="module")
def linux():
    with boot("linux") as skyscope:
        skyscope.expect_shell("linux", BOOT_TIME)
        yield skyscope


def test_starts_by_the_loader(linux):
    """Nothing runs that was not verified, seL4 included."""
    start = linux.output()
    assert re.search(r'loader: "linux" version \d+ signed by primary key pair', start)
    assert start.index("tree hashes are right") < start.index("skyscope-guest: user space reached")


def test_boots_without_errors(linux):
    assert linux.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""
    assert linux.shell("dmesg | grep -iE 'Call Trace|BUG:|WARNING: CPU|firmware bug|unchecked MSR'")[1].strip() == ""


def test_processor_is_as_seL4_allows(linux):
    """What seL4 does not switch between guests, the guest does not see."""
    flags = linux.check_shell("grep -m1 ^flags /proc/cpuinfo").split()
    assert "fxsr" in flags and "nx" in flags and "invpcid" in flags
    for hidden in ("vmx", "xsave", "avx", "rdtscp", "tsc_adjust"):
        assert hidden not in flags


def test_registers_memory_and_clocks_survive(linux):
    assert linux.check_shell("guest_check").count("passed") == 3


def interrupts(skyscope, line):
    """How often the interrupt of that line came."""
    return int(re.search(rf"^\s*{line}:\s+(\d+)", skyscope.check_shell("cat /proc/interrupts"), re.MULTILINE)[1])


def test_interrupts(linux):
    for name in ("LOC", "4"):  # the local APIC's timer, and the serial port: a look at the count is worth some of both
        before = interrupts(linux, name)
        linux.until(lambda name=name, before=before: interrupts(linux, name) > before, f"interrupts of {name}")


def test_time_passes(linux):
    """By the guest's clock, and not faster than the machine can run."""
    before, after = linux.check_shell("cat /proc/uptime; sleep 2; cat /proc/uptime").splitlines()[:2]
    assert 2 <= float(after.split()[0]) - float(before.split()[0]) < 4


def test_manager_knows_its_limits(linux):
    check_manager_knows_its_limits(linux, "linux")


def test_pause(linux):
    check_pause(linux, "linux")


def test_reset_while_busy(linux):
    reset_while_busy(linux, "linux", BOOT_TIME)
    assert linux.check_shell("guest_check").count("passed") == 3


def test_guest_powers_off(linux):
    linux.send("poweroff")
    linux.expect_text("reboot: Power down")
    linux.to_manager()
    linux.wait_for_state("linux", "stopped")
