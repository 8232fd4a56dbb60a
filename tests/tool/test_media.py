# SPDX-License-Identifier: BSD-2-Clause
"""ISO and disk images: the same input gives the same bytes, independent programs read them, wrong blocks are named."""

import hashlib
import json
import os
import re
import struct
import subprocess

import pytest

from conftest import ROOT, Tool

SYSTEM = """<system>
    <protection_domain name="one"><program_image path="program.elf" /></protection_domain>
</system>"""
MIB = 1 << 20
BLOCK = 4096
BOOT_OFFSET = 66 * MIB
PARTITION_TYPE = "CBF86AE1-BB79-4275-B894-16BCBFC4CCEC"
ENVIRONMENT = {**os.environ, "MTOOLSRC": "/dev/null", "TZ": "UTC"}


def output_of(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, env=ENVIRONMENT).stdout


class Media:
    """Keys, a signed payload, a loader, and a disk made of them."""

    def __init__(self, tool):
        self.tool = tool
        self.directory = tool.directory
        self.keys = self.directory / "keys"
        self.payload = self.directory / "signed.bin"
        self.disk = self.directory / "disk.img"
        self.loader = self.directory / "loader.elf"
        tool.build(SYSTEM, "--rollback-index", "5")
        self.check("keygen", "--quiet", "--development", self.keys)
        self.check("sign", "--quiet", "--keys", self.keys, "--output", self.payload, "payload.bin")
        self.check("provision", "--quiet", "--trust", self.keys / "system.trust", "--output", self.loader,
                   ROOT / "build/loader-template.elf")
        self.make_disk(self.disk)

    def check(self, *arguments):
        result = self.tool.run(*arguments)
        assert result.returncode == 0, result.stderr
        return result

    def make_disk(self, path, *options):
        return self.check("disk", "--quiet", "--keys", self.keys, "--loader", self.loader, "--output", path, *options,
                          self.payload)

    def verify(self, path):
        return self.tool.run("verify", "--trust", self.keys / "system.trust", path)


@pytest.fixture(scope="module")
def media(files, tmp_path_factory):
    return Media(Tool(files, tmp_path_factory.mktemp("media")))


# --- ISO ---

def make_iso(media, name, environment, umask):
    directory = media.directory / name
    directory.mkdir()
    (directory / "tmp").mkdir()
    (directory / "copy.bin").write_bytes(media.payload.read_bytes())
    before = os.umask(umask)
    try:
        result = media.tool.run("iso", "--quiet", "--loader", media.loader, "--output", directory / "image.iso",
                                directory / "copy.bin", environment={"TMPDIR": str(directory / "tmp"), **environment})
    finally:
        os.umask(before)
    assert result.returncode == 0, result.stderr
    assert list((directory / "tmp").iterdir()) == []
    return directory / "image.iso"


def test_iso_is_reproducible(media):
    first = make_iso(media, "first", {"TZ": "America/New_York"}, 0o022)
    second = make_iso(media, "second", {"TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1700000000", "LANG": "C.UTF-8"},
                      0o077)
    assert first.read_bytes() == second.read_bytes()


def iso_files(path, start=0, size=None):
    """Paths of the files on an ISO 9660 volume, by xorriso."""
    if start or size:
        volume = path.with_suffix(".volume")
        with open(path, "rb") as image:
            image.seek(start)
            volume.write_bytes(image.read(size))
        path = volume
    listing = output_of("xorriso", "-no_rc", "-indev", path, "-find", "/", "-type", "f").decode()
    return {line.strip("'") for line in listing.splitlines()}, path


def test_iso_has_nothing_loose(media):
    """GRUB's modules and configuration and the loader are in its images; the payload alone is a file of its own."""
    image = make_iso(media, "contents", {}, 0o022)
    names, _ = iso_files(image)
    identity = hashlib.sha512(media.payload.read_bytes()).hexdigest()[:32]
    assert {name for name in names if name != "/boot.catalog"} == {
        "/boot/skyscope/" + name for name in ("bios.img", "efi.img", "payload.bin", identity)}
    efi = media.directory / "efi.img"
    payload = media.directory / "extracted.bin"
    output_of("xorriso", "-no_rc", "-osirrox", "on", "-indev", image, "-extract", "/boot/skyscope/efi.img", efi,
              "-extract", "/boot/skyscope/payload.bin", payload)
    assert payload.read_bytes() == media.payload.read_bytes()
    grub = output_of("mtype", "-i", efi, "::/EFI/BOOT/BOOTX64.EFI")
    assert grub[:2] == b"MZ"
    assert media.loader.read_bytes() in grub
    assert b"multiboot2 (memdisk)/boot/loader.elf" in grub
    assert b"set superusers=nobody" in grub
    assert identity.encode() in grub


