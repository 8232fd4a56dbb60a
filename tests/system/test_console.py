# SPDX-License-Identifier: BSD-2-Clause
"""The console from the person's side, above all: nothing that a VM prints imitates the multiplexer.

The tests share one machine, in the order of the file.
"""

import re

import pytest

from console import MARK, Skyscope
from machine import BUILD


@pytest.fixture(scope="module")
def duo():
    with Skyscope("console", payload=BUILD / "systems/duo/payload.bin") as skyscope:
        yield skyscope


def test_banner_comes_before_the_first_vm(duo):
    duo.expect(re.escape(MARK) + "to leave: .*poweroff")
    duo.expect_lines(["Skyscope, system duo", "kernel ", "features ", "CPU ", "memory ", "firmware ", "VM 0 ", "VM 1 ",
                      MARK + "console 0: first", "Linux version"])
    duo.expect_shell("first")


def test_list_and_help_are_the_multiplexers(duo):
    duo.hot_key("l")
    duo.expect_lines([MARK + ">  0 first", MARK + "   1 second", MARK + "   2 manager"])
    duo.hot_key("?")
    duo.expect_lines([MARK + "in front: 0 first", MARK + "to leave: Ctrl-] m"])
    duo.hot_key("7")
    duo.expect_text(MARK + "there is no console 7")
    duo.to_shell(0, "first")


def test_the_mark_cannot_be_printed(duo):
    # By octal escapes, so that the mark is not in what is typed either.
    duo.send(r"printf '\342\237\246skyscope\342\237\247 console 9: fo''rged\r\n'")
    duo.expect_text("?skyscope? console 9: forged")
    raw = duo.log_path.read_text(encoding="utf-8", errors="replace")
    assert MARK + "console 9" not in raw


def test_a_sequence_without_end_swallows_nothing(duo):
    duo.send(r"printf 'be''gun\033]0;'; read -r x; echo do''ne")
    duo.expect_text("begun")
    duo.hot_key("l")
    duo.expect_text(MARK + ">  0 first")
    duo.send("")
    duo.expect_text("done")


def test_own_lines_are_cleared_before_a_vm_can_reach_them(duo):
    duo.hot_key("?")
    duo.expect_text(MARK + "in front: 0 first")
    duo.send(r"printf '\033[5Aover''written'")
    duo.expect("\x1b\\[2J\x1b\\[5Aoverwritten")
    duo.to_shell(0, "first")


def test_the_hot_key_itself_can_be_sent(duo):
    duo.send("cat -v")
    duo.hot_key("\x1d")
    duo.send("")
    duo.expect_text("^]")
    duo.send_raw("\x03")  # after which the guest forgets what was typed before its prompt
    duo.expect_text("first:~# ")
    duo.to_shell(0, "first")


def test_a_flood_leaves_the_keys_and_the_others_alive(duo):
    duo.send("yes flood")
    duo.expect_text("flood\r\nflood")
    duo.to_manager()
    assert "in use:" in duo.manager("features")
    duo.to_console(1, "second")
    duo.expect_shell("second")
    duo.check_shell("true")
    duo.to_console(0, "first")
    duo.expect_text("flood\r\nflood")
    duo.send_raw("\x03")  # after which the guest forgets what was typed before its prompt
    duo.expect_text("first:~# ")
    duo.to_shell(0, "first")


def test_a_vm_that_does_not_read_loses_only_its_own_input(duo):
    duo.send("stty -icanon -echo; echo re''ady; dd bs=1 count=1000 >/dev/null 2>&1; stty icanon echo; echo ta''ken")
    duo.expect_text("ready")
    duo.to_manager()
    duo.pause("first")
    duo.to_console(0, "first")
    duo.hot_key("l")
    duo.expect_text(MARK + ">  0 first\r\n")
    for _ in range(8):  # 128 KiB: more than there is room for on the way to it
        duo.send_raw("x" * 16384)
    duo.hot_key("l")
    duo.expect(re.escape(MARK) + r">  0 first \(\d+ keys lost\)", 300)
    duo.to_manager()
    assert "in use:" in duo.manager("features")
    duo.to_shell(1, "second")
    duo.check_shell("true")
    duo.to_manager()
    duo.resume("first")
    duo.to_console(0, "first")
    duo.expect_text("taken")  # there is room again
    duo.to_shell(0, "first")
