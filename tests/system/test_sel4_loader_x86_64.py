# SPDX-License-Identifier: BSD-2-Clause
"""The loader starts what the Microkit made for a PC: seL4 and a system of one protection domain that says hello.

QEMU has no VT-x, so there seL4 ends with a message; in Bochs all of it runs. Without a Microkit SDK that has the board
there is nothing to start, and all of this is skipped.
"""

import os
import pathlib
import subprocess

import pytest

from bochs import BOCHS, Bochs
from loader_under_test import TIMEOUT, expect_refused, p
from machine import BUILD, PLATFORM, ROOT

BOARD = "x86_64_generic_vtx"
SDK = pathlib.Path(os.environ.get("MICROKIT_SDK") or "none").resolve()
CONFIGURATIONS = [name for name in ("debug", "release") if (SDK / "board" / BOARD / name / "lib/libmicrokit.a").exists()]
if not CONFIGURATIONS:
    pytest.skip(f"no Microkit SDK with the board {BOARD}: give one with MICROKIT_SDK=DIRECTORY",
                allow_module_level=True)

SYSTEM = """<system>
    <protection_domain name="hello" priority="100">
        <program_image path="hello.elf"/>
        <ioport id="0" addr="0x3f8" size="8"/>
    </protection_domain>
</system>
"""


def skyscope(*arguments):
    subprocess.run([BUILD / "bin/skyscope", *map(str, arguments)], check=True, stdout=subprocess.PIPE)


class Hello:
    """The system, signed, and the loader that trusts who did."""

    def __init__(self, directory, configuration):
        self.directory, self.payload, self.loader = directory, directory / "payload.bin", directory / "loader.elf"
        board = SDK / "board" / BOARD / configuration
        (directory / "hello.system").write_text(SYSTEM, encoding="ascii")
        subprocess.run(["gcc", "-O2", "-ffreestanding", "-fno-pic", "-mno-red-zone", "-isystem", board / "include", "-nostdlib",
                        "-static", "-no-pie", "-Wl,-z,noexecstack", "-Wl,--build-id=none", "-T", board / "lib/microkit.ld",
                        ROOT / "tests/system/sel4/hello.c", "-L", board / "lib", "-lmicrokit", "-o",
                        directory / "hello.elf"], check=True)
        skyscope("build", "--quiet", "--kernel", "sel4", "--board", BOARD, "--config", configuration, "--sdk", SDK,
                 "--search-path", directory, "--output", self.payload, directory / "hello.system")
        skyscope("keygen", "--quiet", "--development", directory / "keys")
        skyscope("sign", "--quiet", "--keys", directory / "keys", self.payload)
        skyscope("verify", "--trust", directory / "keys/system.trust", self.payload)
        skyscope("provision", "--quiet", "--trust", directory / "keys/system.trust", "--output", self.loader,
                 PLATFORM.loader_template)

    def iso(self):
        image = self.directory / "hello.iso"
        skyscope("iso", "--quiet", "--loader", self.loader, "--output", image, self.payload)
        return image

    def changed(self, image):
        """The payload with one bit of an image flipped."""
        content = bytearray(self.payload.read_bytes())
        place = p.images_of(content)[image]
        content[(place.start + place.stop) // 2] ^= 1
        path = self.directory / f"changed-{image}.bin"
        path.write_bytes(content)
        return path


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def hello(request, tmp_path_factory):
    made = Hello(tmp_path_factory.mktemp(request.param), request.param)
    made.debug = request.param == "debug"
    return made


@pytest.mark.parametrize("firmware", ["direct", "bios", "uefi"])
def test_qemu(machine, hello, firmware):
    """As far as it goes there."""
    what = {"payload": hello.payload, "loader": hello.loader} if firmware == "direct" else {"iso": hello.iso()}
    booted = machine(cpu="EPYC", cpus=1, memory="512M", firmware=None if firmware == "direct" else firmware, **what)
    booted.expect_text("hashes are right", TIMEOUT)
    booted.expect_text("another kernel's, at 0x", TIMEOUT)
    if hello.debug:
        booted.expect_text("Detected 1 boot module(s)", TIMEOUT)
        booted.expect_text("vt-x: not supported", TIMEOUT)


@pytest.mark.parametrize("image", ["sel4", "microkit"])
def test_changed(machine, hello, image):
    booted = machine(payload=hello.changed(image), loader=hello.loader, cpus=1, memory="512M")
    expect_refused(booted, f'image "{image}": its SHA-512 tree hash is wrong')
    assert "seL4" not in booted.output().replace("sel4", "")


@pytest.mark.skipif(BOCHS is None, reason="Bochs is not installed")
def test_bochs(hello):
    with Bochs(f"sel4-hello-{'debug' if hello.debug else 'release'}", iso=hello.iso(), memory=512) as booted:
        booted.expect_text("another kernel's, at 0x", 300)
        booted.expect_text("hello from a protection domain", 120)
        if hello.debug:
            assert "Microkit Monitor started!" in booted.output()
