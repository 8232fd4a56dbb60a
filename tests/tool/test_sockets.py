# SPDX-License-Identifier: BSD-2-Clause
"""<vsock>: the queues between VMs and protection domains, and what each side is told of them."""

import struct

from payload_reader import Payload

PAIR = "<QQQQIIII"
PEER = "<Q" + PAIR[1:]
SYSTEM = """<system>
    <vm name="one" memory="64MiB">
        <kernel path="vmlinuz" />
        <vsock cid="3"><peer name="two" /><peer name="native" /></vsock>
    </vm>
    <vm name="two" memory="64MiB"><kernel path="vmlinuz" /><vsock cid="4"><peer name="one" /></vsock></vm>
    <vm name="three" memory="64MiB"><kernel path="vmlinuz" /><vsock cid="5" /></vm>
    <protection_domain name="native" priority="100">
        <program_image path="native.elf" />
        <vsock cid="100" />
    </protection_domain>
</system>
"""
DEVICE = 0x12200000 + 40 + 32 + 32
SOCKET_CONFIG = 0x300000000


def peers(payload, pd, address, count):
    size = struct.calcsize(PEER)
    return [struct.unpack(PEER, payload.memory(pd, address + i * size, size)) for i in range(count)]


def device(payload, pd):
    cid, count = struct.unpack("<QQ", payload.memory(pd, DEVICE, 16))
    return cid, peers(payload, pd, DEVICE + 16, count)


def regions_at(payload, pd):
    return {address: name for name, (address, _, _) in payload.maps_of(pd).items()}


def connected(payload, first_pd, first, second_pd, second):
    """What one side writes is what the other reads, and the data is writable for one side only."""
    at, other = regions_at(payload, first_pd), regions_at(payload, second_pd)
    for mine, theirs in ((first, second), (second, first)):
        here, there = (at, other) if mine is first else (other, at)
        assert here[mine[1]] == there[theirs[3]]
        assert here[mine[2]] == there[theirs[4]]
        assert mine[5] == theirs[6] == 0x40000
    maps = payload.maps_of(second_pd)
    assert maps[at[first[2]]][2] == 1 and payload.maps_of(first_pd)[at[first[2]]][2] == 3


def test_each_pair_has_queues_of_its_own(tool):
    payload = Payload(tool.build(SYSTEM))
    cid, one = device(payload, "one_vmm")
    assert (cid, [peer[0] for peer in one]) == (3, [4, 100])
    cid, two = device(payload, "two_vmm")
    assert (cid, [peer[0] for peer in two]) == (4, [3])
    assert device(payload, "three_vmm") == (5, [])
    magic, version, _, cid, count, _ = struct.unpack("<QIIQII", payload.memory("native", SOCKET_CONFIG, 32))
    assert (magic, version, cid, count) == (0x3047464354434B53, 1, 100, 1)
    native = peers(payload, "native", SOCKET_CONFIG + 32, 1)
    assert native[0][0] == 3
    connected(payload, "one_vmm", one[0], "two_vmm", two[0])
    connected(payload, "one_vmm", one[1], "native", native[0])
    assert len(set(one[0][1:5] + one[1][1:5])) == 8
    assert not [name for name in payload.maps_of("two_vmm") if name in payload.maps_of("native")]


def test_channels_of_a_program_stay_its_own(tool):
    system = SYSTEM.replace("</system>", """
    <protection_domain name="other" priority="100"><program_image path="native.elf" /></protection_domain>
    <channel><end pd="native" id="61" /><end pd="other" id="61" /></channel>
</system>""")
    payload = Payload(tool.build(system))
    assert peers(payload, "native", SOCKET_CONFIG + 32, 1)[0][7] == 60
