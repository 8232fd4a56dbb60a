# SPDX-License-Identifier: BSD-2-Clause
"""Writes payloads and plans by the headers in abi/, independently of the tool: right ones, and wrong ones."""

import hashlib
import struct

KERNEL, PLAN, PROGRAM, DATA = 1, 2, 3, 4
RAM, DEVICE, HARDWARE, STATISTICS, KERNEL_LOG = 1, 2, 3, 4, 5
CONTIGUOUS, IN_PLACE = 1, 2
NONE = 0xFFFFFFFF
ANY_ADDRESS = 0xFFFFFFFFFFFFFFFF
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PAGE = 4096

HEADER = struct.Struct("<8sIIQ64sQQIIIIII64s")
IMAGE = struct.Struct("<64sIIQQ64s")
assert HEADER.size == 192 and IMAGE.size == 152

# Sizes of the plan's table entries, in the order of enum plan_table.
REGION = struct.Struct("<64sQQQIIIIQQQ")
ENTRY_SIZES = [REGION.size, 72, 40, 88, 64, 24, 40, 16, 80, 24]


def round_up(size, to=PAGE):
    return -(-size // to) * to


def region(name, size, page_size=PAGE, address=ANY_ADDRESS, kind=RAM, flags=0, image=NONE, image_offset=0,
           image_size=0, prefill_offset=0):
    return REGION.pack(name.encode(), size, page_size, address, kind, flags, image, 0, image_offset, image_size,
                       prefill_offset)


def plan(regions=(), cpus=1, pool=2 * MIB):
    """A plan of regions alone: enough for the loader."""
    header_size = 8 + 4 + 4 + 64 + 4 + 4 + 8 + 16 * len(ENTRY_SIZES)
    tables = b""
    for index, entry_size in enumerate(ENTRY_SIZES):
        tables += struct.pack("<IIII", header_size, len(regions) if index == 0 else 0, entry_size, 0)
    body = b"".join(regions)
    return struct.pack("<8sII64sIIQ", b"SKYPLAN1", 1, header_size + len(body), b"test", cpus, 0, pool) + tables + body


def payload(images, name="test", **fields):
    """images: (name, role, bytes) each. fields: other values for the header, hashed as if they were right."""
    header_size = round_up(HEADER.size + IMAGE.size * len(images))
    table, body, offset = b"", b"", header_size
    for image_name, role, data in images:
        table += IMAGE.pack(image_name.encode(), role, 0, offset, len(data), hashlib.sha512(data).digest())
        padded = data + bytes(round_up(len(data)) - len(data))
        body += padded
        offset += len(padded)
    values = dict(magic=b"SKYPAYLD", version=1, header_size=header_size, total_size=offset, rollback=1, time=0,
                  algorithm=1, count=len(images), table_offset=HEADER.size, signature_offset=0, signature_size=0,
                  reserved=0)
    values.update(fields)

    def header(digest):
        packed = HEADER.pack(values["magic"], values["version"], values["header_size"], values["total_size"],
                             name.encode(), values["rollback"], values["time"], values["algorithm"],
                             values["count"], values["table_offset"], values["signature_offset"],
                             values["signature_size"], values["reserved"], digest)
        return (packed + table).ljust(header_size, b"\0")

    return header(hashlib.sha512(header(bytes(64))).digest()) + body
