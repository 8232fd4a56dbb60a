# SPDX-License-Identifier: BSD-2-Clause
"""VMs that behave as badly as they can, beside a healthy one, which must not notice."""

import re

import pytest

from console import Skyscope
from machine import BUILD

# system, {hostile VM: its number}, text that shows that it did its worst
SYSTEMS = [
    ("hostile_triple_fault", {"crasher": 1}, r"hostile: triple fault"),
    ("hostile_spin", {"spinner": 1, "neighbour": 2}, r"hostile: spinning"),
    ("hostile_scribble", {"scribbler": 1, "neighbour": 2}, r"hostile: scribbling, round [2-9]"),
]


def healthy(skyscope):
    """The Linux VM works and the manager answers."""
    skyscope.to_shell(0, "linux")
    assert skyscope.check_shell("guest_check", 300).count("passed") == 3
    assert skyscope.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""
    skyscope.to_manager()
    assert skyscope.vm_states()["linux"] == "running"


@pytest.mark.parametrize("system, hostile, misdeed", SYSTEMS, ids=[system[0] for system in SYSTEMS])
def test_others_stay_responsive(system, hostile, misdeed):
    payload = BUILD / "systems" / system / "payload.bin"
    with Skyscope(system, payload=payload) as skyscope:
        skyscope.expect_shell("linux", 480)
        for name, number in hostile.items():
            skyscope.to_console(number, name)
            skyscope.expect(misdeed, 300)
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


def test_a_crash_is_counted_and_named():
    with Skyscope("hostile-crash-count", payload=BUILD / "systems/hostile_triple_fault/payload.bin") as skyscope:
        skyscope.expect("Skyscope")
        skyscope.to_console(1, "crasher")
        for _ in range(5):
            skyscope.expect("hostile: triple fault")
        skyscope.to_manager()
        listing = skyscope.manager("list")
        boots = re.search(r"crasher\s+\w+\s+(\d+)", listing)
        assert boots and int(boots[1]) >= 5, listing
        assert re.search(r"triple fault|shutdown", listing), listing
