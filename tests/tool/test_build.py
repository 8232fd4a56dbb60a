# SPDX-License-Identifier: BSD-2-Clause
"""What payload the tool makes of a description."""

import os
import pathlib
import stat
import struct
import subprocess

from conftest import PATIENCE
from descriptions import PLAIN, TWO_VMS
from payload_reader import ANY_ADDRESS, NONE, Payload

BROKEN = pathlib.Path(__file__).parent / "broken"


# --- build ---

def word(payload, pd, address):
    return struct.unpack("<Q", payload.memory(pd, address, 8))[0]


def test_plain_system(tool):
    payload = Payload(tool.build(PLAIN, name="plain.system"))
    assert payload.name == "plain" and payload.cpu_count == 1
    assert [pd.name for pd in payload.pds] == ["server", "child", "client"]
    server, child, client = payload.pds
    assert (server.parent, child.parent, child.child_id, client.parent) == (NONE, 0, 9, NONE)
    assert (server.flags, child.flags, client.flags) == (3, 0, 2)
    assert [(t.priority, t.cpu, t.budget_us, t.period_us, t.vcpu) for t in payload.threads] == [
        (20, 0, 1000, 1000, NONE), (5, 0, 100, 1000, NONE), (10, 0, 1000, 1000, NONE)]
    for thread in payload.threads:
        assert (thread.entry, thread.stack_top, thread.ipc_buffer) == (0x200000, 0x7FFFFFFFD000, 0x7FFFFFFFF000)


def test_plain_system_memory(tool):
    payload = Payload(tool.build(PLAIN))
    maps = payload.maps_of("server")
    assert maps["shared"] == (0x4000000, 0x3000, 1)
    assert maps["large"] == (0x6000000, 0x400000, 3)
    assert maps["registers"] == (0x5000000, 0x1000, 3 | 8)
    assert maps["server:segment0"] == (0x200000, 0x2000, 5)
    assert maps["server:segment1"] == (0x202000, 0x2000, 3)
    assert maps["server:stack0"] == (0x7FFFFFFF9000, 0x4000, 3)
    assert payload.region("large").page_size == 0x200000
    registers = payload.region("registers")
    assert (registers.kind, registers.physical_address, registers.flags) == (2, 0xFED00000, 1)
    assert payload.region("shared").physical_address == ANY_ADDRESS
    filled, again, scratch = (payload.region(n) for n in ("filled", "filled_again", "scratch"))
    assert filled.size == 0x2000 and filled.image_size == 5000 and filled.flags == 2
    # The same content is in the payload once.
    assert filled.image == again.image == scratch.image
    assert scratch.flags == 0
    # Used where it lies only if nobody writes to it, and if the file fills it.
    assert payload.region("start_values").flags == 0
    assert payload.region("table").flags == 0 and payload.region("table").page_size == 0x1000
    assert payload.memory("child", 0x4000000, 5000) == bytes(i % 251 for i in range(5000))
    assert payload.memory("server", 0x200000, 0x1234) == b"\xf4" * 0x1234


def test_plain_system_connections(tool):
    payload = Payload(tool.build(PLAIN))
    ends = {(payload.pds[e.pd].name, e.id): (payload.pds[e.peer_pd].name, e.peer_id, e.peer_thread, e.flags)
            for e in payload.channel_ends}
    assert ends == {
        ("client", 1): ("server", 6, 0, 3),
        ("server", 6): ("client", 1, 0, 0),
        ("child", 0): ("client", 61, 0, 1),
        ("client", 61): ("child", 0, 0, 1),
    }
    pin, msi = payload.irqs
    assert (pin.pd, pin.id, pin.kind, pin.flags, pin.ioapic, pin.pin, pin.vector) == (0, 3, 1, 2, 0, 9, 7)
    assert (msi.pd, msi.id, msi.kind, msi.vector, msi.pci_address, msi.msi_handle) == (
        0, 4, 2, 8, 1 << 8 | 0x1F << 3 | 2, 5)
    assert [(p.pd, p.id, p.base, p.size) for p in payload.ioports] == [(0, 2, 0x60, 5)]


