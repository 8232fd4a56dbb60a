# SPDX-License-Identifier: BSD-2-Clause
"""Payloads and images from outside: signed, verified, and their trust anchor written into the loader."""

import json
import os
import shutil
import struct
import subprocess

import pytest

from conftest import PATIENCE
from key_helpers import LOADER, good, refused, sign, verify
from key_reader import read_trust


# --- sign, verify ---

def test_sign_and_verify(keys):
    assert "DEVELOPMENT KEY" in good(sign(keys)).stdout
    result = good(verify(keys))
    assert "verdict         right" in result.stdout and "DEVELOPMENT KEY" in result.stdout
    listing = json.loads(good(verify(keys, "signed.bin", "development/system.trust", "--json")).stdout)
    trust = read_trust(keys.directory / "development/system.trust")
    assert listing["valid"] and listing["development"] and listing["kind"] == "payload"
    assert listing["vouched_by"]["pair"] == "primary"
    assert [listing["vouched_by"][k]["key_id"] for k in ("lattice", "hash_based")] == [i.hex() for i in trust.pairs[0]]
    assert [i["role"] for i in listing["images"]] == ["kernel", "plan", "program"]
    assert {i["verdict"] for i in listing["images"]} == {"right"}


def test_sign_with_a_passphrase(keys):
    result = good(sign(keys, "signed.bin", "own", "--passphrase-file", "passphrase"))
    assert "DEVELOPMENT" not in result.stdout
    assert "DEVELOPMENT" not in good(verify(keys, "signed.bin", "own/system.trust")).stdout
    refused(verify(keys), "signed by a key that is not trusted here")


def test_sign_in_place_and_again(keys):
    good(keys.run("sign", "--quiet", "--keys", "own", "--passphrase-file", "passphrase", "payload.bin"))
    good(verify(keys, "payload.bin", "own/system.trust"))
    good(keys.run("sign", "-q", "--keys", "development", "--rollback-index", "12", "payload.bin"))
    assert json.loads(good(verify(keys, "payload.bin", "development/system.trust", "--json")).stdout)[
        "rollback_index"] == 12
    refused(verify(keys, "payload.bin", "own/system.trust"), "not trusted here")
    assert [p for p in os.listdir(keys.directory) if p.startswith("payload.bin")] == ["payload.bin"]


def test_an_unsigned_payload_is_refused(keys):
    refused(verify(keys, "payload.bin"), "nobody signed it")


