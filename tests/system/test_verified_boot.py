# SPDX-License-Identifier: BSD-2-Clause
"""Verified boot, with the real loader in QEMU: what its trust anchor's keys signed starts; anything else does not, and
a message on the console names the check. tests/unit/loader/signed_payload_test.c does the same in every detail."""

import sys
import time

import pytest

from machine import BUILD, PLATFORM, ROOT

sys.path.insert(0, str(ROOT / "tests/system/loader"))

import payload as p  # noqa: E402

TEMPLATE = PLATFORM.loader_template.read_bytes()
KERNEL = (BUILD / "tests/loader_kernel.elf").read_bytes()
TIMEOUT = 120
ONE, OTHER = b"1" * 6000, b"2" * 6000
IMAGES = [("kernel.elf", p.KERNEL, KERNEL), ("plan", p.PLAN, p.plan([])), ("one", p.DATA, ONE),
          ("other", p.DATA, OTHER)]
GUEST = ("guest/initrd", p.GUEST, b"unsigned content" * 300, "unsigned")


@pytest.fixture(scope="module", name="good")
def good_payload():
    return p.payload(IMAGES, rollback=3)


def boot(machine, directory, payload, anchor=None, **arguments):
    """A machine with a loader that has this trust anchor (bytes)."""
    loader = directory / f"loader.{PLATFORM.loader_suffix}"
    loader.write_bytes(p.provisioned(TEMPLATE, p.trust_anchor() if anchor is None else anchor))
    (directory / "payload.bin").write_bytes(payload)
    return machine(payload=directory / "payload.bin", loader=loader, memory="256M", cpus=1, **arguments)


def expect_started(one):
    one.expect(r"test kernel: done on 1 CPUs, 0 failures", TIMEOUT)
    return one.output()


def expect_refused(one, message):
    one.expect_text("loader: error: ", TIMEOUT)
    one.expect_text("nothing was started; the machine is halted", TIMEOUT)
    assert message in one.output(), one.output()
    assert "test kernel" not in one.output() and "starting" not in one.output()


def changed(content, at, flip=1):
    content = bytearray(content)
    content[at] ^= flip
    return bytes(content)


def swapped(content):
    """The two data images in each other's place."""
    content, images = bytearray(content), p.images_of(content)
    content[images["one"]], content[images["other"]] = OTHER, ONE
    return bytes(content)


# --- What starts ---


def test_signed(machine, tmp_path, good):
    output = expect_started(boot(machine, tmp_path, good))
    lattice, hash_based = (key_id.hex()[:16] for key_id in (p.key_ids(p.PRIMARY)[0], p.key_ids(p.PRIMARY)[1]))
    assert (f'"test" version 3 signed by primary key pair: ML-DSA-65 key {lattice}, SLH-DSA-SHA2-128s key {hash_based}'
            in output)
    assert "DEVELOPMENT KEY" in output and "UNSIGNED" not in output


def test_signed_by_the_next_keys(machine, tmp_path):
    output = expect_started(boot(machine, tmp_path, p.payload(IMAGES, keys=(p.NEXT, p.NEXT)),
                                 p.trust_anchor(flags=0, system="test")))
    assert "signed by next key pair" in output and "DEVELOPMENT KEY" not in output


def test_unsigned_guest_image(machine, tmp_path):
    """It can have any content; the loader says so."""
    payload = bytearray(p.payload(IMAGES + [GUEST]))
    place = p.images_of(payload)["guest/initrd"]
    payload[place] = b"?" * (place.stop - place.start)
    output = expect_started(boot(machine, tmp_path, payload))
    assert 'loader: UNSIGNED guest image "guest/initrd": nothing vouches for it' in output


# --- What does not ---


def lattice_at(content):
    return p.manifest_of(content)[1].start + 14 + 38


BAD = {
    "kernel-bit": (lambda good: changed(good, p.images_of(good)["kernel.elf"].stop - 1), 'image "kernel.elf": its '
                                                                                         'SHA-512 hash is wrong'),
    "plan-bit": (lambda good: changed(good, p.images_of(good)["plan"].start + 20), 'image "plan": its SHA-512 hash'),
    "data-bit": (lambda good: changed(good, p.images_of(good)["other"].start, 0x80), 'image "other": its SHA-512 hash'),
    "swapped": (swapped, 'image "one": its SHA-512 hash is wrong'),
    "manifest-bit": (lambda good: changed(good, p.manifest_of(good)[0].start + 16), "lattice-based signature is wrong"),
    "lattice-bit": (lambda good: changed(good, lattice_at(good) + 1000), "lattice-based signature is wrong"),
    "hash-based-bit": (lambda good: changed(good, p.manifest_of(good)[1].stop - 1), "hash-based signature is wrong"),
    "key-id-bit": (lambda good: changed(good, p.manifest_of(good)[0].start + 38), "by another key than the manifest "
                                                                                 "names"),
    "truncated": (lambda good: good[:-4096], "cut short"),
    "truncated-header": (lambda good: good[:100], "cut short"),
    "not-signed": (lambda _: p.payload(IMAGES, signed=False), "it is not signed"),
    "lattice-only": (lambda _: p.payload(IMAGES, by=(p.PRIMARY, p.STRANGER)), "hash-based signature is wrong"),
    "hash-based-only": (lambda _: p.payload(IMAGES, by=(p.STRANGER, p.PRIMARY)), "lattice-based signature is wrong"),
    "stranger": (lambda _: p.payload(IMAGES, keys=(p.STRANGER, p.STRANGER)), "by a key that is not trusted here"),
    "mixed-pairs": (lambda _: p.payload(IMAGES, keys=(p.PRIMARY, p.NEXT)), "by keys of different key pairs"),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses(machine, tmp_path, good, name):
    make, message = BAD[name]
    expect_refused(boot(machine, tmp_path, make(good)), message)


@pytest.mark.parametrize("name, anchor, message", [
    ("revoked", {"revoked": p.PRIMARY}, "signed by a revoked key"),
    ("too-old", {"minimum": 4}, "an older version"),
    ("other-system", {"system": "tset"}, "it is of another system"),
])
def test_trust_anchor_refuses(machine, tmp_path, good, name, anchor, message):
    expect_refused(boot(machine, tmp_path, good, p.trust_anchor(**anchor)), message)


@pytest.mark.parametrize("anchor, message", [
    (b"", "this loader trusts nobody"),
    (b"\1", "trust anchor has a wrong size"),
    (b"X" + p.trust_anchor()[1:], "does not begin with the mark of a trust anchor"),
    (p.trust_anchor() + b"\1", "trust anchor has a wrong size"),
], ids=["none", "nonsense", "magic", "trailing"])
def test_loader_without_a_right_trust_anchor(machine, tmp_path, good, anchor, message):
    expect_refused(boot(machine, tmp_path, good, anchor), message)


def test_restarts_if_the_trust_anchor_says_so(machine, tmp_path, good):
    """After a time for a person to read why. QEMU ends at the reset."""
    one = boot(machine, tmp_path, changed(good, p.images_of(good)["plan"].start), p.trust_anchor(p.REBOOT))
    one.expect_text("the machine restarts in 10 seconds", TIMEOUT)
    start = time.monotonic()
    assert one.expect_exit(TIMEOUT) == 0
    assert time.monotonic() - start > 9
    assert "test kernel" not in one.output()
