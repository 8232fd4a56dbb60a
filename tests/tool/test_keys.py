# SPDX-License-Identifier: BSD-2-Clause
"""Keys from outside: made, used, rotated; and what is wrong with them is said."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import stat
import struct
import subprocess

import pexpect
import pytest

from conftest import PASSPHRASE, PATIENCE, TOOL
from key_helpers import KEY_FILES, LOADER, good, refused, sign, snapshot, verify
from key_reader import key_fields, key_id, read_trust


# --- keygen ---

def test_keygen(keys):
    assert sorted(os.listdir(keys.directory / "own")) == sorted([*KEY_FILES, "system.trust"])
    assert stat.S_IMODE((keys.directory / "own").stat().st_mode) == 0o700
    for name in KEY_FILES:
        assert stat.S_IMODE((keys.directory / "own" / name).stat().st_mode) == 0o600
    trust = read_trust(keys.directory / "own/system.trust")
    assert (trust.flags, trust.serial, trust.minimum, trust.name, trust.revoked) == (0, 1, 0, "", [])
    assert trust.pairs == [[key_id(keys.directory / f"own/{pair}.{kind}.key") for kind in ("lattice", "hash")]
                           for pair in ("primary", "next")]
    assert len({i for pair in trust.pairs for i in pair}) == 4
    assert read_trust(keys.directory / "development/system.trust").flags == 1


def test_keygen_says_what_to_do_with_the_next_keys(keys):
    assert "another medium" in good(keys.run("keygen", "--passphrase-file", "passphrase", "--lattice", "ml-dsa-65",
                                             "--hash-based", "slh-dsa-shake-128s", "new")).stdout
    listing = json.loads(keys.run("inspect", "--json", "new/system.trust").stdout)
    assert listing["pairs"][0]["lattice"]["algorithm"] == "ML-DSA-65"
    assert listing["pairs"][1]["hash_based"]["algorithm"] == "SLH-DSA-SHAKE-128s"


def test_keygen_default_algorithms(keys):
    good(keys.run("keygen", "--quiet", "--passphrase-file", "passphrase", "a/new/one"))
    pair = json.loads(keys.run("inspect", "--json", "a/new/one/system.trust").stdout)["pairs"][0]
    assert (pair["lattice"]["algorithm"], pair["hash_based"]["algorithm"]) == ("ML-DSA-87", "SLH-DSA-SHA2-256s")
    derivation = json.loads(keys.run("inspect", "--json", "a/new/one/primary.hash.key").stdout)
    assert derivation["key_derivation"] == "Argon2id" and derivation["memory_kib"] >= 65536


def test_keygen_options_reach_the_trust_anchor(keys):
    good(keys.run("keygen", "--development", "--system", "duo", "--on-failure", "reboot", "--require-rollback-store",
                  "--minimum-rollback-index", "7", "new"))
    trust = read_trust(keys.directory / "new/system.trust")
    assert (trust.flags, trust.minimum, trust.name) == (7, 7, "duo")


@pytest.mark.parametrize("name", [*KEY_FILES, "system.trust"])
def test_keygen_never_overwrites(keys, name):
    (keys.directory / "new").mkdir()
    (keys.directory / "new" / name).write_bytes(b"precious")
    refused(keys.run("keygen", "--development", "new"), f"'new/{name}' exists already and is not overwritten")
    assert snapshot(keys.directory / "new") == {name: b"precious"}


def test_keygen_where_it_cannot_write(keys):
    (keys.directory / "file").write_bytes(b"")
    refused(keys.run("keygen", "--development", "file/new"), "cannot be made: ")
    refused(keys.run("keygen", "--development", "file"), "no keys were made: ")


# --- passphrases ---

def test_passphrase_files(keys):
    path = keys.directory / "other"
    for text, message in [("", "the passphrase is empty"), ("\n", "the passphrase is empty"),
                          ("one\ntwo\n", "has more than one line"), ("x" * 2000, "longer than 1023 bytes")]:
        path.write_text(text)
        path.chmod(0o600)
        refused(keys.run("keygen", "--passphrase-file", path, "new"), message)
    path.write_text(PASSPHRASE)
    for mode in (0o644, 0o640, 0o602):
        path.chmod(mode)
        result = keys.run("keygen", "--passphrase-file", path, "new")
        refused(result, f"chmod 600 {path}")
        assert PASSPHRASE not in result.stderr
    refused(keys.run("keygen", "--passphrase-file", "nowhere", "new"), "'nowhere' cannot be read: No such file")
    assert not (keys.directory / "new").exists()


def test_wrong_passphrase(keys):
    path = keys.directory / "wrong"
    path.write_text(PASSPHRASE.upper())
    path.chmod(0o600)
    refused(sign(keys, "signed.bin", "own", "--passphrase-file", path),
            "key file 'own/primary.lattice.key' cannot be opened: wrong passphrase, or the file is damaged")
    assert not (keys.directory / "signed.bin").exists()


def test_no_terminal_and_no_passphrase_file(keys):
    result = subprocess.run(["setsid", TOOL, "sign", "--keys", "own", "-o", "signed.bin", "payload.bin"],
                            cwd=keys.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                            check=False)
    refused(result, "--passphrase-file")


def let_signals_in():
    """For a program's start: a terminal's signals end it, even where who started the tests ignores them."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def terminal(tool, *arguments):
    """The tool at a terminal, in a shell that outlives an interrupt and shows the terminal's settings after it."""
    child = pexpect.spawn("/bin/sh", ["-c", "trap : INT QUIT; stty -a; " + str(TOOL) + " " + " ".join(arguments) +
                                      "; echo status $?; stty -a; echo end"], cwd=str(tool.directory), timeout=PATIENCE,
                          encoding="utf-8", echo=True, preexec_fn=let_signals_in)
    assert child.expect([r" echo ", r" -echo "]) == 0
    return child


