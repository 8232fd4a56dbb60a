# SPDX-License-Identifier: BSD-2-Clause
"""Virtio consoles: a shell on hvc0, ports for programs, and the terminal's size. The tests share one machine, in the
order of the file."""

import hashlib
import re

import pytest

from console import Skyscope
from machine import BUILD

PORTS, MAIN, CONSOLE, AGENT, LOG, MAIN_CONSOLE = 0, 1, 3, 4, 5, 6
SHELL = "(setsid /bin/sh -c 'exec /bin/sh -l </dev/hvc0 >/dev/hvc0 2>&1' &)"
# Where is the cursor? Answered if it was put there just before; else it is taken to be in the last line.
QUESTION = re.compile(r"(?:\x1b\[(\d+);(\d+)H)?\x1b\[6n")


class Terminal(Skyscope):
    """As Skyscope, seen on a terminal that answers when it is asked for its cursor's position."""

    columns, rows = 132, 50

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self._unread = ""
        self.child.logfile_read = self

    def write(self, text):
        """The machine has printed something."""
        self._log.write(text)
        self._unread += text
        end = 0
        for question in QUESTION.finditer(self._unread):
            row, column = question.groups(default="1")
            row = self.rows if question[1] is None else min(int(row), self.rows)
            self.send_raw(f"\x1b[{row};{min(int(column), self.columns)}R")
            end = question.end()
        self._unread = self._unread[max(end, len(self._unread) - 20):]

    def flush(self):
        self._log.flush()

    def has_size(self, columns, rows, message=False):
        """Waits until the shell in front finds that its terminal has this size.

        message: told by a message, whose fields Linux takes in different orders in different versions.
        """
        right = [[str(rows), str(columns)]] + ([[str(columns), str(rows)]] if message else [])
        self.until(lambda: self.check_shell("stty size").split() in right, f"size {columns}x{rows}")

    def to_shell_on(self, number, name):
        """Brings a virtio console to the front; a shell is there."""
        self.to_console(number, name)
        self._fresh += 1
        self.send(f"\x15echo fre''sh-{self._fresh}")
        self.expect(rf"fresh-{self._fresh}\r*\n")


@pytest.fixture(scope="module")
def consoles():
    with Terminal("consoles", payload=BUILD / "systems/consoles/payload.bin") as skyscope:
        skyscope.expect_shell("ports")
        yield skyscope


@pytest.fixture(scope="module")
def port(consoles):
    """The device of a port in the first VM, by its name."""
    consoles.to_shell(PORTS, "ports")
    listing = consoles.check_shell("grep . /sys/class/virtio-ports/*/name")
    return {name: "/dev/" + device for device, name in re.findall(r"virtio-ports/(\w+)/name:(\S+)", listing)}


def test_ports_have_their_names(port):
    assert set(port) == {"console0", "org.example.agent", "org.example.log"}


def test_a_shell_on_hvc0_has_the_terminals_size(consoles):
    consoles.to_shell(PORTS, "ports")
    consoles.check_shell(SHELL)
    consoles.to_shell_on(CONSOLE, "ports.console0")
    assert consoles.check_shell("tty").strip() == "/dev/hvc0"
    consoles.has_size(132, 50, message=True)
    # The person makes the window larger, and says so by any command of the console.
    consoles.columns, consoles.rows = 160, 60
    consoles.hot_key("l")
    consoles.has_size(160, 60, message=True)


def test_a_guests_own_question_is_answered_to_the_guest(consoles):
    # The shell asks for the cursor as well, when it prompts: its answer may come late.
    command = ("stty -echo -icanon; printf '\\033[5;7H\\033[6n'; until [ \"$answer\" = '5;7' ]; do read -r -d R answer; "
               "answer=${answer#*[}; done; stty echo icanon; echo \"got $answer.\"")
    assert "got 5;7." in consoles.check_shell(command)
    consoles.has_size(160, 60, message=True)


def test_characters_reach_a_port_and_come_from_it(consoles, port):
    consoles.to_shell(PORTS, "ports")
    # Linux lets one program open a port at a time.
    consoles.check_shell(f"(sh -c \"exec 3<>{port['org.example.agent']}; echo hel''lo from the agent >&3; "
                         "cat <&3 >/tmp/heard\" &)")
    consoles.to_console(AGENT, "ports.org.example.agent")
    consoles.expect_text("hello from the agent")
    consoles.send_raw("typed to the port\n")
    consoles.to_shell(PORTS, "ports")
    consoles.until(lambda: "typed to the port" in consoles.shell("cat /tmp/heard")[1], "characters from the port")


def test_nothing_is_lost_of_much_output(consoles, port):
    """In front, the port is held back until the terminal has taken what was there."""
    consoles.to_shell(PORTS, "ports")
    command = "seq 1 20000 | sed 's/^/line /'"
    expected = "".join(f"line {i}\n" for i in range(1, 20001))
    log = port["org.example.log"]
    consoles.check_shell(f"(sh -c \"exec 3<>{log}; read start <&3; {command} >&3; echo fin''ished >&3\" &)")
    consoles.to_console(LOG, "ports.org.example.log")
    consoles.send_raw("start\n")
    consoles.expect_text("finished", 300)
    found = "".join(f"line {n}\n" for n in re.findall(r"line (\d+)\r*\n", consoles.before))
    assert hashlib.sha256(found.encode()).hexdigest() == hashlib.sha256(expected.encode()).hexdigest()


def test_a_main_console_by_virtio(consoles):
    consoles.columns, consoles.rows = 101, 41
    consoles.to_shell_on(MAIN_CONSOLE, "main.console0")
    assert consoles.check_shell("cat /sys/class/tty/console/active").split() == ["hvc0"]
    consoles.has_size(101, 41)


def test_a_restarted_guest_has_its_ports_again(consoles):
    consoles.to_shell(PORTS, "ports")
    before = consoles.boot_id()
    consoles.send("reboot")
    consoles.expect_new_boot(PORTS, "ports", before)
    assert len(consoles.check_shell("cat /sys/class/virtio-ports/*/name").split()) == 3
    consoles.check_shell(SHELL)
    consoles.to_shell_on(CONSOLE, "ports.console0")
    consoles.has_size(101, 41, message=True)
