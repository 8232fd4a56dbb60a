# SPDX-License-Identifier: BSD-2-Clause
"""Guest images that nothing vouches for: only where the system file says so, and only these can be replaced."""

import json

import pytest
from payload_reader import Payload

GUEST, UNSIGNED = 5, 1
SYSTEM = """<system>
    <vm name="first" memory="64MiB" cpus="0"><kernel path="vmlinuz" /><initrd path="initrd.img" unsigned="true" /></vm>
    <vm name="second" memory="64MiB" cpus="1"><kernel path="vmlinuz" /><initrd path="initrd.img" /></vm>
    <vm name="third" memory="64MiB" cpus="1"><kernel path="vmlinuz" unsigned="true" />
        <initrd path="initrd.img" unsigned="true" /></vm>
</system>
"""
IMAGES = {"guest/first_kernel": 0, "guest/first_initrd": UNSIGNED, "guest/second_initrd": 0,
          "guest/third_kernel": UNSIGNED, "guest/third_initrd": UNSIGNED}


def guest_images(payload):
    return {image.name: image for image in payload.images if image.role == GUEST}


def test_only_what_is_marked_is_unsigned(tool):
    """Signed images of one file are shared, unsigned ones are not: each can be replaced."""
    payload = Payload(tool.build(SYSTEM))
    images = guest_images(payload)
    assert {name: image.flags for name, image in images.items()} == IMAGES
    assert all(bool(image.hash) == (image.flags == 0) for image in images.values())
    assert all(image.flags == 0 for image in payload.images if image.role != GUEST)
    assert not any(payload.maps_of(name, kind=2).get(region.name) for name in ("first", "second", "third")
                   for region in payload.regions if region.name.endswith(("_kernel", "_initrd")))


def test_expand_keeps_it(tool):
    first = tool.build(SYSTEM)
    assert tool.run("expand", "-s", tool.files, "-o", "out", "test.system").returncode == 0
    assert tool.build((tool.directory / "out/test.system").read_text(), "-s", tool.directory / "out") == first


@pytest.mark.parametrize("element, message", [
    ('<memory_region name="a" size="0x1000" unsigned="true" />', 'unsigned="true" is possible for what a VM boots only'),
    ('<memory_region name="a" size="0x1000" guest="true" />', "add prefill_path"),
    ('<memory_region name="a" size="0x1000" guest="perhaps" />', 'guest="perhaps"'),
])
def test_mistakes(tool, element, message):
    result = tool.check(tool.write(f"<system>{element}</system>"))
    assert result.returncode == 1 and message in result.stderr


def test_inspect_says_so(tool):
    tool.build(SYSTEM)
    listing = json.loads(tool.run("inspect", "--json", "payload.bin").stdout)
    assert {i["name"]: i["unsigned"] for i in listing["images"] if i["role"] == "guest"} == {
        name: flags == UNSIGNED for name, flags in IMAGES.items()}
    assert tool.run("inspect", "payload.bin").stdout.count("(UNSIGNED)") == 3


def test_replace(tool):
    before = tool.build(SYSTEM)
    size = guest_images(Payload(before))["guest/first_initrd"].size
    for content in (b"x", b"new content", bytes(range(256)) * (size // 256) + bytes(size % 256)):
        (tool.directory / "new.img").write_bytes(content)
        result = tool.run("replace", "-o", "out.bin", "payload.bin", "guest/first_initrd", "new.img")
        assert result.returncode == 0 and "UNSIGNED" in result.stdout, result.stderr
        after = Payload((tool.directory / "out.bin").read_bytes())
        assert after.manifest == Payload(before).manifest
        for name, image in guest_images(after).items():
            old = guest_images(Payload(before))[name]
            assert image.content == (content.ljust(size, b"\0") if name == "guest/first_initrd" else old.content)
    # In place.
    assert (tool.directory / "payload.bin").read_bytes() == before
    assert tool.run("replace", "-q", "payload.bin", "guest/first_initrd", "new.img").stdout == ""
    assert (tool.directory / "payload.bin").read_bytes() == (tool.directory / "out.bin").read_bytes()


def test_replace_refuses(tool):
    before = tool.build(SYSTEM)
    size = guest_images(Payload(before))["guest/first_initrd"].size
    files = {"large.img": bytes(size + 1), "empty.img": b"", "small.img": b"x"}
    for name, content in files.items():
        (tool.directory / name).write_bytes(content)
    damaged = bytearray(before)
    damaged[Payload(before).images[0].offset] ^= 1
    (tool.directory / "damaged.bin").write_bytes(damaged)
    for arguments, message in [
            (("payload.bin", "guest/first_initrd", "large.img"), f"has {size + 1} bytes and image 'guest/first_initrd' "
                                                                 f"has room for {size}"),
            (("payload.bin", "guest/first_initrd", "empty.img"), "is an empty file"),
            (("payload.bin", "guest/first_initrd", "absent.img"), "cannot be read"),
            (("payload.bin", "guest/first_kernel", "small.img"), "vouched for by a hash"),
            (("payload.bin", "kernel", "small.img"), "vouched for by a hash"),
            (("payload.bin", "initrd", "small.img"), "its unsigned images are: 'guest/first_initrd' 'guest/third_kernel'"),
            (("absent.bin", "guest/first_initrd", "small.img"), "cannot be read"),
            (("damaged.bin", "guest/first_initrd", "small.img"), "the hash of image 'kernel' is wrong"),
    ]:
        result = tool.run("replace", *arguments)
        assert result.returncode == 1 and message in result.stderr, result.stderr
    assert tool.run("replace", "payload.bin", "guest/first_initrd").returncode == 2
    assert (tool.directory / "payload.bin").read_bytes() == before