def finish(child):
    """Exit status, and the terminal is as it was."""
    child.expect(r"status (\d+)")
    status = int(child.match[1])
    assert child.expect([r" echo ", r" -echo "]) == 0
    child.expect("end")
    child.expect(pexpect.EOF)
    child.wait()
    return status


def test_passphrase_at_the_terminal(keys):
    child = terminal(keys, "keygen", "--lattice", "ML-DSA-65", "--hash-based", "SLH-DSA-SHA2-128s", "new")
    child.expect("New passphrase of the keys in new: ")
    child.sendline("a secret that nobody sees")
    child.expect("The same once more: ")
    child.sendline("a secret that nobody sees")
    child.expect("system.trust")
    shown = child.before
    assert finish(child) == 0
    assert "nobody sees" not in shown
    child = terminal(keys, "sign", "--keys", "new", "-o", "signed.bin", "payload.bin")
    child.expect("Passphrase of the primary keys in new: ")
    child.sendline("a secret that nobody sees")
    assert finish(child) == 0
    good(verify(keys, "signed.bin", "new/system.trust"))


def test_passphrases_that_differ(keys):
    child = terminal(keys, "keygen", "new")
    child.expect("New passphrase")
    child.sendline("one")
    child.expect("once more")
    child.sendline("two")
    child.expect("the two passphrases differ")
    assert finish(child) == 1
    assert not (keys.directory / "new").exists()


@pytest.mark.parametrize("key,number", [("\x03", 2), ("\x1c", 3)], ids=["interrupt", "quit"])
def test_the_terminal_is_restored_when_interrupted(keys, key, number):
    child = terminal(keys, "keygen", "new")
    child.expect("New passphrase")
    # The process makes no core dump while it knows secrets.
    processes = [p for p in pathlib.Path("/proc").glob("[0-9]*") if is_keygen(p, keys.directory)]
    assert len(processes) == 1
    limits = (processes[0] / "limits").read_text()
    assert any(line.split()[:6] == ["Max", "core", "file", "size", "0", "0"] for line in limits.splitlines())
    child.send(key)
    assert finish(child) == 128 + number
    assert not (keys.directory / "new").exists()


def is_keygen(process, directory):
    try:
        return (process / "cmdline").read_bytes().split(b"\0")[:2] == [os.fsencode(TOOL), b"keygen"] and \
            os.readlink(process / "cwd") == str(directory)
    except OSError:
        return False


# --- key files ---

@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o622])
def test_keys_that_others_can_use_are_refused(keys, mode):
    for name in ("primary.lattice.key", "primary.hash.key"):
        path = keys.directory / "development" / name
        path.chmod(mode)
        refused(sign(keys), f"(mode {mode:03o}); forbid it: chmod 600 development/{name}")
        path.chmod(0o600)
    good(sign(keys))


