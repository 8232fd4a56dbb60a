# SPDX-License-Identifier: BSD-2-Clause
"""The operator's key, and `skyscope open`, from outside. What is opened is sealed by crypto_cli."""

import base64
import hashlib
import json
import os
import pathlib
import stat
import subprocess
import sys

import pexpect
import pytest

from conftest import PATIENCE, ROOT, TOOL

sys.path.insert(0, str(ROOT / "tests" / "interop"))

from crypto_cli import PLAIN, LineProgram  # noqa: E402

PASSPHRASE = "correct horse battery staple"
CONTEXT = b"skyscope log export 1"
BEGIN, END = "-----BEGIN SKYSCOPE SEALED LOG-----", "-----END SKYSCOPE SEALED LOG-----"
TEXT = "".join(f"line {number} of a log\n" for number in range(300))


def seal(public_file, text=TEXT, context=CONTEXT):
    key = pathlib.Path(public_file).read_bytes()
    assert key[:12] == b"SKYOPKEY\x01\x00\x02\x04"
    with LineProgram(PLAIN) as program:
        return program.ask("seal", "X25519-ML-KEM-1024", key[12:], context, text.encode())[0]


def armour(sealed, line_end="\n"):
    encoded = base64.b64encode(sealed).decode()
    lines = [BEGIN] + [encoded[at:at + 76] for at in range(0, len(encoded), 76)] + [END]
    return line_end.join(lines) + line_end


