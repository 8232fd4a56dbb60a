# SPDX-License-Identifier: BSD-2-Clause
"""The loader in QEMU: payloads that it must refuse, on machines of all architectures. What it starts, and how it is
started, is in test_loader_x86_64.py and test_loader_aarch64.py."""

import random

import pytest

from loader_under_test import (KERNEL, LOADER, RAM_START, REGIONS, expect_kernel, expect_refused, good_payload,
                               images, p, write)
from machine import ARCH, PLATFORM
from payload import GIB, MIB


@pytest.fixture(name="machine")
def machine_with_loader(machine):
    return lambda **arguments: machine(**{"loader": LOADER, **arguments})


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
                        "not an ELF executable for " + {"x86_64": "x86-64", "aarch64": "AArch64"}[ARCH]),
    "other-machine": (lambda: p.payload([images()[0], ("plan", p.PLAN, p.plan(REGIONS, machine=0x15)), images()[2]]),
                      "plan: for another machine (ELF's number 21)"),
    "too-many-cpus": (lambda: good_payload(cpus=3), "the system needs 3 CPUs, the machine has 2"),
    "too-much-memory": (lambda: good_payload(regions=[p.region("vm_ram", 8 * GIB, 2 * MIB)]),
                        'MiB (8192 MiB for region "vm_ram"), the machine has'),
    "no-such-memory": (lambda: good_payload(regions=[p.region("far", 2 * MIB, 2 * MIB, address=64 * GIB)]),
                       'region "far" needs the 2 MiB at 0x1000000000'),
    "device-in-memory": (lambda: good_payload(regions=[p.region("dev", 4096, kind=p.DEVICE, address=RAM_START + 16 * MIB)]),
                         f'device region "dev" at {RAM_START + 16 * MIB:#x} is memory on this machine'),
}


@pytest.mark.parametrize("name", BAD_PAYLOADS)
def test_refuses(machine, tmp_path, name):
    make, message = BAD_PAYLOADS[name]
    expect_refused(machine(payload=write(tmp_path / "payload.bin", make()), memory="512M"), message)


@pytest.mark.parametrize("cpu", PLATFORM.cpus)
def test_hash_tree(machine, tmp_path, cpu):
    """An image whose leaves are hashed by vectors where the processor has what that takes, and some at its end that are
    not; then with the last bit of the third leaf wrong."""
    data = random.Random(2).randbytes(37 * 16384 + 5)
    content = p.payload(images() + [("large", p.DATA, data)], algorithm=2)
    one = machine(payload=write(tmp_path / "payload.bin", content), cpu=cpu, memory="512M")
    assert "SHA-512 tree hashes are right" in expect_kernel(one, 1)
    wrong = patched(p.images_of(content)["large"].start + 3 * 16384 - 1, b"\0", content)
    if wrong == content:
        wrong = patched(p.images_of(content)["large"].start + 3 * 16384 - 1, b"\1", content)
    expect_refused(machine(payload=write(tmp_path / "wrong.bin", wrong), cpu=cpu, memory="512M"),
                   'image "large": its SHA-512 tree hash is wrong')


def test_no_module(machine):
    expect_refused(machine(kernel=LOADER, memory="256M"), "no payload")