FIELD_NAMES = ["magic", "version", "kind", "algorithm", "flags", "size", "time", "key id", "public key size",
               "public key", "derivation", "memory", "passes", "lanes", "salt", "cipher", "nonce", "secret key size",
               "secret key", "tag"]


@pytest.mark.parametrize("field", FIELD_NAMES)
def test_a_changed_key_file_is_refused(keys, field):
    path = keys.directory / "development/primary.hash.key"
    original = path.read_bytes()
    at, size = key_fields(original)[field]
    for place in {at, at + size - 1}:
        data = bytearray(original)
        data[place] ^= 0x04
        path.write_bytes(data)
        # Without a passphrase the tool would ask whether there is one.
        refused(sign(keys, "signed.bin", "development", "--passphrase-file", "passphrase"),
                "development/primary.hash.key' cannot be ")
        assert not (keys.directory / "signed.bin").exists()


def test_a_cut_key_file_is_refused(keys):
    path = keys.directory / "development/primary.hash.key"
    data = path.read_bytes()
    for size in (0, 7, 8, 62, 100, len(data) - 16, len(data) - 1):
        path.write_bytes(data[:size])
        refused(sign(keys), "cannot be used: it ")
    path.write_bytes(data + b"\0")
    refused(sign(keys), "longer than it says")


def test_keys_in_the_wrong_place(keys):
    directory = keys.directory / "development"
    shutil.copy2(directory / "primary.lattice.key", directory / "primary.hash.key")
    refused(sign(keys), "has a lattice key; a hash-based key belongs there")
    (directory / "primary.hash.key").unlink()
    refused(sign(keys), "primary.hash.key' cannot be used: No such file")


# --- rotation ---

def test_rotate(keys):
    before = snapshot(keys.directory / "own")
    old = read_trust(keys.directory / "own/system.trust")
    shutil.copy2(keys.directory / "own/system.trust", keys.directory / "old.trust")
    good(sign(keys, "old.bin", "own", "--passphrase-file", "passphrase"))
    good(sign(keys, "next.bin", "own", "--passphrase-file", "passphrase", "--pair", "next"))
    good(verify(keys, "old.bin", "old.trust"))
    assert "  next " in good(verify(keys, "next.bin", "old.trust")).stdout

    assert "serial number 2" in good(keys.run("rotate", "--passphrase-file", "passphrase", "own")).stdout
    new = read_trust(keys.directory / "own/system.trust")
    assert (new.serial, new.pairs[0], new.revoked) == (2, old.pairs[1], old.pairs[0])
    after = snapshot(keys.directory / "own")
    assert after["primary.lattice.key"] == before["next.lattice.key"]
    assert after["primary.hash.key"] == before["next.hash.key"]
    assert after["retired-1.lattice.key"] == before["primary.lattice.key"]
    assert after["retired-1.hash.key"] == before["primary.hash.key"]
    assert after["retired-1.trust"] == before["system.trust"]
    assert new.pairs[1] == [key_id(keys.directory / f"own/next.{kind}.key") for kind in ("lattice", "hash")]
    assert new.pairs[1] not in old.pairs
    assert not [name for name in after if name.startswith("pending")]

    refused(verify(keys, "old.bin", "own/system.trust"), "it is signed by a revoked key")
    assert "  primary " in good(verify(keys, "next.bin", "own/system.trust")).stdout
    # The promoted and the new pair work, with the passphrase of before; the new one is not known to old loaders.
    good(sign(keys, "primary.bin", "own", "--passphrase-file", "passphrase"))
    good(verify(keys, "primary.bin", "old.trust"))
    good(sign(keys, "next.bin", "own", "--passphrase-file", "passphrase", "--pair", "next"))
    refused(verify(keys, "next.bin", "old.trust"), "not trusted here")


def test_rotate_again_and_again(keys):
    for serial in range(2, 6):
        good(keys.run("rotate", "-q", "--minimum-rollback-index", serial, "development"))
        trust = read_trust(keys.directory / "development/system.trust")
        assert (trust.serial, trust.minimum, len(trust.revoked)) == (serial, serial, 2 * (serial - 1))
    refused(keys.run("rotate", "--minimum-rollback-index", "3", "development"), "can only grow, and is 5 already")
    good(sign(keys, "signed.bin", "development", "--rollback-index", "5"))
    good(verify(keys))


