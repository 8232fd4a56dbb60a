# SPDX-License-Identifier: BSD-2-Clause
"""The ISO image boots to a guest's shell: as a CD and as a disk (a USB stick), by every firmware that the machine may
have. The medium is not touched any more once the loader has begun to verify: what it hashed in memory is all that
there is to run."""

import pytest

from console import Skyscope
from machine import ARCH, BUILD, PLATFORM

ISO = BUILD / "systems/linux/linux.iso"


def accesses(machine):
    """How often each boot device was read and written so far, firmware's own flash memory left out."""
    return {device["device"]: (device["stats"]["rd_operations"], device["stats"]["wr_operations"])
            for device in machine.qmp("query-blockstats") if not device["device"].startswith("pflash")}


@pytest.mark.parametrize("firmware", PLATFORM.firmwares)
@pytest.mark.parametrize("medium", ["iso", "disk"])
def test_boots_to_a_shell(firmware, medium):
    with Skyscope(f"iso-{medium}-{firmware}", firmware=firmware, **{medium: ISO}) as skyscope:
        skyscope.expect_text("Skyscope loader: checking what to start", 180)
        before = accesses(skyscope)
        assert [reads > 0 and writes == 0 for reads, writes in before.values()] == [True], before
        if medium == "iso":
            skyscope.qmp("eject", device=next(iter(before)), force=True)
        # For nobody yet. A UART may raise no interrupt any more until somebody takes them.
        skyscope.send_raw("    ")
        skyscope.expect_shell("linux")
        skyscope.check_shell("uname -a")
        skyscope.to_manager()
        hardware = skyscope.manager("hardware")
        assert firmware.upper() in hardware
        assert {"x86_64": "Multiboot 2", "aarch64": "UEFI application"}[ARCH] in hardware
        assert accesses(skyscope) == before
        skyscope.send("poweroff")
        assert skyscope.expect_exit() == 0


def test_is_isohybrid():
    """An MBR with a boot signature, and a GPT, so that it can be written to a disk as it is."""
    with open(ISO, "rb") as image:
        start = image.read(1024)
        image.seek(16 * 2048)
        descriptor = image.read(6)
    assert start[510:512] == b"\x55\xaa"
    if "bios" in PLATFORM.firmwares:
        assert start[:440].strip(b"\0")  # code, not only a partition table
    assert start[512:520] == b"EFI PART"
    assert descriptor == b"\x01CD001"
