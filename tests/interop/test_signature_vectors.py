# SPDX-License-Identifier: BSD-2-Clause
"""Signatures against published test vectors: NIST's ACVP and C2SP's Wycheproof.

The files are looked for in ../shared/vectors, beside this repository. Groups of
cases for what we do not offer are skipped with their number: other parameter sets,
and messages of which only the hash is given (external mu). NIST's cases are for the
standards' internal functions (M' in place of M and a context).
"""

import json

import pytest

from crypto_cli import PLAIN, ROOT, SANITIZED, SIGNATURES, LineProgram, Malformed

VECTORS = ROOT.parent / "shared" / "vectors"
ABSENT = "SKIPPED: no ../shared/vectors"
RANDOM_SIZE = 32  # of ML-DSA


def read(path):
    return json.loads((VECTORS / path).read_text())


def acvp_groups(path):
    """One parameter for each group of a file; one skipped parameter without the file."""
    if not (VECTORS / path).is_file():
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=f"{ABSENT}/{path}"))]
    parameters = []
    for group in read(path)["testGroups"]:
        name = group["parameterSet"]
        unknown = group.get("signatureInterface", "internal") != "internal" or group.get("externalMu", False)
        marks = []
        if name not in SIGNATURES or unknown:
            marks = [pytest.mark.skip(reason=f"not applicable: {len(group['tests'])} cases, {name} is not offered")]
        parameters.append(pytest.param(group, id=f"{name}-{group['tgId']}", marks=marks))
    return parameters


def hexadecimal(case, *names):
    return [bytes.fromhex(case[name]) for name in names]


@pytest.fixture(scope="module")
def checked():
    """Under the sanitizers."""
    with LineProgram(SANITIZED) as program:
        yield program


@pytest.mark.parametrize("group", acvp_groups("acvp/ML-DSA-key-gen-FIPS204.json"))
def test_acvp_ml_dsa_key(checked, group):
    for case in group["tests"]:
        assert checked.ask("make-key", group["parameterSet"], *hexadecimal(case, "seed")) == \
            hexadecimal(case, "pk", "sk"), case["tcId"]


@pytest.mark.parametrize("group", acvp_groups("acvp/SLH-DSA-keyGen-FIPS205.internalProjection.json"))
def test_acvp_slh_dsa_key(checked, group):
    """One case under the sanitizers, the others without: each takes half a million hashes."""
    with LineProgram(PLAIN) as program:
        for number, case in enumerate(group["tests"]):
            seed = b"".join(hexadecimal(case, "skSeed", "skPrf", "pkSeed"))
            keys = (checked if number == 0 else program).ask("make-key", group["parameterSet"], seed)
            assert keys == hexadecimal(case, "pk", "sk"), case["tcId"]


@pytest.mark.parametrize("group", acvp_groups("acvp/ML-DSA-sig-gen-FIPS204.json"))
def test_acvp_ml_dsa_sign(checked, group):
    for case in group["tests"]:
        random = bytes(RANDOM_SIZE) if group["deterministic"] else bytes.fromhex(case["rnd"])
        assert checked.ask("sign-internal", group["parameterSet"], *hexadecimal(case, "sk", "message"), random) == \
            hexadecimal(case, "signature"), case["tcId"]


def expect_verdicts(checked, group):
    verdicts = set()
    for case in group["tests"]:
        key = bytes.fromhex(case.get("pk") or group["pk"])
        right = checked.ask("verify-internal", group["parameterSet"], key, *hexadecimal(case, "message", "signature"))
        assert (right is not None) == case["testPassed"], (case["tcId"], case["reason"])
        verdicts.add(case["testPassed"])
    assert verdicts == {True, False}


@pytest.mark.parametrize("group", acvp_groups("acvp/ML-DSA-sig-ver-FIPS204.json"))
def test_acvp_ml_dsa_verify(checked, group):
    expect_verdicts(checked, group)


@pytest.mark.parametrize("group", acvp_groups("acvp/SLH-DSA-sigVer-FIPS205.internalProjection.json"))
def test_acvp_slh_dsa_verify(checked, group):
    expect_verdicts(checked, group)


def wycheproof(path):
    """All cases of a file with their groups."""
    if not (VECTORS / path).is_file():
        pytest.skip(f"{ABSENT}/{path}")
    file = read(path)
    cases = [(group, case) for group in file["testGroups"] for case in group["tests"]]
    assert len(cases) == file["numberOfTests"]
    return file["algorithm"], cases


def optional(case, name, default=b""):
    return bytes.fromhex(case[name]) if name in case else default


def accepts(program, *question):
    """The answer to a question; None also for one that makes no sense."""
    try:
        return program.ask(*question)
    except Malformed:
        return None


def test_wycheproof_verify(checked):
    algorithm, cases = wycheproof("wycheproof/mldsa_65_verify_test.json")
    for group, case in cases:
        # Straight to our function: sizes that do not fit are its to refuse.
        right = checked.ask("verify", algorithm, bytes.fromhex(group["publicKey"]), optional(case, "ctx"),
                            *hexadecimal(case, "msg", "sig"))
        assert (right is not None) == (case["result"] == "valid"), (case["tcId"], case["comment"])


@pytest.mark.parametrize("path, key", [("wycheproof/mldsa_65_sign_noseed_test.json", "privateKey"),
                                       ("wycheproof/mldsa_65_sign_seed_test.json", "privateSeed")])
def test_wycheproof_sign(checked, path, key):
    algorithm, cases = wycheproof(path)
    external_mu = sum("msg" not in case for _, case in cases)
    assert external_mu < len(cases)
    for group, case in cases:
        if "msg" not in case:
            continue
        secret = bytes.fromhex(group[key])
        if key == "privateSeed":
            keys = accepts(checked, "make-key", algorithm, secret)
            if keys is None:
                assert case["result"] == "invalid", (case["tcId"], case["comment"])
                continue
            assert keys[0] == bytes.fromhex(group["publicKey"]), case["tcId"]
            secret = keys[1]
        signature = accepts(checked, "sign", algorithm, secret, optional(case, "ctx"), *hexadecimal(case, "msg"),
                            optional(case, "rnd", bytes(RANDOM_SIZE)))
        expected = hexadecimal(case, "sig") if case["result"] == "valid" else None
        assert signature == expected, (case["tcId"], case["comment"])


@pytest.mark.parametrize("path", ["wycheproof/mldsa_65_sign_noseed_test.json",
                                  "wycheproof/mldsa_65_sign_seed_test.json"])
def test_wycheproof_external_mu(path):
    _, cases = wycheproof(path)
    pytest.skip(f"not applicable: {sum('msg' not in case for _, case in cases)} cases with mu in place of a message")
