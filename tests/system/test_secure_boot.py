# SPDX-License-Identifier: BSD-2-Clause
"""UEFI Secure Boot with keys of our own: the firmware starts what they signed, and nothing else.

The keys are enrolled as an owner does it: a firmware in setup mode takes them as variables. Its shell does that here,
from a file in the format of its command `dmpstore`.
"""

import shutil
import struct
import subprocess
import uuid
import zlib

import pytest

from machine import ARCH, Machine, MachineError
from signed_media import STARTED, VOUCHED, SignedMedia, change, find, flip

CODE, VARIABLES = {
    "x86_64": ("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    "aarch64": ("/usr/share/AAVMF/AAVMF_CODE.ms.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
}[ARCH]
OWNER = "d5e1b0a2-6f0c-4b7e-9a53-1f2f8f0c3a11"
GLOBAL_VARIABLE = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
IMAGE_SECURITY_DATABASE = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
# Non-volatile, boot service access, runtime access, time-based authenticated write access.
ATTRIBUTES = 0x27
REFUSED = ["Access Denied", "Security Violation"]


def run(directory, *words):
    subprocess.run(words, check=True, cwd=directory, capture_output=True)


def firmware(variables):
    """QEMU's arguments for the firmware; x86-64's keeps its variables from the operating system, by system management
    mode."""
    kept = {"x86_64": ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on",
                       "-global", "ICH9-LPC.disable_s3=1"], "aarch64": []}[ARCH]
    return [*kept,
            "-drive", f"if=pflash,format=raw,readonly=on,file={CODE}",
            "-drive", f"if=pflash,format=raw,file={variables}"]


def make_certificate(directory, name):
    run(directory, "openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "36500",
        "-subj", f"/CN=Skyscope test {name}/", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-batch")


def variable(directory, name, vendor, signer):
    """A record of `dmpstore` that sets a variable to a list of one certificate."""
    run(directory, "cert-to-efi-sig-list", "-g", OWNER, f"{name}.crt", f"{name}.esl")
    run(directory, "sign-efi-sig-list", "-t", "2020-01-01 00:00:00", "-k", f"{signer}.key", "-c", f"{signer}.crt",
        name, f"{name}.esl", f"{name}.auth")
    data = (directory / f"{name}.auth").read_bytes()
    text = (name + "\0").encode("utf-16-le")
    record = struct.pack("<II", len(text), len(data)) + text + vendor.bytes_le + struct.pack("<I", ATTRIBUTES) + data
    return record + struct.pack("<I", zlib.crc32(record))


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A directory with PK, KEK, db and another key, and variables.fd, in which the first three are enrolled."""
    directory = tmp_path_factory.mktemp("secure-boot")
    for name in ("PK", "KEK", "db", "other"):
        make_certificate(directory, name)
    records = (variable(directory, "db", IMAGE_SECURITY_DATABASE, "KEK") +
               variable(directory, "KEK", GLOBAL_VARIABLE, "PK") +
               variable(directory, "PK", GLOBAL_VARIABLE, "PK"))  # the last one ends setup mode
    (directory / "keys.dmp").write_bytes(records)
    (directory / "startup.nsh").write_bytes(b"fs0:\r\ndmpstore -all -l keys.dmp\r\nreset -s\r\n")
    image = directory / "enrol.img"
    with open(image, "wb") as file:
        file.truncate(2 << 20)
    run(directory, "mformat", "-i", "enrol.img", "::")
    run(directory, "mcopy", "-i", "enrol.img", "keys.dmp", "startup.nsh", "::")
    shutil.copy(VARIABLES, directory / "variables.fd")
    with Machine("secure-boot-enrol", disk=image, firmware="bios",
                 extra=firmware(directory / "variables.fd")) as machine:
        assert machine.expect_exit(180) == 0
        assert "Failed" not in machine.output()
    return directory


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    return SignedMedia(tmp_path_factory.mktemp("media"))


def signing(keys, name="db"):
    return ["--secure-boot-key", keys / f"{name}.key", "--secure-boot-cert", keys / f"{name}.crt"]


@pytest.fixture(scope="module")
def signed_iso(keys, media):
    return media.iso("signed.iso", signing(keys))


@pytest.fixture
def boot(keys, machine, tmp_path):
    def start(**medium):
        variables = tmp_path / "variables.fd"
        for last in (False, False, True):
            shutil.copy(keys / "variables.fd", variables)
            started = machine(memory="1G", firmware="bios", extra=firmware(variables), **medium)
            # AArch64's firmware was once seen to stand still in QEMU before it had looked at any medium. Nothing of
            # ours, and nothing that is tested here, has run by then.
            try:
                started.expect_text("BdsDxe: ", 90)
                return started
            except MachineError:
                if last:
                    raise
                started.close()
    return start


def expect_refusal(machine):
    """The firmware does not even start GRUB."""
    machine.expect(REFUSED, 180)
    machine.expect_text("No bootable option", 60)
    assert "GRUB" not in machine.output() and "Skyscope" not in machine.output()


def test_signed_iso_boots(boot, signed_iso):
    machine = boot(iso=signed_iso)
    machine.expect_text(VOUCHED, 180)
    machine.expect_text(STARTED)


def test_signed_disk_boots(boot, keys, media):
    machine = boot(disk=media.disk("signed.img", signing(keys)))
    machine.expect_text(VOUCHED, 180)
    machine.expect_text(STARTED)


def test_unsigned_is_refused(boot, media):
    expect_refusal(boot(iso=media.iso("unsigned.iso")))


def test_signed_by_another_key_is_refused(boot, keys, media):
    expect_refusal(boot(iso=media.iso("other.iso", signing(keys, "other"))))


def test_flipped_bit_is_refused(boot, signed_iso, tmp_path):
    changed = shutil.copy(signed_iso, tmp_path / "changed.iso")
    flip(changed, find(changed, b"set superusers=nobody") + 4)
    expect_refusal(boot(iso=changed))


def test_other_loader_is_refused(boot, media, signed_iso, tmp_path):
    """A loader with other keys in it, in place of the one that is in GRUB's image."""
    changed = shutil.copy(signed_iso, tmp_path / "changed.iso")
    anchor = (media.keys / "system.trust").read_bytes()
    change(changed, find(changed, anchor) + len(anchor) - 40, bytes(40))
    expect_refusal(boot(iso=changed))


def test_changed_payload_is_refused_by_the_loader(boot, media, signed_iso, tmp_path):
    """What the firmware does not see, the loader does."""
    changed = shutil.copy(signed_iso, tmp_path / "changed.iso")
    flip(changed, find(changed, media.payload.read_bytes()) + 0x40000)
    machine = boot(iso=changed)
    machine.expect("loader: error: .*(hash|changed)", 180)
    machine.expect_text("nothing was started")
