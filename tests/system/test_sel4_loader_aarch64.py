# SPDX-License-Identifier: BSD-2-Clause
"""The loader starts what the Microkit made for the board qemu_virt_aarch64: seL4 with a Linux guest, from a signed
payload by QEMU, and from an ISO image by UEFI and GRUB.

Without a Microkit SDK (MICROKIT_SDK) there is nothing to start, and all of this is skipped.
"""

import os
import subprocess

import pytest

from console import Skyscope
from loader_under_test import expect_refused, p
from machine import PLATFORM, ROOT, TOOL

if not os.environ.get("MICROKIT_SDK"):
    pytest.skip("no Microkit SDK: give one with MICROKIT_SDK=DIRECTORY", allow_module_level=True)

IMAGES = ROOT / os.environ.get("SKYSCOPE_SEL4_IMAGES", "build/aarch64/sel4/qemu_virt_aarch64-release/systems")
BOARD = {"cpus": 1, "cpu": "cortex-a53", "gic": 2, "memory": "2G"}


def skyscope(*words):
    subprocess.run([TOOL, *map(str, words)], check=True, cwd=ROOT, stdout=subprocess.PIPE)


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A directory with payload.bin, a loader that trusts who signed it, and an ISO image of both."""
    directory = tmp_path_factory.mktemp("sel4")
    skyscope("keygen", "--quiet", "--development", directory / "keys")
    skyscope("sign", "--quiet", "--keys", directory / "keys", "--output", directory / "payload.bin",
             IMAGES / "linux.payload")
    skyscope("provision", "--quiet", "--trust", directory / "keys/system.trust", "--output", directory / "loader.img",
             PLATFORM.loader_template)
    skyscope("iso", "--quiet", "--loader", directory / "loader.img", "--output", directory / "sel4.iso",
             directory / "payload.bin")
    return directory


@pytest.mark.parametrize("way", ["direct", "uefi"])
def test_linux(signed, way):
    what = ({"payload": signed / "payload.bin", "loader": signed / "loader.img"} if way == "direct"
            else {"iso": signed / "sel4.iso"})
    with Skyscope(f"sel4-loader-{way}", **BOARD, **what) as booted:
        booted.expect_text("hashes are right", 240)
        booted.expect_text("another kernel's, at 0x")
        booted.expect_shell("linux")


def test_changed(machine, signed, tmp_path):
    content = bytearray((signed / "payload.bin").read_bytes())
    place = p.images_of(content)["microkit"]
    content[(place.start + place.stop) // 2] ^= 1
    (tmp_path / "changed.bin").write_bytes(content)
    booted = machine(payload=tmp_path / "changed.bin", loader=signed / "loader.img", **BOARD)
    expect_refused(booted, 'image "microkit": its SHA-512 tree hash is wrong')
