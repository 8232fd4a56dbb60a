# SPDX-License-Identifier: BSD-2-Clause
"""What tests of several systems and kernels ask about devices that come and go: Linux guests, and the manager."""

import re


def wait_for(skyscope, command, expected):
    """Asks the shell in front until the command prints that."""
    found = []

    def is_there():
        found[:] = skyscope.shell(command)[1].split()
        return found == expected

    skyscope.until(is_there, f"{expected} by {command}", 120, lambda: str(found))


def wait_for_disks(skyscope, *names):
    wait_for(skyscope, "for d in /sys/block/vd*; do cat $d/serial; echo; done | sort", sorted(names))


def disk(skyscope, serial):
    listing = skyscope.check_shell("for d in /sys/block/vd*; do echo ${d##*/} $(cat $d/serial); done")
    return "/dev/" + next(line.split()[0] for line in listing.splitlines() if line.split()[1:] == [serial])


def start_listening(skyscope, address, path):
    """Lets socat, in the guest in front, write to a file what one connection brings; returns when it listens."""
    skyscope.check_shell(f"rm -f {path}.log; socat -d -d -u {address} CREATE:{path} 2>{path}.log & :")
    skyscope.until(lambda: skyscope.shell(f"grep -q 'listening on' {path}.log")[0] == 0, f"{address} in the guest", 120)


def sum_of(skyscope, path):
    report = skyscope.check_shell(f"echo 3 >/proc/sys/vm/drop_caches; dd if={path} bs=64k count=64 2>/dev/null | md5sum",
                                  timeout=120)
    return re.search(r"\b[0-9a-f]{32}\b", report)[0]


def plug_states(skyscope, what):
    """The manager's list, as {VM/DEVICE: "unplugged", "leaving" or ""}."""
    skyscope.to_manager()
    lines = [line.split() for line in skyscope.manager(f"{what} list").splitlines()]
    rows = [line[1:] if what == "net" else line for line in lines]
    return {row[0]: row[-1] if row[-1].isalpha() else "" for row in rows if row and "/" in row[0] and row[0] != "requests/s;"}


def wait_for_link(skyscope, port, state):
    """The manager hears of a card from its monitor, and of its link from the switch, which may be a moment later."""
    skyscope.to_manager()
    skyscope.until(lambda: re.search(rf"{port} +\S+ +[0-9a-f:]{{17}} +\S+ {state} ", skyscope.manager("net list")),
                   f"link of {port} {state}", 120)


def plug(skyscope, what, vm, name):
    """Plugs; the manager's console is in front afterwards."""
    skyscope.to_manager()
    assert f"{vm}: plug: done" in skyscope.manager(f"{what} plug {vm} {name}")


def plug_spare(skyscope, vm, disks):
    """Plugs the disk "spare" beside `disks`, and waits until the first VM, whose console is in front then, has it."""
    plug(skyscope, "disk", vm, "spare")
    skyscope.to_shell(0, vm)
    wait_for_disks(skyscope, *disks, "spare")


def unplug(skyscope, what, vm, name):
    """Unplugs, and waits until the guest has let go: on a slow machine longer than the manager does."""
    skyscope.to_manager()
    said = skyscope.manager(f"{what} unplug {vm} {name}", 60)
    assert "done" in said or "has not let go of it yet" in said
    skyscope.until(lambda: plug_states(skyscope, what)[f"{vm}/{name}"] == "unplugged", f"{vm} without {name}", 120)


def check_a_disk_comes_and_goes(skyscope, vm, disks, fixed):
    """The disk "spare" of the first VM, which is not plugged before nor afterwards; `disks` are the others that the guest
    sees, `fixed` is one of them. The guest's console is in front afterwards, as with the checks below.
    """
    assert plug_states(skyscope, "disk")[f"{vm}/spare"] == "unplugged"
    skyscope.to_shell(0, vm)
    wait_for_disks(skyscope, *disks)
    content = None
    for _ in range(2):
        skyscope.to_manager()
        assert "plug: done" in skyscope.manager(f"disk plug {vm} spare")
        assert "it is plugged" in skyscope.manager(f"disk plug {vm} spare")
        skyscope.to_shell(0, vm)
        wait_for_disks(skyscope, *disks, "spare")
        spare = disk(skyscope, "spare")
        if content is None:
            skyscope.check_shell(f"dd if=/dev/urandom of={spare} bs=64k count=64 conv=fsync 2>/dev/null", 240)
            content = sum_of(skyscope, spare)
        assert sum_of(skyscope, spare) == content
        unplug(skyscope, "disk", vm, "spare")
        skyscope.to_shell(0, vm)
        wait_for_disks(skyscope, *disks)
    skyscope.to_manager()
    assert "it is not plugged" in skyscope.manager(f"disk unplug {vm} spare")
    assert "the device is fixed" in skyscope.manager(f"disk unplug {vm} {fixed}")
    skyscope.to_shell(0, vm)


def check_a_guest_that_is_held_lets_a_disk_go_later(skyscope, vm, disks):
    """The disk "spare", as above."""
    plug_spare(skyscope, vm, disks)
    skyscope.to_manager()
    skyscope.pause(vm)
    assert "has not let go of it yet" in skyscope.manager(f"disk unplug {vm} spare")
    assert plug_states(skyscope, "disk")[f"{vm}/spare"] == "leaving"
    skyscope.resume(vm)
    skyscope.until(lambda: plug_states(skyscope, "disk")[f"{vm}/spare"] == "unplugged", f"{vm} to let the disk go", 120)
    skyscope.to_shell(0, vm)
    wait_for_disks(skyscope, *disks)


def check_a_pulled_disk_is_missed(skyscope, vm, disks):
    """The disk "spare", as above."""
    plug_spare(skyscope, vm, disks)
    skyscope.to_manager()
    assert "unplug force: done" in skyscope.manager(f"disk unplug {vm} spare force")
    skyscope.to_shell(0, vm)
    wait_for_disks(skyscope, *disks)


def check_limits_of_a_disk_change(skyscope, vm, name):
    """The first VM's disk of that name, which has no limits before nor afterwards; nor has any other."""
    skyscope.to_shell(0, vm)
    read = f"dd if={disk(skyscope, name)} of=/dev/null bs=4k iflag=direct 2>/dev/null count="
    skyscope.to_manager()
    assert "done" in skyscope.manager(f"disk limit {vm} {name} iops 20")
    assert re.search(rf"{vm}/{name} .*\n +limits: 20 requests/s", skyscope.manager("disk list").replace("\r", ""))
    skyscope.to_shell(0, vm)
    # By the guest's clock: an emulator's may be faster than ours.
    times = skyscope.check_shell(f"cat /proc/uptime; {read}100; cat /proc/uptime", 240).splitlines()
    assert float(times[-1].split()[0]) - float(times[0].split()[0]) > 3
    skyscope.to_manager()
    assert int(re.search(r"limits: 20 requests/s; it has waited (\d+) times", skyscope.manager("disk list"))[1]) > 10
    assert "done" in skyscope.manager(f"disk limit {vm} {name} iops none bandwidth 100MiB")
    assert "limits: 102400 KiB/s" in skyscope.manager("disk list")
    assert "done" in skyscope.manager(f"disk limit {vm} {name} bandwidth none")
    assert "limits:" not in skyscope.manager("disk list")
    skyscope.to_shell(0, vm)
    skyscope.check_shell(f"{read}1000", 240)
