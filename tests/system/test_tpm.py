# SPDX-License-Identifier: BSD-2-Clause
"""Measured boot and the rollback index, with a TPM in software on both interfaces."""

import base64
import hashlib
import re
import struct
import subprocess

import pytest

from console import Skyscope
from machine import ARCH, BUILD, PLATFORM, ROOT, TOOL
from tpm import RC_NV_LOCKED, SHA256, SHA384, SoftwareTpm, TpmError

TEMPLATE = PLATFORM.loader_template
MEASURED = BUILD / "systems/measured/payload.bin"
HELLO = BUILD / "systems/hello/payload.bin"
INDEX = 0x01A53900
# A TPM with registers of either kind; AArch64's machine has the one kind only.
FIFO = {"x86_64": "tpm-tis", "aarch64": "tpm-tis-device"}[ARCH]
DEVICES = {"x86_64": [FIFO, "tpm-crb"], "aarch64": [FIFO]}[ARCH]
ANY = DEVICES[-1]
# AArch64's ACPI says of a FIFO that there is one, and leaves where to a program in the DSDT; a device tree says it all.
NAMED = {"x86_64": [], "aarch64": ["-machine", "acpi=off"]}[ARCH]
NO_TPM = "loader: no TPM 2.0: nothing is measured, no rollback index is kept"
HALTED = "nothing was started; the machine is halted"
BANKS = {SHA256: ("sha256", hashlib.sha256), SHA384: ("sha384", hashlib.sha384)}


