# SPDX-License-Identifier: BSD-2-Clause
"""docs/formats.md against the code: its example, and every message of a refused manifest."""

import pathlib
import re

import payload_reader

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/formats.md").read_text(encoding="utf-8")


def example():
    """The bytes of the annotated dump, which must follow each other."""
    content = bytearray()
    for line in re.search(r"## An example.*?```\n(.*?)```", TEXT, re.DOTALL).group(1).splitlines():
        if line:
            address, octets = re.match(r"([0-9a-f]{6})  ((?:[0-9a-f]{2} ?)+)(?: |$)", line).groups()
            assert int(address, 16) == len(content), line
            content += bytes.fromhex(octets)
    return bytes(content)


def test_example():
    content = example()
    payload = payload_reader.Payload.__new__(payload_reader.Payload)
    payload.manifest = content[32:32 + 330]
    payload._read_manifest(payload_reader.Fields(payload.manifest))  # pylint: disable=protected-access
    assert (payload.name, payload.rollback_index, payload.creation_time) == ("duo", 3, 0)
    assert payload.algorithms == (0x0102, 0x0201) and payload.hash_algorithm == 1
    assert [(i.name, i.role, i.flags, i.offset, i.size, len(i.hash)) for i in payload.images] == [
        ("kernel", 1, 0, 0x3000, 5000, 64), ("plan", 2, 0, 0x5000, 256, 64),
        ("guest/linux_initrd", 5, 1, 0x6000, 10, 0)]
    assert payload.images[0].hash == payload_reader.image_hash(1, b"K" * 5000)
    block_size = 14 + 38 + 3309 + 38 + 7856
    assert content[16:20] == block_size.to_bytes(4, "little") == content[0x172:0x176]
    assert 0x16A + block_size == 0x2D61 and 0x16A + 14 + 38 + 3309 == 0xE8B


def test_every_message_is_documented():
    source = (ROOT / "crypto/src/manifest_verify.c").read_text(encoding="utf-8")
    codes = re.findall(r'\[(MANIFEST_\w+)\] =\s*((?:"[^"]*"\s*)+)', source)
    assert len(codes) > 40
    for code, sentence in codes:
        if code != "MANIFEST_OK":
            assert f"| `{code}` | {''.join(re.findall(chr(34) + '([^' + chr(34) + ']*)' + chr(34), sentence))} |" in TEXT
