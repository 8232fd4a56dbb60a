# SPDX-License-Identifier: BSD-2-Clause
"""What tests of keys and signatures share."""

import pathlib

from conftest import ROOT

LOADER = ROOT / "build" / "loader-template.elf"
KEY_FILES = [f"{pair}.{kind}.key" for pair in ("primary", "next") for kind in ("lattice", "hash")]


def good(result):
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result


def refused(result, text):
    assert result.returncode == 1, (result.stdout, result.stderr)
    assert text in result.stderr, result.stderr


def sign(tool, output="signed.bin", directory="development", *options):
    return tool.run("sign", "--keys", directory, "--output", output, *options, "payload.bin")


def verify(tool, file="signed.bin", trust="development/system.trust", *options):
    return tool.run("verify", "--trust", trust, *options, file)


def snapshot(directory):
    return {p.name: p.read_bytes() for p in pathlib.Path(directory).iterdir()}
