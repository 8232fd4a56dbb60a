# SPDX-License-Identifier: BSD-2-Clause
"""Debian's kernel in one VM: boots to a shell, works, and obeys the manager.

The tests share one machine.
"""

import re
import time

import pytest

from console import BOOT_TIME, USER_SPACE, Skyscope
from machine import ARCH, BUILD
from vm_checks import check_clock

# What an example guest shows of the machine that it runs on.
EXPECTED = {
    "x86_64": {
        "uname": r"6\.1\.\d+-\d+-cloud-amd64 .* x86_64", "console": "console=ttyS0",
        "flags": ("flags", ["fpu", "sse2", "xsave", "avx", "avx2", "apic", "nx", "lm"], ["svm"]),
        "clocksources": ("tsc", "tsc-early", "acpi_pm"),
        "interrupts": (r"LOC:", r"4:"), "errors": "ERR", "registers": "AVX", "pci": r"\d{4}:00:00\.0\s+8086:",
    },
    "aarch64": {
        "uname": r"6\.1\.\d+-\d+-cloud-arm64 .* aarch64", "console": "console=ttyAMA0",
        "flags": ("Features", ["fp", "asimd", "cpuid"], []),
        "clocksources": ("arch_sys_counter",),
        "interrupts": (r"\d+:(?=.*arch_timer)", r"\d+:(?=.*uart-pl011)"), "errors": "Err", "registers": "SIMD",
        "pci": r"\d{4}:00:00\.0\s+1b36:",
    },
}[ARCH]


@pytest.fixture(scope="module")
def linux():
    with Skyscope("linux", payload=BUILD / "systems/linux/payload.bin") as skyscope:
        skyscope.expect_shell("linux")
        yield skyscope


def test_banner_names_versions_and_hardware(linux):
    banner = linux.output().partition("Linux version")[0]
    assert re.search(r"Skyscope \S*\d", banner), banner
    assert re.search(r"memory\s+\d+ MiB", banner), banner
    assert re.search(r"\b2 found", banner), banner


def test_stock_kernel(linux):
    assert re.search(EXPECTED["uname"], linux.check_shell("uname -a"))
    assert EXPECTED["console"] in linux.check_shell("cat /proc/cmdline")


def test_manager_counts_interrupts(linux):
    linux.to_manager()
    taken = int(re.search(r"running +1 +1 +256 MiB +[\d.]+ +[\d.]+ +(\d+) ", linux.manager("list"))[1])
    linux.to_shell(0, "linux")
    # Of timer and serial port alone, until there is a shell.
    assert 100 < taken < 1000000


def test_processor(linux):
    cpuinfo = linux.check_shell("cat /proc/cpuinfo")
    assert len(re.findall(r"^processor\s*:", cpuinfo, re.MULTILINE)) == 1
    name, there, not_there = EXPECTED["flags"]
    flags = re.search(rf"^{name}\s*:(.*)$", cpuinfo, re.MULTILINE)[1].split()
    for flag in there:
        assert flag in flags, flag
    for flag in not_there:
        assert flag not in flags, flag


def test_kernel_log_has_no_errors(linux):
    serious = linux.shell("dmesg -r | grep -E '^<[0-3]>'")[1]
    assert serious.strip() == ""
    assert linux.shell("dmesg | grep -iE 'unchecked MSR|Call Trace|BUG:|WARNING: CPU|firmware bug|spurious'")[1].strip() == ""


def test_memory(linux):
    total = int(re.search(r"MemTotal:\s+(\d+) kB", linux.check_shell("cat /proc/meminfo"))[1])
    assert 200 * 1024 < total <= 256 * 1024


def test_time(linux):
    # Under emulation, reading a reference clock often takes longer than Linux wants for a calibration.
    clocksource = linux.check_shell("cat /sys/devices/system/clocksource/clocksource0/current_clocksource").strip()
    assert clocksource in EXPECTED["clocksources"]
    check_clock(linux)
    guest = int(linux.check_shell("date +%s"))
    assert abs(guest - time.time()) < 300


def test_interrupts(linux):
    def count(name):
        line = re.search(rf"^\s*{name}\s+(\d+)", linux.check_shell("cat /proc/interrupts"), re.MULTILINE)
        return int(line[1])

    for name in EXPECTED["interrupts"]:  # timer and serial port: each look at the count is worth some of both
        before = count(name)
        linux.until(lambda name=name, before=before: count(name) > before, f"interrupts of {name}")
    assert count(EXPECTED["errors"] + ":") == 0


