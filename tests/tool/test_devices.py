# SPDX-License-Identifier: BSD-2-Clause
"""Devices of a <vm>: what they add to the system, and the blocks that describe them."""

import struct

import pytest

from payload_reader import Payload

CONFIG = 0x10000000
DEVICES = 0x12200000
DEVICE_HEAD = "<8I32s"
DEVICE_SIZE = 32 + 32 + 80 * 8
CLIENT = "<QQQQIIII"
STORAGE_DISK = "<96s64sIIQQII4QQQQQQQIIII"

DISKS = """<system>
    <vm name="one" memory="64MiB" vcpus="2">
        <kernel path="vmlinuz" />
        <disk size="8MiB" serial="abc" iops="100" bandwidth="1MiB" />
        <rng bus="virtio-mmio" bandwidth="4KiB" />
        <disk name="root" image="data.bin" overlay="64KiB" bus="virtio-pci-transitional" queues="3" cache="writethrough" />
    </vm>
    <vm name="two" memory="64MiB">
        <kernel path="vmlinuz" />
        <disk image="data.bin" readonly="true" bus="virtio-mmio-legacy" block_size="1024" />
    </vm>
    <vm name="three" memory="64MiB"><kernel path="vmlinuz" /></vm>
</system>
"""


def unpack(payload, pd, layout, address):
    return struct.unpack(layout, payload.memory(pd, address, struct.calcsize(layout)))


def text(field):
    return field.rstrip(b"\0").decode()


def devices_of(payload, pd):
    magic, version, size, count, _, workspace, workspace_size = unpack(payload, pd, "<QIIIIQQ", DEVICES)
    assert (magic, version, size) == (0x3056454456534B53, 3, 40 + 24 * DEVICE_SIZE)
    assert payload.maps_of(pd)[pd.removesuffix("_vmm") + "_workspace"] == (workspace, workspace_size, 3)
    rows = []
    for i in range(count):
        at = DEVICES + 40 + i * DEVICE_SIZE
        *numbers, name = unpack(payload, pd, DEVICE_HEAD, at)
        rows.append((tuple(numbers), text(name), at + struct.calcsize(DEVICE_HEAD)))
    return rows


def disks_of(payload):
    magic, version, _, count, _, counters, request, channel, _ = unpack(payload, "storage", "<QIIIIQQII", CONFIG)
    assert (magic, version, channel) == (0x30474643524F5453, 2, 56)
    assert payload.maps_of("storage")["storage_counters"][0] == counters
    # What the manager asks is only read.
    assert payload.maps_of("storage")["storage_request"] == (request, 4096, 1)
    assert payload.maps_of("manager")["storage_request"][1:] == (4096, 3)
    return [unpack(payload, "storage", STORAGE_DISK, CONFIG + 48 + i * struct.calcsize(STORAGE_DISK))
            for i in range(count)]


def test_devices_config(tool):
    payload = Payload(tool.build(DISKS))
    one = devices_of(payload, "one_vmm")
    # kind, transport, slot, flags, queues, plugged, hotplug, reserved
    assert [row[:2] for row in one] == [((1, 1, 1, 0, 2, 1, 0, 0), "disk0"), ((3, 3, 0, 0, 1, 1, 0, 0), "rng0"),
                                        ((1, 2, 2, 2, 3, 1, 0, 0), "root")]
    assert unpack(payload, "one_vmm", "<Q", one[1][2]) == (4096,)
    serial, block_size = unpack(payload, "one_vmm", "<20sI", one[0][2] + struct.calcsize(CLIENT))
    assert (text(serial), block_size) == ("abc", 512)
    two = devices_of(payload, "two_vmm")
    assert [row[:2] for row in two] == [((1, 4, 0, 1, 1, 1, 0, 0), "disk0")]
    assert unpack(payload, "two_vmm", "<20sI", two[0][2] + struct.calcsize(CLIENT)) == (b"disk0".ljust(20, b"\0"), 1024)
    assert "three_devices" not in payload.maps_of("three_vmm")


