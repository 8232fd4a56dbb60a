# SPDX-License-Identifier: BSD-2-Clause
"""What the system tests share."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from machine import BUILD, Machine  # noqa: E402


@pytest.fixture
def machine(request):
    """Starts machines that end with the test: machine(payload=..., ...); the log is named after the test."""
    started = []

    def start(name=None, **arguments):
        base = name or "-".join([request.module.__name__.removeprefix("test_"),
                                 request.node.name.removeprefix("test_")])
        cleaned = "".join(c if c.isalnum() or c in "-_" else "-" for c in base).strip("-")
        number = f"-{len(started) + 1}" if started and name is None else ""
        new = Machine(cleaned + number, **arguments)
        started.append(new)
        return new

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="session")
def build():
    """The build directory."""
    return BUILD