def parts(data):
    """Where manifest, both signatures and the images begin."""
    manifest_size, signatures_size = struct.unpack_from("<II", data, 12)
    block = 32 + manifest_size
    lattice = block + 14 + 38
    lattice_size = struct.unpack_from("<I", data, lattice - 4)[0]
    return {"manifest": 32, "signature block": block, "lattice": lattice, "hash": lattice + lattice_size + 38,
            "end": block + signatures_size, "images": (block + signatures_size + 4095) // 4096 * 4096}


def test_verify_names_the_check_that_fails(keys):
    good(sign(keys))
    data = (keys.directory / "signed.bin").read_bytes()
    at = parts(data)
    plan = json.loads(keys.run("inspect", "--json", "signed.bin").stdout)["images"][1]
    for place, message in [
            (0, "neither a payload nor an ISO image"),
            (at["manifest"] + 16, "lattice-based signature is wrong"),          # rollback index
            (at["manifest"] + 38, "by another key than the manifest names"),    # key id
            (at["signature block"], "signature block does not begin with its mark"),
            (at["lattice"] + 100, "lattice-based signature is wrong"),
            (at["hash"] + 5000, "hash-based signature is wrong"),
            (at["images"] + 8, "hash"),
            (plan["offset"] + plan["size"], "zero")]:                           # padding
        changed = bytearray(data)
        changed[place] ^= 1
        (keys.directory / "changed.bin").write_bytes(changed)
        refused(verify(keys, "changed.bin"), message)
        if place != 0:
            listing = json.loads(verify(keys, "changed.bin", "development/system.trust", "--json").stdout)
            assert not listing["valid"] and any(message in p for p in listing["problems"])
    for size in (8, 31, 32, at["lattice"], at["images"], len(data) - 4096, len(data) - 1):
        (keys.directory / "changed.bin").write_bytes(data[:size])
        refused(verify(keys, "changed.bin"), "error: ")
    (keys.directory / "changed.bin").write_bytes(data + b"\0" * 4096)
    refused(verify(keys, "changed.bin"), "error: ")


def test_verify_marks_the_wrong_image(keys):
    good(sign(keys))
    data = bytearray((keys.directory / "signed.bin").read_bytes())
    data[parts(data)["images"] + 100] ^= 1
    (keys.directory / "signed.bin").write_bytes(data)
    result = verify(keys, "signed.bin", "development/system.trust", "--json")
    images = json.loads(result.stdout)["images"]
    assert [i["verdict"] for i in images] == ["WRONG", "right", "right"]
    assert "  WRONG     kernel" in verify(keys).stdout


def test_signatures_of_two_signings_do_not_mix(keys):
    good(sign(keys, "one.bin"))
    good(sign(keys, "two.bin", "development", "--rollback-index", "1"))
    one, two = bytearray((keys.directory / "one.bin").read_bytes()), (keys.directory / "two.bin").read_bytes()
    at = parts(one)
    for first, last, message in [("lattice", "hash", "lattice-based"), ("hash", "end", "hash-based")]:
        mixed = bytearray(one)
        mixed[at[first]:at[last]] = two[at[first]:at[last]]
        (keys.directory / "mixed.bin").write_bytes(mixed)
        refused(verify(keys, "mixed.bin"), message + " signature is wrong")


def test_nothing_is_written_that_would_be_refused(keys):
    for options, message in [(["--system", "duo"], "it is of another system"),
                             (["--minimum-rollback-index", "5"], "rollback index is lower")]:
        good(keys.run("keygen", "-q", "--development", *options, "strict"))
        refused(sign(keys, "signed.bin", "strict"), message)
        assert not (keys.directory / "signed.bin").exists()
        shutil.rmtree(keys.directory / "strict")
    refused(sign(keys, "signed.bin", "development", "--trust", "own/system.trust"), "not trusted here")
    assert not (keys.directory / "signed.bin").exists()


def test_damaged_payloads_are_not_signed(keys):
    data = bytearray((keys.directory / "payload.bin").read_bytes())
    data[-5000] ^= 1
    (keys.directory / "payload.bin").write_bytes(data)
    refused(sign(keys), "is not right: ")


def test_wrong_trust_anchors(keys):
    good(sign(keys))
    data = (keys.directory / "development/system.trust").read_bytes()
    for changed in (b"", data[:20], data[:-1], data + b"\0", b"X" + data[1:], data[:10] + b"\xff" + data[11:]):
        (keys.directory / "other.trust").write_bytes(changed)
        refused(verify(keys, "signed.bin", "other.trust"), "trust anchor 'other.trust' cannot be used: it")
    refused(verify(keys, "development/system.trust"), "is a trust anchor; give a payload")


# --- provision ---

def anchor_place(loader):
    at = loader.index(b"SKYSCOPE-TRUST->") + 16
    return at, loader.index(b"SKYSCOPE-TRUST->") + 16384


def test_provision(keys):
    template = LOADER.read_bytes()
    start, end = anchor_place(template)
    assert not template[start:end].strip(b"\0")
    result = good(keys.run("provision", "--trust", "development/system.trust", "-o", "loader.elf", LOADER))
    assert "DEVELOPMENT KEY" in result.stdout
    trust = (keys.directory / "development/system.trust").read_bytes()
    loader = (keys.directory / "loader.elf").read_bytes()
    assert loader == template[:start] + trust.ljust(end - start, b"\0") + template[end:]
    # Again, with a smaller one: nothing of the first is left.
    good(keys.run("provision", "-q", "--trust", "own/system.trust", "-o", "again.elf", "loader.elf"))
    trust = (keys.directory / "own/system.trust").read_bytes()
    assert (keys.directory / "again.elf").read_bytes()[start:end] == trust.ljust(end - start, b"\0")


def test_provision_raises_the_rollback_index(keys):
    good(keys.run("provision", "-q", "--trust", "development/system.trust", "--minimum-rollback-index", "9", "-o",
                  "loader.elf", LOADER))
    loader = (keys.directory / "loader.elf").read_bytes()
    start, _ = anchor_place(loader)
    trust = bytearray((keys.directory / "development/system.trust").read_bytes())
    struct.pack_into("<Q", trust, 24, 9)
    assert loader[start:start + len(trust)] == trust


def test_provision_of_other_files(keys):
    for file, message in [("payload.bin", "neither an ELF file nor an AArch64 image"), (keys.files / "kernel.elf", "no place for a trust"),
                          ("nowhere", "cannot be read: No such file")]:
        refused(keys.run("provision", "--trust", "development/system.trust", "-o", "loader.elf", file), message)
    refused(keys.run("provision", "--trust", "payload.bin", "-o", "loader.elf", LOADER), "cannot be used: it ")
    data = bytearray(LOADER.read_bytes())
    for size in (4, 52, 1000, len(data) // 2, len(data) - 1):
        (keys.directory / "cut.elf").write_bytes(data[:size])
        assert keys.run("provision", "--trust", "development/system.trust", "-o", "loader.elf", "cut.elf"
                        ).returncode == 1
    assert not (keys.directory / "loader.elf").exists()


# --- images ---

@pytest.fixture
def image(keys):
    good(sign(keys))
    good(keys.run("provision", "-q", "--trust", "development/system.trust", "-o", "loader.elf", LOADER))
    result = keys.run("iso", "-q", "--loader", "loader.elf", "-o", "test.iso", "signed.bin")
    assert result.returncode == 0, result.stderr
    return keys


def test_verify_an_image(image):
    result = good(verify(image, "test.iso"))
    assert "ISO image" in result.stdout and "loader          has this trust anchor" in result.stdout
    listing = json.loads(good(verify(image, "test.iso", "development/system.trust", "--json")).stdout)
    assert listing["valid"] and listing["kind"] == "ISO image" and listing["loader_right"]
    result = verify(image, "test.iso", "own/system.trust")
    refused(result, "signed by a key that is not trusted here")
    assert "the loader has another trust anchor (serial number 1, and this one has 1, but other content)" in result.stderr
    assert "DEVELOPMENT KEY" in good(image.run("inspect", "test.iso")).stdout


def test_verify_finds_an_old_loader(image):
    good(image.run("rotate", "-q", "development"))
    good(sign(image))
    assert image.run("iso", "-q", "--loader", "loader.elf", "-o", "test.iso", "signed.bin").returncode == 0
    refused(verify(image, "test.iso"), "the loader has another trust anchor (serial number 1, and this one has 2)")
    assert image.run("iso", "-q", "--loader", LOADER, "-o", "test.iso", "signed.bin").returncode == 0
    refused(verify(image, "test.iso"), "the loader vouches for nothing: it has no trust anchor yet")


def test_verify_an_image_without_a_loader(image):
    content = (image.directory / "test.iso").read_bytes()
    assert b"efi.img" in content
    (image.directory / "other.iso").write_bytes(content.replace(b"efi.img", b"efi.xyz").replace(b"EFI.IMG", b"EFI.XYZ"))
    result = verify(image, "other.iso")
    refused(result, "there is no /boot/skyscope/efi.img, and so no loader to look at")
    assert "loader          not found" in result.stdout and "verdict         WRONG" in result.stdout


def test_verify_a_changed_image(image):
    data = bytearray((image.directory / "test.iso").read_bytes())
    payload = (image.directory / "signed.bin").read_bytes()
    at = data.index(payload)
    data[at + len(payload) // 2] ^= 0x40
    (image.directory / "changed.iso").write_bytes(data)
    refused(verify(image, "changed.iso"), "hash")
    (image.directory / "cut.iso").write_bytes(data[:at + 4096])
    assert verify(image, "cut.iso").returncode == 1


def make_iso(tool, root):
    subprocess.run(["xorriso", "-no_rc", "-as", "mkisofs", "-quiet", "-rational-rock", "-o", tool.directory / "made.iso",
                    root], check=True, capture_output=True, timeout=PATIENCE)


def test_verify_images_of_others(image):
    root = image.directory / "root/boot/skyscope"
    root.mkdir(parents=True)
    make_iso(image, image.directory / "root")
    refused(verify(image, "made.iso"), "it has no file /boot/skyscope/payload.bin")
    # A link to a good payload on this machine is not a payload in the image.
    (root / "payload.bin").symlink_to(image.directory / "signed.bin")
    make_iso(image, image.directory / "root")
    refused(verify(image, "made.iso"), "it has no file /boot/skyscope/payload.bin")


# --- inspect ---

def test_inspect_a_signed_payload(keys):
    good(sign(keys, "signed.bin", "own", "--passphrase-file", "passphrase"))
    trust = read_trust(keys.directory / "own/system.trust")
    text = good(keys.run("inspect", "signed.bin")).stdout
    assert "ML-DSA-65" in text and "DEVELOPMENT" not in text
    listing = json.loads(good(keys.run("inspect", "--json", "signed.bin")).stdout)
    assert listing["signed"] and listing["signatures"]["lattice"]["key_id"] == trust.pairs[0][0].hex()
    assert listing["signatures"]["hash_based"]["key_id"] == trust.pairs[0][1].hex()
    assert not listing["signatures"]["development"]