def skyscope(*arguments):
    subprocess.run([TOOL, *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


class Keys:
    """Keys that are quick to sign with, a loader that trusts them, payloads that they sign."""

    def __init__(self, directory, *options):
        self.directory = directory
        skyscope("keygen", "--quiet", "--development", *options, directory / "keys")
        self.loader = directory / "loader.elf"
        skyscope("provision", "--quiet", "--trust", directory / "keys/system.trust", "--output", self.loader, TEMPLATE)
        self._signed = {}

    def sign(self, payload, version):
        if (payload, version) not in self._signed:
            signed = self.directory / f"payload-{len(self._signed)}.bin"
            skyscope("sign", "--quiet", "--keys", self.directory / "keys", "--rollback-index", version,
                     "--output", signed, payload)
            self._signed[payload, version] = signed
        return self._signed[payload, version]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def tpm(tmp_path):
    """Makes TPMs with one state: each call is the same TPM after a reset."""
    started = []

    def start():
        started.append(SoftwareTpm(tmp_path / "tpm"))
        return started[-1]

    yield start
    for one in started:
        one.close()


def boot(name, keys, payload, version, device=None, software_tpm=None, **arguments):
    extra = software_tpm.qemu(device) if device else []
    return Skyscope(f"tpm-{name}", loader=keys.loader, payload=keys.sign(payload, version), extra=extra, cpus=1,
                    memory="512M", timeout=60, **arguments)


def event_log(machine):
    """The log as the manager hands it out."""
    text = machine.manager("tpm log raw")
    body = re.search(r"-----BEGIN TCG EVENT LOG-----\n(.*?)-----END TCG EVENT LOG-----", text, re.DOTALL)
    return base64.b64decode("".join(body.group(1).split()), validate=True)


def eventlog_pcrs(log, directory):
    """What tpm2_eventlog says: its text, and {algorithm: {PCR: value}}."""
    path = directory / "event.log"
    path.write_bytes(log)
    result = subprocess.run(["tpm2_eventlog", str(path)], capture_output=True, text=True, check=False)
    # It has no list of who uses PCR 11 (systemd does, too), and says so.
    others = [line for line in result.stderr.splitlines() if "not extending either PCR 8, 9, 12 or 14" not in line]
    assert result.returncode == 0 and not others, result.stderr
    pcrs, algorithm = {}, None
    for line in result.stdout.partition("\npcrs:\n")[2].splitlines():
        if match := re.fullmatch(r"  (\w+):", line):
            algorithm = match.group(1)
        elif match := re.fullmatch(r"    (\d+)\s*: 0x([0-9a-f]+)", line):
            pcrs.setdefault(algorithm, {})[int(match.group(1))] = match.group(2)
    return result.stdout, pcrs


def shown_pcrs(text):
    """{(PCR, algorithm): (value, whether the log agrees)} of the manager's `tpm`."""
    return {(int(pcr), name): (value, verdict) for pcr, name, value, verdict in
            re.findall(r"^  PCR (\d+) (\S+)\s+([0-9a-f]+)\n\s+(.*?)$", text, re.MULTILINE)}


def replay(texts, pcr, hash_function):
    """A PCR after events of these contents."""
    value = bytes(hash_function().digest_size)
    for index, content in texts:
        if index == pcr:
            value = hash_function(value + hash_function(content).digest()).digest()
    return value


def image_hash(image):
    """The tree of two levels that <crypto/image_hash.h> describes."""
    leaves = [hashlib.sha512(b"Skyscope image tree leaf 1".ljust(128, b"\0") + image[i:i + 16384]).digest()
              for i in range(0, len(image), 16384)]
    return hashlib.sha512(b"Skyscope image tree root 1".ljust(128, b"\0") + struct.pack("<Q", len(image)) +
                          b"".join(leaves)).digest()


def expected_events(keys, content, version, command_line):
    """What the loader has to measure of a payload, from the files alone."""
    manifest_size = struct.unpack_from("<I", content, 12)[0]
    manifest = content[32:32 + manifest_size]
    at = 16 + 8 + 8
    algorithm = b"sha512-tree"
    assert manifest[at:at + 2] == b"\x02\x00"
    at += 6 + 64
    system = manifest[at + 1:at + 1 + manifest[at]]
    at += 1 + len(system)
    (count,) = struct.unpack_from("<H", manifest, at)
    at += 2
    trust = hashlib.sha512((keys.directory / "keys/system.trust").read_bytes()).hexdigest().encode()
    events = [(12, b"skyscope 1 trust-anchor sha512 " + trust),
              (12, b"skyscope 1 command-line " + command_line),
              (11, b"skyscope 1 manifest sha512 " + hashlib.sha512(manifest).hexdigest().encode() +
               b" rollback-index %d system %s" % (version, system))]
    for _ in range(count):
        name = manifest[at + 1:at + 1 + manifest[at]]
        at += 1 + len(name)
        role, flags, offset, size, length = struct.unpack_from("<HHQQB", manifest, at)
        at += 4 + 16 + 1
        # The manifest has no hash of what nothing vouches for.
        digest = manifest[at:at + length] or image_hash(content[offset:offset + size])
        assert digest == image_hash(content[offset:offset + size])
        at += length
        kind = {1: b"kernel", 2: b"plan", 3: b"program", 4: b"data", 5: b"guest"}[role]
        events.append((11, b" ".join([b"skyscope 1 image", algorithm, digest.hex().encode(), kind,
                                       b"unsigned" if flags == 1 else b"signed", name])))
    assert at == len(manifest)
    return events + [(11, bytes(4)), (12, bytes(4))]


@pytest.mark.parametrize("device", DEVICES)
def test_log_and_pcrs_agree(device, keys, tpm, tmp_path):
    software_tpm = tpm()
    with boot(device, keys, MEASURED, 3, device, software_tpm, append="quiet") as machine:
        machine.expect_text("loader: TPM 2.0 (IBM, " + ("FIFO" if device == FIFO else "CRB") + ")")
        machine.expect_text(f"loader: rollback index 3, kept in NV index 0x{INDEX:x} from now on")
        machine.expect_text("console 0: guest")
        machine.to_manager()
        shown = machine.manager("tpm")
        listing = machine.manager("tpm log")
        log = event_log(machine)
        output = machine.output()
        assert re.search(r"TPM 2.0 +start method " + ("6," if device == FIFO else "7, control area 0xfed40040"),
                         machine.manager("hardware platform"))
        assert "usage: tpm" in machine.manager("tpm nonsense")
        machine.kill()
    text, computed = eventlog_pcrs(log, tmp_path)
    assert "measured boot    complete" in shown
    assert f"rollback index   3, kept in NV index 0x{INDEX:x}; 0 when this start began" in shown
    command_line = re.search(r"skyscope 1 command-line (.*quiet)\n", listing).group(1).encode()
    events = expected_events(keys, keys.sign(MEASURED, 3).read_bytes(), 3, command_line)
    for pcr, content in events:
        assert content == bytes(4) or content.decode() in listing.replace("\r", "")
    seen = shown_pcrs(shown)
    for algorithm, (name, function) in BANKS.items():
        for pcr in (11, 12):
            value = software_tpm.pcr(algorithm, pcr)
            assert value == replay(events, pcr, function), (name, pcr)
            assert computed[name][pcr] == value.hex()
            assert seen[pcr, "SHA-" + name[3:]] == (value.hex(), "as the log says")
    # Every bank that the TPM has was extended: none can be used to pretend another start.
    assert {name for name, _ in BANKS.values()} <= set(computed)
    for name, values in computed.items():
        assert set(values) == {11, 12}, name
    assert "EV_SEPARATOR" in text
    # Nothing but the log's events happened, and the console said what the log says.
    assert f"{len(events)} events measured" in output


@pytest.mark.parametrize("device, firmware", list(zip(reversed(DEVICES), reversed(PLATFORM.firmwares))))
def test_from_an_iso(device, firmware, keys, tpm, tmp_path):
    """Firmware and GRUB measure too, but not into these PCRs: what is in PCR 11 follows from the payload alone."""
    software_tpm = tpm()
    iso = tmp_path / "measured.iso"
    skyscope("iso", "--quiet", "--loader", keys.loader, "--output", iso, keys.sign(MEASURED, 3))
    with Skyscope(f"tpm-iso-{firmware}", iso=iso, firmware=firmware, extra=software_tpm.qemu(device) + NAMED, cpus=1,
                  memory="512M", timeout=120) as machine:
        machine.expect_text("events measured in PCRs 11 and 12")
        machine.expect_text("loader: rollback index 3, kept in NV index")
        machine.expect_text("loader: starting")
        assert "was extended before" not in machine.output()
        machine.kill()
    events = expected_events(keys, keys.sign(MEASURED, 3).read_bytes(), 3, b"")
    for algorithm, (_, function) in BANKS.items():
        assert software_tpm.pcr(algorithm, 11) == replay(events, 11, function)
    assert software_tpm.pcr(SHA256, 0) != bytes(32)


def test_the_index_is_locked_after_the_start(keys, tpm):
    software_tpm = tpm()
    with boot("locked", keys, HELLO, 5, ANY, software_tpm) as machine:
        machine.expect_text("hello: end of init")
        machine.kill()
    data = software_tpm.nv_read(INDEX, 48)
    assert data[:16] == b"SKYRBIDX" + struct.pack(">Q", 5)
    assert data[16:] == hashlib.sha512(b"skyscope rollback index 1\x01hello").digest()[:32]
    with pytest.raises(TpmError) as refused:
        software_tpm.nv_write(INDEX, data[:8] + bytes(8) + data[16:])
    assert refused.value.code == RC_NV_LOCKED
    assert software_tpm.nv_read(INDEX, 48) == data


@pytest.mark.parametrize("device", DEVICES)
def test_older_versions_are_refused(device, keys, tpm):
    def start(version, payload=HELLO):
        return boot(f"rollback-{device}-{version}", keys, payload, version, device, tpm())

    with start(5) as machine:
        machine.expect_text("rollback index 5, kept in NV index")
        machine.expect_text("hello: end of init")
    with start(4) as machine:
        machine.expect_text('system "hello" is too old: its rollback index is 4, this machine has started 5')
        machine.expect_text(HALTED)
        assert "hello, world" not in machine.output()
    with start(6) as machine:
        machine.expect_text("rollback index 6 (this machine had started 5)")
        machine.expect_text("hello: end of init")
    with start(5) as machine:
        machine.expect_text("too old: its rollback index is 5, this machine has started 6")
        machine.expect_text(HALTED)
    # Another system's index is another.
    with start(1, MEASURED) as machine:
        machine.expect_text(f"rollback index 1, kept in NV index 0x{INDEX + 1:x} from now on")
        machine.expect_text("console 0: guest")


def test_another_image_gives_other_pcrs(keys, tpm):
    def pcrs(name, payload, version):
        software_tpm = tpm()
        with boot(name, keys, payload, version, FIFO, software_tpm) as machine:
            machine.expect_text("loader: starting")
            machine.kill()
        values = [software_tpm.pcr(SHA384, pcr) for pcr in (11, 12)]
        software_tpm.close()
        return values

    first = pcrs("same-1", HELLO, 1)
    assert pcrs("same-2", HELLO, 1) == first
    changed = pcrs("version", HELLO, 2)
    assert changed[0] != first[0] and changed[1] == first[1]
    changed = pcrs("system", BUILD / "systems/passive/payload.bin", 1)
    assert changed[0] != first[0] and changed[1] == first[1]


def test_an_image_that_nothing_vouches_for_is_measured_as_it_is(keys, tpm, tmp_path):
    changed = tmp_path / "changed.bin"
    image = tmp_path / "image.bin"
    image.write_bytes(b"\xf4" * 100)
    skyscope("replace", "--quiet", "--output", changed, keys.sign(MEASURED, 3), "guest/open_kernel", image)
    software_tpm = tpm()
    with Skyscope("tpm-replaced", loader=keys.loader, payload=changed, extra=software_tpm.qemu(FIFO), cpus=1,
                  memory="512M", timeout=60) as machine:
        machine.expect_text("loader: starting")
        machine.kill()
    before, after = (expected_events(keys, path.read_bytes(), 3, b"") for path in (keys.sign(MEASURED, 3), changed))
    assert len([text for _, text in after if b" guest unsigned guest/open_kernel" in text]) == 1
    value = software_tpm.pcr(SHA256, 11)
    assert value == replay(after, 11, hashlib.sha256)
    assert value != replay(before, 11, hashlib.sha256)


def test_an_owner_with_a_password(keys, tpm):
    with tpm() as software_tpm:
        software_tpm.power_on()
        software_tpm.set_owner_password(b"secret")
    with boot("owner", keys, HELLO, 5, ANY, tpm()) as machine:
        machine.expect_text("warning: no rollback index is kept: the TPM's owner has a password")
        machine.expect_text("hello: end of init")


def test_no_tpm(keys, tmp_path):
    with boot("none", keys, MEASURED, 3) as machine:
        machine.expect_text(NO_TPM)
        machine.expect_text("console 0: guest")
        machine.to_manager()
        assert "this machine has no TPM 2.0" in machine.manager("tpm")
        assert "nothing was measured" in machine.manager("tpm log")
        assert "nothing was measured" in machine.manager("tpm log raw")
    strict = Keys(tmp_path, "--require-rollback-store")
    with boot("required", strict, HELLO, 3) as machine:
        machine.expect_text("error: the trust anchor asks for a machine that keeps a rollback index, this one does not: "
                            "no TPM 2.0")
        machine.expect_text(HALTED)
        assert "hello, world" not in machine.output()
