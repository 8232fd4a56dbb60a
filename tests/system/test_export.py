# SPDX-License-Identifier: BSD-2-Clause
"""`export log` in the manager, and `skyscope open` with what a terminal caught of it."""

import pathlib
import re
import subprocess

import pytest

from console import Skyscope
from machine import ARCH, BUILD, TOOL

SYSTEM = BUILD / "systems/export"
END = "-----END SKYSCOPE SEALED LOG-----"
# The processor with random numbers, what the log calls it, processors without; how to have no others; a processor that
# has some, but not by the best way; what the guest says before it ends.
CPU, CPU_NAME, NO_RANDOM_NUMBERS, NO_OTHERS, LESS_RANDOM, LAST_WORDS = {
    "x86_64": ("EPYC,+svm,+npt", "AMD EPYC", ["qemu64,+svm,+npt", "EPYC,+svm,+npt,-rdrand,-rdseed"], [],
               "EPYC,+svm,+npt,-rdseed", "hostile: triple fault"),
    "aarch64": ("max", "software QEMU", ["cortex-a57"], ["-machine", "dtb-randomness=off"], "cortex-a57",
                "hostile: giving up"),
}[ARCH]


def open_with(key, capture, *options):
    return subprocess.run([TOOL, "open", "--key", key, *options], input=capture.encode(), capture_output=True,
                          check=False, timeout=60)


def export(skyscope):
    """What the console shows of an export, and what it showed before."""
    skyscope.send("export log")
    skyscope.expect_text("-----BEGIN SKYSCOPE SEALED LOG-----", 60)
    skyscope.expect_text(END, 300)
    skyscope.expect(r"(\d+) bytes of logs in (\d+) sealed records", 30)
    skyscope.expect_text("manager> ")
    return skyscope.child.logfile_read.text()


def test_export_and_open(tmp_path):
    with Skyscope("export", payload=SYSTEM / "payload.bin", cpu=CPU) as skyscope:
        skyscope.expect_text(LAST_WORDS, 240)
        skyscope.to_manager()
        skyscope.wait_for_state("crasher", "stopped")
        log = skyscope.manager("log crasher")
        capture = export(skyscope)
        again = export(skyscope)[len(capture):]
    key_id = subprocess.run([TOOL, "inspect", SYSTEM / "operator.pub"], capture_output=True, text=True, check=True).stdout
    assert f"Sealed to the operator's key {re.search('key id +(.{16})', key_id)[1]}." in capture

    # The whole transcript of the terminal, line ends, escape sequences, banner and all.
    result = open_with(SYSTEM / "operator.key", capture)
    text = result.stdout.decode()
    assert result.returncode == 0, result.stderr.decode()
    assert text.startswith("Skyscope log export\nsystem    export\n")
    for part in ["=== hardware ===", f"  CPU       {CPU_NAME}", "=== virtual machines ===", "=== statistics ===",
                 "=== kernel: log ===", "kernel: ", "=== VM crasher: faults of its VMM ===\nnone\n",
                 "=== VM idle: log of its VMM ==="]:
        assert part in text, part
    values = dict(re.findall(r"^([a-z]+\.\d+\.[a-z_.]+|kernel\.[a-z_]+) (\S+)$", text, re.MULTILINE))
    assert int(values["kernel.tick_frequency"]) > 1000000
    assert int(values["thread.0.switches"]) > 0
    # The log is the one that the manager shows.
    section = text.partition("=== VM crasher: log of its VMM ===\n")[2].partition("\n=== ")[0]
    shown = [line for line in log.replace("\r", "").splitlines() if line.strip()]
    assert shown and [line for line in section.splitlines() if line.strip()][:len(shown)] == shown
    # Nothing of it can be read without the key, and no two exports are alike.
    sealed = capture.partition("BEGIN")[2].partition(END)[0]
    assert "kernel: " not in sealed and len(sealed) > len(text)
    lines = {line for line in sealed.split() if len(line) == 76}
    assert len(lines) > 50 and not lines & set(again.split())
    # An ordinary file does as well, and the second of two exports too.
    (tmp_path / "capture").write_text(again)
    result = subprocess.run([TOOL, "open", "--key", SYSTEM / "operator.key", "--output", tmp_path / "text",
                             tmp_path / "capture"], capture_output=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr.decode()
    assert pathlib.Path(tmp_path / "text").read_text().startswith("Skyscope log export\nsystem    export\n")

    # Somebody else's key opens nothing; what is damaged opens nothing.
    subprocess.run([TOOL, "keygen", "--quiet", "--operator", "--development", tmp_path / "other"], check=True)
    result = open_with(tmp_path / "other/operator.key", capture)
    assert result.returncode == 1 and result.stdout == b""
    assert b"sealed to the key" in result.stderr
    wide = [line for line in capture.split("\n") if len(line.strip()) == 76]
    altered = ("B" if wide[-2][0] == "A" else "A") + wide[-2][1:]
    for damaged, problem in [(capture.replace(wide[-2], altered), b"a record was altered"),
                             (capture.replace(wide[-2] + "\n", ""), b"a record"),
                             (capture.replace(END, ""), b"is missing"),
                             (capture.replace(wide[20] + "\n" + wide[21], wide[21] + "\n" + wide[20]), b"")]:
        result = open_with(SYSTEM / "operator.key", damaged)
        assert result.returncode == 1 and result.stdout == b"", problem
        assert problem in result.stderr


def test_a_processor_with_less():
    """RDRAND only: each sample then is one of many. Nothing: the boot loader's seed."""
    with Skyscope("export-less", payload=SYSTEM / "payload.bin", cpu=LESS_RANDOM) as skyscope:
        skyscope.expect_text(LAST_WORDS, 240)
        skyscope.to_manager()
        result = open_with(SYSTEM / "operator.key", export(skyscope))
    assert result.returncode == 0 and result.stdout.startswith(b"Skyscope log export\n"), result.stderr.decode()


@pytest.mark.parametrize("cpu", NO_RANDOM_NUMBERS, ids=[cpu.split(",")[0] for cpu in NO_RANDOM_NUMBERS])
def test_without_random_numbers_nothing_is_exported(cpu):
    """The emulated processor has neither RDRAND nor RDSEED; nor RNDRRS, and the device tree no seed."""
    with Skyscope(f"export-no-entropy-{cpu.split(',')[0]}", payload=SYSTEM / "payload.bin", cpu=cpu,
                  extra=NO_OTHERS) as skyscope:
        skyscope.expect_text(LAST_WORDS, 240)
        skyscope.to_manager()
        answer = skyscope.manager("export log")
        assert "no source of random numbers that can be used (`hardware platform`)" in answer
        assert "BEGIN" not in answer


def test_without_a_key_nothing_is_exported():
    with Skyscope("export-no-key", payload=BUILD / "systems/linux/payload.bin") as skyscope:
        skyscope.expect_text("console 0: linux", 240)
        skyscope.to_manager()
        answer = skyscope.manager("export log")
        assert "this system has no operator's key" in answer and "skyscope keygen --operator" in answer
