# SPDX-License-Identifier: BSD-2-Clause
"""Disks of all kinds on all buses, used by Debian's kernel: fio's checks, images by their checksums, overlays, limits.

The tests share one machine, in the order of the file.
"""

import hashlib
import re

import pytest

from console import Skyscope
from machine import BUILD

MIB = 1 << 20
IMAGE = BUILD / "systems/storage/disk.img"
# Serial number: size, read-only.
DISKS = {
    "pci": (32 * MIB, 0), "transitional": (16 * MIB, 0), "mmio": (16 * MIB, 0), "legacy": (16 * MIB, 0),
    "image": (8 * MIB, 1), "overlay": (8 * MIB, 0), "PARTITION-2": (3 * MIB, 1), "limited": (8 * MIB, 0),
    "slow": (8 * MIB, 0), "through": (8 * MIB, 0),
}
FIO = "fio --thread --ioengine=io_uring --direct=1 --name=job"


def md5(content):
    return hashlib.md5(content).hexdigest()


# What the overlay holds when the VM is reset.
AGAIN = md5(((b"again" * 100 + b"\n") * (MIB // 501 + 1))[:MIB])


class Disks:
    """Names of a VM's disks by their serial numbers, which may change with every boot."""

    def __init__(self, skyscope):
        listing = skyscope.check_shell("for d in /sys/block/vd*; do echo ${d##*/} $(cat $d/serial) $(cat $d/size) $(cat $d/ro); done")
        rows = [line.split() for line in listing.splitlines() if line.startswith("vd")]
        self.names = {serial: f"/dev/{name}" for name, serial, _, _ in rows}
        self.facts = {serial: (int(size) * 512, int(read_only)) for _, serial, size, read_only in rows}

    def __getitem__(self, serial):
        return self.names[serial]


def sum_of(skyscope, disk, options=""):
    """MD5 of what is on a disk, past the guest's cache."""
    report = skyscope.check_shell(f"echo 3 >/proc/sys/vm/drop_caches; dd if={disk} bs=64k {options} 2>/dev/null | md5sum",
                                  timeout=120)
    return re.search(r"\b[0-9a-f]{32}\b", report)[0]


@pytest.fixture(scope="module")
def machine():
    with Skyscope("storage", payload=BUILD / "systems/storage/payload.bin") as skyscope:
        skyscope.expect_shell("disks")
        yield skyscope


@pytest.fixture(scope="module")
def disks(machine):
    machine.to_shell(0, "disks")
    return Disks(machine)


def test_every_disk_is_there(machine, disks):
    assert disks.facts == DISKS
    name = disks["through"].removeprefix("/dev/")
    assert machine.check_shell(f"cat /sys/block/{name}/queue/write_cache").strip() == "write through"
    assert machine.check_shell(f"cat /sys/block/{name}/queue/logical_block_size").strip() == "4096"
    name = disks["pci"].removeprefix("/dev/")
    assert machine.check_shell(f"cat /sys/block/{name}/queue/write_cache").strip() == "write back"
    assert machine.check_shell(f"cat /sys/block/{name}/queue/physical_block_size").strip() == "4096"
    assert machine.check_shell(f"ls /sys/block/{name}/mq | wc -l").strip() == "2"


@pytest.mark.parametrize("serial,sizes", [("pci", "512-64k"), ("transitional", "512-64k"), ("mmio", "512-64k"),
                                          ("legacy", "512-64k"), ("through", "4k-64k"), ("pci", "512k-2m")])
def test_fio_finds_what_it_has_written(machine, disks, serial, sizes):
    report = machine.check_shell(f"{FIO} --filename={disks[serial]} --rw=randrw --bsrange={sizes} --iodepth=32 "
                                 "--size=8M --verify=crc32c --verify_fatal=1 --randseed=7", timeout=400)
    assert re.search(r"job: \(groupid=0, jobs=1\): err= 0:", report), report
    assert "verify" not in report.partition("Run status")[0].partition("err= 0")[2].split("issued")[0]


def test_disks_do_not_mix(machine, disks):
    for number, serial in enumerate(("pci", "transitional", "mmio", "legacy")):
        machine.check_shell(f"yes {str(number) * 511} | dd of={disks[serial]} bs=1M count=1 iflag=fullblock conv=fsync "
                            "2>/dev/null")
    for number, serial in enumerate(("pci", "transitional", "mmio", "legacy")):
        assert sum_of(machine, disks[serial], "count=16") == md5((str(number) * 511 + "\n").encode() * (MIB // 512))


def test_image_is_what_was_packed(machine, disks):
    content = IMAGE.read_bytes()
    assert sum_of(machine, disks["image"]) == md5(content)
    assert sum_of(machine, disks["PARTITION-2"]) == md5(content[4 * MIB:7 * MIB])
    assert sum_of(machine, disks["overlay"]) == md5(content)
    # The kernel refuses to write; and so does the service, if it does not (manager: refused 0).
    assert machine.shell(f"dd if=/dev/zero of={disks['image']} bs=4k count=1 2>/dev/null")[0] != 0


def test_overlay_is_written_and_its_image_is_not(machine, disks):
    content = bytearray(IMAGE.read_bytes())
    machine.check_shell(f"yes changed | dd of={disks['overlay']} bs=512 seek=100 count=300 iflag=fullblock conv=fsync "
                        "2>/dev/null")
    content[100 * 512:400 * 512] = (b"changed\n" * (300 * 64))[:300 * 512]
    assert sum_of(machine, disks["overlay"]) == md5(content)
    assert sum_of(machine, disks["image"]) == md5(IMAGE.read_bytes())
    machine.to_shell(1, "other")
    other = Disks(machine)
    assert sum_of(machine, other["overlay"]) == md5(IMAGE.read_bytes())
    machine.to_manager()
    # 300 blocks of 512 bytes from block 100 on touch 38 of 4096 bytes.
    assert "overlay: 152 of 2048 KiB used" in machine.manager("disk list")
    machine.to_shell(0, "disks")


def test_full_overlay_is_an_error_until_something_is_discarded(machine, disks):
    status, _ = machine.shell(f"dd if=/dev/urandom of={disks['overlay']} bs=64k count=64 conv=fsync 2>/dev/null",
                              timeout=120)
    assert status != 0
    machine.check_shell(f"blkdiscard {disks['overlay']}")
    assert sum_of(machine, disks["overlay"]) == md5(bytes(8 * MIB))
    machine.to_manager()
    listing = machine.manager("disk list")
    assert "overlay: 0 of 2048 KiB used" in listing
    assert re.search(r"failed, for the overlay was full: [1-9]", listing)
    machine.to_shell(0, "disks")
    machine.check_shell(f"yes {'again' * 100} | dd of={disks['overlay']} bs=64k count=16 iflag=fullblock conv=fsync "
                        "2>/dev/null")
    assert sum_of(machine, disks["overlay"], "count=16") == AGAIN


def test_discarded_memory_reads_as_zeros(machine, disks):
    machine.check_shell(f"blkdiscard -o 4096 -l 1044480 {disks['pci']}")
    assert sum_of(machine, disks["pci"], "skip=0 count=16") == md5((b"0" * 511 + b"\n") * 8 + bytes(MIB - 4096))


@pytest.mark.parametrize("serial,options,unit,limit", [("limited", "--bs=4k --rw=randread", "IOPS", 100),
                                                       ("slow", "--bs=64k --rw=read", "BW", 1024)])
def test_limits_hold(machine, disks, serial, options, unit, limit):
    def rate():
        report = machine.check_shell(f"{FIO} --filename={disks[serial]} {options} --iodepth=8 --time_based --runtime=8",
                                     timeout=120)
        return float(re.search(rf"read: .*?\b{unit}=([\d.]+)", report)[1])

    rates = []

    def is_reached():
        rates.append(rate())
        assert rates[-1] < 1.1 * limit  # a tenth of a second's more at the start
        return rates[-1] > 0.4 * limit

    # A machine that has much else to do may give less for a while.
    machine.until(is_reached, f"{unit} near {limit} on {serial}", 300, lambda: str(rates))


def rows_of(listing):
    """The manager's list of disks, as {disk: its columns}."""
    rows = (line.split() for line in listing.splitlines())
    return {row[0]: row for row in rows if row and "/" in row[0]}


def requests(machine):
    """How many requests the two disks below have had so far, by the manager, whose console is in front."""
    rows = rows_of(machine.manager("disk list"))
    return [int(rows[disk][3]) + int(rows[disk][5]) for disk in ("disks/pci", "disks/limited")]


def test_reset_while_requests_are_under_way(machine, disks):
    boot = machine.boot_id()
    machine.to_manager()
    before = requests(machine)
    machine.to_shell(0, "disks")
    machine.check_shell(f"({FIO} --filename={disks['pci']} --rw=randrw --bs=64k --iodepth=64 --time_based --runtime=600 "
                        f"--name=other --filename={disks['limited']} --rw=randwrite --bs=4k --iodepth=64 "
                        "--time_based --runtime=600 >/dev/null 2>&1 &)")
    machine.to_manager()
    # Each has had more than once the 64 that it gets at once.
    machine.until(lambda: all(count > earlier + 128 for count, earlier in zip(requests(machine), before)),
                  "requests to both disks")
    machine.manager("reset disks")
    machine.expect_new_boot(0, "disks", boot)
    again = Disks(machine)
    assert again.facts == DISKS
    # What was written stays: the service does not restart with the VM.
    assert sum_of(machine, again["overlay"], "count=16") == AGAIN
    report = machine.check_shell(f"{FIO} --filename={again['pci']} --rw=randwrite --bs=4k --iodepth=32 --size=2M "
                                 "--verify=crc32c --verify_fatal=1", timeout=200)
    assert "err= 0:" in report


def test_manager_counts(machine, disks):
    machine.to_manager()
    listing = machine.manager("disk list")
    rows = rows_of(listing)
    assert set(rows) == {f"disks/{name}" for name in ("pci", "transitional", "mmio", "legacy", "image", "overlay", "part",
                                                      "limited", "slow", "through")} | {"other/overlay"}
    assert rows["disks/image"][1] == "image" and int(rows["disks/image"][5]) == 0
    assert int(rows["disks/pci"][3]) > 100 and int(rows["disks/pci"][5]) > 100
    # Each write is followed by a flush; the service has some in two pieces.
    assert int(rows["disks/through"][7]) > 0.8 * int(rows["disks/through"][5]) > 100
    assert "refused" not in listing.partition("disks/transitional")[0]
