#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a disk image of 8 MiB with two partitions (MBR), all of it bytes that look random and are always the same.

    systems/storage/make_image.py OUTPUT
"""

import hashlib
import struct
import sys

BLOCK = 512
SIZE = 8 << 20
# First block and blocks.
PARTITIONS = [(2048, 4096), (8192, 6144)]


def main() -> int:
    if len(sys.argv) != 2:
        sys.stderr.write("usage: systems/storage/make_image.py OUTPUT\n")
        return 2
    image = bytearray(hashlib.shake_128(b"Skyscope disk image 1").digest(SIZE))
    entries = b"".join(struct.pack("<4sB3sII", bytes(4), 0x83, bytes(3), *part) for part in PARTITIONS)
    image[440:BLOCK] = struct.pack("<6s64s2s", bytes(6), entries, b"\x55\xaa")
    with open(sys.argv[1], "wb") as output:
        output.write(image)
    return 0


if __name__ == "__main__":
    sys.exit(main())
