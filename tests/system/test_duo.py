# SPDX-License-Identifier: BSD-2-Clause
"""Two Linux VMs at once, on CPUs of their own. The tests share one machine, in the order of the file."""

import pytest

from console import MARK, Skyscope
from machine import BUILD
from vm_checks import (check_both_work_at_once, check_one_starts_again_the_other_goes_on,
                       check_one_stops_the_other_goes_on)


@pytest.fixture(scope="module")
def duo():
    with Skyscope("duo", payload=BUILD / "systems/duo/payload.bin", memory="2G") as skyscope:
        yield skyscope


def test_both_reach_a_shell(duo):
    duo.expect_shell("first")
    duo.to_console(1, "second")
    duo.expect_shell("second")


def test_each_console_shows_its_own_vm(duo):
    assert duo.check_shell("hostname").strip() == "second"
    duo.to_shell(0, "first")
    assert duo.check_shell("hostname").strip() == "first"
    duo.hot_key("n")
    duo.expect_text(MARK + "console 1: second")
    duo.send("echo he''re")
    duo.expect(r"here\r*\n")
    duo.hot_key("p")
    duo.expect_text(MARK + "console 0: first")


def test_both_work_at_once(duo):
    check_both_work_at_once(duo)


def test_one_stops_the_other_goes_on(duo):
    check_one_stops_the_other_goes_on(duo)


def test_one_starts_again_the_other_goes_on(duo):
    check_one_starts_again_the_other_goes_on(duo)


def test_the_other_way_round(duo):
    second = duo.boot_id()
    duo.send("poweroff")
    duo.expect("reboot: Power down")
    duo.to_manager()
    duo.wait_for_state("second", "stopped")
    duo.to_shell(0, "first")
    duo.check_shell("uptime")
    duo.to_manager()
    assert duo.vm_states() == {"first": "running", "second": "stopped"}
    duo.manager("start second")
    duo.expect_new_boot(1, "second", second)


def test_pause_of_one(duo):
    duo.to_manager()
    duo.pause("second")
    before = duo.entries("second")
    duo.to_shell(0, "first")
    assert duo.check_shell("guest_check").count("passed") == 3
    duo.to_manager()
    assert duo.entries("second") == before
    duo.resume("second")
    duo.to_shell(1, "second")


def test_output_of_a_vm_not_in_front_is_kept(duo):
    # It runs when another is in front, not before; and has said all when it is stopped.
    duo.to_manager()
    duo.pause("second")
    duo.to_console(1, "second")
    duo.send("poweroff")
    duo.to_manager()
    duo.manager("resume second")
    duo.wait_for_state("second", "stopped")
    duo.to_console(1, "second")
    duo.expect_text("reboot: Power down")
