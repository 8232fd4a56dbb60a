# SPDX-License-Identifier: BSD-2-Clause
"""Debian's drivers find virtio devices on every transport, and get interrupts of every kind from them.

The devices give random numbers, for which a driver needs all of a transport and nothing of any service. Second guest:
interrupts by lines, and a limit.
"""

import re

import pytest

from console import BOOT_TIME, USER_SPACE, Skyscope
from machine import ARCH, BUILD

# Interrupts by message; a PCI device's line; the lines of the transports on MMIO.
EXPECTED = {
    "x86_64": {"message": r"PCI-MSI", "line": r"IO-APIC\s+{pci}-fasteoi", "mmio": r"IO-APIC\s+2[01]-fasteoi",
               "pci": {1: 17, 2: 18, 3: 19}},
    "aarch64": {"message": r"(?:ITS-)?MSI", "line": r"GIC\S*\s+{pci} Level", "mmio": r"GIC\S*\s+4[89] Level",
                "pci": {1: 36, 2: 37, 3: 38}},
}[ARCH]

# The MSIs of GICv2 take another way than those of GICv3.
MACHINES = ({"gic": 3}, {"gic": 2}) if ARCH == "aarch64" else ({},)


@pytest.fixture(scope="module", params=MACHINES, ids=lambda options: "-".join(f"{k}{v}" for k, v in options.items()) or ARCH)
def guests(request):
    name = "-".join(["virtio"] + [f"{key}{value}" for key, value in request.param.items()])
    with Skyscope(name, payload=BUILD / "systems/virtio/payload.bin", **request.param) as skyscope:
        skyscope.expect_shell("linux")
        skyscope.to_console(1, "lines")
        skyscope.expect_text(USER_SPACE, BOOT_TIME)
        skyscope.to_shell(0, "linux")
        yield skyscope


def interrupts(guest):
    """What the kernel counts: {name: (count, rest of the line)}."""
    lines = guest.check_shell("cat /proc/interrupts")
    return {match[3]: (int(match[1]), match[2])
            for match in re.finditer(r"^\s*\d+:\s+(\d+)\s+(.*?)\s+(\S*virtio\S*)\s*$", lines, re.MULTILINE)}


def numbers(guest, device, count=512):
    """Random bytes of one device, in hexadecimal."""
    guest.check_shell(f"echo virtio_rng.{device} > /sys/class/misc/hw_random/rng_current")
    return guest.check_shell(f"dd if=/dev/hwrng bs={count} count=1 2>/dev/null | od -An -v -tx1").split()


def test_all_transports_are_found(guests):
    links = guests.check_shell("ls -l /sys/bus/virtio/devices/")
    found = [re.search(rf"virtio{i} -> \S*/(\S+)/virtio{i}", links)[1] for i in range(4)]
    assert found[:2] == ["0000:00:01.0", "0000:00:02.0"]
    assert all(re.fullmatch(r"LNRO0005:0\d|a000[02]00\.virtio_mmio", place) for place in found[2:]), found
    ids = guests.check_shell("cat /sys/bus/pci/devices/0000:00:0[12].0/device").split()
    assert ids == ["0x1044", "0x1005"]
    # The transitional one's registers are in ports, too; the addresses are those that it had before Linux came.
    resources = guests.check_shell("cat /sys/bus/pci/devices/0000:00:02.0/resource").splitlines()
    assert int(resources[0].split()[0], 16) >= 0x1000 and int(resources[0].split()[2], 16) & 0x100
    drivers = guests.check_shell("for d in /sys/bus/virtio/devices/*; do readlink $d/driver; done").split()
    assert [driver.rpartition("/")[2] for driver in drivers] == ["virtio_rng"] * 4


@pytest.mark.parametrize("device", range(4))
def test_random_numbers(guests, device):
    before = interrupts(guests)
    first, second = numbers(guests, device), numbers(guests, device)
    assert len(first) == len(second) == 512 and first != second
    # 512 equal ones of 256 would be a marvel.
    assert len(set(first)) > 150 and len(set(second)) > 150
    after = interrupts(guests)
    name = f"virtio{device}-input" if device < 2 else f"virtio{device}"
    assert after[name][0] > before[name][0]
    assert re.search(EXPECTED["message" if device < 2 else "mmio"], after[name][1]), after[name]


def test_rings_are_packed_where_the_driver_can(guests):
    """Bit 34 of the features, and 32 (version 1), are taken by all but the one that cannot."""
    for device in range(4):
        features = guests.check_shell(f"cat /sys/bus/virtio/devices/virtio{device}/features").strip()
        modern = device < 3
        assert (features[34] == "1") == modern and (features[32] == "1") == modern, features
        assert features[29] == "1" and features[28] == "1", features


def test_legacy_driver_of_pci(guests):
    """Linux's driver, told to use ports although there is better."""
    guests.check_shell("rmmod virtio_pci && insmod /lib/modules/virtio_pci.ko force_legacy=1")
    features = guests.check_shell("cat /sys/bus/pci/devices/0000:00:02.0/virtio*/features").strip()
    assert features[32] == "0" and features[29] == "1"
    available = guests.check_shell("cat /sys/class/misc/hw_random/rng_available")
    place = guests.check_shell("ls -d /sys/bus/pci/devices/0000:00:02.0/virtio*/hwrng* 2>/dev/null; "
                               "ls /sys/bus/pci/devices/0000:00:02.0")
    number = int(re.search(r"virtio(\d+)", place)[1])
    for device in re.findall(r"virtio_rng\.(\d+)", available):
        assert len(set(numbers(guests, device))) > 150
    assert interrupts(guests)[f"virtio{number}-input"][0] > 0
    guests.check_shell("rmmod virtio_pci && insmod /lib/modules/virtio_pci.ko")


def test_interrupts_by_lines(guests):
    guests.to_shell(1, "lines")
    for device in range(2):
        assert len(set(numbers(guests, device))) > 150
    counted = interrupts(guests)
    for device in range(2):
        count, kind = counted[f"virtio{device}"]
        assert count > 0 and re.search(EXPECTED["line"].format(pci=EXPECTED["pci"][device + 1]), kind), counted


def test_a_limit_is_kept(guests):
    """64 bytes per second: 320 of them take four seconds at least, for one second's worth may have been saved."""
    guests.to_shell(1, "lines")
    guests.check_shell("echo virtio_rng.2 > /sys/class/misc/hw_random/rng_current")
    taken = guests.check_shell("a=$(cut -d. -f1 /proc/uptime); dd if=/dev/hwrng bs=32 count=10 of=/tmp/n 2>/dev/null; "
                               "b=$(cut -d. -f1 /proc/uptime); echo $((b - a)) $(wc -c </tmp/n)").split()
    assert int(taken[0]) >= 3 and taken[1] == "320"


def test_kernels_complain_of_nothing(guests):
    for number, name in enumerate(("linux", "lines")):
        guests.to_shell(number, name)
        assert guests.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""
    guests.to_manager()
    for name in ("linux", "lines"):
        assert "needs a reset" not in guests.manager(f"log {name}")
    guests.to_shell(0, "linux")


def test_devices_are_new_after_a_reset(guests):
    guests.to_shell(0, "linux")
    boot = guests.boot_id()
    guests.to_manager()
    guests.manager("reset linux")
    guests.expect_new_boot(0, "linux", boot)
    assert len(set(numbers(guests, 0))) > 150
    assert len(set(numbers(guests, 3))) > 150