def test_loader_too_large_for_bios(media):
    """GRUB's image for BIOS must fit below 640 KiB."""
    large = media.directory / "large.elf"
    large.write_bytes(os.urandom(MIB))
    result = media.tool.run("iso", "--loader", large, "--output", "large.iso", media.payload)
    assert result.returncode == 1
    assert "core image is too big" in result.stderr
    assert "grub-mkimage failed" in result.stderr
    assert not list(media.directory.glob("large.iso*"))


def test_secure_boot_options(media):
    result = media.tool.run("iso", "--secure-boot-key", "a.key", media.payload)
    assert result.returncode == 2 and "give both" in result.stderr
    result = media.tool.run("iso", "--loader", media.loader, "--secure-boot-key", "a.key", "--secure-boot-cert",
                            "a.crt", media.payload)
    assert result.returncode == 1 and "sbsign failed" in result.stderr


def test_warning_that_the_loader_will_refuse(media):
    result = media.tool.run("iso", "--quiet", "--loader", media.loader, "--output", "warned.iso", "payload.bin")
    assert result.returncode == 0
    assert re.search("warning: '.*loader.elf' will refuse 'payload.bin': nobody signed it", result.stderr)
    result = media.tool.run("iso", "--quiet", "--loader", ROOT / "build/loader-template.elf", "--output", "warned.iso",
                            media.payload)
    assert result.returncode == 0 and "will start nothing" in result.stderr
    result = media.tool.run("iso", "--quiet", "--loader", media.loader, "--output", "warned.iso", media.payload)
    assert result.returncode == 0 and result.stderr == ""


# --- Disk ---

