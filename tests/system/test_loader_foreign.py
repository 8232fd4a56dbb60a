# SPDX-License-Identifier: BSD-2-Clause
"""The loader starts another kernel than ours: one that says how it was entered (tests/system/loader/foreign.c)."""

import re
import struct
import subprocess

import pytest

from loader_under_test import LOADER, TIMEOUT, expect_refused, p, write
from machine import ARCH, BUILD
from payload import KIB, MIB

FOREIGN, MODULE = 7, 8  # roles
KERNEL = (BUILD / "tests/loader_foreign.elf").read_bytes()
# A program for the kernel: what is behind its segments is part of the module as well.
PROGRAM = KERNEL + bytes(range(256)) * 20 + b"end"
MODULES = {"x86_64": [("program", MODULE, PROGRAM)], "aarch64": []}[ARCH]

x86_64 = pytest.mark.skipif(ARCH != "x86_64", reason="of Multiboot 2")
aarch64 = pytest.mark.skipif(ARCH != "aarch64", reason="of the arm64 boot protocol")


@pytest.fixture(name="machine")
def machine_with_loader(machine):
    return lambda **arguments: machine(**{"loader": LOADER, **arguments})


def foreign_payload(kernel=KERNEL, modules=None):
    return p.payload([("foreign", FOREIGN, kernel)] + (MODULES if modules is None else modules))


def fnv(data):
    total = 0xCBF29CE484222325
    for byte in data:
        total = (total ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{total:016x}"


def pattern():
    content = bytearray(MIB)
    content[0], content[0x1000], content[0x80000], content[-1] = 1, 2, 3, 4
    return bytes(content)


def expect_foreign(machine, timeout=TIMEOUT):
    machine.expect_text("hashes are right", timeout)
    machine.expect_text("another kernel's, at 0x", TIMEOUT)
    match = machine.expect(r"foreign kernel: done, (\d+) failures", TIMEOUT)
    assert match.group(1) == "0", machine.output()
    assert f"pattern {fnv(pattern())}" in machine.output()
    return machine.output()


def start(machine, directory, content=None, **arguments):
    return machine(payload=write(directory / "payload.bin", content or foreign_payload()), **arguments)


def segment(kernel, index, **fields):
    """The kernel's file with other values in a program header."""
    places = {"physical": 24, "memory": 40}
    at = struct.unpack_from("<Q", kernel, 32)[0] + 56 * index
    content = bytearray(kernel)
    for name, value in fields.items():
        struct.pack_into("<Q", content, at + places[name], value)
    return bytes(content)


def refuse(machine, directory, content, message, **arguments):
    booted = start(machine, directory, content, **arguments)
    expect_refused(booted, message)
    assert "foreign kernel:" not in booted.output().replace("error: foreign kernel:", "")


# --- On both ---


def test_changed(machine, tmp_path):
    content = foreign_payload()
    at = p.images_of(content)["foreign"].start + 0x2000
    changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1:]
    refuse(machine, tmp_path, changed, 'image "foreign": its SHA-512 hash is wrong')


def test_not_signed(machine, tmp_path):
    content = p.payload([("foreign", FOREIGN, KERNEL)] + MODULES, signed=False)
    refuse(machine, tmp_path, content, "it is not signed")


def test_other_machine(machine, tmp_path):
    other = KERNEL[:18] + struct.pack("<H", 40) + KERNEL[20:]
    refuse(machine, tmp_path, foreign_payload(other), "not an ELF executable for ")


# --- AArch64 ---


@aarch64
@pytest.mark.parametrize("cpu, gic", [("cortex-a53", 2), ("cortex-a72", 3), ("max", 3)])
def test_arm64_protocol(machine, tmp_path, cpu, gic):
    output = expect_foreign(start(machine, tmp_path, cpu=cpu, gic=gic, cpus=2))
    assert " level 2 daif 3c0 " in output
    assert "device tree of " in output


@aarch64
def test_no_such_memory(machine, tmp_path):
    kernel = segment(KERNEL, 1, physical=0x4000000000)
    refuse(machine, tmp_path, foreign_payload(kernel), "the kernel wants the memory at 0x4000000000 to 0x")


