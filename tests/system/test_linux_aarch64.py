# SPDX-License-Identifier: BSD-2-Clause
"""Debian's arm64 kernels on all kinds of AArch64 machines, and with all that a VM can have."""

import re

import pytest

from console import Skyscope
from machine import BUILD, PLATFORM


@pytest.mark.parametrize("gic", [2, 3], ids=["gicv2", "gicv3"])
@pytest.mark.parametrize("cpu", PLATFORM.cpus)
def test_machines(cpu, gic):
    """Processors without and with the extensions for hosts (VHE), and SVE; both interrupt controllers."""
    with Skyscope(f"machine-{cpu}-gicv{gic}", payload=BUILD / "systems/smp/payload.bin", cpu=cpu, gic=gic) as skyscope:
        skyscope.expect_shell("smp")
        assert f"GICv{gic}" in skyscope.output()
        assert skyscope.check_shell("nproc").strip() == "2"
        assert skyscope.check_shell("guest_check", 300).count("passed") == 3
        assert re.search({2: "GIC-0", 3: "GICv3"}[gic] + " .*arch_timer", skyscope.check_shell("cat /proc/interrupts"))
        assert skyscope.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""
        before = skyscope.boot_id()
        skyscope.send("reboot")
        skyscope.expect_new_boot(0, "smp", before)
        skyscope.to_manager()
        skyscope.send("poweroff")
        assert skyscope.expect_exit(timeout=60) == 0


@pytest.fixture(scope="module")
def generic():
    with Skyscope("linux-generic", payload=BUILD / "systems/linux_generic/payload.bin", cpus=4, memory="4G") as skyscope:
        skyscope.expect_shell("linux")
        yield skyscope


def test_generic_kernel_with_four_processors_and_much_memory(generic):
    assert re.search(r"6\.1\.\d+-\d+-arm64 .* aarch64", generic.check_shell("uname -a"))
    assert generic.check_shell("nproc").strip() == "4"
    total = int(re.search(r"MemTotal:\s+(\d+) kB", generic.check_shell("cat /proc/meminfo"))[1])
    assert 1900 * 1024 < total <= 2048 * 1024
    assert generic.check_shell("for i in 1 2 4 8; do taskset $i guest_check & done; wait", 600).count("passed") == 12
    assert generic.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""


def test_power_button(generic):
    generic.to_manager()
    generic.manager("shutdown linux")
    generic.wait_for_state("linux", "stopped")
    generic.manager("start linux")
    generic.wait_for_state("linux", "running")