def test_registers_memory_and_clocks_survive(linux):
    output = linux.check_shell("guest_check")
    assert output.count("passed") == 3
    assert EXPECTED["registers"] in output


def test_much_output(linux):
    output = linux.check_shell("seq 1 3000")
    assert output.split() == [str(number) for number in range(1, 3001)]


def test_much_input(linux):
    linux.send("stty -echo; cat > /tmp/typed; stty echo")
    linux.expect(r"typed; stty echo\r*\n")
    lines = ["%04d " % number + "x" * 60 for number in range(100)]
    for line in lines:
        linux.send(line)
    linux.send_raw("\x04")
    linux.expect_text("linux:~# ")
    digits = linux.check_shell("cut -c1-5 /tmp/typed | sort -u | wc -l; wc -c < /tmp/typed").split()
    assert digits == ["100", str(100 * 66)]


def test_interrupt_key(linux):
    # A shell of its own says it, so that the terminal is that one's already: between
    # its own echo and the start of another program a shell ignores the key.
    linux.send("sh -c \"echo go''ing; exec sleep 1000\"")
    linux.expect(r"going\r*\n")
    linux.send_raw("\x03")
    linux.expect_text("linux:~# ")


def test_resize_asks_the_terminal(linux):
    linux.send("resize")
    linux.expect_text("\x1b[999C\x1b[6n")
    linux.send_raw("\x1b[33;101R")
    linux.expect_text("linux:~# ")
    assert linux.check_shell("stty size").strip() == "33 101"


def test_guest_cannot_forge_the_consoles_lines(linux):
    output = linux.check_shell(r"printf '\342\237\246skyscope\342\237\247 console 7: forged\n'")
    assert output.strip() == "?skyscope? console 7: forged"


def test_reboot(linux):
    before = linux.boot_id()
    linux.send("reboot")
    linux.expect_new_boot(0, "linux", before)


def test_manager_lists_what_runs(linux):
    linux.to_manager()
    assert linux.vm_states() == {"linux": "running"}
    help_text = linux.manager("help")
    for command in ("list", "start", "stop", "pause", "resume", "reset", "hardware", "poweroff"):
        assert command in help_text, command
    assert re.search(EXPECTED["pci"], linux.manager("hardware"))


def test_pause_and_resume(linux):
    linux.pause("linux")
    before = linux.entries("linux")
    linux.to_console(0, "linux")
    linux.send("echo al''ive")
    linux.to_manager()
    assert linux.entries("linux") == before
    linux.resume("linux")
    linux.to_console(0, "linux")
    linux.expect("alive")  # what was typed meanwhile was kept
    linux.to_shell(0, "linux")


def test_reset(linux):
    before = linux.boot_id()
    linux.to_manager()
    linux.manager("reset linux")
    linux.expect_new_boot(0, "linux", before)


def test_stop_and_start(linux):
    before = linux.boot_id()
    linux.to_manager()
    linux.manager("stop linux")
    linux.wait_for_state("linux", "stopped")
    linux.manager("start linux")
    linux.wait_for_state("linux", "running")
    linux.expect_new_boot(0, "linux", before)


def test_power_off_by_the_guest(linux):
    before = linux.boot_id()
    linux.send("poweroff")
    linux.expect("reboot: Power down")
    linux.to_manager()
    linux.wait_for_state("linux", "stopped")
    assert "powered off" in linux.manager("list")
    linux.manager("start linux")
    linux.expect_new_boot(0, "linux", before)


@pytest.mark.skipif(ARCH == "aarch64", reason="Debian's cloud kernel for arm64 knows no power button but ACPI's: "
                                               "test_linux_aarch64.py has the generic one")
def test_power_button(linux):
    linux.to_manager()
    linux.manager("shutdown linux")
    linux.wait_for_state("linux", "stopped")


def test_manager_powers_the_machine_off(linux):
    linux.to_manager()
    linux.send("poweroff")
    assert linux.expect_exit() == 0


def test_quiet_boot_on_one_cpu(machine):
    """The smallest machine that the system fits into."""
    one = machine(payload=BUILD / "systems/linux/payload.bin", cpus=1, memory="512M")
    one.expect_text(USER_SPACE, BOOT_TIME)
    one.expect_text("linux:~# ")