def test_rotate_to_other_algorithms(keys):
    good(keys.run("rotate", "-q", "--hash-based", "SLH-DSA-SHAKE-128s", "development"))
    pairs = json.loads(keys.run("inspect", "--json", "development/system.trust").stdout)["pairs"]
    assert [p["hash_based"]["algorithm"] for p in pairs] == ["SLH-DSA-SHA2-128s", "SLH-DSA-SHAKE-128s"]
    good(sign(keys, "signed.bin", "development", "--pair", "next"))
    good(verify(keys))


def test_rotate_when_the_next_keys_are_lost(keys):
    old = read_trust(keys.directory / "development/system.trust")
    for kind in ("lattice", "hash"):
        (keys.directory / f"development/next.{kind}.key").unlink()
    before = snapshot(keys.directory / "development")
    refused(keys.run("rotate", "development"), "'development/next.lattice.key' is not there; copy the next keys")
    assert snapshot(keys.directory / "development") == before
    good(keys.run("rotate", "--replace-next", "development"))
    new = read_trust(keys.directory / "development/system.trust")
    assert new.pairs[0] == old.pairs[0] and new.revoked == old.pairs[1] and new.pairs[1] not in old.pairs
    good(sign(keys))
    good(verify(keys))


def test_rotate_with_keys_of_others(keys):
    good(keys.run("keygen", "-q", "--development", "other"))
    for kind in ("lattice", "hash"):
        shutil.copy2(keys.directory / f"other/next.{kind}.key", keys.directory / f"development/next.{kind}.key")
    before = snapshot(keys.directory / "development")
    refused(keys.run("rotate", "development"), "are not the next keys of system.trust there")
    assert snapshot(keys.directory / "development") == before


@pytest.mark.parametrize("options", [[], ["--replace-next"]], ids=["promote", "replace-next"])
def test_an_interrupted_rotation_is_completed(keys, options):
    """The directory as it is after each step of a rotation, put together from those before and after it."""
    before = keys.directory / "before"
    after = keys.directory / "after"
    shutil.copytree(keys.directory / "development", before)
    shutil.copytree(keys.directory / "development", after)
    good(keys.run("rotate", *options, "after"))
    result = snapshot(after)
    steps = []
    for kind in ("lattice", "hash"):
        if options:
            steps += [(f"next.{kind}.key", f"retired-1.{kind}.key")]
        else:
            steps += [(f"primary.{kind}.key", f"retired-1.{kind}.key"), (f"next.{kind}.key", f"primary.{kind}.key")]
        steps += [(f"pending.{kind}.key", f"next.{kind}.key")]
    steps += [("system.trust", "retired-1.trust")]
    for count in range(len(steps) + 1):
        state = keys.directory / f"state-{count}"
        shutil.copytree(before, state)
        for kind in ("lattice", "hash"):
            shutil.copy2(after / f"next.{kind}.key", state / f"pending.{kind}.key")
        shutil.copy2(after / "system.trust", state / "pending.trust")
        for old, new in steps[:count]:
            assert not (state / new).exists()
            (state / old).rename(state / new)
        refused(keys.run("sign", "--keys", state, "-o", "signed.bin", "payload.bin"), "was interrupted; complete it")
        assert "An interrupted rotation is complete now" in good(keys.run("rotate", state)).stdout
        assert snapshot(state) == result
    good(sign(keys, "signed.bin", state))


def test_a_rotation_that_was_interrupted_early_leaves_nothing(keys):
    directory = keys.directory / "development"
    shutil.copy2(directory / "next.lattice.key", directory / "pending.lattice.key")
    (directory / "pending.trust.new").write_bytes(b"half")
    old = read_trust(directory / "system.trust")
    good(sign(keys))
    good(keys.run("rotate", directory))
    new = read_trust(directory / "system.trust")
    assert new.serial == 2 and new.pairs[0] == old.pairs[1]
    assert not [name for name in os.listdir(directory) if name.startswith("pending")]


def test_no_more_than_64_revoked_keys(keys):
    path = keys.directory / "development/system.trust"
    data = bytearray(path.read_bytes())
    ids = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(63))
    data[-2:] = struct.pack("<H", 63) + ids
    struct.pack_into("<I", data, 12, len(data))
    path.write_bytes(data)
    refused(keys.run("rotate", "development"), "list of revoked keys is full (64)")


