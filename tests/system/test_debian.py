# SPDX-License-Identifier: BSD-2-Clause
"""A Debian with systemd whose root file system is a signed image with an overlay above, and a second VM on its network.

The tests share one machine, in the order of the file.
"""

import re

import pytest

from console import BOOT_TIME, USER_SPACE, Skyscope
from machine import ARCH, BUILD

SYSTEMD_TIME = 2 * BOOT_TIME  # seconds until systemd's login


def expect_login(skyscope):
    """Waits for the console's login, which lets root in by itself, and for systemd to have started all."""
    skyscope.expect_text("debian login: ", SYSTEMD_TIME)
    skyscope.expect_text("root@debian:~# ", SYSTEMD_TIME)
    # Without colours, pagers, the marks that a shell puts around what is pasted, and the kernel's messages.
    skyscope.check_shell("bind 'set enable-bracketed-paste off'; dmesg -n 1; export SYSTEMD_COLORS=0 SYSTEMD_PAGER=")
    status, state = skyscope.shell("systemctl is-system-running --wait", SYSTEMD_TIME)
    assert (status, state.strip()) == (0, "running"), skyscope.shell("systemctl --failed")[1]


@pytest.fixture(scope="module")
def machine():
    with Skyscope("debian", payload=BUILD / "systems/debian/payload.bin") as skyscope:
        expect_login(skyscope)
        yield skyscope


@pytest.fixture
def debian(machine):
    machine.to_shell(0, "debian")
    return machine


def test_systemd_is_the_init(debian):
    assert debian.check_shell("cat /proc/1/comm").strip() == "systemd"
    assert debian.check_shell("systemctl is-active systemd-networkd systemd-logind systemd-udevd dbus "
                              "serial-getty@$(basename $(tty))").split() == ["active"] * 5
    assert "ID=debian" in debian.check_shell("cat /etc/os-release").splitlines()


def test_root_is_the_virtio_disk(debian):
    assert debian.check_shell("findmnt -no SOURCE,FSTYPE /").split() == ["/dev/vda", "ext4"]
    assert debian.check_shell("cat /sys/block/vda/serial").strip() == "root"
    assert debian.check_shell("basename $(readlink -f /sys/block/vda/device/driver)").strip() == "virtio_blk"
    assert debian.check_shell("readlink -f /dev/disk/by-label/root /dev/disk/by-id/virtio-root").split() == ["/dev/vda"] * 2


def test_files_are_those_of_the_packages(debian):
    """All programs and libraries, as the packages' lists of checksums have them."""
    report = debian.check_shell("cd / && cat /var/lib/dpkg/info/*.md5sums | grep -E ' (usr/)?s?bin/| (usr/)?lib/.*\\.so' | "
                                "grep -v gconv >/run/sums && md5sum -c --quiet /run/sums && wc -l </run/sums; cd",
                                timeout=SYSTEMD_TIME)
    assert int(report.split()[-1]) > 500, report


def test_network_to_the_other_vm(debian):
    assert re.search(r"\bUP +10\.0\.0\.1/24", debian.check_shell("ip -br -4 address"))
    report = debian.check_shell("ping -c 5 -i 0.2 peer", 60)
    assert " 0% packet loss" in report
    assert "ttl=64" in report
    debian.to_shell(1, "peer")
    assert USER_SPACE in debian.output()
    assert " 0% packet loss" in debian.check_shell("/bin/ping -c 5 -i 0.2 10.0.0.1", 60)


def test_what_is_written_outlives_a_restart(debian):
    debian.check_shell("dd if=/dev/urandom of=/root/written bs=64k count=32 2>/dev/null; sync")
    expected = debian.check_shell("md5sum </root/written; cat /etc/machine-id").split()
    boot = debian.boot_id()
    debian.send("systemctl reboot")
    expect_login(debian)
    assert debian.boot_id() != boot
    # All but the "-" that md5sum says.
    assert debian.check_shell("md5sum </root/written; cat /etc/machine-id").split() == expected
    assert re.search(r"^[0-9a-f]{32}$", expected[2])
    debian.to_manager()
    listing = debian.manager("disk list")
    used = re.search(r"overlay: (\d+) of 131072 KiB used", listing)
    assert used and int(used[1]) > 2048, listing


def test_it_shuts_down(machine):
    if ARCH == "x86_64":
        machine.to_manager()
        machine.manager("shutdown debian")
    else:  # Debian's cloud kernel for arm64 knows no power button but ACPI's
        machine.to_shell(0, "debian")
        machine.send("poweroff")
        machine.to_manager()
    machine.wait_for_state("debian", "stopped", SYSTEMD_TIME)
    assert machine.vm_states()["peer"] == "running"
