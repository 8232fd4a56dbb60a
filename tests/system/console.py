# SPDX-License-Identifier: BSD-2-Clause
"""A running Skyscope, seen through its consoles: VMs and the manager."""

import re
import time

import pexpect

from machine import TIME_FACTOR, Machine, MachineError

MARK = "⟦skyscope⟧ "
MANAGER_PROMPT = "manager> "
USER_SPACE = "skyscope-guest: user space reached"
BOOT_TIME = 240  # seconds until a Linux guest's shell


class Skyscope(Machine):
    """As Machine; knows the console multiplexer, the manager and the example Linux guest."""

    _fresh = 0  # makes what is typed different from all before

    def expect_shell(self, hostname, timeout=BOOT_TIME):
        """Waits for the shell prompt of the Linux guest in front, after it has booted."""
        self.expect_text(USER_SPACE, timeout)
        self.expect_text(f"{hostname}:~# ", timeout)
        self._silence_kernel(hostname)

    def _silence_kernel(self, hostname):
        """Lets the Linux guest in front say only emergencies from now on.

        What else the kernel says at a moment of its own, such as a timer interrupt that took long on a machine under
        load, would stand amid a command's output. Its log (dmesg) has it all the same.
        """
        self.check_shell("dmesg -n 1")
        self.expect_text(f"{hostname}:~# ")

    def to_manager(self):
        """Brings the manager's console to the front, with an empty line at its prompt.

        The multiplexer shows kept output again, so only text that nobody printed before counts.
        """
        self.hot_key("m")
        self.expect(re.escape(MARK) + r"console \d+: manager")
        self._fresh += 1
        self.send(f"\x15fresh-{self._fresh}")
        self.expect_text(f"there is no command fresh-{self._fresh}")
        self.expect_text(MANAGER_PROMPT)

    def to_console(self, number, name):
        """Brings a VM's console to the front."""
        self.hot_key(str(number))
        self.expect(re.escape(MARK) + rf"console {number}: {re.escape(name)}")

    def to_shell(self, number, name):
        """Brings a running Linux guest's console to the front, with a fresh prompt of its shell.

        The multiplexer shows kept output again, so only text that nobody printed before counts.
        """
        self.to_console(number, name)
        self._fresh += 1
        self.send(f"\x15echo fre''sh-{self._fresh}")
        # The kernel may put a message of its own right behind it.
        self.expect(rf"fresh-{self._fresh}(?!\d)")
        self.expect_text(f"{name}:~# ")

    def boot_id(self):
        """The identity of the running boot of the Linux guest in front."""
        return self.check_shell("cat /proc/sys/kernel/random/boot_id").strip()

    def expect_new_boot(self, number, name, last_boot_id, timeout=BOOT_TIME):
        """Waits until the Linux guest has booted anew; then its console is in front, at the prompt.

        What is typed while it boots may be lost, so the question is repeated.
        """
        self.to_console(number, name)
        deadline = time.monotonic() + timeout * TIME_FACTOR
        while True:
            self._fresh += 1
            self.send(f"\x15cat /proc/sys/kernel/random/boot_id; echo as''ked-{self._fresh}")
            index = self.child.expect([rf"([0-9a-f-]{{36}})\r*\nasked-{self._fresh}\r*\n", pexpect.TIMEOUT, pexpect.EOF],
                                      timeout=5 * TIME_FACTOR)
            if index == 0 and self.child.match[1] != last_boot_id:
                self.expect_text(f"{name}:~# ")
                self._silence_kernel(name)
                return
            if index == 2 or time.monotonic() > deadline:
                self._fail(f"{name} has not booted anew")

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

    def entries(self, name):
        """How often a vCPU of the VM has been entered so far, by the manager, whose console is in front."""
        values = dict(re.findall(r"^(vcpu\S+) (\S+)\r*$", self.manager("statistics --raw"), re.MULTILINE))
        vcpus = [key.removesuffix(".vm") for key, value in values.items() if key.endswith(".vm") and value == name]
        if not vcpus:
            raise MachineError(f"{self.name}: no vCPU of {name} in the manager's statistics")
        return sum(int(values[vcpu + ".entries"]) for vcpu in vcpus)

    def pause(self, name):
        """Holds a VM by the manager, whose console is in front."""
        self.manager(f"pause {name}")
        self.wait_for_state(name, "paused")

    def resume(self, name):
        """Lets a paused VM go on, by the manager, whose console is in front."""
        self.manager(f"resume {name}")
        self.wait_for_state(name, "running")

    def wait_for_state(self, name, state, timeout=120):
        """Asks the manager, whose console is in front, until the VM is in that state."""
        states = {}

        def is_reached():
            states.update(self.vm_states())
            return states.get(name) == state

        self.until(is_reached, f"VM {name} that is {state}", timeout, lambda: f"it is {states.get(name)}")
