# SPDX-License-Identifier: BSD-2-Clause
"""Signatures against an independent implementation, noble-post-quantum.

What one side signs, the other accepts; keys from the same seed and deterministic
signatures are the same bytes; what is altered, both refuse. noble takes up to a
minute for one SLH-DSA signature, so it makes one or two of them for each algorithm,
two algorithms at a time, and those start before the first test.
"""

import concurrent.futures
import shutil

import pytest

from crypto_cli import PLAIN, SIGNATURES, LineProgram, Malformed

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="SKIPPED: no node (Debian package nodejs)")

MESSAGE = b"a message that both sides know"
CONTEXT = b"skyscope"
# The contexts with which noble signs. It is slow where only one is named.
CONTEXTS = {name: [b"", CONTEXT] for name in SIGNATURES} | {
    "SLH-DSA-SHA2-192s": [CONTEXT],
    "SLH-DSA-SHA2-256s": [b""],
    "SLH-DSA-SHAKE-128s": [b""],
    "SLH-DSA-SHAKE-192s": [CONTEXT],
    "SLH-DSA-SHAKE-256s": [CONTEXT],
}
LATTICE = [name for name in SIGNATURES if name.startswith("ML-DSA")]
PATIENCE = 700  # seconds


def noble():
    return LineProgram(NODE, "tests/interop/noble.mjs")


def seed_of(algorithm):
    size = 32 if algorithm in LATTICE else 3 * int(algorithm[-4:-1]) // 8
    return bytes((7 * i + len(algorithm)) % 256 for i in range(size))


def deterministic_random(algorithm, public_key):
    """What stands in for random bytes: zeros in FIPS 204, PK.seed in FIPS 205."""
    return bytes(32) if algorithm in LATTICE else public_key[:len(public_key) // 2]


def noble_work(algorithm):
    """noble's keys and, by context, its signatures."""
    with noble() as program:
        keys = program.ask("make-key", algorithm, seed_of(algorithm))
        return keys, {context: program.ask("sign", algorithm, keys[1], context, MESSAGE, b"")[0]
                      for context in CONTEXTS[algorithm]}


@pytest.fixture(scope="module")
def works():
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        slowest_first = sorted(SIGNATURES, key=lambda name: ("SHAKE" in name, name), reverse=True)
        futures = {name: pool.submit(noble_work, name) for name in slowest_first}
        yield futures
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def ours():
    with LineProgram(PLAIN) as program:
        yield program


@pytest.fixture(scope="module")
def theirs():
    with noble() as program:
        yield program


@pytest.fixture(scope="module")
def signed(ours):
    """Our keys and our signatures with and without context, by algorithm."""
    def make(algorithm):
        if algorithm not in made:
            keys = ours.ask("make-key", algorithm, seed_of(algorithm))
            random = deterministic_random(algorithm, keys[0])
            made[algorithm] = keys, {context: ours.ask("sign", algorithm, keys[1], context, MESSAGE, random)[0]
                                     for context in (b"", CONTEXT)}
        return made[algorithm]
    made = {}
    return make


def accepts(program, algorithm, public_key, context, message, signature):
    """Whether a program accepts a signature. noble throws on what it cannot even decode."""
    try:
        return program.ask("verify", algorithm, public_key, context, message, signature) is not None
    except Malformed:
        return False


def altered(data, *places):
    """Copies of data, each with one bit changed."""
    for place in places:
        copy = bytearray(data)
        copy[place] ^= 1 << place % 8
        yield bytes(copy)


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_noble_accepts_ours(works, theirs, ours, signed, algorithm):
    keys, signatures = signed(algorithm)
    for context, signature in signatures.items():
        assert accepts(theirs, algorithm, keys[0], context, MESSAGE, signature)
    random = bytes(range(100, 100 + len(deterministic_random(algorithm, keys[0]))))
    # With other random bytes, the longest context and an empty message.
    randomized = ours.ask("sign", algorithm, keys[1], bytes(255), b"", random)[0]
    assert accepts(theirs, algorithm, keys[0], bytes(255), b"", randomized)
    assert not accepts(theirs, algorithm, keys[0], bytes(254), b"", randomized)


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_both_refuse_what_is_altered(works, theirs, ours, signed, algorithm):
    keys, signatures = signed(algorithm)
    signature = signatures[CONTEXT]
    other_key = ours.ask("make-key", algorithm, seed_of(algorithm)[::-1])[0]
    size = len(signature)
    wrong = [(keys[0], CONTEXT, MESSAGE, s) for s in altered(signature, 0, size // 3, size // 2, size - 1)]
    wrong += [(keys[0], CONTEXT, m, signature) for m in altered(MESSAGE, 0, len(MESSAGE) - 1)]
    wrong += [(keys[0], c, MESSAGE, signature) for c in altered(CONTEXT, 0, len(CONTEXT) - 1)]
    wrong += [(k, CONTEXT, MESSAGE, signature) for k in altered(keys[0], 0, len(keys[0]) // 2, len(keys[0]) - 1)]
    wrong += [(other_key, CONTEXT, MESSAGE, signature),
              (keys[0], b"", MESSAGE, signature),
              (keys[0], CONTEXT, MESSAGE + b"\0", signature),
              (keys[0], CONTEXT, b"", signature),
              (keys[0], CONTEXT[:-1], CONTEXT[-1:] + MESSAGE, signature),  # the same bytes, divided elsewhere
              (keys[0], b"", bytes([0, len(CONTEXT)]) + CONTEXT + MESSAGE, signature),
              (keys[0], CONTEXT, MESSAGE, signatures[b""]),
              (keys[0], CONTEXT, MESSAGE, signature[:-1]),
              (keys[0], CONTEXT, MESSAGE, signature + b"\0"),
              (keys[0], CONTEXT, MESSAGE, b""),
              (keys[0][:-1], CONTEXT, MESSAGE, signature),
              (keys[0] + b"\0", CONTEXT, MESSAGE, signature),
              (keys[0], bytes(256), MESSAGE, signature)]
    for program in (ours, theirs):
        assert accepts(program, algorithm, keys[0], CONTEXT, MESSAGE, signature)
        for number, question in enumerate(wrong):
            assert not accepts(program, algorithm, *question), number


@pytest.mark.parametrize("algorithm", LATTICE)
def test_same_randomized_signature(theirs, ours, signed, algorithm):
    keys, _ = signed(algorithm)
    random = bytes(range(32))
    question = ("sign", algorithm, keys[1], CONTEXT, MESSAGE, random)
    assert theirs.ask(*question) == ours.ask(*question)


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_we_accept_nobles(works, ours, signed, algorithm):
    keys, signatures = works[algorithm].result(timeout=PATIENCE)
    our_keys, our_signatures = signed(algorithm)
    assert keys == our_keys
    assert list(signatures) == CONTEXTS[algorithm]
    for context, signature in signatures.items():
        assert accepts(ours, algorithm, keys[0], context, MESSAGE, signature)
        assert signature == our_signatures[context]
        for wrong in altered(signature, 1, len(signature) - 2):
            assert not accepts(ours, algorithm, keys[0], context, MESSAGE, wrong)