# --- inspect ---

def test_inspect_keys(keys):
    result = good(keys.run("inspect", "own/primary.lattice.key"))
    assert "lattice, ML-DSA-65" in result.stdout and key_id(keys.directory / "own/primary.lattice.key").hex() in \
        result.stdout
    listing = json.loads(good(keys.run("inspect", "--json", "development/next.hash.key")).stdout)
    assert listing["use"] == "hash-based" and listing["development"]
    assert listing["key_id"] == key_id(keys.directory / "development/next.hash.key").hex()
    # Nothing secret is shown.
    data = (keys.directory / "development/next.hash.key").read_bytes()
    at, size = key_fields(data)["secret key"]
    assert data[at:at + size].hex() not in json.dumps(listing)


def test_inspect_trust(keys):
    good(keys.run("rotate", "-q", "development"))
    trust = read_trust(keys.directory / "development/system.trust")
    text = good(keys.run("inspect", "development/system.trust")).stdout
    assert "DEVELOPMENT KEY" in text
    listing = json.loads(good(keys.run("inspect", "--json", "development/system.trust")).stdout)
    assert listing["serial"] == 2 and listing["revoked"] == [i.hex() for i in trust.revoked]
    for key in [*trust.pairs[0], *trust.pairs[1], *trust.revoked]:
        assert key.hex() in text


def test_inspect_a_loader(keys):
    good(keys.run("provision", "-q", "--trust", "own/system.trust", "-o", "loader.elf", LOADER))
    assert good(keys.run("inspect", "loader.elf")).stdout == good(keys.run("inspect", "own/system.trust")).stdout
    refused(keys.run("inspect", LOADER), "it has no trust anchor yet; write one into it with 'skyscope provision'")
    refused(keys.run("inspect", "/bin/true"), "there is no loader in it with a place for a trust anchor")
    refused(verify(keys, "loader.elf", "own/system.trust"), "'loader.elf' is a loader; give a payload or an image")


@pytest.mark.parametrize("seconds, text", [
    (0, "not recorded"), (1, "1970-01-01 00:00:01 UTC"), (1767225599, "2025-12-31 23:59:59 UTC"),
    (253402300799, "9999-12-31 23:59:59 UTC"), (253402300800, "253402300800 seconds after 1970 began"),
    (2**64 - 1, "18446744073709551615 seconds after 1970 began")])
def test_inspect_shows_dates(keys, seconds, text):
    path = keys.directory / "development/next.hash.key"
    data = bytearray(path.read_bytes())
    struct.pack_into("<Q", data, key_fields(data)["time"][0], seconds)
    path.write_bytes(data)
    assert f"created         {text}\n" in keys.run("inspect", path).stdout


# --- the command line ---

@pytest.mark.parametrize("arguments", [
    ["keygen"], ["keygen", "a", "b"], ["keygen", "--lattice", "RSA", "a"],
    ["keygen", "--lattice", "SLH-DSA-SHA2-128s", "a"], ["keygen", "--hash-based", "ML-DSA-65", "a"],
    ["keygen", "--system", "", "a"], ["keygen", "--system", "x" * 64, "a"], ["keygen", "--system", "a\nb", "a"],
    ["keygen", "--on-failure", "continue", "a"], ["keygen", "--minimum-rollback-index", "-1", "a"],
    ["sign", "a"], ["sign", "--keys", "a"], ["sign", "--keys", "a", "--pair", "other", "b"],
    ["sign", "--keys", "a", "--rollback-index", "x", "b"], ["verify", "a"], ["verify", "--trust", "a"],
    ["rotate"], ["rotate", "--lattice", "x", "a"], ["rotate", "--minimum-rollback-index", "x", "a"],
    ["provision", "a"], ["provision", "--trust", "a", "b"], ["provision", "--output", "a", "b"],
    ["provision", "--trust", "a", "--output", "b", "--minimum-rollback-index", "x", "c"],
], ids=" ".join)
def test_wrong_command_lines(tool, arguments):
    result = tool.run(*arguments)
    assert result.returncode == 2
    assert "--help'" in result.stderr
    assert not list(tool.directory.iterdir())
