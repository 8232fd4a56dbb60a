# SPDX-License-Identifier: BSD-2-Clause
"""What the loader says is on the screen, too: in VGA text by BIOS, on the frame buffer that GRUB hands over by UEFI."""

import json
import subprocess

import pytest

import screen
from machine import BUILD
from signed_media import STARTED, VOUCHED, SignedMedia, find, flip

CHANGED = 'loader: error: payload: image "kernel": its SHA-512 tree hash is wrong: it was changed or damaged'
HALTED = "loader: nothing was started; the machine is halted"
VGA = ["-vga", "std"]
SCREENS = {"bios": screen.text_memory, "uefi": screen.drawn_text}


@pytest.fixture(scope="module", name="media")
def made_media(tmp_path_factory):
    return SignedMedia(tmp_path_factory.mktemp("screen"))


@pytest.fixture(scope="module", name="changed_iso")
def iso_with_a_changed_kernel(media):
    listing = json.loads(subprocess.run([BUILD / "bin/skyscope", "inspect", "--json", media.payload], check=True,
                                        capture_output=True).stdout)
    kernel, = (image for image in listing["images"] if image["role"] == "kernel")
    iso = media.iso("changed.iso")
    flip(iso, find(iso, media.payload.read_bytes()[kernel["offset"]:][:kernel["size"]]) + kernel["size"] // 2)
    return iso


@pytest.mark.parametrize("firmware", SCREENS)
def test_who_vouched(machine, media, firmware):
    running = machine(iso=media.iso(), firmware=firmware, memory="1G", extra=VGA)
    running.expect_text(STARTED, 180)
    shown = screen.wait_for(running, SCREENS[firmware], "loader: starting")
    for line in (VOUCHED, "loader: DEVELOPMENT KEY: ", "hashes are right"):
        assert line in shown, shown


@pytest.mark.parametrize("firmware", SCREENS)
def test_why_nothing_starts(machine, changed_iso, firmware):
    running = machine(iso=changed_iso, firmware=firmware, memory="1G", extra=VGA)
    running.expect_text(HALTED, 180)
    shown = screen.wait_for(running, SCREENS[firmware], HALTED)
    assert CHANGED in shown, shown
    assert STARTED not in running.output()


def test_without_a_boot_loader(machine, media, tmp_path):
    """QEMU's Multiboot leaves VGA text on, and says nothing about it."""
    (tmp_path / "cut.bin").write_bytes(media.payload.read_bytes()[:-4096])
    running = machine(payload=tmp_path / "cut.bin", loader=media.loader, memory="1G", extra=VGA)
    running.expect_text(HALTED)
    shown = screen.wait_for(running, screen.text_memory, HALTED)
    assert "loader: error: payload: cut short: the header says" in shown, shown
    width, height, pixels = screen.picture(running)
    assert (width, height) == (720, 400) and any(pixels)  # the screen is in text mode and shows something
