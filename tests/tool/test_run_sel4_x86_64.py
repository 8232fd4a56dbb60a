# SPDX-License-Identifier: BSD-2-Clause
"""seL4 on x86-64: payloads of two images, `skyscope run` with QEMU, which warns, and with Bochs."""

import re
import shutil
import stat

import pytest

BOARD = "x86_64_generic_vtx"
SYSTEM = """<system>
    <protection_domain name="one" priority="1"><program_image path="program.elf" /></protection_domain>
</system>
"""
# Stands for the Microkit's tool, which puts seL4 beside the image.
MICROKIT = """#!/bin/sh
while [ "$1" != --output ]; do shift; done
cp {program} "$2"
cp {kernel} "$(dirname "$2")/sel4.elf"
"""


def sdk(tool, kernel="program.elf"):
    """An SDK as far as our tool looks into it."""
    root = tool.directory / "sdk"
    headers = root / "board" / BOARD / "release/include/kernel"
    headers.mkdir(parents=True)
    (headers / "gen_config.h").write_text("#define CONFIG_MAX_NUM_NODES  1\n#define CONFIG_VTX  1\n", encoding="ascii")
    (root / "bin").mkdir()
    program = root / "bin/microkit"
    program.write_text(MICROKIT.format(program=tool.files / "program.elf", kernel=tool.files / kernel), encoding="ascii")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return root


def payload(tool):
    result = tool.run("build", "--kernel", "sel4", "--arch", "x86_64", "--sdk", sdk(tool), "--search-path", tool.files,
                      "--output", "out.payload", tool.write(SYSTEM))
    assert result.returncode == 0, result.stderr
    return "out.payload"


def test_payload(tool):
    text = tool.run("inspect", payload(tool))
    assert text.returncode == 0, text.stderr
    size = (tool.files / "program.elf").stat().st_size
    assert re.search(rf"0 foreign-kernel +{size}  right [0-9a-f]+ sel4\n +1 module +{size}  right [0-9a-f]+ microkit\n",
                     text.stdout), text.stdout


def test_qemu_is_warned_of(tool):
    loader = tool.files / "program.elf"
    result = tool.run("run", "--dry-run", "--loader", loader, payload(tool))
    assert result.returncode == 0, result.stderr
    assert "warning: QEMU has no VT-x" in result.stderr and "--emulator bochs" in result.stderr
    assert result.stdout.startswith("qemu-system-x86_64 ") and result.stdout.rstrip().endswith("-initrd out.payload")
    result = tool.run("run", "--dry-run", "--emulator", "bochs", "--loader", loader, "out.payload")
    assert result.returncode == 2 and "boots images, and 'out.payload' is none" in result.stderr


def test_an_image(tool):
    result = tool.run("iso", "--quiet", "--loader", tool.files / "program.elf", "--output", "out.iso", payload(tool))
    assert result.returncode == 0, result.stderr
    result = tool.run("run", "--dry-run", "out.iso")
    assert result.returncode == 0 and "warning: QEMU has no VT-x" in result.stderr
    result = tool.run("run", "--dry-run", "--emulator", "bochs", "--memory", "512M", "out.iso")
    assert result.returncode == 0 and result.stderr == ""
    assert "megs: 512\ncpu: model=corei7_haswell_4770, count=1," in result.stdout
    assert 'ata0-master: type=cdrom, path="out.iso", status=inserted\nboot: cdrom\n' in result.stdout
    assert re.search(r"com1: enabled=1, mode=term, dev=/dev/pts/\d+\n", result.stdout)
    for options, reason in ((["--firmware", "uefi"], "leave --firmware out"), (["--machine", "pc"], "leave --machine out")):
        result = tool.run("run", "--dry-run", "--emulator", "bochs", *options, "out.iso")
        assert result.returncode == 2 and reason in result.stderr
    result = tool.run("run", "--dry-run", "--emulator", "bochs", "out.iso", "--", "-usb")
    assert result.returncode == 2 and "what follows -- is for QEMU" in result.stderr
    result = tool.run("run", "--dry-run", "--emulator", "vmware", "out.iso")
    assert result.returncode == 2 and "'vmware' is not known; use qemu or bochs" in result.stderr


@pytest.mark.skipif(shutil.which("bochs") is None, reason="Bochs is not installed")
def test_bochs_that_fails(tool):
    """What Bochs says comes out; nothing of it stays."""
    empty = bytearray(20 * 2048)
    empty[16 * 2048:16 * 2048 + 6] = b"\x01CD001"
    (tool.directory / "empty.iso").write_bytes(empty)
    temporary = tool.directory / "temporary"
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary)}
    for options, reason in ((["--cpu", "abacus"], "cpu directive malformed"), ([], "No bootable device")):
        result = tool.run("run", "--emulator", "bochs", "--memory", "64M", *options, "empty.iso", environment=environment)
        assert result.returncode == 1 and reason in result.stderr, result.stdout + result.stderr
    assert not list(temporary.iterdir())
    nowhere = {**environment, "PATH": "/nowhere"}
    result = tool.run("run", "--emulator", "bochs", "empty.iso", environment=nowhere)
    assert result.returncode == 1 and "install the packages bochs bochs-term bochsbios vgabios" in result.stderr


def test_32_bit_kernel(tool):
    """The loader takes seL4's 64-bit file; the other one says nothing of the machine that is known here."""
    result = tool.run("build", "--kernel", "sel4", "--arch", "x86_64", "--sdk", sdk(tool, "i386.elf"), "--search-path",
                      tool.files, "--output", "out.payload", tool.write(SYSTEM))
    assert result.returncode == 0, result.stderr
    result = tool.run("run", "--dry-run", "--loader", tool.files / "program.elf", "out.payload")
    assert result.returncode == 1 and "does not say what machine it is for" in result.stderr
