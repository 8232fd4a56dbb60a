# SPDX-License-Identifier: BSD-2-Clause
"""Key encapsulation against an independent implementation, noble-post-quantum.

Keys and ciphertexts from the same seeds are the same bytes on both sides; what
either encapsulates, the other decapsulates; for altered ciphertexts both find the
same useless key; both refuse keys and ciphertexts of a wrong size. (Numbers out of
range in a public key: noble 0.4.1 lets them pass. Ours does not; Wycheproof says
that this is right, see test_kem_vectors.py.)
"""

import random
import shutil

import pytest

from crypto_cli import PLAIN, LineProgram, Malformed

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="SKIPPED: no node (Debian package nodejs)")

KEMS = ["ML-KEM-768", "ML-KEM-1024"]
ROUNDS = 25


@pytest.fixture(scope="module")
def programs():
    with LineProgram(PLAIN) as ours, LineProgram(NODE, "tests/interop/noble.mjs") as theirs:
        yield ours, theirs


def refuses(program, *question):
    """noble throws where our function says false."""
    try:
        return program.ask(*question) is None
    except Malformed:
        return True


@pytest.mark.parametrize("algorithm", KEMS)
def test_both_ways(programs, algorithm):
    source = random.Random(algorithm)
    for number in range(ROUNDS):
        seed, message = source.randbytes(64), source.randbytes(32)
        maker, user = programs if number % 2 == 0 else programs[::-1]
        public_key, secret_key = maker.ask("make-kem-key", algorithm, seed)
        assert user.ask("make-kem-key", algorithm, seed) == [public_key, secret_key]
        ciphertext, shared = user.ask("encapsulate", algorithm, public_key, message)
        assert maker.ask("encapsulate", algorithm, public_key, message) == [ciphertext, shared]
        assert maker.ask("decapsulate", algorithm, secret_key, ciphertext) == [shared]
        altered = bytearray(ciphertext)
        altered[source.randrange(len(altered))] ^= 1 << source.randrange(8)
        useless = maker.ask("decapsulate", algorithm, secret_key, bytes(altered))
        assert useless == user.ask("decapsulate", algorithm, secret_key, bytes(altered))
        assert useless != [shared]


@pytest.mark.parametrize("algorithm", KEMS)
def test_both_refuse(programs, algorithm):
    for program in programs:
        public_key, secret_key = program.ask("make-kem-key", algorithm, bytes(range(64)))
        ciphertext, _ = program.ask("encapsulate", algorithm, public_key, bytes(32))
        for key in (public_key[:-1], public_key + b"\0", b""):
            assert refuses(program, "encapsulate", algorithm, key, bytes(32))
        for text in (ciphertext[:-1], ciphertext + b"\0", b""):
            assert refuses(program, "decapsulate", algorithm, secret_key, text)
        for key in (secret_key[:-1], secret_key + b"\0", b""):
            assert refuses(program, "decapsulate", algorithm, key, ciphertext)
    assert refuses(programs[0], "encapsulate", algorithm, b"\xff\xff\xff" + public_key[3:], bytes(32))
