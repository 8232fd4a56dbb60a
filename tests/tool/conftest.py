# SPDX-License-Identifier: BSD-2-Clause
"""What tests of the tool share: the command, and a directory of small programs."""

import os
import pathlib
import subprocess

import pytest

import elf_maker

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "build" / "bin" / "skyscope"


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("files")
    elf_maker.write_all(directory)
    elf_maker.write_aarch64(directory / "aarch64")
    return directory


class Tool:
    def __init__(self, files, directory):
        self.files = files
        self.directory = directory

    def run(self, *arguments, environment=None):
        environment = {**{k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}, **(environment or {})}
        return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, cwd=self.directory,
                              env=environment, timeout=60, check=False, errors="replace")

    def check(self, path, *options):
        return self.run("check", "--search-path", self.files, *options, path)

    def write(self, text, name="test.system"):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def build(self, text, *options, name="test.system", environment=None):
        """The payload of a system file's text."""
        path = self.write(text, name)
        output = self.directory / "payload.bin"
        result = self.run("build", "--search-path", self.files, "--kernel-image", self.files / "kernel.elf",
                          "--output", output, *options, path, environment=environment)
        assert result.returncode == 0, result.stderr
        return output.read_bytes()


@pytest.fixture
def tool(files, tmp_path):
    return Tool(files, tmp_path)
