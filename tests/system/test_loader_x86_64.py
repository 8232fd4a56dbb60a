# SPDX-License-Identifier: BSD-2-Clause
"""The loader on PCs in QEMU: every way to boot it, and many machines."""

import struct
import subprocess

import pytest

from bochs import BOCHS, Bochs
from loader_under_test import LOADER, TIMEOUT, expect_kernel, expect_refused, good_payload, p, write
from machine import CPU_MODEL
from payload import GIB, MIB


@pytest.fixture(name="machine")
def machine_with_loader(machine):
    return lambda **arguments: machine(**{"loader": LOADER, **arguments})


def without_multiboot1(directory):
    """A copy of the loader that QEMU must start by PVH: it prefers Multiboot 1."""
    content = LOADER.read_bytes()
    magic = struct.pack("<I", 0x1BADB002)
    assert content.count(magic) == 1
    return write(directory / "loader-pvh.elf", content.replace(magic, bytes(4)))


# --- Ways to boot ---


def test_multiboot1(machine, tmp_path):
    payload = write(tmp_path / "payload.bin", good_payload(cpus=2))
    output = expect_kernel(machine(payload=payload, cpus=2, append="quiet two=2"), 2)
    assert "protocol 1, firmware 1" in output
    assert 'boot loader "qemu"' in output
    assert "quiet two=2" in output
    assert 'system "test"' in output
    assert "s5 1 " in output
    assert "IOAPIC 0 at 0xfec00000, 24 pins from 0" in output


def test_pvh(machine, tmp_path):
    payload = write(tmp_path / "payload.bin", good_payload(cpus=2))
    output = expect_kernel(machine(payload=payload, loader=without_multiboot1(tmp_path), cpus=2, append="a b"), 2)
    assert "protocol 3, firmware 1" in output
    assert 'command line "a b"' in output


def test_pvh_on_microvm(machine, tmp_path):
    """No PCI, no PM timer, two IOAPICs; ACPI without fixed hardware."""
    payload = write(tmp_path / "payload.bin", good_payload(cpus=2))
    output = expect_kernel(machine(payload=payload, loader=without_multiboot1(tmp_path), cpus=2, memory="512M",
                                   extra=["-machine", "microvm"]), 2)
    assert "0 pci functions" in output
    assert "IOAPIC 1 at 0xfec10000, 24 pins from 24" in output


@pytest.fixture(scope="module")
def iso(tmp_path_factory):
    directory = tmp_path_factory.mktemp("iso")
    (directory / "root/boot/grub").mkdir(parents=True)
    write(directory / "root/boot/payload.bin", good_payload(cpus=2))
    write(directory / "root/boot/loader.elf", LOADER.read_bytes())
    write(directory / "root/boot/grub/grub.cfg",
          b"set timeout=0\nserial --unit=0 --speed=115200\nterminal_output serial\n"
          b"menuentry test {\n multiboot2 /boot/loader.elf by=grub\n module2 /boot/payload.bin\n}\n")
    image = directory / "test.iso"
    subprocess.run(["grub-mkrescue", "-o", image, directory / "root"], check=True, capture_output=True)
    return image


@pytest.mark.parametrize("firmware, number", [("bios", 1), ("uefi", 2)])
def test_grub(machine, iso, firmware, number):
    output = expect_kernel(machine(iso=iso, firmware=firmware, cpus=2), 2)
    assert f"protocol 2, firmware {number}" in output
    assert 'boot loader "GRUB' in output
    assert 'command line "by=grub"' in output
    assert "s5 1 " in output


@pytest.mark.skipif(BOCHS is None, reason="Bochs is not installed")
def test_x2apic(tmp_path):
    """A processor that has it, which QEMU's are not: the loader uses it for our kernel."""
    root = tmp_path / "root/boot"
    (root / "grub").mkdir(parents=True)
    write(root / "payload.bin", good_payload())
    write(root / "loader.elf", LOADER.read_bytes())
    write(root / "grub/grub.cfg", b"set timeout=0\nserial --unit=0 --speed=115200\nterminal_output serial\nmenuentry test {\n"
                                  b" multiboot2 /boot/loader.elf\n set gfxpayload=text\n module2 /boot/payload.bin\n}\n")
    subprocess.run(["grub-mkrescue", "-o", tmp_path / "test.iso", root.parent], check=True, capture_output=True)
    with Bochs("loader-x2apic", iso=tmp_path / "test.iso", memory=512) as booted:
        output = expect_kernel(booted, 1, timeout=300)
    assert "x2apic 1, 1 ioapics" in output


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_grub_with_a_screen(machine, iso, firmware):
    """GRUB may switch to a graphics mode then."""
    expect_kernel(machine(iso=iso, firmware=firmware, cpus=2, extra=["-vga", "std"]), 2)


# --- Machines ---


@pytest.mark.parametrize("name, cpus, used, arguments", [
    ("one-cpu", 1, 1, dict(memory="256M")),
    ("four-cpus", 4, 4, dict(memory="256M")),
    ("spare-cpus", 8, 3, dict(memory="512M")),
    ("pc", 2, 2, dict(memory="512M", extra=["-machine", "pc"])),
    ("max", 2, 2, dict(memory="512M", cpu="max")),
    ("intel", 2, 2, dict(memory="512M", cpu="Haswell")),
    ("simple", 2, 2, dict(memory="512M", cpu="qemu64")),
])
def test_machines(machine, tmp_path, name, cpus, used, arguments):
    payload = write(tmp_path / "payload.bin", good_payload(cpus=used))
    output = expect_kernel(machine(name=f"loader-{name}", payload=payload, cpus=cpus, **arguments), used)
    assert f"{cpus} cpus" in output


@pytest.mark.parametrize("cpu", [CPU_MODEL, "qemu64"])
def test_memory_above_4_gib(machine, tmp_path, cpu):
    """With pages of 1 GiB in the loader's page tables, and without."""
    regions = [p.region("low", 64 * MIB, 2 * MIB), p.region("page", GIB, GIB),
               p.region("high", 16 * MIB, 2 * MIB, address=0x1A0000000)]
    payload = write(tmp_path / "payload.bin", good_payload(regions=regions, cpus=2))
    output = expect_kernel(machine(payload=payload, cpus=2, memory="6G", cpu=cpu), 2)
    assert "6143 MiB" in output
    assert "region high: 1 pieces, last at 0x1a0000000" in output


def test_finds_pci_devices(machine, tmp_path):
    payload = write(tmp_path / "payload.bin", good_payload())
    output = expect_kernel(machine(payload=payload, extra=[
        "-device", "e1000e,addr=5", "-device", "pcie-root-port,id=root1,addr=6,chassis=1",
        "-device", "virtio-blk-pci,bus=root1,drive=disk", "-drive", f"id=disk,if=none,file={LOADER},format=raw,readonly=on",
    ]), 1)
    assert "pci 0028 8086:10d3 class 0200" in output  # e1000e: MSI, MSI-X, BARs
    assert "1af4:1042 class 0100" in output           # behind the root port
    assert "pci 0030 1b36:000c class 0604" in output


# --- What must not start ---


def test_processor_without_64_bits(machine, tmp_path):
    payload = write(tmp_path / "payload.bin", good_payload())
    one = machine(payload=payload, cpu="pentium3", cpus=1, memory="256M")
    one.expect_text("this processor cannot run Skyscope", TIMEOUT)
    assert "test kernel" not in one.output()


def test_an_extra_module(machine, tmp_path):
    payload = write(tmp_path / "payload.bin", good_payload())
    expect_refused(machine(kernel=LOADER, initrd=f"{payload},{payload}", memory="256M"), "more than one module")
