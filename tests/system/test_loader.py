# SPDX-License-Identifier: BSD-2-Clause
"""The loader in QEMU: every way to boot it, many machines, and payloads that it must refuse.

Right payloads hold a kernel of their own (tests/system/loader/kernel.c), which
checks what the loader promises and reports what it was given.
"""

import random
import struct
import subprocess
import sys

import pytest

from machine import BUILD, CPU_MODEL, ROOT

sys.path.insert(0, str(ROOT / "tests/system/loader"))

import payload as p  # noqa: E402
from payload import GIB, KIB, MIB  # noqa: E402

# With a trust anchor for keys that the tests have.
LOADER = BUILD / "tests/loader_of_tests.elf"
LOADER.write_bytes(p.provisioned((BUILD / "loader-template.elf").read_bytes(), p.trust_anchor()))
KERNEL = (BUILD / "tests/loader_kernel.elf").read_bytes()
BLOB = random.Random(1).randbytes(100000)
TIMEOUT = 60

REGIONS = [
    p.region("plain", 8 * KIB),
    p.region("filled", 64 * KIB, image=2, image_offset=5, image_size=50000, prefill_offset=100),
    p.region("in place", p.round_up(len(BLOB)), image=2, image_size=len(BLOB), flags=p.IN_PLACE),
    p.region("large pages", 64 * MIB, 2 * MIB),
    p.region("contiguous", 6 * MIB, 2 * MIB, flags=p.CONTIGUOUS),
    p.region("fixed", 2 * MIB, 2 * MIB, address=0x6000000),
    p.region("hardware", 128 * KIB, kind=p.HARDWARE),
    p.region("device", 4 * KIB, kind=p.DEVICE, address=0xFEE00000),
]


@pytest.fixture(name="machine")
def machine_with_loader(machine):
    return lambda **arguments: machine(**{"loader": LOADER, **arguments})


def images(regions=REGIONS, cpus=1, pool=4 * MIB):
    return [("kernel.elf", p.KERNEL, KERNEL), ("plan", p.PLAN, p.plan(regions, cpus, pool)), ("blob", p.DATA, BLOB)]


def good_payload(**arguments):
    return p.payload(images(**arguments))


def write(path, content):
    path.write_bytes(content)
    return path


def without_multiboot1(directory):
    """A copy of the loader that QEMU must start by PVH: it prefers Multiboot 1."""
    content = LOADER.read_bytes()
    magic = struct.pack("<I", 0x1BADB002)
    assert content.count(magic) == 1
    return write(directory / "loader-pvh.elf", content.replace(magic, bytes(4)))


def expect_kernel(machine, cpus, failures=0):
    machine.expect_text("hashes are right", TIMEOUT)
    match = machine.expect(r"test kernel: done on (\d+) CPUs, (\d+) failures", TIMEOUT)
    assert int(match.group(1)) == cpus
    assert int(match.group(2)) == failures, machine.output()
    return machine.output()


def expect_refused(machine, message):
    machine.expect_text("loader: error: ", TIMEOUT)
    machine.expect_text("nothing was started; the machine is halted", TIMEOUT)
    output = machine.output()
    assert message in output, output
    assert "test kernel" not in output


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


def patched(offset, value, content=None):
    content = bytearray(good_payload() if content is None else content)
    content[offset:offset + len(value)] = value
    return bytes(content)


def flipped_in_image(name):
    content = good_payload()
    offset = p.images_of(content)[name].start + 100
    return patched(offset, bytes([content[offset] ^ 1]), content)


BAD_PAYLOADS = {
    "magic": (lambda: patched(0, b"X"), "wrong magic"),
    "not-a-payload": (lambda: LOADER.read_bytes(), "wrong magic"),
    "short": (lambda: b"SKY", "too few"),
    "version": (lambda: p.payload(images(), version=3), "version 3"),
    "kernel-bit": (lambda: flipped_in_image("kernel.elf"), 'image "kernel.elf": its SHA-512 hash is wrong'),
    "plan-bit": (lambda: flipped_in_image("plan"), 'image "plan": its SHA-512 hash is wrong'),
    "data-bit": (lambda: flipped_in_image("blob"), 'image "blob": its SHA-512 hash is wrong'),
    "padding-bit": (lambda: patched(len(good_payload()) - 1, b"\x80"), 'padding after image "blob" is not zero'),
    "truncated": (lambda: good_payload()[:-4096], "cut short"),
    "too-long": (lambda: good_payload() + bytes(4096), "too long"),
    "algorithm": (lambda: p.payload(images(), algorithm=3), "it names an unknown hash algorithm"),
    "no-plan": (lambda: p.payload(images()[:1]), "there is no kernel or no plan"),
    "two-kernels": (lambda: p.payload(images() + [("again", p.KERNEL, KERNEL)]), 'image 3 "again": an image before has '
                                                                                 'the same role'),
    "same-name": (lambda: p.payload(images() + [("blob", p.DATA, b"x")]), 'image 3 "blob": an image before has the same '
                                                                         'name'),
    "plan-nonsense": (lambda: p.payload([images()[0], ("plan", p.PLAN, b"nonsense" * 100)]), "plan: wrong magic"),
    "kernel-nonsense": (lambda: p.payload([("kernel", p.KERNEL, b"nonsense" * 100), images()[1], images()[2]]),
                        "not an ELF executable for x86-64"),
    "too-many-cpus": (lambda: good_payload(cpus=3), "the system needs 3 CPUs, the machine has 2"),
    "too-much-memory": (lambda: good_payload(regions=[p.region("vm_ram", 8 * GIB, 2 * MIB)]),
                        'MiB (8192 MiB for region "vm_ram"), the machine has'),
    "no-such-memory": (lambda: good_payload(regions=[p.region("far", 2 * MIB, 2 * MIB, address=64 * GIB)]),
                       'region "far" needs the 2 MiB at 0x1000000000'),
    "device-in-memory": (lambda: good_payload(regions=[p.region("dev", 4096, kind=p.DEVICE, address=16 * MIB)]),
                         'device region "dev" at 0x1000000 is memory on this machine'),
}


@pytest.mark.parametrize("name", BAD_PAYLOADS)
def test_refuses(machine, tmp_path, name):
    make, message = BAD_PAYLOADS[name]
    expect_refused(machine(payload=write(tmp_path / "payload.bin", make()), memory="512M"), message)


def test_no_module(machine):
    expect_refused(machine(kernel=LOADER, memory="256M"), "no payload")


def test_processor_without_64_bits(machine, tmp_path):
    payload = write(tmp_path / "payload.bin", good_payload())
    one = machine(payload=payload, cpu="pentium3", cpus=1, memory="256M")
    one.expect_text("this processor cannot run Skyscope", TIMEOUT)
    assert "test kernel" not in one.output()
