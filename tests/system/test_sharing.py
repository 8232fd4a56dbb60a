# SPDX-License-Identifier: BSD-2-Clause
"""Exported files, images in memory, the balloon and sockets. The tests share one machine, in the order of the file."""

import pathlib
import re

import pytest

from console import Skyscope
from machine import BUILD, ROOT

FILES = ROOT / "systems/sharing/files"


@pytest.fixture(scope="module")
def sharing():
    with Skyscope("sharing", payload=BUILD / "systems/sharing/payload.bin") as skyscope:
        skyscope.expect_shell("first")
        yield skyscope


def first(skyscope, command, timeout=120):
    skyscope.to_shell(0, "first")
    return skyscope.check_shell(command, timeout)


def second(skyscope, command, timeout=120):
    skyscope.to_shell(1, "second")
    return skyscope.check_shell(command, timeout)


def test_packed_files_are_as_they_were(sharing):
    for run in (first, second):
        run(sharing, "mkdir -p /files && mount -t virtiofs files /files")
        names = run(sharing, "(cd /files && find .) | sort").split()
        expected = sorted("./" + str(path.relative_to(FILES)) for path in FILES.rglob("*"))
        assert names == ["."] + expected
        assert run(sharing, "cat /files/link") .replace("\r", "").strip() == (FILES / "greeting").read_text().strip()
        assert run(sharing, "readlink /files/link").strip() == "greeting"


def test_packed_files_cannot_be_changed(sharing):
    sharing.to_shell(0, "first")
    status, text = sharing.shell("echo x > /files/greeting")
    assert status != 0 and "Read-only file system" in text
    status, text = sharing.shell("rm /files/greeting")
    assert status != 0
    assert "signed" in first(sharing, "cat /files/greeting")


def test_files_made_by_the_guest(sharing):
    first(sharing, "mkdir -p /made && mount -t virtiofs work /made")
    first(sharing, "(cd /made && dd if=/dev/urandom of=a bs=64k count=100 2>/dev/null && mkdir d && cp a d/b && ln d/b d/c && "
                   "ln -s d/c l && mv a d/a && sync && echo 3 > /proc/sys/vm/drop_caches && cmp d/a l && cmp d/a d/b)")
    assert first(sharing, "stat -c '%h %s' /made/d/b").split() == ["2", "6553600"]
    sharing.to_shell(0, "first")
    status, text = sharing.shell("dd if=/dev/zero of=/made/full bs=64k count=1000", 300)
    assert status != 0 and "No space left" in text
    first(sharing, "rm /made/full && echo again > /made/again && cat /made/again")
    # What is opened to be written anew is short, in the file system and not only in the guest's cache.
    first(sharing, "echo 1 > /made/again && sync && echo 3 > /proc/sys/vm/drop_caches")
    assert first(sharing, "cat /made/again; stat -c %s /made/again").split() == ["1", "2"]


def test_an_image_in_memory_is_read_where_it_is(sharing):
    for run in (first, second):
        run(sharing, "mkdir -p /image && mount -t squashfs -o ro /dev/pmem0 /image && cat /image/deep/note")


def test_an_image_in_memory_does_not_change(sharing):
    before = second(sharing, "dd if=/dev/pmem0 bs=4096 count=1 iflag=direct 2>/dev/null | md5sum")
    first(sharing, "umount /image; dd if=/dev/zero of=/dev/pmem0 bs=4096 count=1; sync; true")
    assert second(sharing, "dd if=/dev/pmem0 bs=4096 count=1 iflag=direct 2>/dev/null | md5sum") \
        == before
    second(sharing, "cat /image/deep/note")


def test_a_native_program_answers(sharing):
    assert "hello native" in first(sharing, "echo hello native | socat -t 20 - VSOCK-CONNECT:100:7")
    first(sharing, "dd if=/dev/urandom of=/tmp/sent bs=64k count=8 2>/dev/null; "
                   "socat -t 60 - VSOCK-CONNECT:100:7 < /tmp/sent > /tmp/back && cmp /tmp/sent /tmp/back", 300)


def test_guests_talk_to_each_other(sharing):
    sharing.to_shell(1, "second")
    sharing.send("socat -d -d -u VSOCK-LISTEN:9 CREATE:/tmp/got &")
    sharing.expect_text("listening on AF=40 ")
    first(sharing, "socat -u OPEN:/tmp/sent VSOCK-CONNECT:4:9", 300)
    second(sharing, "wait", 300)
    sent = first(sharing, "md5sum < /tmp/sent")
    assert second(sharing, "md5sum < /tmp/got") == sent


def test_who_is_not_a_peer_is_not_there(sharing):
    sharing.to_shell(1, "second")
    status, text = sharing.shell("echo x | socat - VSOCK-CONNECT:100:7", 120)
    assert status != 0 and re.search("reset by peer|refused|No such device|unreachable", text), text


def test_the_balloon_tells_and_takes(sharing):
    sharing.to_manager()
    text = sharing.manager("vm memory first")
    assert re.search(r"to be enough +256 MiB", text) and re.search(r"given up by the guest +0 MiB", text)
    total = int(re.search(r"seen by its kernel +(\d+) MiB", text)[1])
    assert 150 < total < 256
    sharing.manager("vm memory first 200MiB")
    sharing.until(lambda: re.search(r"given up by the guest +56 MiB", sharing.manager("vm memory first")),
                  "56 MiB given up", 120)
    sharing.manager("vm memory first 256MiB")
    assert "it has no <balloon>" in sharing.manager("vm memory second")


def test_a_restarted_guest_finds_all_again(sharing):
    sharing.to_shell(0, "first")
    before = sharing.boot_id()
    sharing.send("reboot")
    sharing.expect_new_boot(0, "first", before)
    first(sharing, "mkdir -p /made /files && mount -t virtiofs work /made && mount -t virtiofs files /files && "
                   "cmp /made/d/a /made/d/c && cat /files/greeting /made/again")
    assert "once more" in first(sharing, "echo once more | socat -t 20 - VSOCK-CONNECT:100:7")
