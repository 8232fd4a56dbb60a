# SPDX-License-Identifier: BSD-2-Clause
"""Two Linux VMs with networks of all kinds, on all transports. The tests share one machine, in the order of the file."""

import base64
import re
import struct

import pytest

from console import Skyscope
from machine import BUILD

BEGIN, END = "-----BEGIN SKYSCOPE CAPTURE-----", "-----END SKYSCOPE CAPTURE-----"

# Interface by address; address and network of the guest's own.
FIRST = {"02:00:00:00:01:00": "10.0.0.1", "02:00:00:00:01:01": "10.0.1.1", "02:00:00:00:01:0a": "10.0.2.1",
         "02:00:00:00:01:02": "10.0.3.1"}
SECOND = {"02:00:00:00:02:00": "10.0.0.2", "02:00:00:00:02:01": "10.0.1.2", "02:00:00:00:02:0a": "10.0.2.2",
          "02:00:00:00:02:14": "10.0.2.3", "02:00:00:00:02:02": "10.0.3.2"}


def configure(skyscope, addresses):
    """Gives each interface its address; the one of VLAN 20 to a table of its own, for it has a network's twice."""
    for mac, address in addresses.items():
        skyscope.check_shell(f"i=$(basename $(dirname $(grep -l {mac} /sys/class/net/*/address))) && "
                             f"ip addr add {address}/24 dev $i && ip link set $i up")
    skyscope.check_shell("iperf3 -s -D")


@pytest.fixture(scope="module")
def pair():
    with Skyscope("network_check", payload=BUILD / "systems/network_check/payload.bin", memory="2G") as skyscope:
        skyscope.expect_shell("first")
        configure(skyscope, FIRST)
        skyscope.to_console(1, "second")
        skyscope.expect_shell("second")
        configure(skyscope, SECOND)
        yield skyscope


def ports(skyscope):
    """The manager's list, as {port: (frames in, KiB in, frames out, KiB out, dropped)}."""
    skyscope.to_manager()
    rows = re.findall(r"^ *\d+  (\S+) +\S+ +[0-9a-f:]{17} +\S+ (?:up|down) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)",
                      skyscope.manager("net list"), re.MULTILINE)
    return {name: tuple(map(int, numbers)) for name, *numbers in rows}


def dropped(skyscope, port, reason):
    match = re.search(rf"(\d+) dropped {reason}", skyscope.manager(f"net show {port}"))
    return int(match[1]) if match else 0


def test_ping(pair):
    pair.to_shell(0, "first")
    for network in range(3):
        assert " 0% packet loss" in pair.check_shell(f"/bin/ping -q -c 3 10.0.{network}.2")


def test_flood(pair):
    pair.to_shell(0, "first")
    assert " 0% packet loss" in pair.check_shell("/bin/ping -q -f -c 300 10.0.0.2", 120)
    assert " 0% packet loss" in pair.check_shell("/bin/ping -q -i 0.1 -c 50 -s 20000 10.0.0.2", 120)
    pair.to_shell(1, "second")
    assert " 0% packet loss" in pair.check_shell("/bin/ping -q -f -c 300 10.0.1.1", 120)


@pytest.mark.parametrize("network", ["lan", "plain"])
@pytest.mark.parametrize("number, name, other", [(0, "first", 2), (1, "second", 1)])
def test_bulk(pair, network, number, name, other):
    """Both directions, over connections that each side has made; and how large the frames are that do it."""
    subnet = ["lan", "plain"].index(network)
    before = ports(pair)[f"{name}/{network}"]
    pair.to_shell(number, name)
    pair.check_shell(f"iperf3 -c 10.0.{subnet}.{other} -n 2M", 180)
    after = ports(pair)[f"{name}/{network}"]
    frames, kib = after[0] - before[0], after[1] - before[1]
    assert kib >= 512  # iperf3 stops when it has handed over all of it, not when all of it has left
    # A network with offloads gets packets that are still to be cut; one without, none larger than its MTU.
    assert (kib * 1024 / frames > 1514 + 14) if network == "lan" else (kib * 1024 / frames <= 9014)


def start_receiver(skyscope):
    """Writes what one connection brings to /tmp/got. Its input, a pipe that has a writer, does not end before: nc would
    end, too."""
    skyscope.check_shell("[ -p /tmp/silent ] || mkfifo /tmp/silent; (nc -l -p 4000 <>/tmp/silent >/tmp/got &)")
    # Local port 4000 in state LISTEN.
    skyscope.until(lambda: skyscope.shell("grep ': [0-9A-F]*:0FA0 [^ ]* 0A ' /proc/net/tcp /proc/net/tcp6")[0] == 0,
                   "listener on port 4000")