@aarch64
def test_no_modules(machine, tmp_path):
    content = foreign_payload(modules=[("program", MODULE, PROGRAM)])
    refuse(machine, tmp_path, content, "it has 1 boot modules, and on AArch64 none can be given")


# --- x86-64 ---


def module_line(program=PROGRAM):
    return f'{len(program)} "program" sum {fnv(program)}'


@x86_64
@pytest.mark.parametrize("cpu", ["EPYC", "qemu64", "max"])
def test_multiboot2(machine, tmp_path, cpu):
    output = expect_foreign(start(machine, tmp_path, cpu=cpu, cpus=2, memory="512M", append="disable_iommu=1"))
    assert module_line() in output
    assert "memory 0x0 0x9f000 1" in output and re.search(r"memory 0x100000 0x1fe[0-9a-f]+ 1", output)
    assert "lower 636 KiB, upper " in output
    assert 'rsdp 20 bytes "RSD PTR "' in output
    assert 'command line "console_port=0x3f8 debug_port=0x3f8"' in output  # nobody signed the boot loader's
    assert 'boot loader "Skyscope"' in output


@x86_64
def test_uefi(machine, tmp_path):
    """By GRUB: another RSDP, a screen with pixels, and a kernel over what the firmware keeps for sleep."""
    root = tmp_path / "root/boot"
    (root / "grub").mkdir(parents=True)
    write(root / "payload.bin", foreign_payload(segment(KERNEL, 1, memory=8 * MIB)))
    write(root / "loader.elf", LOADER.read_bytes())
    write(root / "grub/grub.cfg", b"set timeout=0\nserial --unit=0\nterminal_output serial\ninsmod all_video\n"
                                  b"menuentry test {\n multiboot2 /boot/loader.elf\n module2 /boot/payload.bin\n}\n")
    subprocess.run(["grub-mkrescue", "-o", tmp_path / "test.iso", root.parent], check=True, capture_output=True)
    output = expect_foreign(machine(iso=tmp_path / "test.iso", firmware="uefi", memory="512M",
                                    extra=["-device", "VGA"]), timeout=240)
    assert "the kernel lies over memory that the firmware keeps for sleep" in output
    assert 'rsdp 36 bytes "RSD PTR "' in output and "revision 2" in output
    assert re.search(r"framebuffer 0x[0-9a-f]+ \d+x\d+x\d+ pitch \d+ type 1, red at 16 of 8", output)
    assert re.search(r"memory 0x80[0-9a-f]+ 0x[0-9a-f]+ 4", output)


@x86_64
def test_memory_above_4_gib(machine, tmp_path):
    output = expect_foreign(start(machine, tmp_path, memory="5G"))
    assert "memory 0x100000000 0xc0000000 1" in output


@x86_64
@pytest.mark.parametrize("content, message", [
    (lambda: foreign_payload(modules=[]), "it has 0 boot modules, and on x86-64 exactly one is wanted"),
    (lambda: foreign_payload(modules=MODULES + [("two", MODULE, PROGRAM)]),
     "it has 2 boot modules, and on x86-64 exactly one is wanted"),
    (lambda: foreign_payload(modules=[("program", MODULE, b"nothing" * KIB)]),
     "boot module: not an ELF executable for x86-64"),
    (lambda: foreign_payload(KERNEL.replace(struct.pack("<I", 0xE85250D6), bytes(4))), "it has no Multiboot 2 header"),
    (lambda: foreign_payload(segment(KERNEL, 0, physical=0x1000)), "is not between 1 MiB and 4 GiB"),
    (lambda: foreign_payload(segment(KERNEL, 0, physical=0xFEE00000)), "this machine has less there"),
    (lambda: foreign_payload(modules=[("program", MODULE, segment(PROGRAM, 1, memory=400 * MIB))]),
     "no memory is left above 0x"),
], ids=["no-module", "two-modules", "no-program", "no-header", "low", "device", "much"])
def test_refused(machine, tmp_path, content, message):
    refuse(machine, tmp_path, content(), message, memory="512M")
