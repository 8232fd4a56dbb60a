# SPDX-License-Identifier: BSD-2-Clause
"""What tests of the tool share: the command, and a directory of small programs."""

import os
import pathlib
import shutil
import subprocess

import pytest

import elf_maker

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "build" / "bin" / "skyscope"
PASSPHRASE = "correct horse battery staple"
PATIENCE = 300  # seconds; most commands take a part of one, on a machine that has nothing else to do


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
                              env=environment, timeout=PATIENCE, check=False, errors="replace")

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


@pytest.fixture(scope="session")
def made_keys(files, tmp_path_factory):
    """Keys of each kind and a payload, made once."""
    directory = tmp_path_factory.mktemp("made_keys")
    made_tool = Tool(files, directory)
    (directory / "passphrase").write_text(PASSPHRASE + "\n")
    (directory / "passphrase").chmod(0o600)
    result = made_tool.run("keygen", "--development", "development")
    assert result.returncode == 0, result.stderr
    result = made_tool.run("keygen", "--lattice", "ML-DSA-65", "--hash-based", "SLH-DSA-SHA2-128s",
                           "--passphrase-file", "passphrase", "own")
    assert result.returncode == 0, result.stderr
    made_tool.build('<system><protection_domain name="one"><program_image path="program.elf" /></protection_domain></system>')
    return directory


@pytest.fixture
def keys(tool, made_keys):
    """The tool, in a directory with copies of what made_keys has."""
    for name in ("development", "own"):
        shutil.copytree(made_keys / name, tool.directory / name)
    for name in ("passphrase", "payload.bin"):
        shutil.copy2(made_keys / name, tool.directory / name)
    return tool
