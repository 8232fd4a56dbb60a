# SPDX-License-Identifier: BSD-2-Clause
"""Writes payloads and plans by the headers in abi/, independently of the tool: right ones, and wrong ones."""

import functools
import hashlib
import os
import pathlib
import struct
import subprocess

KERNEL, PLAN, PROGRAM, DATA, GUEST = 1, 2, 3, 4, 5
RAM, DEVICE, HARDWARE, STATISTICS, KERNEL_LOG = 1, 2, 3, 4, 5
CONTIGUOUS, IN_PLACE, SEED = 1, 2, 4
MACHINE = {"x86_64": 62, "aarch64": 183}[os.environ.get("SKYSCOPE_ARCH", "x86_64")]  # ELF's numbers
NONE = 0xFFFFFFFF
ANY_ADDRESS = 0xFFFFFFFFFFFFFFFF
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PAGE = 4096

HEADER = struct.Struct("<8sIIIIQ")
assert HEADER.size == 32
ML_DSA_65, SLH_DSA_SHA2_128S = 0x0102, 0x0201
LATTICE_SIZE, HASH_BASED_SIZE = 3309, 7856
BLOCK_SIZE = 14 + 2 * 38 + LATTICE_SIZE + HASH_BASED_SIZE
PRIMARY, NEXT, STRANGER = 1, 2, 3  # key pairs
DEVELOPMENT, REBOOT = 1, 2  # flags of a trust anchor

ROOT = pathlib.Path(__file__).resolve().parents[3]
SIGNER = ROOT / "build/tests/payload_signer"

# Sizes of the plan's table entries, in the order of enum plan_table.
REGION = struct.Struct("<64sQQQIIIIQQQ")
ENTRY_SIZES = [REGION.size, 72, 40, 88, 64, 24, 40, 16, 80, 24]


def round_up(size, to=PAGE):
    return -(-size // to) * to


def region(name, size, page_size=PAGE, address=ANY_ADDRESS, kind=RAM, flags=0, image=NONE, image_offset=0,
           image_size=0, prefill_offset=0, seed_offset=0):
    return REGION.pack(name.encode(), size, page_size, address, kind, flags, image, seed_offset, image_offset, image_size,
                       prefill_offset)


def plan(regions=(), cpus=1, pool=2 * MIB, machine=MACHINE):
    """A plan of regions alone: enough for the loader."""
    header_size = 8 + 4 + 4 + 64 + 4 + 4 + 8 + 16 * len(ENTRY_SIZES)
    tables = b""
    for index, entry_size in enumerate(ENTRY_SIZES):
        tables += struct.pack("<IIII", header_size, len(regions) if index == 0 else 0, entry_size, 0)
    body = b"".join(regions)
    return struct.pack("<8sII64sIIQ", b"SKYPLAN1", 3, header_size + len(body), b"test", cpus, machine, pool) + tables + body


def text(name):
    return bytes([len(name)]) + name.encode()


def signer(*arguments, given=b""):
    return subprocess.run([SIGNER, *map(str, arguments)], input=given, stdout=subprocess.PIPE, check=True).stdout


def trust_anchor(flags=DEVELOPMENT, minimum=0, system="", revoked=0):
    """One that trusts PRIMARY and NEXT."""
    return signer("anchor", flags, minimum, system, revoked)


def provisioned(template, anchor):
    """The loader with another trust anchor."""
    at = template.index(b"SKYSCOPE-TRUST->") + 16
    assert template.count(b"SKYSCOPE-TRUST->") == 1
    room = 16384 - 16
    return template[:at] + anchor.ljust(room, b"\0") + template[at + room:]


@functools.lru_cache
def key_ids(pair):
    ids = signer("ids", pair)
    return ids[:32], ids[32:]


def image_hash(data, algorithm):
    """As crypto/include/crypto/image_hash.h says: 2 is the tree, everything else plain."""
    if algorithm != 2:
        return hashlib.sha512(data).digest()
    leaves = [hashlib.sha512(b"Skyscope image tree leaf 1".ljust(128, b"\0") + data[at:at + 16384]).digest()
              for at in range(0, len(data), 16384)]
    return hashlib.sha512(b"Skyscope image tree root 1".ljust(128, b"\0") + struct.pack("<Q", len(data)) +
                          b"".join(leaves)).digest()


def manifest(images, first_offset, name="test", rollback=1, algorithm=1, kind=1, keys=(PRIMARY, PRIMARY)):
    """images: (name, role, bytes) each; with "unsigned" as a fourth, no hash is stated."""
    body = struct.pack("<QQHHH", rollback, 0, algorithm, ML_DSA_65, SLH_DSA_SHA2_128S)
    body += key_ids(keys[0])[0] + key_ids(keys[1])[1]
    body += text(name) + struct.pack("<H", len(images))
    offset = first_offset
    for image_name, role, data, *unsigned in images:
        digest = b"" if unsigned else image_hash(data, algorithm)
        body += text(image_name) + struct.pack("<HHQQB", role, 1 if unsigned else 0, offset, len(data), len(digest))
        body += digest
        offset += round_up(len(data))
    return b"SKYMANIF" + struct.pack("<HHI", 1, kind, 16 + len(body)) + body


def block(lattice, hash_based, keys=(PRIMARY, PRIMARY)):
    """A signature block."""
    entries = b""
    for algorithm, key_id, signature in ((ML_DSA_65, key_ids(keys[0])[0], lattice),
                                         (SLH_DSA_SHA2_128S, key_ids(keys[1])[1], hash_based)):
        entries += struct.pack("<H", algorithm) + key_id + struct.pack("<I", len(signature)) + signature
    return b"SKYSIGNS" + struct.pack("<IH", 14 + len(entries), 2) + entries


def sign(stated, by, keys):
    """The signature block of a manifest: made by the keys `by`, and said to be by `keys`."""
    signatures = signer("sign", *by, given=stated)
    return block(signatures[:LATTICE_SIZE], signatures[LATTICE_SIZE:], keys)


def payload(images, version=2, signed=True, by=None, **fields):
    """A payload; by: the key pairs that really sign, if not those that the manifest names. fields: values for the
    manifest, wrong ones too."""
    keys = fields.get("keys", (PRIMARY, PRIMARY))
    block_size = BLOCK_SIZE if signed else 0
    first_offset = round_up(HEADER.size + len(manifest(images, 0, **fields)) + block_size)
    stated = manifest(images, first_offset, **fields)
    signatures = sign(stated, by or keys, keys) if signed else b""
    assert len(signatures) == block_size
    body = b"".join(image[2] + bytes(round_up(len(image[2])) - len(image[2])) for image in images)
    header = HEADER.pack(b"SKYPAYLD", version, len(stated), block_size, 0, first_offset + len(body))
    return (header + stated + signatures).ljust(first_offset, b"\0") + body


def manifest_of(content):
    """Where the manifest and the signature block of a payload are: two slices."""
    _, _, manifest_size, signatures_size, _, _ = HEADER.unpack_from(content)
    end = HEADER.size + manifest_size
    return slice(HEADER.size, end), slice(end, end + signatures_size)


def images_of(content):
    """Where the images of a payload are: {name: slice}."""
    at, images = HEADER.size + 102, {}
    at += 1 + content[at]
    count, = struct.unpack_from("<H", content, at)
    at += 2
    for _ in range(count):
        name = content[at + 1:at + 1 + content[at]].decode()
        at += 1 + content[at]
        _, _, offset, size, hash_size = struct.unpack_from("<HHQQB", content, at)
        at += 21 + hash_size
        images[name] = slice(offset, offset + size)
    return images
