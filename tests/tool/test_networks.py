# SPDX-License-Identifier: BSD-2-Clause
"""<network> and <net>: ports of the switch, and the blocks that describe them."""

import struct

from payload_reader import Payload
from test_build import peer
from test_devices import CONFIG, devices_of, text, unpack

NETWORKS = """<system>
    <network name="lan" />
    <network name="dmz" mtu="9000" offload="false" ageing="10" broadcast_limit="5" multicast_limit="0" />
    <network name="unused" />
    <vm name="one" memory="64MiB">
        <kernel path="vmlinuz" />
        <net network="lan" />
        <net name="out" network="dmz" mac="02:00:00:00:00:0A" vlan="10" isolated="true" locked="false" queues="4" />
    </vm>
    <vm name="two" memory="64MiB">
        <kernel path="vmlinuz" />
        <net network="dmz" trunk="10,20-22" bus="virtio-mmio-legacy" />
        <net network="lan" trunk="all" vlan="7" frames="100" bandwidth="1MiB" />
    </vm>
    <vm name="three" memory="64MiB"><kernel path="vmlinuz" /></vm>
</system>
"""

QUEUES = "<6Q6I"
HEAD = "<QIIIIQQQII"
NETWORK = "<64sII"
PORT = "<64sII6sHQQII6Q6I512s"
MAX_NETWORKS = 16


def switch_of(payload):
    *head, = unpack(payload, "switch", HEAD, CONFIG)
    assert head[:2] == [0x3047464348435753, 2]
    networks_at = CONFIG + struct.calcsize(HEAD)
    ports_at = networks_at + MAX_NETWORKS * struct.calcsize(NETWORK)
    networks = [unpack(payload, "switch", NETWORK, networks_at + i * struct.calcsize(NETWORK)) for i in range(head[3])]
    ports = [unpack(payload, "switch", PORT, ports_at + i * struct.calcsize(PORT)) for i in range(head[4])]
    return head, networks, ports


def vlans(trunk):
    return {i for i in range(4096) if trunk[i // 8] >> i % 8 & 1}


def test_switch_config(tool):
    payload = Payload(tool.build(NETWORKS))
    head, networks, ports = switch_of(payload)
    # In the order in which they are used; those that nobody uses are left out.
    assert [(text(n[0]), *n[1:]) for n in networks] == [("lan", 1500, 300), ("dmz", 9000, 10)]
    assert [(text(p[0]), p[1], p[2], *p[4:9]) for p in ports] == [
        ("one/net0", 0, 2, 1, 0, 0, 1000, 1000), ("one/out", 1, 1, 10, 0, 0, 5, 0), ("two/net0", 1, 6, 0, 0, 0, 5, 0),
        ("two/net1", 0, 6, 7, 100, 1 << 20, 1000, 1000)]
    assert vlans(ports[0][-1]) == vlans(ports[1][-1]) == set()
    assert vlans(ports[2][-1]) == {10, 20, 21, 22}
    assert vlans(ports[3][-1]) == set(range(1, 4095))
    maps = payload.maps_of("switch")
    assert maps["switch_request"] == (head[5], 0x1000, 1) and maps["switch_status"][::2] == (head[6], 3)
    assert maps["switch_capture"] == (head[7], head[8], 3)
    manager = payload.maps_of("manager")
    assert [manager[f"switch_{part}"][2] for part in ("request", "status", "capture")] == [3, 1, 1]
    values = unpack(payload, "manager", "<3Q2I", CONFIG + 16 + 48 + 56)
    assert values == (manager["switch_request"][0], manager["switch_status"][0], manager["switch_capture"][0], head[8],
                      40)
    assert peer(payload, "manager", 40) == ("switch", head[9])


def test_queues_meet(tool):
    payload = Payload(tool.build(NETWORKS))
    ports = switch_of(payload)[2]
    there = {address: (name, rights) for name, (address, _, rights) in payload.maps_of("switch").items()}
    for vmm, index, port in (("one_vmm", 0, 0), ("one_vmm", 1, 1), ("two_vmm", 0, 2), ("two_vmm", 1, 3)):
        device = devices_of(payload, vmm)[index][2]
        client = unpack(payload, vmm, QUEUES, device)
        server = ports[port][9:21]
        here = {address: (name, rights) for name, (address, _, rights) in payload.maps_of(vmm).items()}
        assert [client[i] - client[0] for i in range(4)] == [server[i] - server[0] for i in range(4)]
        assert here[client[0]] == there[server[0]] and here[client[0]][1] == 3
        # Each side writes only what it sends.
        assert (here[client[4]], there[server[4]][1]) == ((there[server[4]][0], 3), 1)
        assert (here[client[5]], there[server[5]][1]) == ((there[server[5]][0], 1), 3)
        assert client[6:10] == server[6:10] == (512 << 10, 512 << 10, 256, 2048)
        assert client[11] == server[11] == (3 if port in (0, 3) else 1)
        assert peer(payload, vmm, client[10]) == ("switch", server[10])
        mac, mtu = unpack(payload, vmm, "<6sH", device + struct.calcsize(QUEUES))
        assert mac == ports[port][3] and mtu == (1500 if port in (0, 3) else 9000)


def test_addresses(tool):
    ports = switch_of(Payload(tool.build(NETWORKS)))[2]
    macs = [port[3] for port in ports]
    assert macs[1] == bytes.fromhex("02000000000a")
    assert len(set(macs)) == 4 and all(mac[0] & 3 == 2 for mac in macs)
    # The same whenever it is built; others for other VMs, devices and systems.
    assert [port[3] for port in switch_of(Payload(tool.build(NETWORKS)))[2]] == macs
    other = switch_of(Payload(tool.build(NETWORKS.replace('name="one"', 'name="uno"'))))[2]
    assert other[0][3] != macs[0] and other[2][3] == macs[2]


def test_workspace_grows_with_queues(tool):
    payload = Payload(tool.build(NETWORKS))
    sizes = {vm: payload.maps_of(f"{vm}_vmm")[f"{vm}_workspace"][1] for vm in ("one", "two")}
    assert sizes["one"] - sizes["two"] == 3 * 0x6000


def test_no_switch_without_network_cards(tool):
    payload = Payload(tool.build(NETWORKS.replace("<net ", "<!-- ").replace('queues="4" />', "-->")
                                 .replace('<!-- network="lan" />', "").replace('"virtio-mmio-legacy" />', "-->")
                                 .replace('bandwidth="1MiB" />', "-->")))
    assert "switch" not in [pd.name for pd in payload.pds]


def test_too_many_ports(tool):
    cards = '<net network="lan" />\n' * 24
    vms = "".join(f'<vm name="v{i}" memory="2MiB"><kernel path="vmlinuz" />{cards}</vm>' for i in range(3))
    result = tool.check(tool.write(f'<system><network name="lan" />{vms}</system>'))
    assert "<net> of VM 'v2' is one too many; the switch has at most 48 ports" in result.stderr