def test_plain_system_symbols(tool):
    payload = Payload(tool.build(PLAIN))
    for name, passive in (("server", 1), ("child", 0), ("client", 0)):
        assert payload.memory(name, 0x202000, 64) == name.encode().ljust(64, b"\0")
        assert payload.memory(name, 0x202040, 1)[0] == passive
        # What nobody asked to change has the program's own bytes.
        assert payload.memory(name, 0x202041, 7) == bytes(range(0x41, 0x48))
    assert word(payload, "server", 0x202048) == 1 << 3 | 1 << 4   # irqs
    assert word(payload, "server", 0x202050) == 0                 # notifications
    assert word(payload, "client", 0x202050) == 1 << 1 | 1 << 61
    assert word(payload, "client", 0x202058) == 1 << 1            # calls
    assert word(payload, "server", 0x202060) == 1 << 2            # ioports
    assert word(payload, "server", 0x202068) == 0x4000000         # setvar_vaddr
    assert word(payload, "server", 0x203000) == 0x3000            # setvar_size, in zeroed memory
    assert word(payload, "child", 0x202068) == 5000               # setvar_prefill_size
    assert word(payload, "child", 0x203000) == 0xFED00000         # region_paddr
    assert word(payload, "client", 0x202068) == 1                 # setvar_id
    assert word(payload, "client", 0x203000) == 0


def test_segment_with_zeroed_pages(tool):
    """Read-only pages beyond the file are zero: they cannot lie in the payload."""
    payload = Payload(tool.build("""<system>
    <protection_domain name="one"><program_image path="sparse.elf" /></protection_domain>
</system>"""))
    assert payload.memory("one", 0x202000, 16) == b"constants......."
    assert payload.memory("one", 0x202010, 0x1FF0) == bytes(0x1FF0)
    assert payload.region("one:segment0").flags == 2 and payload.region("one:segment1").flags == 0


ONE = '<system><protection_domain name="one"><program_image path="%s" /></protection_domain></system>'


def test_place_for_a_seed(tool):
    payload = Payload(tool.build(ONE % "seeded.elf"))
    data = payload.region("one:segment1")
    assert (data.flags, data.seed_offset) == (4, 0x1080)
    assert [r.seed_offset for r in payload.regions if r.name != "one:segment1"] == [0] * (len(payload.regions) - 1)
    assert payload.memory("one", 0x203080, 128) == bytes(128)
    assert all(r.flags & 4 == 0 for r in Payload(tool.build(ONE % "program.elf")).regions)


def test_seed_of_a_wrong_form(tool):
    result = tool.run("build", "-s", tool.files, "-o", tool.directory / "none.bin", tool.write(ONE % "seed_of_others.elf"))
    assert result.returncode == 1
    assert "program 'seed_of_others.elf' of protection domain 'one' defines 'microkit_seed', but not as" in result.stderr


def test_build_is_reproducible(tool):
    first = tool.build(PLAIN)
    assert tool.build(PLAIN) == first
    assert Payload(first).creation_time == 0
    dated = tool.build(PLAIN, environment={"SOURCE_DATE_EPOCH": "1700000000"})
    assert Payload(dated).creation_time == 1700000000
    assert Payload(tool.build(PLAIN, "--rollback-index", "7")).rollback_index == 7


def test_build_of_a_broken_system_writes_nothing(tool):
    output = tool.directory / "payload.bin"
    result = tool.run("build", "-s", tool.files, "-o", output, BROKEN / "map_overlap.system")
    assert result.returncode == 1 and not output.exists()
    assert "1 error, nothing built" in result.stderr


def test_build_with_a_bad_kernel(tool):
    path = tool.write(PLAIN)
    for name, reason in (("nowhere.elf", "No such file"), ("data.bin", "it is not an ELF file")):
        result = tool.run("build", "-s", tool.files, "--kernel-image", tool.files / name, path)
        assert result.returncode == 1 and reason in result.stderr


def test_output_that_cannot_be_written(tool):
    path = tool.write(PLAIN)
    result = tool.run("build", "-s", tool.files, "--kernel-image", tool.files / "kernel.elf", "-o", "no/such/dir", path)
    assert result.returncode == 1 and "cannot be written" in result.stderr