def test_partitions(media):
    table = json.loads(output_of("sfdisk", "--json", media.disk))["partitiontable"]
    assert table["label"] == "gpt" and table["sectorsize"] == 512
    sectors = [(p["start"], p["size"], p["type"]) for p in table["partitions"]]
    assert sectors == [
        (2048, 2048, "21686148-6449-6E6F-744E-656564454649"),
        (4096, 131072, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"),
        (135168, 2097152, PARTITION_TYPE),
    ]
    assert table["partitions"][2]["attrs"] == "GUID:60"  # read-only
    assert b"No problems found" in output_of("sgdisk", "--verify", media.disk)
    with open(media.disk, "rb") as disk:
        sector = disk.read(512)
        assert sector[510:] == b"\x55\xaa" and sector[:440].strip(b"\0")
        core_sector, = struct.unpack_from("<Q", sector, 0x5c)
        assert core_sector == 2048
        disk.seek(core_sector * 512)
        first, = struct.unpack_from("<Q", disk.read(512), 0x1f4)
        assert first == core_sector + 1
    assert media.disk.stat().st_blocks * 512 < 64 * MIB  # sparse


def test_efi_system_partition(media):
    grub = output_of("mtype", "-i", f"{media.disk}@@2M", "::/EFI/BOOT/BOOTX64.EFI")
    assert grub[:2] == b"MZ" and media.loader.read_bytes() in grub
    assert b"FAT32" in output_of("minfo", "-i", f"{media.disk}@@2M", "::")


def test_volume(media):
    names, volume = iso_files(media.disk, BOOT_OFFSET, 16 * MIB)
    assert "/boot/skyscope/payload.bin" in names and len(names) == 2
    payload = media.directory / "from_disk.bin"
    output_of("xorriso", "-no_rc", "-osirrox", "on", "-indev", volume, "-extract", "/boot/skyscope/payload.bin", payload)
    assert payload.read_bytes() == media.payload.read_bytes()


def node(kind, salt, data):
    return hashlib.sha512(bytes([kind]) + salt + data).digest()


def test_tree(media):
    """The root in the manifest, computed here from what docs/formats.md says."""
    with open(media.disk, "rb") as disk:
        disk.seek(BOOT_OFFSET)
        partition = disk.read(1024 * MIB)
    magic, version, manifest_size, signatures_size, reserved, size, salt = struct.unpack_from(
        "<8sIIIIQ32s", partition, len(partition) - BLOCK)
    assert (magic, version, reserved, size) == (b"SKYDISKT", 1, 0, len(partition))
    end = -(-(manifest_size + signatures_size) // BLOCK) * BLOCK + BLOCK
    manifest = partition[-end:][:manifest_size]
    assert manifest.startswith(b"SKYMANIF")
    at = manifest.index(b"\x06volume") + 7
    role, flags, offset, data_size, hash_size = struct.unpack_from("<HHQQB", manifest, at)
    assert (role, flags, offset, hash_size) == (6, 0, 0, 64)
    root = manifest[at + 21:]
    assert len(root) == 64
    zeros = bytes(BLOCK)
    zero_leaf = node(0, salt, zeros)
    blocks = (partition[i:i + BLOCK] for i in range(0, data_size, BLOCK))
    hashes = [zero_leaf if block == zeros else node(0, salt, block) for block in blocks]
    place = data_size
    while True:
        level = b"".join(hashes)
        level += bytes(-len(level) % BLOCK)
        assert partition[place:place + len(level)] == level
        place += len(level)
        hashes = [node(1, salt, level[i:i + BLOCK]) for i in range(0, len(level), BLOCK)]
        if len(hashes) == 1:
            break
    assert node(2, salt, struct.pack("<Q", data_size) + hashes[0]) == root
    gap = len(partition) - end - place
    assert 0 <= gap <= 8 * BLOCK and not partition[place:place + gap].strip(b"\0")


def test_disk_is_reproducible_but_for_signatures(media):
    other = media.directory / "other.img"
    media.make_disk(other)
    with open(media.disk, "rb") as first, open(other, "rb") as second:
        differing = []
        for number in range(media.disk.stat().st_size // MIB):
            if first.read(MIB) != second.read(MIB):
                differing.append(number)
    assert differing in ([], [66 + 1024 - 1])
    other.unlink()


def test_verify(media):
    result = media.verify(media.disk)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^verdict +right$", result.stdout, re.M)
    assert re.search(r"^rollback index +5$", result.stdout, re.M)
    assert "DEVELOPMENT KEY" in result.stdout
    assert re.search(r"^payload +right$", result.stdout, re.M)
    assert re.search(r"^loader +has this trust anchor$", result.stdout, re.M)
    verdict = json.loads(media.check("verify", "--json", "--trust", media.keys / "system.trust", media.disk).stdout)
    assert verdict["valid"] and verdict["blocks"] == verdict["good_blocks"] > 250000


def flip(path, offset):
    with open(path, "r+b") as image:
        image.seek(offset)
        byte = image.read(1)[0]
        image.seek(offset)
        image.write(bytes([byte ^ 1]))


END = BOOT_OFFSET + 1024 * MIB


@pytest.mark.parametrize("offset, text", [
    (BOOT_OFFSET, "block 0 of the boot partition is not what was signed"),
    (BOOT_OFFSET + 16 * 2048 + 40, "block 8 of the boot partition is not what was signed"),
    (BOOT_OFFSET + 100000 * BLOCK + 4095, "block 100000 of the boot partition is not what was signed"),
    (BOOT_OFFSET + 258100 * BLOCK, "block 258100 of the boot partition, in the Merkle tree, is not what was signed"),
    (END - BLOCK, "does not begin with SKYDISKT"),
    (END - BLOCK + 8, "version 0; this tool knows 1"),
    (END - BLOCK + 24, "bytes, and should have"),
    (END - BLOCK + 32, "in the Merkle tree, is not what was signed"),  # salt
    (END - 1, "something where zeros belong"),
    (END - 2 * BLOCK, "hash-based signature is wrong"),
])
def test_verify_names_what_is_wrong(media, offset, text):
    flip(media.disk, offset)
    try:
        result = media.verify(media.disk)
    finally:
        flip(media.disk, offset)
    assert result.returncode == 1
    assert text in result.stderr
    assert re.search(r"^verdict +WRONG$", result.stdout, re.M)


def test_verify_by_other_keys(media):
    media.check("keygen", "--quiet", "--development", "others")
    result = media.tool.run("verify", "--trust", "others/system.trust", media.disk)
    assert result.returncode == 1 and "vouched for by  NOBODY" in result.stdout


def test_verify_finds_another_loader(media):
    """The EFI system partition is not under the tree, but the loader in it is looked at."""
    media.check("keygen", "--quiet", "--development", "third")
    media.check("provision", "--quiet", "--trust", "third/system.trust", "--output", "third.elf",
                ROOT / "build/loader-template.elf")
    disk = media.directory / "third.img"
    media.check("disk", "--quiet", "--keys", media.keys, "--loader", "third.elf", "--output", disk, media.payload)
    result = media.verify(disk)
    assert result.returncode == 1
    assert "the loader has another trust anchor" in result.stderr
    assert re.search(r"^payload +right$", result.stdout, re.M)
    disk.unlink()


def test_verify_of_a_disk_without_a_loader(media):
    disk = media.directory / "without.img"
    subprocess.run(["cp", "--sparse=always", media.disk, disk], check=True)
    subprocess.run(["sgdisk", "--delete=2", disk], check=True, capture_output=True)
    result = media.verify(disk)
    assert result.returncode == 1 and "there is no EFI system partition, and so no loader to look at" in result.stderr
    assert re.search(r"^loader +not found$", result.stdout, re.M)
    disk.unlink()


def test_inspect_of_a_disk(media):
    result = media.tool.run("inspect", media.disk)
    assert result.returncode == 1 and "is a disk, which 'skyscope verify' reads" in result.stderr


def test_verify_looks_at_the_payload(media):
    """A disk that is right, with a payload that other keys signed."""
    media.check("keygen", "--quiet", "--development", "fourth")
    media.check("sign", "--quiet", "--keys", "fourth", "--output", "fourth.bin", "payload.bin")
    disk = media.directory / "fourth.img"
    media.check("disk", "--quiet", "--keys", media.keys, "--loader", media.loader, "--output", disk, "fourth.bin")
    result = media.verify(disk)
    assert result.returncode == 1
    assert re.search(r"^blocks +(\d+) of \1 are right$", result.stdout, re.M)
    assert re.search(r"^payload +WRONG$", result.stdout, re.M)
    disk.unlink()


def test_truncated_disk(media):
    short = media.directory / "short.img"
    subprocess.run(["cp", "--sparse=always", media.disk, short], check=True)
    for size in (END - 1, END - 512 * MIB, BOOT_OFFSET + BLOCK, 4096, 0):
        os.truncate(short, size)
        result = media.verify(short)
        assert result.returncode == 1
        assert "error" in result.stderr or "cannot be verified" in result.stderr
    short.unlink()


def test_boot_partition_alone(media):
    """As a device file of it would be: /dev/sdX3."""
    alone = media.directory / "partition.img"
    subprocess.run(["dd", f"if={media.disk}", f"of={alone}", "bs=1M", "skip=66", "count=1024", "conv=sparse",
                    "status=none"], check=True)
    assert media.verify(alone).returncode == 0
    alone.unlink()


def test_run_boots_a_disk(media):
    command = media.check("run", "--dry-run", media.disk).stdout
    assert f"-drive format=raw,if=ide,snapshot=on,file={media.disk}" in command and "-cdrom" not in command
    assert media.tool.run("run", "--kernel-direct", media.disk).returncode == 2


@pytest.mark.parametrize("options, text", [
    ([], "the payload is missing"),
    (["payload.bin"], "--output FILE is missing"),
    (["-o", "x.img", "payload.bin"], "--keys DIRECTORY is missing"),
    (["-o", "x.img", "--keys", "keys", "--size", "512M", "payload.bin"], "must be 1GiB to 2GiB"),
    (["-o", "x.img", "--keys", "keys", "--size", "3G", "payload.bin"], "must be 1GiB to 2GiB"),
    (["-o", "x.img", "--keys", "keys", "--timeout", "x", "payload.bin"], "not a number of seconds"),
])
def test_usage(media, options, text):
    result = media.tool.run("disk", *options)
    assert result.returncode == 2 and text in result.stderr


def test_refusals(media):
    base = ["disk", "--loader", media.loader, "--keys", media.keys, "--output", "x.img"]
    for arguments, text in [
            (base + ["payload.bin"], "is not signed"),
            (base + ["nothing.bin"], "cannot be read: No such file"),
            (base + [media.keys / "system.trust"], "is not a right payload"),
            (["disk", "--loader", "nothing", "--keys", media.keys, "--output", "x.img", media.payload],
             "loader 'nothing' cannot be read"),
            (["disk", "--loader", media.loader, "--keys", "nowhere", "--output", "x.img", media.payload], "nowhere"),
            (["disk", "--loader", media.loader, "--keys", media.keys, "--output", "/dev/null", media.payload],
             "not a regular file"),
            (["disk", "--loader", media.loader, "--keys", media.keys, "--output", "no/x.img", media.payload],
             "cannot be written")]:
        result = media.tool.run(*arguments)
        assert result.returncode == 1 and text in result.stderr, result.stderr
    assert not list(media.directory.glob("x.img*"))
