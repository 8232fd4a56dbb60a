# SPDX-License-Identifier: BSD-2-Clause
"""The manager's commands. The tests of the system duo share one machine, in the order of the file."""

import re

import pytest

from console import Skyscope
from machine import ARCH, BUILD

EXPECTED = {
    "x86_64": {
        "exits": r"exits: .*port-io \d+.*halt \d+",
        "hardware": ["CPUs: AMD EPYC", "host bridge", "Platform: ACPI, RSDP", "IOAPIC 0", "HPET", "reset",
                     "Firmware: BIOS"],
        "used": ["SVM", "NX", "SMEP", "SMAP"], "unused": ["VT-x"], "counted": ["cpuid", "port-io"],
    },
    "aarch64": {
        "exits": r"exits: .*memory \d+.*hypercall \d+",
        "hardware": ["CPUs: Arm Cortex-A57", "MIDR 0x411fd070", "affinity 0.0.0.1", "Platform: ", "device tree",
                     "PSCI", "distributor", "redistributors", "virtual timer", "PL011", "PL031"],
        "used": ["GICv3"], "unused": ["SMMU"], "counted": ["system-register", "memory"],
    },
}[ARCH]


@pytest.fixture(scope="module")
def duo():
    with Skyscope("manager", payload=BUILD / "systems/duo/payload.bin") as skyscope:
        skyscope.expect_shell("first")
        skyscope.to_console(1, "second")
        skyscope.expect_shell("second")
        skyscope.to_manager()
        yield skyscope


def test_vms(duo):
    listing = duo.manager("list")
    assert re.search(r"0\s+first\s+running\s+1\s+1\s+256 MiB\s+[\d.]+\s+[\d.]+", listing)
    assert len(re.findall(EXPECTED["exits"], listing)) == 2
    assert duo.manager("vms").count("running") == 2


def test_protection_domains(duo):
    text = duo.manager("pds")
    for name, cpu, priority in [("serial_driver", 0, 220), ("console", 0, 210), ("manager", 0, 200),
                                ("first_vmm", 0, 100), ("second_vmm", 1, 100)]:
        assert re.search(rf"^{name}\s+0\s+{cpu}\s+{priority}\s+\S+", text, re.MULTILINE), text


def test_hardware(duo):
    text = duo.manager("hardware")
    for word in EXPECTED["hardware"] + ["cpu 1", "Memory: ", "usable", "PCI: ", "PCI ECAM", "Firmware: ",
                                        "system         duo", "SHA-512"]:
        assert word in text, text
    assert "PCI: " not in duo.manager("hardware cpu")
    assert "usage: hardware" in duo.manager("hardware engine")


def test_features(duo):
    used, _, unused = duo.manager("features").partition("not in use:")
    assert set(EXPECTED["used"]) <= set(used.split())
    assert set(EXPECTED["unused"]) <= set(unused.split())


def test_logs(duo):
    text = duo.manager("log kernel 3")
    assert "kernel: " in text and len(text.strip().splitlines()) == 3
    assert "no log" not in duo.manager("log first")
    assert "usage: log" in duo.manager("log")


def test_raw_statistics(duo):
    lines = [line for line in duo.manager("statistics --raw").splitlines() if line.strip()]
    values = dict(line.split(" ", 1) for line in lines)
    assert len(values) == len(lines)
    assert values["kernel.cpu_count"] == "2"
    assert int(values["kernel.tick_frequency"]) > 1000000
    assert {values["vcpu.0.vm"], values["vcpu.1.vm"]} == {"first", "second"}
    for kind in EXPECTED["counted"]:
        assert int(values["vcpu.0.entries"]) >= int(values[f"vcpu.0.exits.{kind}"]) > 0
    assert int(values["cpu.1.timer_interrupts"]) > 0


def test_editing(duo):
    duo.send_raw("hepl\x7f\x7flp\r")
    duo.expect_text("show this list")
    duo.expect_text("manager> ")
    duo.send_raw("feat\t\r")
    duo.expect_text("in use:")
    duo.expect_text("manager> ")
    duo.send_raw("\x1b[A\r")
    duo.expect_text("in use:")
    duo.expect_text("manager> ")
    duo.send_raw("pow\x03")
    duo.expect_text("^C")
    duo.expect_text("manager> ")
    duo.send_raw("nonsense\x15pause fi\t")
    duo.expect_text("pause first ")
    duo.send_raw("\x15\r")
    duo.expect_text("manager> ")