def test_output_to_a_pipe_or_device(tool):
    path = tool.write(PLAIN)
    fifo = tool.directory / "fifo"
    os.mkfifo(fifo)
    reader = subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE)
    result = tool.run("build", "-q", "-s", tool.files, "--kernel-image", tool.files / "kernel.elf", "-o", fifo, path)
    assert result.returncode == 0, result.stderr
    assert Payload(reader.communicate(timeout=PATIENCE)[0]).name == "test"
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    result = tool.run("iso", "--loader", tool.files / "kernel.elf", "-o", fifo, path)
    assert result.returncode == 1 and "is not a regular file" in result.stderr
    assert stat.S_ISFIFO(fifo.stat().st_mode)


# --- <vm> ---

CONFIG = 0x10000000
QUEUE_PAIR = "<QQQQIIII"


def config(payload, pd, layout, offset=0):
    return struct.unpack(layout, payload.memory(pd, CONFIG + offset, struct.calcsize(layout)))


def test_vm_protection_domains(tool):
    payload = Payload(tool.build(TWO_VMS))
    assert [pd.name for pd in payload.pds] == ["serial_driver", "console", "manager", "first_vmm", "second_vmm"]
    manager = payload.pd("manager")
    assert manager.flags == 4
    children = [(pd.parent, pd.child_id, pd.flags, pd.thread_count) for pd in payload.pds[3:]]
    assert children == [(2, 0, 0, 2), (2, 1, 0, 1)]
    assert payload.cpu_count == 3
    threads = [(payload.pds[t.pd].name, t.index, t.cpu, t.priority, t.budget_us, t.period_us, t.stack_top,
                t.ipc_buffer, t.vcpu) for t in payload.threads]
    assert threads == [
        ("serial_driver", 0, 0, 220, 500, 2000, 0x7FFFFFFFD000, 0x7FFFFFFFF000, NONE),
        ("console", 0, 0, 210, 500, 2000, 0x7FFFFFFFD000, 0x7FFFFFFFF000, NONE),
        ("manager", 0, 0, 200, 500, 2000, 0x7FFFFFFFD000, 0x7FFFFFFFF000, NONE),
        ("first_vmm", 0, 0, 100, 1000, 1000, 0x7FFFFFFFD000, 0x7FFFFFFFF000, 0),
        ("first_vmm", 1, 2, 100, 1000, 1000, 0x7FFE01000000, 0x7FFD00001000, 1),
        ("second_vmm", 0, 1, 50, 500, 2000, 0x7FFFFFFFD000, 0x7FFFFFFFF000, 2),
    ]
    assert [v.state_page for v in payload.vcpus] == [0x7FFC00000000, 0x7FFC00001000, 0x7FFC00000000]
    assert [(v.name, payload.pds[v.pd].name, v.vcpu_count) for v in payload.vms] == [
        ("first", "first_vmm", 2), ("second", "second_vmm", 1)]


def test_vm_memory(tool):
    payload = Payload(tool.build(TWO_VMS))
    assert payload.maps_of("first", 2) == {"first_ram": (0, 64 << 20, 7)}
    assert payload.maps_of("second", 2) == {"second_ram": (0, 3 << 30, 7), "second_ram_high": (4 << 30, 2 << 30, 7)}
    for name in ("first_ram", "second_ram", "second_ram_high"):
        assert payload.region(name).page_size == 0x200000
    vmm = payload.maps_of("second_vmm")
    assert vmm["second_ram"] == (0x1000000000, 3 << 30, 3)
    assert vmm["second_ram_high"] == (0x1000000000 + (4 << 30), 2 << 30, 3)
    # One kernel for both, where it lies in the payload.
    assert vmm["first_kernel"] == (0x800000000, 0x1000, 1)
    assert payload.region("first_kernel").flags == 2
    assert len([image for image in payload.images if image.content == (tool.files / "vmlinuz").read_bytes()]) == 1
    # Page tables of all that: 64 MiB and 5 GiB in 2 MiB pages, twice.
    assert 0x200000 <= payload.pool_size <= 0x800000