@pytest.mark.parametrize("subnet", [0, 1, 2])
def test_what_arrives_is_what_was_sent(pair, subnet):
    pair.to_shell(1, "second")
    start_receiver(pair)
    pair.to_shell(0, "first")
    pair.check_shell("dd if=/dev/urandom of=/tmp/sent bs=1M count=2")
    expected = pair.check_shell("sha256sum </tmp/sent").split()[0]
    start_receiver(pair)
    pair.check_shell(f"nc 10.0.{subnet}.2 4000 </tmp/sent", 180)
    pair.to_shell(1, "second")
    assert pair.check_shell("sha256sum </tmp/got").split()[0] == expected
    pair.check_shell(f"nc 10.0.{subnet}.1 4000 </tmp/got", 180)
    pair.to_shell(0, "first")
    assert pair.check_shell("sha256sum </tmp/got").split()[0] == expected


def test_vlans_are_apart(pair):
    pair.to_shell(1, "second")
    # Only the interface of VLAN 20 is asked.
    pair.check_shell("i=$(basename $(dirname $(grep -l 02:00:00:00:02:14 /sys/class/net/*/address))); "
                     "! /bin/ping -q -c 2 -W 3 -I $i 10.0.2.1")
    assert dropped_after(pair, "second/twenty") > 0
    pair.to_shell(1, "second")
    pair.check_shell("i=$(basename $(dirname $(grep -l 02:00:00:00:02:0a /sys/class/net/*/address))); "
                     "/bin/ping -q -c 2 -I $i 10.0.2.1")


def dropped_after(pair, port):
    pair.to_manager()
    return dropped(pair, port, "from it: for nobody whom it may reach")


def test_isolated_ports_do_not_reach_each_other(pair):
    pair.to_shell(0, "first")
    pair.check_shell("! /bin/ping -q -c 2 -W 3 10.0.3.2")
    assert dropped_after(pair, "first/private") > 0


def test_spoofed_addresses_are_dropped(pair):
    pair.to_shell(0, "first")
    pair.check_shell("i=$(basename $(dirname $(grep -l 02:00:00:00:01:00 /sys/class/net/*/address)))")
    pair.check_shell("ip link set $i down; ip link set $i address 02:00:00:00:02:00; ip link set $i up")
    pair.check_shell("! /bin/ping -q -c 2 -W 3 10.0.0.2")
    pair.to_manager()
    assert dropped(pair, "first/lan", "from it: from an address that it may not use") > 0
    pair.to_shell(0, "first")
    pair.check_shell("ip link set $i down; ip link set $i address 02:00:00:00:01:00; ip link set $i up")
    pair.check_shell("/bin/ping -q -c 2 10.0.0.2")


def pcap_frames(data):
    """The frames of a pcap file."""
    magic, major, minor, _, _, snap_length, link_type = struct.unpack_from("<IHHIIII", data)
    assert (magic, major, minor, link_type) == (0xA1B2C3D4, 2, 4, 1)
    frames, at, last = [], 24, 0
    while at < len(data):
        seconds, microseconds, kept, length = struct.unpack_from("<IIII", data, at)
        assert kept == min(length, snap_length) and microseconds < 1000000
        assert seconds + microseconds / 1e6 >= last
        last = seconds + microseconds / 1e6
        frames.append(data[at + 16:at + 16 + kept])
        assert len(frames[-1]) == kept
        at += 16 + kept
    return frames


def test_capture(pair):
    pair.to_manager()
    assert "done" in pair.manager("net capture second/lan 80")
    pair.to_shell(0, "first")
    pair.check_shell("/bin/ping -q -c 5 -p a55a -s 64 10.0.0.2")
    pair.to_manager()
    assert "done" in pair.manager("net capture stop")
    text = pair.manager("net capture print", 120)
    lines = text[text.index(BEGIN) + len(BEGIN):text.index(END)].split()
    frames = pcap_frames(base64.b64decode("".join(lines)))
    assert f"{len(frames)} frames, 0 older ones were overwritten" in text
    first, second = bytes.fromhex("020000000100"), bytes.fromhex("020000000200")
    echoes = [(frame[0:6], frame[34], struct.unpack_from(">H", frame, 40)[0]) for frame in frames
              if frame[12:14] == b"\x08\x00" and frame[23] == 1]
    assert echoes == [row for n in range(1, 6) for row in ((second, 8, n), (first, 0, n))]
    assert all(len(frame) <= 80 for frame in frames)


