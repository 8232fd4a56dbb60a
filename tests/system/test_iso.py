# SPDX-License-Identifier: BSD-2-Clause
"""The ISO image boots to a guest's shell: as a CD and as a disk (a USB stick), by BIOS and by UEFI."""

import pytest

from console import Skyscope
from machine import BUILD

ISO = BUILD / "systems/linux/linux.iso"


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
@pytest.mark.parametrize("medium", ["iso", "disk"])
def test_boots_to_a_shell(firmware, medium):
    with Skyscope(f"iso-{medium}-{firmware}", firmware=firmware, **{medium: ISO}) as skyscope:
        skyscope.expect("Skyscope", 180)
        skyscope.expect_shell("linux")
        skyscope.check_shell("uname -a")
        skyscope.to_manager()
        hardware = skyscope.manager("hardware")
        assert firmware.upper() in hardware
        assert "Multiboot 2" in hardware
        skyscope.send("poweroff")
        assert skyscope.expect_exit() == 0


def test_is_isohybrid():
    """An MBR with a boot signature, and a GPT, so that it can be written to a disk as it is."""
    with open(ISO, "rb") as image:
        start = image.read(1024)
        image.seek(16 * 2048)
        descriptor = image.read(6)
    assert start[510:512] == b"\x55\xaa"
    assert start[:440].strip(b"\0")  # code, not only a partition table
    assert start[512:520] == b"EFI PART"
    assert descriptor == b"\x01CD001"
