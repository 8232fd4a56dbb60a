# SPDX-License-Identifier: BSD-2-Clause
"""Two Linux VMs at once, on CPUs of their own. The tests share one machine, in the order of the file."""

import pytest

from console import MARK, Skyscope
from machine import BUILD


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


def test_output_of_a_vm_not_in_front_is_kept(duo):
    duo.to_shell(0, "first")
    duo.send("(sleep 2; echo la''ter) &")
    duo.expect_text("first:~# ")
    duo.to_shell(1, "second")
    duo.check_shell("sleep 4")
    duo.to_console(0, "first")
    duo.expect(r"later\r*\n")


def test_both_work_at_once(duo):
    duo.to_shell(0, "first")
    duo.send("guest_check > /tmp/check; echo fin''ished $?")
    duo.to_shell(1, "second")
    assert duo.check_shell("guest_check").count("passed") == 3
    duo.to_console(0, "first")
    duo.expect(r"finished (\d+)")
    assert duo.check_shell("cat /tmp/check").count("passed") == 3


def test_one_stops_the_other_goes_on(duo):
    duo.to_manager()
    duo.manager("stop first")
    duo.wait_for_state("first", "stopped")
    assert duo.vm_states()["second"] == "running"
    duo.to_shell(1, "second")
    assert duo.check_shell("guest_check").count("passed") == 3


def test_one_starts_again_the_other_goes_on(duo):
    second = duo.boot_id()
    duo.to_manager()
    duo.manager("start first")
    duo.wait_for_state("first", "running")
    duo.expect_new_boot(0, "first", "")
    duo.to_shell(1, "second")
    assert duo.boot_id() == second


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
    duo.manager("pause second")
    duo.wait_for_state("second", "paused")
    duo.to_shell(0, "first")
    duo.check_shell("sleep 1")
    duo.to_manager()
    duo.manager("resume second")
    duo.wait_for_state("second", "running")
    duo.to_shell(1, "second")
