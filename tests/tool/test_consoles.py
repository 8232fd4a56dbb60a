# SPDX-License-Identifier: BSD-2-Clause
"""<console type="virtio">: its ports, and the clients of the console multiplexer that they become."""

import struct

from payload_reader import Payload
from test_devices import CONFIG, devices_of, text, unpack

SYSTEM = """<system>
    <vm name="one" memory="64MiB">
        <kernel path="vmlinuz" />
        <console />
        <console type="virtio" name="main">
            <port name="org.example.agent" />
            <port name="second" />
        </console>
    </vm>
    <vm name="two" memory="64MiB">
        <kernel path="vmlinuz" />
        <console type="serial" />
        <console type="virtio" bus="virtio-mmio" />
    </vm>
</system>
"""
PAIR = "QQQQIIII"
PORT = "<32s" + PAIR
CLIENT = "<64s" + PAIR + "QII"


def clients_of(payload):
    magic, version = unpack(payload, "console", "<QI", CONFIG)
    assert (magic, version) == (0x30474643534E4F43, 2)
    count, _ = unpack(payload, "console", "<II", CONFIG + 64)
    size = struct.calcsize(CLIENT)
    return [unpack(payload, "console", CLIENT, CONFIG + 72 + i * size) for i in range(count)]


def test_ports_are_clients_of_the_multiplexer(tool):
    payload = Payload(tool.build(SYSTEM))
    clients = clients_of(payload)
    assert [text(client[0]) for client in clients] == ["one", "two", "manager", "one.main", "one.org.example.agent",
                                                       "one.second", "two.console0"]
    assert [client[-1] for client in clients] == [0, 0, 1, 0, 0, 0, 0]
    (numbers, name, at), = devices_of(payload, "one_vmm")
    assert (numbers, name) == ((4, 1, 1, 0, 3, 1, 0, 0), "main")
    names = {address: region for region, (address, _, _) in payload.maps_of("one_vmm").items()}
    others = {address: region for region, (address, _, _) in payload.maps_of("console").items()}
    channels = set()
    for i, client in enumerate(clients[3:6]):
        port = unpack(payload, "one_vmm", PORT, at + i * struct.calcsize(PORT))
        assert "one." + text(port[0]) == text(client[0])
        # What one side writes is what the other reads.
        assert [names[a] for a in port[1:5]] == [others[a] for a in (client[3], client[4], client[1], client[2])]
        assert port[5] == port[6] == client[5] == client[6] == 0x4000
        channels.add(port[7])
    assert len(channels) == 3
    (numbers, name, _), = devices_of(payload, "two_vmm")
    assert (numbers, name) == ((4, 3, 0, 0, 1, 1, 0, 0), "console0")


def test_no_more_clients_than_the_multiplexer_has_channels(tool):
    ports = "".join(f'<port name="p{i}" />' for i in range(7))
    vm = f'<kernel path="vmlinuz" /><console type="virtio">{ports}</console></vm>'
    vms = "".join(f'<vm name="v{i}" memory="64MiB">{vm}\n'
                  for i in range(7))
    result = tool.check(tool.write(f"<system>\n{vms}</system>\n", "test.system"))
    assert result.returncode == 1 and '"v6.p2" is one console too many' in result.stderr, result.stderr
