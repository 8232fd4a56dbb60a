# SPDX-License-Identifier: BSD-2-Clause
"""VMs that behave as badly as they can, beside a healthy one, which must not notice."""

import re

import pytest

from console import Skyscope
from machine import ARCH, BUILD

# What scribble reports.
MISDEEDS = {
    "x86_64": ["memory", "model-specific registers", "I/O ports", "local APIC"],
    "aarch64": ["memory", "interrupt controller", "calls", "system registers"],
}[ARCH]

# system, {hostile VM: its number}, texts that show that it did its worst
LOOPS = {
    # Only x86-64 knows a processor that gives up: its VM is restarted every time.
    "x86_64": ("hostile_triple_fault", {"crasher": 1}, ["hostile: triple fault"] * 3),
    "aarch64": ("hostile_exception_loop", {"looper": 1}, ["hostile: exception loop"]),
}
SYSTEMS = [
    LOOPS[ARCH],
    ("hostile_spin", {"spinner": 1, "neighbour": 2}, ["hostile: spinning"]),
    ("hostile_scribble", {"scribbler": 1, "neighbour": 2},
     [f"hostile: {what}: " for what in MISDEEDS]),
]


def healthy(skyscope):
    """The Linux VM works and the manager answers."""
    skyscope.to_shell(0, "linux")
    assert skyscope.check_shell("guest_check", 300).count("passed") == 3
    assert skyscope.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""
    skyscope.to_manager()
    assert skyscope.vm_states()["linux"] == "running"


@pytest.mark.parametrize("system, hostile, misdeeds", SYSTEMS, ids=[system[0] for system in SYSTEMS])
def test_others_stay_responsive(system, hostile, misdeeds):
    payload = BUILD / "systems" / system / "payload.bin"
    with Skyscope(system, payload=payload) as skyscope:
        skyscope.expect_shell("linux", 480)
        for name, number in hostile.items():
            skyscope.to_console(number, name)
            skyscope.expect_lines(misdeeds, 300)
        healthy(skyscope)

        # It can be stopped, whatever it does, and started again.
        for name, number in hostile.items():
            skyscope.manager(f"stop {name}")
            skyscope.wait_for_state(name, "stopped")
        healthy(skyscope)
        for name, number in hostile.items():
            skyscope.manager(f"start {name}")
            skyscope.to_console(number, name)
            skyscope.expect(r"hostile: ", 120)
            skyscope.to_manager()
        healthy(skyscope)


@pytest.mark.skipif(ARCH != "x86_64", reason="a processor that takes exceptions without end does not give up")
def test_a_crash_is_counted_and_named():
    with Skyscope("hostile-crash-count", payload=BUILD / "systems/hostile_triple_fault/payload.bin") as skyscope:
        skyscope.expect_shell("linux", 480)
        skyscope.to_console(1, "crasher")
        for _ in range(5):
            skyscope.expect("hostile: triple fault")
        skyscope.to_manager()
        listing = skyscope.manager("list")
        boots = re.search(r"crasher\s+\w+\s+(\d+)", listing)
        assert boots and int(boots[1]) >= 5, listing
        assert re.search(r"triple fault|shutdown", listing), listing