def test_mistakes(duo):
    assert "there is no command nonsense" in duo.manager("nonsense")
    assert "there is no VM nobody" in duo.manager("start nobody")
    assert "usage: stop VM" in duo.manager("stop")
    assert "first: start: it is running" in duo.manager("start first")
    assert "not possible in its present state" in duo.manager("resume first")


def test_pause_and_resume(duo):
    assert "first: pause: done" in duo.manager("pause first")
    assert duo.vm_states() == {"first": "paused", "second": "running"}
    assert "first: resume: done" in duo.manager("resume 0")
    duo.to_shell(0, "first")
    boot_id = duo.boot_id()
    duo.to_manager()
    assert "first: reset: done" in duo.manager("reset first")
    duo.expect_new_boot(0, "first", boot_id)


def test_power_button(duo):
    duo.to_manager()
    assert "second: shutdown: done" in duo.manager("shutdown second")


def test_reboot(duo):
    duo.to_manager()
    duo.send("reboot")
    duo.expect_exit(timeout=60)


# --- A VMM that fails ---


def test_a_failed_vmm_harms_nobody_and_starts_anew():
    with Skyscope("failing-vmm", payload=BUILD / "systems/failing_vmm/payload.bin") as skyscope:
        skyscope.expect_shell("fragile")
        skyscope.to_console(1, "other")
        skyscope.expect_shell("other")
        other = skyscope.boot_id()
        last = ""
        for life in range(3):
            skyscope.to_console(0, "fragile")
            skyscope.expect_new_boot(0, "fragile", last)
            last = skyscope.boot_id()
            # Its disk is the one that the last monitor had, and its queues are where that left them.
            if life > 0:
                assert f"life {life - 1}" in skyscope.check_shell("head -n 1 /dev/vda")
            skyscope.check_shell(f"echo life {life} >/dev/vda && sync")
            skyscope.send("devmem 0xd0004f48 32 1")  # see systems/failing_vmm/fault.c
            skyscope.to_manager()
            skyscope.wait_for_state("fragile", "failed")
            assert skyscope.vm_states()["other"] == "running"
            assert "its VMM has failed" in skyscope.manager("pause fragile")
            assert re.search(r"fragile_vmm .* stopped", skyscope.manager("pds"))
            text = skyscope.manager("start fragile")
            assert "starting its VMM anew" in text and "fragile: start: done" in text
        skyscope.expect_new_boot(0, "fragile", last)
        skyscope.check_shell("true")
        skyscope.to_shell(1, "other")
        assert skyscope.boot_id() == other
        log = skyscope.output()
        assert log.count("its VMM has failed and is stopped: invalid memory write at address 0xdead0") >= 1


def test_a_hostile_vmm_harms_nobody():
    with Skyscope("hostile-vmm", payload=BUILD / "systems/failing_vmm/payload.bin") as skyscope:
        skyscope.expect_shell("fragile")
        skyscope.to_console(1, "other")
        skyscope.expect_shell("other")
        other = skyscope.boot_id()
        skyscope.to_shell(0, "fragile")
        skyscope.send("devmem 0xd0004f50 32 1")  # see systems/failing_vmm/fault.c
        # Its VMM floods console and manager from the other CPU.
        for _ in range(3):
            skyscope.to_manager()
            assert "other" in skyscope.manager("list")
            skyscope.manager("log fragile")
            skyscope.to_shell(1, "other")
            assert skyscope.check_shell("guest_check").count("passed") == 3
        assert skyscope.boot_id() == other
        skyscope.to_manager()
        skyscope.manager("stop fragile")
        assert "other" in skyscope.manager("pds")


def test_poweroff():
    with Skyscope("manager-poweroff", payload=BUILD / "systems/linux/payload.bin") as skyscope:
        skyscope.expect_text("console 0: linux")
        skyscope.to_manager()
        skyscope.send("poweroff")
        assert skyscope.expect_exit(timeout=60) == 0
