# SPDX-License-Identifier: BSD-2-Clause
"""The tool's `inspect` of payloads, right and wrong ones."""

import json
import random
import struct

from descriptions import PLAIN, TWO_VMS
from payload_reader import Payload, image_hash


def test_inspect(tool):
    tool.build(TWO_VMS)
    result = tool.run("inspect", "payload.bin")
    assert result.returncode == 0 and result.stderr == ""
    assert "WRONG" not in result.stdout and "first_vmm" in result.stdout
    listing = json.loads(tool.run("inspect", "--json", "payload.bin").stdout)
    payload = Payload((tool.directory / "payload.bin").read_bytes())
    assert listing["valid"] and listing["problems"] == [] and not listing["signed"]
    assert [i["name"] for i in listing["images"]] == [i.name for i in payload.images]
    assert all(i["hash_right"] for i in listing["images"])
    plan = listing["plan"]
    assert [pd["name"] for pd in plan["protection_domains"]] == [pd.name for pd in payload.pds]
    assert [r["name"] for r in plan["regions"]] == [r.name for r in payload.regions]
    assert sum(len(s["maps"]) for s in plan["spaces"]) == len(payload.maps)
    assert len(plan["channel_ends"]) == len(payload.channel_ends)


def test_inspect_finds_every_changed_byte(tool):
    data = bytearray(tool.build(PLAIN))
    generator = random.Random(2)
    path = tool.directory / "changed.bin"
    places = [generator.randrange(len(data)) for _ in range(60)] + list(range(0, 192, 7))
    # Rollback index, creation time, key ids and names can have any value: only signatures vouch for them.
    free = [*range(32 + 16, 32 + 32), *range(32 + 38, 32 + 102)]
    payload = Payload(bytes(data))
    for name in [payload.name] + [image.name for image in payload.images]:
        at = data.index(bytes([len(name)]) + name.encode())
        free += range(at + 1, at + 1 + len(name))
    for at in (place for place in places if place not in free):
        data[at] ^= 0x10
        path.write_bytes(data)
        result = tool.run("inspect", path)
        assert result.returncode == 1 and ("error:" in result.stderr or "cannot be inspected" in result.stderr), at
        if at >= 8:  # else it is no payload
            json.loads(tool.run("inspect", "--json", path).stdout)
        data[at] ^= 0x10


def test_inspect_of_a_cut_payload(tool):
    data = tool.build(PLAIN)
    for size in (0, 1, 8, 31, 32, 47, 48, 192, 4095, 4096, 8192, len(data) // 2, len(data) - 1):
        (tool.directory / "cut.bin").write_bytes(data[:size])
        assert tool.run("inspect", "cut.bin").returncode == 1


def reseal(data, at=None, value=None):
    """Changes the plan and makes its hash right again: what is left is for the checks of structure."""
    payload = Payload(data)
    plan = next(image for image in payload.images if image.role == 2)
    data = bytearray(data)
    if at is not None:
        struct.pack_into("<I", data, plan.offset + at, value)
    digest = image_hash(payload.hash_algorithm, data[plan.offset:plan.offset + plan.size])
    return data.replace(plan.hash, digest)


def test_inspect_of_a_hostile_plan(tool):
    data = tool.build(TWO_VMS)
    plan_size = len(next(i for i in Payload(data).images if i.role == 2).content)
    (tool.directory / "plan.bin").write_bytes(reseal(data))
    assert tool.run("inspect", "plan.bin").returncode == 0
    generator = random.Random(3)
    for _ in range(80):
        at = generator.randrange(0, plan_size // 4) * 4
        if generator.random() < 0.4:
            at = 96 + generator.randrange(40) * 4
        value = generator.choice([0, 1, 0xFF, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, generator.getrandbits(32)])
        (tool.directory / "plan.bin").write_bytes(reseal(data, at, value))
        for option in ([], ["--json"]):
            result = tool.run("inspect", *option, "plan.bin")
            assert result.returncode in (0, 1)
            if option:
                json.loads(result.stdout)
