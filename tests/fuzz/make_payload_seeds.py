#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the payloads that the fuzz targets `payload` and `loader_payload_fuzz` start from. They are made anew whenever
the tool changes, because behind a header of another version nothing would be reached.

    tests/fuzz/make_payload_seeds.py TOOL DIRECTORY
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/tool"))

import elf_maker  # noqa: E402

PLAIN = ROOT / "tests/fuzz/corpus/system_file/plain.system"
PAGE = 4096
# As repair() in loader_payload_fuzz.c reads them; the first two images are kernel and plan.
ROLES = {"kernel": 0, "plan": 0, "program": 0, "data": 1, "guest": 2}
ONE_VM = """<system>
    <vm name="first" memory="256MiB" cpus="0">
        <kernel path="vmlinuz" unsigned="true"/>
        <initrd path="initrd.img"/>
        <cmdline>console=ttyS0</cmdline>
    </vm>
</system>
"""


def parts(payload, images):
    """A page that says what image has which size, then the images: repair() makes a payload of it."""
    described, content = b"", b""
    for image in images:
        pages = -(-image["size"] // PAGE)
        described += bytes([ROLES[image["role"]], pages - 1]) + struct.pack("<H", pages * PAGE - image["size"])
        content += payload[image["offset"]:][:pages * PAGE]
    return described.ljust(PAGE, b"\0") + content


def foreign_parts():
    """The same for another kernel and its boot module, which repair() makes of it for an odd first byte."""
    magic, length = 0xE85250D6, 40
    header = struct.pack("<IIIIHHIIIHHI", magic, 0, length, -(magic + length) & 0xFFFFFFFF, 1, 0, 16, 3, 6, 0, 0, 8)
    kernel = elf_maker.elf([(elf_maker.LOAD, elf_maker.READ | elf_maker.EXECUTE, 0x100000 + address, content, size)
                            for address, content, size in ((0x0B0, header.ljust(64, b"\xf4"), 64),
                                                           (0x2000, b"data", 0x8000))], entry=0x1000B0)
    images = [kernel, elf_maker.program()]
    sizes = [(-(-len(image) // PAGE), -len(image) % PAGE) for image in images]
    described = b"".join(struct.pack("<BBH", 1, pages - 1, slack) for pages, slack in sizes)
    return described.ljust(PAGE, b"\0") + b"".join(image + bytes(-len(image) % PAGE) for image in images)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tool, seeds = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])

    def skyscope(*arguments):
        return subprocess.run([tool, *map(str, arguments)], check=True, stdout=subprocess.PIPE).stdout

    for name in ("payload", "loader_payload_fuzz"):
        (seeds / name).mkdir(parents=True, exist_ok=True)
    plain, signed = seeds / "payload/two_domains", seeds / "payload/one_vm_signed"
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        elf_maker.write_all(directory)
        (directory / "one_vm.system").write_text(ONE_VM, encoding="utf-8")
        for system, output in ((PLAIN, plain), (directory / "one_vm.system", signed)):
            skyscope("build", "--quiet", "--search-path", directory, "--kernel-image", directory / "kernel.elf",
                     "--output", output, system)
        skyscope("keygen", "--quiet", "--development", directory / "keys")
        skyscope("sign", "--quiet", "--keys", directory / "keys", "--rollback-index", 3, signed)
    images = json.loads(skyscope("inspect", "--json", plain))["images"]  # fails if anything is wrong with it
    (seeds / "loader_payload_fuzz/right").write_bytes(plain.read_bytes())
    (seeds / "loader_payload_fuzz/parts").write_bytes(parts(plain.read_bytes(), images))
    (seeds / "loader_payload_fuzz/foreign").write_bytes(foreign_parts())


if __name__ == "__main__":
    main()
