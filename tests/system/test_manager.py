# SPDX-License-Identifier: BSD-2-Clause
"""The manager's commands, on the system duo."""

import itertools

import pytest

PROMPT = r"manager> "
LOGIN = r":~# "


_numbers = itertools.count()


def to_manager(machine):
    """Switches to the manager. What it printed before is shown again: go on after that."""
    machine.hot_key("m")
    word = f"nothing{next(_numbers)}"
    machine.send(word)
    machine.expect_text(f"there is no command {word}")
    machine.expect(PROMPT)


@pytest.fixture
def manager(machine, build):
    """The system duo, at the manager's prompt, both VMs up."""
    started = machine(payload=build / "systems" / "duo" / "payload.bin", timeout=120)
    started.expect(r"console 0: ")
    started.expect(LOGIN)
    started.hot_key("1")
    started.expect(LOGIN)
    to_manager(started)
    return started


def command(machine, line):
    """Runs a manager command; returns what it printed."""
    machine.send(line)
    machine.expect(r"\n")
    machine.expect(PROMPT)
    return machine.before


def names(machine):
    """Names of the VMs, in order."""
    lines = command(machine, "list").splitlines()
    return [line.split()[1] for line in lines if line[:2].strip().isdigit()]


def state(machine, vm):
    for line in command(machine, "list").splitlines():
        words = line.split()
        if len(words) > 2 and words[1] == vm:
            return words[2]
    raise AssertionError(f"no VM {vm}")


def test_shows_the_system(manager):
    text = command(manager, "list")
    assert text.count("running") == 2
    assert "exits:" in text and "port-io" in text
    text = command(manager, "pds")
    for name in ["serial_driver", "console", "manager"]:
        assert name in text
    text = command(manager, "hardware")
    for word in ["CPUs:", "Memory:", "usable", "PCI:", "host bridge", "ACPI: RSDP", "IOAPIC", "Firmware:", "SHA-512"]:
        assert word in text
    assert "SVM" in command(manager, "features").split("not in use:")[0]
    assert len(command(manager, "log kernel 5").strip().splitlines()) >= 1
    raw = dict(line.split(" ", 1) for line in command(manager, "statistics --raw").splitlines() if " " in line)
    assert int(raw["kernel.tsc_frequency"]) > 1000000
    assert int(raw["vcpu.0.exits.cpuid"]) > 0
    assert int(raw["vcpu.0.entries"]) > 0


def test_editing_and_mistakes(manager):
    manager.send_raw("hepl\x7f\x7flp\r")
    manager.expect_text("show this list")
    manager.expect(PROMPT)
    assert "there is no command nonsense" in command(manager, "nonsense")
    assert "there is no VM nobody" in command(manager, "start nobody")
    assert "usage: stop VM" in command(manager, "stop")
    manager.send_raw("feat\t\r")
    manager.expect_text("in use:")
    manager.expect(PROMPT)
    manager.send_raw("\x1b[A\r")
    manager.expect_text("in use:")
    manager.expect(PROMPT)


def test_pause_and_resume(manager):
    first, second = names(manager)
    assert "done" in command(manager, f"pause {first}")
    assert state(manager, first) == "paused"
    assert state(manager, second) == "running"
    assert "done" in command(manager, f"resume {first}")
    assert state(manager, first) == "running"
    manager.hot_key("0")
    manager.send("echo back-$((2+3))")
    manager.expect_text("back-5")


def test_stop_start_and_reset(manager):
    first, second = names(manager)
    assert "done" in command(manager, f"stop {first}")
    assert state(manager, first) == "stopped"
    assert "not possible" in command(manager, f"pause {first}")
    manager.hot_key("1")
    manager.send("echo other-$((7*7))")
    manager.expect_text("other-49")
    to_manager(manager)
    assert "done" in command(manager, f"start {first}")
    assert state(manager, first) == "running"
    manager.hot_key("0")
    manager.expect(r"console 0: ")
    manager.expect_lines(["Linux version", "user space reached"])  # of its second life
    manager.expect(LOGIN)
    manager.send("echo again-$((2*11))")
    manager.expect_text("again-22")
    to_manager(manager)
    assert "done" in command(manager, f"reset {second}")
    manager.hot_key("1")
    manager.expect_lines(["Linux version", "user space reached"])  # of its second life
    manager.expect(LOGIN)


def test_guest_shuts_down_by_the_power_button_or_itself(manager):
    manager.hot_key("0")
    manager.send("poweroff -f")
    to_manager(manager)
    for _ in range(100):
        if "stopped" in command(manager, "list"):
            break
    else:
        pytest.fail("the VM did not stop")


def test_poweroff(manager):
    manager.send("poweroff")
    assert manager.expect_exit(timeout=60) == 0


def test_reboot(manager):
    manager.send("reboot")
    manager.expect_exit(timeout=60)