def write_secret(path, text):
    path.touch(0o600)
    path.write_text(text + "\n")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A directory with the pairs quick/ (no passphrase) and real/."""
    directory = tmp_path_factory.mktemp("operators")
    write_secret(directory / "passphrase", PASSPHRASE)
    for arguments in (["--development", "quick"], ["--passphrase-file", "passphrase", "real"]):
        result = subprocess.run([TOOL, "keygen", "--operator", *arguments], cwd=directory, capture_output=True,
                                text=True, check=False, timeout=PATIENCE)
        assert result.returncode == 0, result.stderr
        assert "operator.pub" in result.stdout
    return directory


@pytest.fixture
def opener(tool, keys):
    """opener(capture, options...): the capture given to `skyscope open` with the key quick/."""
    def run(capture, *options, key=keys / "quick/operator.key"):
        data = capture if isinstance(capture, bytes) else capture.encode()
        return subprocess.run([TOOL, "open", "--key", key, *options], input=data, capture_output=True, check=False,
                              timeout=PATIENCE, cwd=tool.directory)
    return run


@pytest.fixture(scope="module")
def sealed(keys):
    return seal(keys / "quick/operator.pub")


def fails(result, *texts):
    assert result.returncode == 1, result
    assert result.stdout == b""
    for text in texts:
        assert text in result.stderr.decode(), result.stderr.decode()


def test_key_files(tool, keys):
    for pair in ("quick", "real"):
        private, public = keys / pair / "operator.key", keys / pair / "operator.pub"
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
        assert public.stat().st_size == 12 + 32 + 1568
        key = public.read_bytes()
        assert private.read_bytes()[28:60] == hashlib.sha512(key[10:]).digest()[:32]  # see key_file.h
        listing = tool.run("inspect", "--json", public)
        assert listing.returncode == 0, listing.stderr
        fields = json.loads(listing.stdout)
        assert fields["algorithm"] == "X25519 and ML-KEM-1024" and fields["use"] == "operator"
        assert fields["key_id"] == hashlib.sha512(key[10:]).digest()[:32].hex()
        assert fields["key_id"] in tool.run("inspect", public).stdout
        assert "operator, X25519 and ML-KEM-1024" in tool.run("inspect", private).stdout
    (tool.directory / "short.pub").write_bytes(key[:-1])
    result = tool.run("inspect", "short.pub")
    assert result.returncode == 1 and "ends too early" in result.stderr
    for arguments, status, text in [
            (["--operator", keys / "quick"], 1, "exists already and is not overwritten"),
            (["--operator", "--lattice", "ML-DSA-65", "new"], 2, "--operator goes with"),
            (["--operator", "--system", "one", "new"], 2, "--operator goes with"),
            (["--operator", "--passphrase-file", "missing", "new"], 1, "missing"),
            (["--operator", "/proc/nowhere/new"], 1, "")]:
        result = subprocess.run([TOOL, "keygen", *arguments], cwd=tool.directory, capture_output=True, text=True,
                                check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        assert result.returncode == status and text in result.stderr, result
    assert not (tool.directory / "new").exists()


def test_open(tool, keys, opener, sealed):
    text = armour(sealed)
    assert opener(text).stdout.decode() == TEXT
    assert opener(text, "-").stdout.decode() == TEXT
    assert opener(sealed).stdout.decode() == TEXT
    path = tool.directory / "capture"
    path.write_text(text)
    result = tool.run("open", "-k", keys / "quick/operator.key", "-o", "text", path)
    assert result.returncode == 0 and result.stdout == "" and (tool.directory / "text").read_text() == TEXT
    empty = seal(keys / "quick/operator.pub", "")
    assert opener(armour(empty)).returncode == 0


def test_what_surrounds_it_does_not_matter(opener, sealed):
    for capture in [armour(sealed, "\r\n"),
                    "manager> export log\r\n\x1b[1mabc\x1b[0m\r\n" + armour(sealed) + "manager> ",
                    armour(sealed).replace("\n", " \r\n\r\nfirst: its VMM has failed\r\n", 7),
                    armour(sealed).replace("\n", "\n⟦skyscope⟧ console 1: manager\n", 3),
                    armour(sealed)[:500] + "\n" + armour(sealed),
                    b"\xff\xfe\x00" * 1000 + b"\n" + armour(sealed).encode() + b"\x00" * 100]:
        result = opener(capture)
        assert result.returncode == 0, result.stderr
        assert result.stdout.decode() == TEXT


def test_passphrase(tool, keys):
    (tool.directory / "capture").write_text(armour(seal(keys / "real/operator.pub")))
    key = keys / "real/operator.key"
    result = tool.run("open", "--key", key, "--passphrase-file", keys / "passphrase", "capture")
    assert result.returncode == 0 and result.stdout == TEXT
    write_secret(tool.directory / "wrong", "wrong")
    result = tool.run("open", "--key", key, "--passphrase-file", "wrong", "capture")
    assert result.returncode == 1 and result.stdout == "" and "operator.key' cannot be used" in result.stderr
    terminal = pexpect.spawn(str(TOOL), ["open", "--key", str(key), "capture"], cwd=str(tool.directory),
                             encoding="utf-8", timeout=PATIENCE)
    terminal.expect("the key ")
    terminal.sendline(PASSPHRASE)
    terminal.expect("line 299 of a log")
    terminal.expect(pexpect.EOF)
    assert terminal.wait() == 0


def test_a_terminal_gets_no_control_characters(tool, keys):
    (tool.directory / "capture").write_text(armour(seal(keys / "quick/operator.pub", "\x1b[31mred\x07\ttab\n")))
    terminal = pexpect.spawn(str(TOOL), ["open", "--key", str(keys / "quick/operator.key"), "capture"],
                             cwd=str(tool.directory), encoding="utf-8", timeout=PATIENCE)
    terminal.expect(pexpect.EOF)
    assert "?[31mred?" in terminal.before and "\x1b" not in terminal.before and "\x07" not in terminal.before


def test_wrong_keys(tool, keys, opener, sealed):
    fails(opener(armour(sealed), key=keys / "real/operator.key"), "the logs are sealed to the key ",
          "give the other one")
    fails(opener(armour(sealed), key="missing"), "missing")
    fails(opener(armour(sealed), key=keys / "quick/operator.pub"), "operator.pub")
    result = tool.run("keygen", "--development", "signing")
    assert result.returncode == 0, result.stderr
    fails(opener(armour(sealed), key=tool.directory / "signing/primary.lattice.key"), "not an operator's key")
    copy = tool.directory / "readable.key"
    copy.write_bytes((keys / "quick/operator.key").read_bytes())
    os.chmod(copy, 0o644)
    fails(opener(armour(sealed), key=copy), "readable.key")


def test_damage(keys, opener, sealed):
    text = armour(sealed)
    lines = text.splitlines()
    fails(opener(""), "there is no line '-----BEGIN")
    fails(opener("nothing\nof ours\n"), "there is no line '-----BEGIN")
    fails(opener(text.replace(END, "")), f"the line '{END}' is missing")
    fails(opener("\n".join([BEGIN, END])), "the header ends too early")
    fails(opener("\n".join(lines[:9] + [END])), "the header ends too early")
    fails(opener("\n".join(lines[:60] + [END])), "after ", " good records: ", "too early", "--partial")
    fails(opener("\n".join(lines[:40] + lines[41:])), "altered")
    fails(opener("\n".join(lines[:40] + [lines[41], lines[40]] + lines[42:])), "altered")
    fails(opener("\n".join(lines[:-2] + ["QUJD", "QUJD", END])), "is damaged; copy the lines again")
    broken = "\n".join(lines[:40] + [lines[40][:20] + "*" + lines[40][21:]] + lines[41:])
    fails(opener(broken), "1 line between BEGIN and END is no base64")
    fails(opener(b"SKYSEALD"), "the header ends too early")
    fails(opener(b"SKYSEALD\x02" + sealed[9:]), "version that is not known")
    fails(opener(sealed[:10] + b"\x09" + sealed[11:]), "not known to this version")
    fails(opener(sealed[:50] + bytes([sealed[50] ^ 1]) + sealed[51:]), "the header was altered")
    fails(opener(sealed[:44] + bytes(32) + sealed[76:]), "point of small order")
    fails(opener(sealed + b"x"), "something follows after the last record")
    fails(opener(sealed[:1676 + 3 * 1019]), "after 3 good records: the last record is missing")
    fails(opener(sealed[:1676]), "the last record is missing")
    fails(opener(armour(seal(keys / "quick/operator.pub", context=b"something else"))), "sealed for another purpose")


def test_partial(opener, sealed):
    result = opener(sealed[:1676 + 2 * 1019 + 500], "--partial")
    assert result.returncode == 1
    assert result.stdout.decode() == TEXT[:2000]
    assert "after 2 good records" in result.stderr.decode()
    result = opener(sealed[:1676], "--partial")
    assert result.returncode == 1 and result.stdout == b""


def test_command_line(tool, keys):
    assert "Usage: skyscope open" in tool.run("open", "--help").stdout
    for arguments, text in [([], "--key is missing"), (["--key", "a", "b", "c"], "one operand too many"),
                            (["--what"], "wrong option")]:
        result = tool.run("open", *arguments)
        assert result.returncode == 2 and text in result.stderr


def test_the_system_file_names_the_key(tool, keys):
    (tool.files / "vmlinuz").exists() or pytest.skip("no kernel to name")
    text = '<system><operator key="operator.pub" /><vm name="g" memory="64MiB"><kernel path="vmlinuz" /></vm></system>'
    (tool.directory / "operator.pub").write_bytes((keys / "quick/operator.pub").read_bytes())
    path = tool.write(text)
    result = tool.check(path)
    assert result.returncode == 0, result.stderr
    expanded = tool.run("expand", "--search-path", tool.files, path)
    assert 'name="operator_key"' in expanded.stdout and 'prefill_path="operator.pub"' in expanded.stdout
