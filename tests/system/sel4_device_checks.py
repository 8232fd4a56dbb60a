# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of seL4's systems with devices ask on both boards. The guest is "first", and /tmp/written is in it."""

from hotplug_checks import disk, plug_spare, sum_of, wait_for_disks

FILES = "mkdir /made && mount -t virtiofs work /made"


def check_files_made_by_the_guest(skyscope):
    skyscope.to_shell(0, "first")
    skyscope.check_shell(f"{FILES} && cp /tmp/written /made/a && ln /made/a /made/b && sync && "
                         "echo 3 > /proc/sys/vm/drop_caches && cmp /made/b /tmp/written", 300)


def check_balloon(skyscope):
    skyscope.to_manager()
    for size, given in ((200, 56), (256, 0)):
        skyscope.manager(f"vm memory first {size}MiB")
        skyscope.until(lambda given=given: f"given up by the guest {given:9} MiB" in skyscope.manager("vm memory first"),
                       f"the guest to have given up {given} MiB", 240)


def check_a_restarted_guest_finds_all_again(skyscope, disks, written, boot_time):
    """`written`: the disk that has the content of /tmp/written. The files have been made."""
    plug_spare(skyscope, "first", disks)
    spare = sum_of(skyscope, disk(skyscope, "spare"))
    before = skyscope.boot_id()
    skyscope.send("reboot")
    skyscope.expect_new_boot(0, "first", before, boot_time)
    wait_for_disks(skyscope, *disks, "spare")
    assert sum_of(skyscope, disk(skyscope, "spare")) == spare
    skyscope.check_shell(f"{FILES} && dd if={disk(skyscope, written)} bs=64k count=32 iflag=direct 2>/dev/null | "
                         "cmp - /made/a", 300)
    assert "again" in skyscope.check_shell("echo again | socat -t 60 - VSOCK-CONNECT:100:7", 300)