def test_vm_config_block(tool):
    payload = Payload(tool.build(TWO_VMS))
    assert word(payload, "first_vmm", 0x202078) == CONFIG
    head = "<QII64sIIIIIIII"
    magic, version, size, name, vm_id, vcpus, protocol, flags, poweroff, reboot, crash, ranges = config(
        payload, "first_vmm", head)
    assert (magic, version, size) == (0x30474643564D4B53, 4, struct.calcsize(head + "12Q9Q6Q3QQ16QQIIQ" "QQQQIIII" "2048s"))
    assert name.rstrip(b"\0") == b"first" and (vm_id, vcpus, protocol) == (0, 2, 1)
    assert flags == 2 | 4 | 8 and (poweroff, reboot, crash) == (0, 1, 1) and ranges == 1
    at = struct.calcsize(head)
    assert config(payload, "first_vmm", "<QQQ", at) == (0, 0x1000000000, 64 << 20)
    at += 12 * 8
    images = config(payload, "first_vmm", "<18Q", at)
    assert images == (0x800000000, 0x1000, 0, 0xA00000000, 3006, 0) + (0,) * 12
    at += 19 * 8
    pages = config(payload, "first_vmm", "<16Q", at)
    assert pages == (0x7FFC00000000, 0x7FFC00001000) + (0,) * 14
    at += 16 * 8
    control, channel, log_size, log = config(payload, "first_vmm", "<QIIQ", at)
    maps = payload.maps_of("first_vmm")
    assert maps["first_control"] == (control, 0x1000, 3) and channel == 0
    assert maps["first_log"] == (log, log_size, 3)
    at += 24
    console = config(payload, "first_vmm", QUEUE_PAIR, at)
    assert console[4:] == (0x10000, 0x10000, 1, 1)
    at += struct.calcsize(QUEUE_PAIR)
    line = payload.memory("first_vmm", CONFIG + at, 2048)
    assert line.rstrip(b"\0") == b'console=ttyS0 a="b" &'
    second = config(payload, "second_vmm", head)
    assert second[4:] == (1, 1, 1, 1 | 4 | 8, 0, 0, 0, 2)
    default_line = payload.memory("second_vmm", CONFIG + at, 2048)
    assert default_line.rstrip(b"\0") == b"console=ttyS0"


def peer(payload, pd, channel):
    """The PD and channel at the other end."""
    index = payload.pds.index(payload.pd(pd))
    end = next(e for e in payload.channel_ends if (e.pd, e.id) == (index, channel))
    return payload.pds[end.peer_pd].name, end.peer_id


def assert_queues_meet(payload, pd, mine, other_pd, theirs):
    """mine and theirs: struct queue_pair_config of both sides. What one transmits the other receives."""
    here = {address: region for region, (address, _, _) in payload.maps_of(pd).items()}
    there = {address: region for region, (address, _, _) in payload.maps_of(other_pd).items()}
    assert here[mine[0]] == there[theirs[2]] and here[mine[1]] == there[theirs[3]]
    assert here[mine[2]] == there[theirs[0]] and here[mine[3]] == there[theirs[1]]
    assert len({here[address] for address in mine[:4]}) == 4
    assert mine[4] == theirs[5] == payload.region(here[mine[1]]).size
    assert mine[5] == theirs[4] == payload.region(here[mine[3]]).size
    assert mine[7] == theirs[7] == 1
    assert peer(payload, pd, mine[6]) == (other_pd, theirs[6])
    # Only the producer can write the data.
    assert payload.maps_of(pd)[here[mine[3]]][2] == 1 and payload.maps_of(other_pd)[there[theirs[3]]][2] == 1