def test_storage_config(tool):
    payload = Payload(tool.build(DISKS))
    disks = disks_of(payload)
    assert [text(disk[0]) for disk in disks] == ["one/disk0", "one/root", "two/disk0"]
    memory, overlay, image = disks
    maps = payload.maps_of("storage")
    assert memory[2:4] == (1, 0) and memory[5] == 8 << 20 and memory[12:14] == (100, 1 << 20)
    assert maps["one_disk0_memory"] == (memory[4], 8 << 20, 3)
    assert overlay[2:4] == (3, 0) and image[2:4] == (2, 1)
    # Both use one copy of the image, which the service cannot write.
    assert overlay[4:6] == image[4:6] == (maps["one_root_image"][0], 5120) and maps["one_root_image"][2] == 1
    assert "two_disk0_image" not in maps
    assert maps["one_root_overlay"][0] == overlay[8] and overlay[9] == 64 << 10
    assert maps["one_root_overlay_map"][0] == overlay[10] and overlay[11] >= 4 * (2 + 16)


def test_queues_meet(tool):
    payload = Payload(tool.build(DISKS))
    for vmm, index, disk in (("one_vmm", 0, 0), ("one_vmm", 2, 1), ("two_vmm", 0, 2)):
        client = unpack(payload, vmm, CLIENT, devices_of(payload, vmm)[index][2])
        server = disks_of(payload)[disk][14:]
        here = {address: name for name, (address, _, _) in payload.maps_of(vmm).items()}
        there = {address: name for name, (address, _, _) in payload.maps_of("storage").items()}
        assert here[client[0]] == there[server[0]] and client[1] - client[0] == server[1] - server[0]
        assert here[client[2]] == there[server[2]] and here[client[3]] == there[server[3]]
        assert client[4:6] == server[4:6] and client[7] == server[7] == 512
        assert payload.maps_of(vmm)[here[client[3]]][2] == 1, "the client only reads about the storage"


def test_services_share_the_processor(tool):
    payload = Payload(tool.build(DISKS))
    services = [payload.threads[payload.pd(name).first_thread]
                for name in ("serial_driver", "console", "manager", "storage")]
    assert [(thread.budget_us, thread.period_us) for thread in services] == [(300, 2000)] * 3 + [(600, 2000)]
    assert services[3].priority == 205


def test_expanded_description_is_the_same_system(tool):
    first = tool.build(DISKS)
    assert tool.run("expand", "-s", tool.files, "-o", "out", "test.system").returncode == 0
    result = tool.run("build", "-s", tool.files, "--kernel-image", tool.files / "kernel.elf", "-o", "again.bin",
                      "out/test.system")
    assert result.returncode == 0, result.stderr
    assert (tool.directory / "again.bin").read_bytes() == first


def test_no_storage_without_disks(tool):
    payload = Payload(tool.build('<system><vm name="g" memory="64MiB"><kernel path="vmlinuz" /><rng /></vm></system>'))
    assert [pd.name for pd in payload.pds] == ["serial_driver", "console", "manager", "g_vmm"]


def test_disks_on_both_machines_and_on_sel4(tool):
    path = tool.write(DISKS.replace(' vcpus="2"', ""))
    for options in (("--arch", "x86_64"), ("--arch", "aarch64", "-s", tool.files / "aarch64"),
                    ("--arch", "aarch64", "-s", tool.files / "aarch64", "--kernel", "sel4")):
        result = tool.run("check", *options, "-s", tool.files, path)
        assert result.returncode == 0, result.stderr


def test_devices_that_come_and_go(tool):
    payload = Payload(tool.build('''<system>
    <network name="lan" />
    <vm name="g" memory="64MiB"><kernel path="vmlinuz" />
        <disk size="1MiB" /><disk size="1MiB" hotplug="true" /><net network="lan" hotplug="true" plugged="false" />
    </vm></system>'''))
    # slot, plugged, hotplug
    assert [(row[0][2], *row[0][5:7]) for row in devices_of(payload, "g_vmm")] == [(1, 1, 0), (2, 1, 1), (3, 0, 1)]


@pytest.mark.parametrize("count", [15, 16])
def test_as_many_as_there_are_root_ports_on_aarch64(tool, count):
    disk = '<disk size="1MiB" hotplug="true" />'
    path = tool.write(f'<system><vm name="g" memory="64MiB"><kernel path="vmlinuz" />{disk * count}</vm></system>')
    assert tool.run("check", "--arch", "x86_64", "-s", tool.files, path).returncode == 0
    result = tool.run("check", "--arch", "aarch64", "-s", tool.files / "aarch64", path)
    assert (result.returncode == 0) == (count == 15)
    if count == 16:
        assert "is one too many; at most 15 devices of a VM can come and go on AArch64" in result.stderr
