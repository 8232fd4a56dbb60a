# SPDX-License-Identifier: BSD-2-Clause
"""A disk image boots by BIOS and by UEFI; one whose payload was changed does not. GRUB starts nothing else. No system
has hands on a disk."""

import json
import subprocess

import pytest

from machine import ARCH, BUILD, PLATFORM, TOOL
from signed_media import STARTED, VOUCHED, SignedMedia, flip

PIECE = 256  # bytes of the payload


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    return SignedMedia(tmp_path_factory.mktemp("disk"))


@pytest.fixture(scope="module")
def disk(media):
    return media.disk()


@pytest.mark.parametrize("firmware", PLATFORM.firmwares)
def test_boots(machine, disk, firmware):
    running = machine(disk=disk, firmware=firmware, memory="1G")
    running.expect_text(VOUCHED, 180)
    running.expect_text(STARTED)


def test_changed_payload_is_refused(machine, media, disk):
    """The loader verifies all of the payload that GRUB has read."""
    payload = media.payload.read_bytes()
    # Of the pieces that are like nothing else in it, the one in the middle.
    pieces = [payload[i:i + PIECE] for i in range(0, len(payload), PIECE)]
    single = [piece for piece in pieces if len(set(piece)) > 48 and payload.count(piece) == 1]
    piece = single[len(single) // 2]
    # In the volume, which is at the partition's begin: only there is it looked for.
    with open(disk, "rb") as image:
        image.seek(66 << 20)
        place = (66 << 20) + image.read(16 << 20).index(piece)
    flip(disk, place)
    try:
        running = machine(disk=disk, memory="1G")
        running.expect("loader: error: .*(hash|changed)", 180)
        running.expect_text("nothing was started")
        assert STARTED not in running.output()
    finally:
        flip(disk, place)


# ATA (both channels, command and control), floppy disk, PCI configuration: with these, a program could write to a disk.
STORAGE_PORTS = [(0x1F0, 8), (0x170, 8), (0x3F6, 1), (0x376, 1), (0x3F0, 6), (0xCF8, 8)]


# Devices' registers that systems have by place: AArch64's serial port, and what of a GICv2 guests see.
PLACES = {"x86_64": set(), "aarch64": {"console", "gicv"}}[ARCH]


def test_no_system_reaches_a_disk():
    """What a payload's plan does not give, nobody can get later: the kernel makes no mappings and hands out no ports
    after boot. No disk's registers are mapped in any system here, and the ports are not those of a disk."""
    # Those of benchmarks may be old ones: tests do not build them. Two have a device that QEMU has for tests.
    payloads = [path for path in sorted((BUILD / "systems").glob("*/payload.bin"))
                if "bench" not in path.parent.name and path.parent.name not in ("device_dma", "device_irqs")]
    assert len(payloads) > 5
    for payload in payloads:
        plan = json.loads(subprocess.run([TOOL, "inspect", "--json", payload], check=True,
                                         capture_output=True).stdout)["plan"]
        assert [region["name"] for region in plan["regions"]
                if region["kind"] == "device" and region.get("place") not in PLACES] == [], payload
        for port in plan["ioports"]:
            for base, size in STORAGE_PORTS:
                assert port["base"] + port["size"] <= base or base + size <= port["base"], (payload, port)


def test_grub_lets_nobody_in(machine, media):
    """While GRUB's menu waits, a person at the keyboard gets neither its command line nor its editor."""
    running = machine(iso=media.iso("menu.iso", ["--timeout", "600"]), memory="1G")
    running.expect_text("GNU GRUB", 180)
    for key in "ce":
        running.send_raw(key)
        running.expect_text("Enter username")
        running.send("nobody")
        running.expect_text("Enter password")
        running.send("nobody")
        running.expect_text("GNU GRUB")  # the menu again
    assert "grub>" not in running.output()
    running.send_raw("\r")
    running.expect_text(VOUCHED)
