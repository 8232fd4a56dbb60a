# SPDX-License-Identifier: BSD-2-Clause
"""Key files and trust anchors, read from their descriptions in key_file.h and trust_anchor.h alone."""

import dataclasses
import hashlib
import pathlib
import struct


def key_fields(data):
    """Name of each field of a key file: its place and size."""
    layout = [("magic", 8), ("version", 2), ("kind", 2), ("algorithm", 2), ("flags", 2), ("size", 4), ("time", 8),
              ("key id", 32), ("public key size", 2)]
    fields, at = {}, 0
    for name, size in layout:
        fields[name] = (at, size)
        at += size
    public_size = struct.unpack_from("<H", data, at - 2)[0]
    for name, size in [("public key", public_size), ("derivation", 2), ("memory", 4), ("passes", 4), ("lanes", 2),
                       ("salt", 32), ("cipher", 2), ("nonce", 12), ("secret key size", 2)]:
        fields[name] = (at, size)
        at += size
    secret_size = struct.unpack_from("<H", data, at - 2)[0]
    fields["secret key"] = (at, secret_size)
    fields["tag"] = (at + secret_size, 16)
    assert at + secret_size + 16 == len(data)
    return fields


@dataclasses.dataclass
class Trust:
    flags: int
    serial: int
    minimum: int
    name: str
    pairs: list     # of [key id of the lattice key, of the hash-based key]
    revoked: list


def read_trust(path):
    data = pathlib.Path(path).read_bytes()
    magic, version, flags, size, serial, minimum, length = struct.unpack_from("<8sHHIQQB", data)
    assert magic == b"SKYTRUST" and version == 1 and size == len(data)
    at = 33 + length
    name = data[33:at].decode("ascii")
    count, = struct.unpack_from("<H", data, at)
    at += 2
    pairs = []
    for i in range(count):
        assert struct.unpack_from("<H", data, at)[0] == i + 1
        at += 2
        ids = []
        for _ in range(2):
            algorithm, key_size = struct.unpack_from("<HH", data, at)
            at += 4
            ids.append(hashlib.sha512(struct.pack("<H", algorithm) + data[at:at + key_size]).digest()[:32])
            at += key_size
        pairs.append(ids)
    revoked_count, = struct.unpack_from("<H", data, at)
    at += 2
    revoked = [data[at + 32 * i:at + 32 * i + 32] for i in range(revoked_count)]
    assert at + 32 * revoked_count == len(data)
    return Trust(flags, serial, minimum, name, pairs, revoked)


def key_id(path):
    data = pathlib.Path(path).read_bytes()
    at, size = key_fields(data)["key id"]
    return data[at:at + size]