def test_link(pair):
    pair.to_manager()
    assert "done" in pair.manager("net link second/lan down")
    pair.to_shell(1, "second")
    carrier = pair.check_shell("echo $(dirname $(grep -l 02:00:00:00:02:00 /sys/class/net/*/address))/carrier").strip()
    pair.until(lambda: pair.check_shell(f"cat {carrier}").strip() == "0", "loss of the carrier")
    pair.check_shell("! /bin/ping -q -c 1 -W 3 10.0.0.1")
    pair.to_manager()
    assert "done" in pair.manager("net link second/lan up")
    pair.to_shell(1, "second")
    pair.check_shell("/bin/ping -q -c 20 -w 60 10.0.0.1 | grep -q ' [1-9][0-9]* received'")


def sent_while(pair, work):
    """Lets the first VM work, and says how long that took by its clock, and what it sent: (seconds, frames, KiB)."""
    pair.to_shell(0, "first")
    start = float(pair.check_shell("cat /proc/uptime").split()[0])
    before = ports(pair)["first/lan"]
    work()
    after = ports(pair)["first/lan"]
    pair.to_shell(0, "first")
    seconds = float(pair.check_shell("cat /proc/uptime").split()[0]) - start
    return seconds, after[0] - before[0], after[1] - before[1]


def limits_of(pair, port):
    """What the manager's list says of them, "" if there are none."""
    pair.to_manager()
    return re.search(rf"  {port} [^\n]*\n(    limits: [^\n]*|)", pair.manager("net list").replace("\r", ""))[1].strip()


def limit(pair, port, what):
    pair.to_manager()
    assert "done" in pair.manager(f"net limit {port} {what}")


def test_limits_of_the_system_file(pair):
    assert re.fullmatch(r"limits: 50 frames/s; it has waited \d+ times(, and waits now)?", limits_of(pair, "first/private"))
    assert limits_of(pair, "first/lan") == ""
    assert "usage: net limit" in pair.manager("net limit first/lan bandwidth 1KiB")


def test_what_is_above_a_limit_waits(pair):
    """However slow the machine is: never more than the limit. And nothing is lost."""
    pair.to_shell(1, "second")
    start_receiver(pair)
    pair.to_shell(0, "first")
    pair.check_shell("dd if=/dev/urandom of=/tmp/sent bs=64k count=8")
    expected = pair.check_shell("sha256sum </tmp/sent").split()[0]
    limit(pair, "first/lan", "bandwidth 128KiB")

    def send_file():
        pair.to_shell(0, "first")
        pair.check_shell("nc 10.0.0.2 4000 </tmp/sent", 180)

    seconds, _, kib = sent_while(pair, send_file)
    # A tenth of a second's may come at once, a frame that has begun comes whole, and two numbers were rounded.
    assert 512 <= kib <= 128 * (seconds + 0.1) + 64 + 1
    assert re.match("limits: 128 KiB/s; it has waited [1-9]", limits_of(pair, "first/lan"))
    pair.to_shell(1, "second")
    assert pair.check_shell("sha256sum </tmp/got").split()[0] == expected

    def flood():
        pair.to_shell(0, "first")
        pair.check_shell("/bin/ping -q -f -c 60 10.0.0.2", 120)

    limit(pair, "first/lan", "bandwidth none frames 20")
    seconds, frames, _ = sent_while(pair, flood)
    assert 0 < frames <= 20 * (seconds + 0.1) + 1
    limit(pair, "first/lan", "frames none")
    assert limits_of(pair, "first/lan") == ""
    flood()


def test_reset_of_one_while_frames_are_under_way(pair):
    pair.to_shell(0, "first")
    before = pair.check_shell("cat /proc/sys/kernel/random/boot_id").strip()
    pair.send("(/bin/ping -f -q -w 600 10.0.0.2 >/tmp/flood &); (/bin/ping -f -q -w 600 10.0.1.2 >/dev/null &)")
    pair.to_shell(1, "second")
    last = pair.boot_id()
    pair.to_manager()
    pair.manager("reset second")
    pair.expect_new_boot(1, "second", last)
    configure(pair, SECOND)
    pair.check_shell("/bin/ping -q -c 3 10.0.0.1")
    pair.to_shell(0, "first")
    assert pair.check_shell("cat /proc/sys/kernel/random/boot_id").strip() == before
    pair.check_shell("killall ping; iperf3 -c 10.0.0.2 -n 1M", 180)


def test_nobody_was_found_wrong(pair):
    """The switch has refused nothing that Linux did, and the monitors have nothing to complain about."""
    pair.to_manager()
    for port in ports(pair):
        for reason in ("buffers outside", "not a frame", "longer than"):
            assert dropped(pair, port, "from it: " + reason) == 0
    for vm in ("first", "second"):
        log = pair.manager(f"log {vm} 200")
        assert "MiB of memory" in log and not re.search(r"net|virtio|dropped", log), log