def test_console_and_services(tool):
    payload = Payload(tool.build(TWO_VMS))
    magic, version, _, port_id, port, irq, baud = config(payload, "serial_driver", "<QIIIIII")
    assert (magic, version, port_id, port, irq, baud) == (0x3047464352455324, 2, 0, 0x3F8, 0, 115200)
    assert config(payload, "serial_driver", "<Q", 32) == (0,)
    serial = config(payload, "serial_driver", QUEUE_PAIR, 40)
    assert [(i.pd, i.id, i.pin, i.flags) for i in payload.irqs] == [(0, 0, 4, 4)]
    assert [(p.pd, p.id, p.base, p.size) for p in payload.ioports] == [(0, 0, 0x3F8, 8)]
    assert config(payload, "console", "<QI") == (0x30474643534E4F43, 2)
    driver = config(payload, "console", QUEUE_PAIR, 16)
    assert_queues_meet(payload, "console", driver, "serial_driver", serial)
    clients, hot_key = config(payload, "console", "<II", 64)
    assert (clients, hot_key) == (3, 0x1D)
    vmm_console = struct.calcsize("<QII64sIIIIIIII12Q9Q6Q3QQ16QQIIQ")
    sides = [("first_vmm", vmm_console), ("second_vmm", vmm_console), ("manager", 16)]
    for i, (pd, at) in enumerate(sides):
        name, *queue, history, history_size, is_manager = config(payload, "console", "<64sQQQQIIIIQII", 72 + i * 128)
        assert name.rstrip(b"\0").decode() == pd.removesuffix("_vmm")
        assert is_manager == (pd == "manager")
        assert_queues_meet(payload, "console", queue, pd, config(payload, pd, QUEUE_PAIR, at))
        assert (history, history_size, 3) in payload.maps_of("console").values()


def test_manager_config_block(tool):
    payload = Payload(tool.build(TWO_VMS))
    assert config(payload, "manager", "<QI") == (0x304746434752474D, 5)
    hardware, statistics, log, _, operator_key_size, storage, storage_request, *switch, vms = config(
        payload, "manager", "<10Q3I", 16 + 48)
    assert (operator_key_size, storage) == (0, 0) and switch == [0] * 5
    maps = payload.maps_of("manager")
    assert maps["hardware"] == (hardware, 0x20000, 1) and payload.region("hardware").kind == 3
    assert maps["statistics"] == (statistics, 0x20000, 1) and payload.region("statistics").kind == 4
    assert maps["kernel_log"] == (log, 0x10000, 1) and payload.region("kernel_log").kind == 5
    assert vms == 2
    row = "<64sQQIIIIQII"
    for i, (name, memory, vcpus) in enumerate((("first", 64 << 20, 2), ("second", 5 << 30, 1))):
        values = config(payload, "manager", row, 16 + 48 + 96 + i * struct.calcsize(row))
        assert values[0].rstrip(b"\0").decode() == name
        assert maps[name + "_control"] == (values[1], 0x1000, 3)
        assert maps[name + "_log"] == (values[2], values[3], 1)
        assert peer(payload, "manager", values[4]) == (name + "_vmm", 0)
        assert values[5:9] == (i, i, memory, vcpus)


def test_flat_guest_and_sharing_with_own_protection_domains(tool):
    payload = Payload(tool.build("""<system>
    <memory_region name="ram" size="0x200000" page_size="0x200000" />
    <protection_domain name="mine" priority="3">
        <program_image path="program.elf" />
        <virtual_machine name="hand_made"><vcpu id="0" /><map mr="ram" vaddr="0" perms="rwx" /></virtual_machine>
    </protection_domain>
    <vm name="g" memory="2MiB"><kernel path="data.bin" /><boot protocol="flat" load_address="0x100000" /></vm>
</system>"""))
    assert [vm.name for vm in payload.vms] == ["hand_made", "g"]
    # kernel_vm counts all VMs of the kernel, not only the manager's.
    assert config(payload, "manager", "<64sQQIIII", 160)[6] == 1
    assert config(payload, "g_vmm", "<QII64sIII")[6] == 6
    assert config(payload, "g_vmm", "<Q", struct.calcsize("<QII64sIIIIIIII12Q9Q6Q3Q"))[0] == 0x100000


def test_32_vms(tool):
    vms = "".join(f'<vm name="v{i}" memory="64MiB" cpus="{i % 2}"><kernel path="vmlinuz" /></vm>' for i in range(33))
    result = tool.check(tool.write(f"<system>{vms}</system>"))
    assert result.returncode == 1 and "at most 32 are possible" in result.stderr
    vms = "".join(f'<vm name="v{i}" memory="64MiB" cpus="{i % 2}"><kernel path="vmlinuz" /></vm>' for i in range(32))
    payload = Payload(tool.build(f"<system>{vms}</system>"))
    assert len(payload.vms) == 32 and len(payload.pds) == 35
