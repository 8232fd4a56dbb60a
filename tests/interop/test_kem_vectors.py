# SPDX-License-Identifier: BSD-2-Clause
"""ML-KEM-768 against C2SP's Wycheproof, in ../shared/vectors beside this repository."""

import json

import pytest

from crypto_cli import ROOT, SANITIZED, LineProgram

VECTORS = ROOT.parent / "shared" / "vectors" / "wycheproof"


def cases(name, least):
    """Name of the parameter set and case, for each of a file."""
    path = VECTORS / name
    if not path.is_file():
        pytest.skip(f"SKIPPED: no ../shared/vectors/wycheproof/{name}")
    found = [(group["parameterSet"], case) for group in json.loads(path.read_text())["testGroups"]
             for case in group["tests"]]
    assert len(found) >= least
    return found


def hexadecimal(case, *names):
    return [bytes.fromhex(case[name]) for name in names]


@pytest.fixture(scope="module")
def checked():
    """Under the sanitizers."""
    with LineProgram(SANITIZED) as program:
        yield program


def test_keys(checked):
    for algorithm, case in cases("mlkem_768_keygen_seed_test.json", 100):
        keys = checked.ask("make-kem-key", algorithm, *hexadecimal(case, "seed"))
        assert keys[0] == bytes.fromhex(case["ek"]), case["tcId"]
        assert case.get("dk") in (None, keys[1].hex()), case["tcId"]


def test_encapsulation(checked):
    refused = 0
    for algorithm, case in cases("mlkem_768_encaps_test.json", 265):
        answer = checked.ask("encapsulate", algorithm, *hexadecimal(case, "ek", "m"))
        if case["result"] == "invalid":
            assert answer is None, case["tcId"]
            refused += 1
        else:
            assert answer == hexadecimal(case, "c", "K"), case["tcId"]
    assert refused == 132


def test_decapsulation(checked):
    for algorithm, case in cases("mlkem_768_test.json", 193):
        seed, ciphertext = hexadecimal(case, "seed", "c")
        if len(seed) != 64:
            assert case["result"] == "invalid", case["tcId"]
            continue
        public_key, secret_key = checked.ask("make-kem-key", algorithm, seed)
        assert public_key == bytes.fromhex(case.get("ek") or public_key.hex()), case["tcId"]
        answer = checked.ask("decapsulate", algorithm, secret_key, ciphertext)
        if case["result"] == "invalid":
            assert answer is None, case["tcId"]
        else:
            assert answer == hexadecimal(case, "K"), case["tcId"]
