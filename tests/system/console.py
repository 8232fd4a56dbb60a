# SPDX-License-Identifier: BSD-2-Clause
"""A running Skyscope, seen through its consoles: VMs and the manager."""

import re

from machine import Machine, MachineError

MARK = "⟦skyscope⟧ "
MANAGER_PROMPT = "manager> "
USER_SPACE = "skyscope-guest: user space reached"
BOOT_TIME = 240  # seconds until a Linux guest's shell


class Skyscope(Machine):
    """As Machine; knows which console is in front."""

    def expect_shell(self, hostname, timeout=BOOT_TIME):
        """Waits for the shell prompt of the Linux guest in front, after it has booted."""
        self.expect_text(USER_SPACE, timeout)
        self.expect_text(f"{hostname}:~# ", timeout)

    def to_manager(self):
        """Brings the manager's console to the front, with an empty line at its prompt."""
        self.hot_key("m")
        self.expect(re.escape(MARK) + r"console \d+: manager")
        self.send_raw("\x15\r")  # what was typed before is gone
        self.expect_text(MANAGER_PROMPT)

    def to_console(self, number, name):
        """Brings a VM's console to the front."""
        self.hot_key(str(number))
        self.expect(re.escape(MARK) + rf"console {number}: {re.escape(name)}")

    def to_shell(self, number, name):
        """Brings a Linux guest's console to the front, with a fresh prompt of its shell."""
        self.to_console(number, name)
        self.send("echo fre''sh")
        self.expect(r"fresh\r*\n")
        self.expect_text(f"{name}:~# ")

    def manager(self, command, timeout=None):
        """Gives the manager a command; its console must be in front. Returns what it says."""
        self.send(command)
        self.expect(re.escape(command) + r"\r*\n", timeout)
        self.expect_text(MANAGER_PROMPT, timeout)
        return self.before

    def vm_states(self):
        """The manager's list, as {name: state}."""
        listing = self.manager("list")
        states = dict(re.findall(r"^\s*\d+\s+(\S+)\s+(starting|stopped|running|paused|failed)\b", listing, re.MULTILINE))
        if not states:
            raise MachineError(f"{self.name}: no VM in the manager's list:\n{listing}")
        return states

    def wait_for_state(self, name, state, tries=60):
        """Asks the manager until the VM is in that state. Each question takes the machine some time."""
        for _ in range(tries):
            states = self.vm_states()
            if states.get(name) == state:
                return
            self.manager("help")
        raise MachineError(f"{self.name}: VM {name} is {states.get(name)}, not {state}")
