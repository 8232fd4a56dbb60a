# SPDX-License-Identifier: BSD-2-Clause
"""The console of a system with VMs, from the person's side."""

import re

import pytest

MARK = "\u27e6skyscope\u27e7"
LOGIN = r":~# "


@pytest.fixture
def duo(machine, build):
    """The system duo, at the first VM's shell."""
    started = machine(payload=build / "systems" / "duo" / "payload.bin", timeout=120)
    started.expect(MARK + r" console 0: ")
    started.expect(LOGIN)
    return started


def test_banner_comes_before_the_first_vm(machine, build):
    started = machine(payload=build / "systems" / "duo" / "payload.bin", timeout=120)
    started.expect(MARK + r" to leave: .*poweroff")
    started.expect(r"Skyscope, system duo")
    for word in ["kernel ", "features ", "CPU ", "memory ", "firmware ", "VM 0 "]:
        started.expect_text(word)
    started.expect(MARK + r" console 0: ")
    started.expect(LOGIN)


def test_switching_keeps_consoles_apart(duo):
    duo.send("echo first-$((40+2))")
    duo.expect_text("first-42")
    duo.hot_key("1")
    duo.expect(MARK + r" console 1: ")
    duo.expect(LOGIN)
    duo.send("echo second-$((50+2))")
    duo.expect_text("second-52")
    assert "first-42" not in duo.before
    duo.hot_key("0")
    duo.expect(MARK + r" console 0: ")
    # What was on this console is shown again.
    duo.expect_text("first-42")
    duo.send("echo third-$((60+2))")
    duo.expect_text("third-62")


def test_output_in_the_background_is_kept(duo):
    duo.send("(sleep 1; echo later-$((1+1))) &")
    duo.expect(LOGIN)
    duo.hot_key("1")
    duo.expect(MARK + r" console 1: ")
    duo.expect(LOGIN)
    duo.check_shell("sleep 2")
    duo.hot_key("0")
    duo.expect(MARK + r" console 0: ")
    duo.expect_text("later-2")


def test_a_vm_cannot_imitate_the_multiplexer(duo):
    # In UTF-8, by octal escapes, so that the mark is not in what is typed either.
    duo.send(r"printf '\342\237\246skyscope\342\237\247 console 9: fo''rged\r\n'")
    duo.expect_text("?skyscope? console 9: forged")
    raw = duo.log_path.read_text(encoding="utf-8", errors="replace")
    assert MARK + " console 9" not in raw
    # A sequence that would swallow what follows.
    duo.send(r"printf '\033]0;'; sleep 1; echo; echo do''ne")
    duo.hot_key("l")
    duo.expect(re.escape(MARK) + r" >  0 ")
    duo.expect_text("done")
    # Cursor movements up to the multiplexer's line clear the screen first.
    duo.hot_key("?")
    duo.expect(MARK + r" in front: 0 ")
    duo.send(r"printf '\033[5Aover''written'")
    duo.expect("\x1b\\[2J\x1b\\[5Aoverwritten")


def test_a_flood_leaves_the_keys_alive(duo):
    duo.send("yes flood")
    duo.expect_text("flood")
    duo.hot_key("m")
    duo.expect(MARK + r" console \d+: manager", timeout=60)
    duo.send("features")
    duo.expect_text("in use:")
    duo.expect_text("manager> ")
    duo.hot_key("1")
    duo.expect(MARK + r" console 1: ")
    duo.send("echo alive-$((3*3))")
    duo.expect_text("alive-9")
    duo.hot_key("0")
    duo.expect_text("flood")
    duo.send_raw("\x03")
    duo.expect(LOGIN)


def test_hot_key_itself_can_be_sent(duo):
    duo.send("cat -v")
    duo.hot_key("\x1d")
    duo.send("")
    duo.expect_text("^]")
