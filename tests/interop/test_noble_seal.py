# SPDX-License-Identifier: BSD-2-Clause
"""The sealed channel against a second implementation, tests/interop/noble_seal.mjs, both ways."""

import random
import shutil

import pytest

from crypto_cli import SANITIZED, LineProgram, Malformed

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="SKIPPED: no node (Debian package nodejs)")

SUITES = ["X25519-ML-KEM-768", "X25519-ML-KEM-1024"]
SIZES = [0, 1, 999, 1000, 1001, 2000, 5432]


@pytest.fixture(scope="module")
def programs():
    with LineProgram(SANITIZED) as ours, LineProgram(NODE, "tests/interop/noble.mjs") as theirs:
        yield ours, theirs


def opens(program, *question):
    try:
        return program.ask("unseal", *question)
    except Malformed:
        return None


@pytest.mark.parametrize("suite", SUITES)
def test_both_ways(programs, suite):
    source = random.Random(suite)
    secret_key = source.randbytes(96)
    public_key = programs[0].ask("seal-public-key", suite, secret_key)[0]
    assert programs[1].ask("seal-public-key", suite, secret_key) == [public_key]
    for number, size in enumerate(SIZES * 2):
        sealer, opener = programs if number < len(SIZES) else programs[::-1]
        context, text = source.randbytes(number), source.randbytes(size)
        sealed = sealer.ask("seal", suite, public_key, context, text)[0]
        assert opens(opener, suite, secret_key, context, sealed) == [text]
        place = source.randrange(len(sealed))
        altered = sealed[:place] + bytes([sealed[place] ^ 1 << source.randrange(8)]) + sealed[place + 1:]
        for program in programs:
            assert opens(program, suite, secret_key, context + b"x", sealed) is None
            assert opens(program, suite, secret_key, context, altered) is None
            assert opens(program, suite, secret_key, context, sealed[:-1]) is None
