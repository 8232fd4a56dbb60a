# SPDX-License-Identifier: BSD-2-Clause
"""Packed kernels and initrds: which are, and that they unpack to what they were."""

import struct

import pytest
from payload_reader import Payload
from test_unsigned import guest_images

SYSTEM = '<system>\n{}</system>'
VM = '<vm name="{}" memory="64MiB" cpus="0">\n<kernel path="{}" {}/>{}\n<initrd path="{}" {}/></vm>\n'
FLAT = '<vm name="flat" memory="64MiB" cpus="0">\n<kernel path="{}" {}/><boot protocol="flat" /></vm>\n'

LARGE = b"".join(b"%d bottles\n" % i for i in range(20000))
SMALL = LARGE[:0x8000]
NOISE = bytes((i * i * i ^ i * 251 ^ (i * 0x9E3779B1 >> 13)) & 0xFF for i in range(0x30000))

# struct vm_config: kernel and initrd, each address, size, unpacked size.
KERNEL, INITRD = 208, 232


def unpack(block):
    """One block of LZ4, by its description (LZ4 Block Format)."""
    out, at = bytearray(), 0

    def length(nibble):
        nonlocal at
        total = nibble
        while nibble == 15:
            total += block[at]
            nibble = 15 if block[at] == 255 else 0
            at += 1
        return total

    while True:
        token = block[at]
        at += 1
        literals = length(token >> 4)
        out += block[at:at + literals]
        at += literals
        if at == len(block):
            return bytes(out)
        offset, = struct.unpack_from("<H", block, at)
        at += 2
        for _ in range(length(token & 15) + 4):
            out.append(out[-offset])


@pytest.fixture
def arm(tool):
    """For AArch64, with files to pack: a kernel as the others are, but larger."""
    tool.files = tool.files / "aarch64"
    image = bytearray((tool.files / "vmlinuz").read_bytes())
    image[0x40:] = LARGE[0x40:]
    struct.pack_into("<Q", image, 16, len(image))
    for name, content in (("Image", bytes(image)), ("large", LARGE), ("small", SMALL), ("noise", NOISE)):
        (tool.directory / name).write_bytes(content)
    tool.contents = {"Image": bytes(image), "large": LARGE, "small": SMALL, "noise": NOISE}
    return tool


def images(payload, vm):
    """What the VMM is told, and the bytes that it is given: (stored, unpacked size) by kind."""
    config = next(i.content for i in payload.images if i.name.startswith(f"data/{vm}_config"))
    regions = {region.name: payload.images[region.image].content for region in payload.regions if region.image != 0xFFFFFFFF}
    found = {}
    for kind, offset in (("kernel", KERNEL), ("initrd", INITRD)):
        _, size, unpacked = struct.unpack_from("<QQQ", config, offset)
        if size != 0:
            stored = next(content for name, content in regions.items() if name.endswith("_" + kind))
            assert len(stored) == size
            found[kind] = (stored, unpacked)
    return found


def stored(tool, kernel, initrd, kernel_attribute="", initrd_attribute=""):
    text = SYSTEM.format(VM.format("g", kernel, kernel_attribute, "", initrd, initrd_attribute))
    return images(Payload(tool.build(text)), "g")


def check_packed(image, content):
    block, size = image
    assert size == len(content) and len(block) < len(content) and unpack(block) == content


def test_what_pays_is_packed(arm):
    found = stored(arm, "Image", "large")
    check_packed(found["kernel"], arm.contents["Image"])
    check_packed(found["initrd"], LARGE)


def test_what_does_not_pay_is_not(arm):
    assert stored(arm, "Image", "noise")["initrd"] == (NOISE, 0)
    assert stored(arm, "Image", "small")["initrd"] == (SMALL, 0)


def test_the_system_file_decides(arm):
    found = stored(arm, "Image", "small", 'packed="false"', 'packed="true"')
    assert found["kernel"] == (arm.contents["Image"], 0)
    check_packed(found["initrd"], SMALL)


def test_flat_images(arm):
    content = images(Payload(arm.build(SYSTEM.format(FLAT.format("large", "")))), "flat")["kernel"]
    check_packed(content, LARGE)


def test_unsigned_images_are_not_packed(arm):
    assert stored(arm, "Image", "large", "", 'unsigned="true"')["initrd"] == (LARGE, 0)


def test_a_file_is_packed_once(arm):
    both = VM.format("first", "Image", "", "", "large", "") + VM.format("second", "Image", "", "", "large", "")
    payload = Payload(arm.build(SYSTEM.format(both)))
    assert set(guest_images(payload)) == {"guest/first_kernel", "guest/first_initrd"}
    assert images(payload, "first") == images(payload, "second")
    apart = both.replace('path="large"', 'path="large" packed="false"', 1)
    assert set(guest_images(Payload(arm.build(SYSTEM.format(apart))))) == {
        "guest/first_kernel", "guest/first_initrd", "guest/second_initrd"}


def test_a_bzimage_is_not_packed(tool):
    (tool.directory / "large").write_bytes(LARGE)
    found = stored(tool, "vmlinuz", "large")
    assert found["kernel"] == ((tool.files / "vmlinuz").read_bytes(), 0)
    check_packed(found["initrd"], LARGE)
    result = tool.check(tool.write(SYSTEM.format(VM.format("g", "vmlinuz", 'packed="true"', "", "large", ""))))
    assert result.returncode == 1 and "test.system:3: error: 'vmlinuz' of VM 'g' cannot be packed: a bzImage is" in result.stderr


@pytest.mark.parametrize("attributes, message", [
    ('packed="true" unsigned="true"', "test.system:4: error: <initrd> is packed and unsigned: what replaces it"),
    ('packed="true"', "test.system:4: error: 'noise' of VM 'g' cannot be packed: it does not get smaller; remove packed"),
    ('packed="gzip"', 'test.system:4: error: <initrd> packed="gzip" is not understood; use "true" or "false"'),
])
def test_mistakes(arm, attributes, message):
    text = SYSTEM.format(VM.format("g", "Image", "", "", "noise", attributes))
    result = arm.run("check", "--arch", "aarch64", "-s", arm.files, arm.write(text))
    assert result.returncode == 1 and message in result.stderr, result.stderr


def test_expand_keeps_it(arm):
    first = arm.build(SYSTEM.format(VM.format("g", "Image", "", "", "large", "")))
    result = arm.run("expand", "--arch", "aarch64", "-s", arm.files, "-o", "out", "test.system")
    assert result.returncode == 0, result.stderr
    assert unpack((arm.directory / "out/g_initrd.lz4").read_bytes()) == LARGE
    expanded = arm.build((arm.directory / "out/test.system").read_text(), "-s", arm.directory / "out")
    assert Payload(expanded).images[-1].content == Payload(first).images[-1].content
