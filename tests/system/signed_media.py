# SPDX-License-Identifier: BSD-2-Clause
"""ISO and disk images of a small system, with keys and a loader of their own."""

import subprocess

from machine import BUILD, PLATFORM, ROOT, TOOL

PAYLOAD = BUILD / "systems/vcpu_check/payload.bin"
VOUCHED = 'loader: "vcpu_check" version 7 signed by primary key pair'
STARTED = "Skyscope, system vcpu_check"


class SignedMedia:
    """Makes media in a directory. All are of the same payload and loader."""

    def __init__(self, directory):
        self.directory = directory
        self.payload = directory / "payload.bin"
        self.loader = directory / "loader.elf"
        self.keys = directory / "keys"
        self._run("keygen", "--quiet", "--development", self.keys)
        self._run("sign", "--quiet", "--keys", self.keys, "--rollback-index", "7", "--output", self.payload, PAYLOAD)
        self._run("provision", "--quiet", "--trust", self.keys / "system.trust", "--output", self.loader,
                  PLATFORM.loader_template)

    @staticmethod
    def _run(*words):
        subprocess.run([TOOL, *map(str, words)], check=True, cwd=ROOT)

    def iso(self, name="image.iso", options=()):
        path = self.directory / name
        self._run("iso", "--quiet", "--loader", self.loader, "--output", path, *options, self.payload)
        return path

    def disk(self, name="disk.img", options=()):
        path = self.directory / name
        self._run("disk", "--quiet", "--keys", self.keys, "--loader", self.loader, "--output", path, *options,
                  self.payload)
        return path


def change(path, offset, data):
    """Overwrites bytes of a file."""
    with open(path, "r+b") as image:
        image.seek(offset)
        image.write(data)


def flip(path, offset):
    """Flips a bit of a file."""
    with open(path, "rb") as image:
        image.seek(offset)
        byte = image.read(1)[0]
    change(path, offset, bytes([byte ^ 1]))


def find(path, data):
    """Offset of the only place where a file has some bytes."""
    content = path.read_bytes()
    assert content.count(data) == 1
    return content.index(data)
