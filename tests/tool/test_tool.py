# SPDX-License-Identifier: BSD-2-Clause
"""The tool's commands, from outside."""

import html
import json
import os
import pathlib
import random
import re
import stat
import struct
import subprocess

import pytest

from payload_reader import ANY_ADDRESS, NONE, Payload, image_hash

HERE = pathlib.Path(__file__).parent
BROKEN = sorted((HERE / "broken").glob("*.system"))
COMMANDS = ["check", "expand", "build", "iso", "disk", "run", "keygen", "sign", "verify", "rotate", "provision", "open",
            "replace", "inspect"]


# --- broken descriptions ---

def test_there_are_enough_broken_descriptions():
    assert len(BROKEN) >= 60


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.stem)
def test_broken_description(tool, path):
    """Each comment <!-- expect LINE: TEXT --> is one error, and there is no other."""
    expected = [(int(line), html.unescape(text))
                for line, text in re.findall(r"<!-- expect (\d+): (.*) -->", path.read_text(encoding="utf-8"))]
    result = tool.check(path)
    found = []
    for line in result.stderr.splitlines():
        match = re.match(re.escape(str(path)) + r":(\d+): error: (.*)", line)
        if match:
            found.append((int(match[1]), match[2]))
    assert result.returncode == 1, result.stderr
    assert expected
    missing = [e for e in expected if not any(f[0] == e[0] and e[1] in f[1] for f in found)]
    assert not missing and len(found) == len(expected), result.stderr
    assert found == sorted(found, key=lambda f: f[0])
    for _, text in found:
        assert re.search(r"[;?]", text), f"no remedy: {text}"
    assert "Traceback" not in result.stderr and "Sanitizer" not in result.stderr


def test_warnings_are_no_errors(tool):
    path = tool.write("""<system>
    <memory_region name="a" size="0x1000" />
    <protection_domain name="one" passive="true"><program_image path="program.elf" /></protection_domain>
</system>""")
    result = tool.check(path)
    assert result.returncode == 0
    assert ":2: warning: " in result.stderr and "is mapped nowhere" in result.stderr
    assert ":3: warning: " in result.stderr and "nobody calls it" in result.stderr


def test_too_much_memory(tool):
    path = tool.write('<system>\n<vm name="g" memory="512MiB"><kernel path="vmlinuz" /></vm>\n</system>')
    assert tool.check(path, "--memory", "1G").returncode == 0
    result = tool.check(path, "--memory", "256M")
    assert result.returncode == 1
    assert re.search(r":2: error: the system needs about \d+ MiB of memory and the machine has 256 MiB", result.stderr)


def test_too_many_cpus(tool):
    path = tool.write('<system>\n<vm name="g" memory="64MiB" cpus="0,3"><kernel path="vmlinuz" /></vm>\n</system>')
    assert tool.check(path, "--cpus", "4").returncode == 0
    result = tool.check(path, "--cpus", "3")
    assert result.returncode == 1
    assert ":2: error: protection domain 'g_vmm' runs on CPU 3 and the machine has 3; use 0 to 2" in result.stderr


def test_missing_file(tool):
    result = tool.check("nowhere.system")
    assert result.returncode == 1
    assert "nowhere.system: error: the file cannot be read: No such file or directory" in result.stderr


def test_too_many_elements(tool):
    path = tool.write("<system>" + "<memory_region />" * 30000 + "</system>")
    result = tool.check(path)
    assert result.returncode == 1 and "more than 20000 elements" in result.stderr


def test_too_large(tool):
    path = tool.write("<system>" + " " * 0x400001 + "</system>")
    result = tool.check(path)
    assert result.returncode == 1 and "more than 4 MiB" in result.stderr


def test_deep_nesting(tool):
    path = tool.write("<system>" + "<protection_domain>" * 5000 + "</protection_domain>" * 5000 + "</system>")
    assert tool.check(path).returncode == 1


def test_control_characters_do_not_reach_the_terminal(tool):
    path = tool.write('<system>\n<memory_region name="a&#10;b&#9;c" size="&#x7f;&#10;" />\n</system>')
    result = tool.check(path)
    assert result.returncode == 1
    assert all(" " <= c <= "~" or c == "\n" for c in result.stderr)


def test_damaged_descriptions_do_not_crash(tool):
    generator = random.Random(1)
    for path in generator.sample(BROKEN, 40):
        text = bytearray(path.read_bytes())
        for _ in range(generator.randint(1, 8)):
            at = generator.randrange(len(text))
            if generator.random() < 0.5:
                text[at] = generator.randrange(256)
            else:
                del text[at:at + generator.randint(1, 30)]
        (tool.directory / "damaged.system").write_bytes(text)
        assert tool.check("damaged.system").returncode in (0, 1)


# --- build ---

PLAIN = """<?xml version="1.0" encoding="UTF-8"?>
<system>
    <memory_region name="shared" size="0x3000" />
    <memory_region name="large" size="4MiB" />
    <memory_region name="registers" size="0x1000" phys_addr="0xfed0_0000" />
    <memory_region name="filled" prefill_path="data.bin" />
    <memory_region name="filled_again" prefill_path="data.bin" />
    <memory_region name="scratch" size="0x4000" prefill_path="data.bin" />
    <memory_region name="start_values" prefill_path="data.bin" />
    <memory_region name="table" size="2MiB" prefill_path="data.bin" />
    <protection_domain name="server" priority="20" passive="true" stack_size="0x4000">
        <program_image path="program.elf" />
        <map mr="shared" vaddr="0x4000000" perms="r" setvar_vaddr="my_word" setvar_size="other_word" />
        <map mr="large" vaddr="0x6000000" />
        <map mr="registers" vaddr="0x5000000" cached="false" />
        <irq id="3" pin="9" vector="7" polarity="low" />
        <irq id="4" pcidev="01:1f.2" handle="5" vector="8" />
        <ioport id="2" addr="0x60" size="5" />
        <protection_domain name="child" id="9" priority="5" fpu="false" budget="100" period="1000">
            <program_image path="program.elf" />
            <map mr="filled" vaddr="0x4000000" perms="r" setvar_prefill_size="my_word" />
            <map mr="scratch" vaddr="0x4010000" perms="rw" />
            <map mr="start_values" vaddr="0x4020000" perms="rw" />
            <map mr="table" vaddr="0x4200000" perms="r" />
            <setvar symbol="other_word" region_paddr="registers" />
        </protection_domain>
    </protection_domain>
    <protection_domain name="client" priority="10">
        <program_image path="program.elf" />
        <map mr="filled_again" vaddr="0x4000000" perms="r" />
    </protection_domain>
    <channel>
        <end pd="client" id="1" pp="true" setvar_id="my_word" />
        <end pd="server" id="6" notify="false" />
    </channel>
    <channel>
        <end pd="child" id="0" />
        <end pd="client" id="61" />
    </channel>
</system>
"""


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


def test_build_is_reproducible(tool):
    first = tool.build(PLAIN)
    assert tool.build(PLAIN) == first
    assert Payload(first).creation_time == 0
    dated = tool.build(PLAIN, environment={"SOURCE_DATE_EPOCH": "1700000000"})
    assert Payload(dated).creation_time == 1700000000
    assert Payload(tool.build(PLAIN, "--rollback-index", "7")).rollback_index == 7


def test_build_of_a_broken_system_writes_nothing(tool):
    output = tool.directory / "payload.bin"
    result = tool.run("build", "-s", tool.files, "-o", output, HERE / "broken" / "map_overlap.system")
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
    assert Payload(reader.communicate(timeout=10)[0]).name == "test"
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    result = tool.run("iso", "--loader", tool.files / "kernel.elf", "-o", fifo, path)
    assert result.returncode == 1 and "is not a regular file" in result.stderr
    assert stat.S_ISFIFO(fifo.stat().st_mode)


# --- <vm> ---

TWO_VMS = """<system>
    <vm name="first" memory="64MiB" cpus="0,2">
        <kernel path="vmlinuz" />
        <initrd path="initrd.img" />
        <cmdline>
            console=ttyS0 a="b" &amp;
        </cmdline>
        <hypervisor leaf="off" />
        <on_crash>restart</on_crash>
    </vm>
    <vm name="second" memory="5GiB" cpus="1" priority="50" autostart="false" budget="500" period="2000">
        <kernel path="vmlinuz" />
        <on_reboot>stop</on_reboot>
    </vm>
</system>
"""

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
    assert (magic, version, size) == (0x30474643564D4B53, 2, struct.calcsize(head + "12Q6Q4QQ16QQIIQ" "QQQQIIII" "2048s"))
    assert name.rstrip(b"\0") == b"first" and (vm_id, vcpus, protocol) == (0, 2, 1)
    assert flags == 2 | 4 | 8 and (poweroff, reboot, crash) == (0, 1, 1) and ranges == 1
    at = struct.calcsize(head)
    assert config(payload, "first_vmm", "<QQQ", at) == (0, 0x1000000000, 64 << 20)
    at += 12 * 8
    images = config(payload, "first_vmm", "<10Q", at)
    assert images == (0x800000000, 0x1000, 0xA00000000, 3006, 0, 0, 0, 0, 0, 0)
    at += 11 * 8
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
    assert config(payload, "console", "<QI") == (0x30474643534E4F43, 1)
    driver = config(payload, "console", QUEUE_PAIR, 16)
    assert_queues_meet(payload, "console", driver, "serial_driver", serial)
    clients, hot_key = config(payload, "console", "<II", 64)
    assert (clients, hot_key) == (3, 0x1D)
    vmm_console = struct.calcsize("<QII64sIIIIIIII12Q6Q4QQ16QQIIQ")
    sides = [("first_vmm", vmm_console), ("second_vmm", vmm_console), ("manager", 16)]
    for i, (pd, at) in enumerate(sides):
        name, *queue, history, history_size, is_manager = config(payload, "console", "<64sQQQQIIIIQII", 72 + i * 128)
        assert name.rstrip(b"\0").decode() == pd.removesuffix("_vmm")
        assert is_manager == (pd == "manager")
        assert_queues_meet(payload, "console", queue, pd, config(payload, pd, QUEUE_PAIR, at))
        assert (history, history_size, 3) in payload.maps_of("console").values()


def test_manager_config_block(tool):
    payload = Payload(tool.build(TWO_VMS))
    assert config(payload, "manager", "<QI") == (0x304746434752474D, 2)
    hardware, statistics, log, _, operator_key_size, vms = config(payload, "manager", "<5QI", 16 + 48)
    assert operator_key_size == 0
    maps = payload.maps_of("manager")
    assert maps["hardware"] == (hardware, 0x20000, 1) and payload.region("hardware").kind == 3
    assert maps["statistics"] == (statistics, 0x20000, 1) and payload.region("statistics").kind == 4
    assert maps["kernel_log"] == (log, 0x10000, 1) and payload.region("kernel_log").kind == 5
    assert vms == 2
    row = "<64sQQIIIIQII"
    for i, (name, memory, vcpus) in enumerate((("first", 64 << 20, 2), ("second", 5 << 30, 1))):
        values = config(payload, "manager", row, 16 + 48 + 48 + i * struct.calcsize(row))
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
    assert config(payload, "manager", "<64sQQIIII", 112)[6] == 1
    assert config(payload, "g_vmm", "<QII64sIII")[6] == 6
    assert config(payload, "g_vmm", "<Q", struct.calcsize("<QII64sIIIIIIII12Q6Q4Q"))[0] == 0x100000


def test_32_vms(tool):
    vms = "".join(f'<vm name="v{i}" memory="64MiB" cpus="{i % 2}"><kernel path="vmlinuz" /></vm>' for i in range(33))
    result = tool.check(tool.write(f"<system>{vms}</system>"))
    assert result.returncode == 1 and "at most 32 are possible" in result.stderr
    vms = "".join(f'<vm name="v{i}" memory="64MiB" cpus="{i % 2}"><kernel path="vmlinuz" /></vm>' for i in range(32))
    payload = Payload(tool.build(f"<system>{vms}</system>"))
    assert len(payload.vms) == 32 and len(payload.pds) == 35


# --- expand ---

# Elements and attributes of the Microkit manual's chapter on the system description file (x86-64).
MICROKIT = {
    "system": set(),
    "protection_domain": {"name", "priority", "budget", "period", "passive", "stack_size", "cpu", "smc", "fpu", "domain",
                          "id", "setvar_id"},
    "program_image": {"path", "path_for_symbols"},
    "map": {"mr", "vaddr", "perms", "cached", "setvar_vaddr", "setvar_size", "setvar_prefill_size"},
    "irq": {"id", "pin", "vector", "ioapic", "trigger", "polarity", "setvar_id", "pcidev", "handle"},
    "ioport": {"id", "addr", "size", "setvar_id", "setvar_addr"},
    "setvar": {"symbol", "region_paddr"},
    "virtual_machine": {"name"},
    "vcpu": {"id", "cpu", "setvar_id"},
    "memory_region": {"name", "size", "page_size", "phys_addr", "prefill_path", "prefill_bootinfo"},
    "channel": set(),
    "end": {"pd", "id", "pp", "notify", "setvar_id"},
}
EXTENSIONS = {("protection_domain", "system_control"), ("memory_region", "source"), ("memory_region", "guest"),
              ("irq", "legacy")}


def extensions_used(path):
    import xml.etree.ElementTree as tree
    used = set()
    for element in tree.parse(path).iter():
        assert element.tag in MICROKIT
        used |= {(element.tag, name) for name in element.attrib if name not in MICROKIT[element.tag]}
    return used


@pytest.mark.parametrize("text", [PLAIN, TWO_VMS], ids=["plain", "vms"])
def test_expand(tool, text):
    path = tool.write(text)
    one, two = tool.directory / "one", tool.directory / "two"
    assert tool.run("expand", "-s", tool.files, "-o", one, path).returncode == 0
    assert tool.run("expand", "-s", tool.files, "-o", two, one / "test.system").returncode == 0
    assert (one / "test.system").read_text() == (two / "test.system").read_text()
    used = extensions_used(one / "test.system")
    assert used == (set() if text is PLAIN else EXTENSIONS)
    assert "<vm" not in (one / "test.system").read_text()
    # The same system either way.
    first = tool.build(text)
    result = tool.run("build", "-s", tool.files, "--kernel-image", tool.files / "kernel.elf", "-o",
                      tool.directory / "again.bin", one / "test.system")
    assert result.returncode == 0, result.stderr
    assert (tool.directory / "again.bin").read_bytes() == first


def test_expand_to_standard_output(tool):
    result = tool.run("expand", "-s", tool.files, tool.write(PLAIN))
    assert result.returncode == 0 and result.stdout.startswith('<?xml version="1.0"')
    assert '<irq id="4" pcidev="01:1f.2" handle="5" vector="8" />' in result.stdout
    assert tool.run("expand", "-s", tool.files, HERE / "broken" / "map_overlap.system").stdout == ""


def test_expand_escapes_values(tool):
    path = tool.write("""<system>
    <memory_region name="a&lt;&quot;&amp;b" size="0x1000" />
    <protection_domain name="o&gt;ne"><program_image path="program.elf" /><map mr="a&lt;&quot;&amp;b" vaddr="0x4000000" />
    </protection_domain>
</system>""")
    assert tool.run("expand", "-s", tool.files, "-o", "out", path).returncode == 0
    assert 'name="a&lt;&quot;&amp;b"' in (tool.directory / "out" / "test.system").read_text()
    assert tool.check("out/test.system").returncode == 0


# --- inspect ---

def test_inspect(tool):
    tool.build(TWO_VMS)
    result = tool.run("inspect", "payload.bin")
    assert result.returncode == 0 and result.stderr == ""
    assert "WRONG" not in result.stdout and "first_vmm" in result.stdout
    listing = json.loads(tool.run("inspect", "--json", "payload.bin").stdout)
    payload = Payload((tool.directory / "payload.bin").read_bytes())
    assert listing["valid"] and listing["problems"] == [] and not listing["signed"]
    assert [i["name"] for i in listing["images"]] == [i.name for i in payload.images]
    assert all(i["hash_right"] for i in listing["images"])
    plan = listing["plan"]
    assert [pd["name"] for pd in plan["protection_domains"]] == [pd.name for pd in payload.pds]
    assert [r["name"] for r in plan["regions"]] == [r.name for r in payload.regions]
    assert sum(len(s["maps"]) for s in plan["spaces"]) == len(payload.maps)
    assert len(plan["channel_ends"]) == len(payload.channel_ends)


def test_inspect_finds_every_changed_byte(tool):
    data = bytearray(tool.build(PLAIN))
    generator = random.Random(2)
    path = tool.directory / "changed.bin"
    places = [generator.randrange(len(data)) for _ in range(60)] + list(range(0, 192, 7))
    # Rollback index, creation time, key ids and names can have any value: only signatures vouch for them.
    free = [*range(32 + 16, 32 + 32), *range(32 + 38, 32 + 102)]
    payload = Payload(bytes(data))
    for name in [payload.name] + [image.name for image in payload.images]:
        at = data.index(bytes([len(name)]) + name.encode())
        free += range(at + 1, at + 1 + len(name))
    for at in (place for place in places if place not in free):
        data[at] ^= 0x10
        path.write_bytes(data)
        result = tool.run("inspect", path)
        assert result.returncode == 1 and ("error:" in result.stderr or "cannot be inspected" in result.stderr), at
        if at >= 8:  # else it is no payload
            json.loads(tool.run("inspect", "--json", path).stdout)
        data[at] ^= 0x10


def test_inspect_of_a_cut_payload(tool):
    data = tool.build(PLAIN)
    for size in (0, 1, 8, 31, 32, 47, 48, 192, 4095, 4096, 8192, len(data) // 2, len(data) - 1):
        (tool.directory / "cut.bin").write_bytes(data[:size])
        assert tool.run("inspect", "cut.bin").returncode == 1


def reseal(data, at=None, value=None):
    """Changes the plan and makes its hash right again: what is left is for the checks of structure."""
    payload = Payload(data)
    plan = next(image for image in payload.images if image.role == 2)
    data = bytearray(data)
    if at is not None:
        struct.pack_into("<I", data, plan.offset + at, value)
    digest = image_hash(payload.hash_algorithm, data[plan.offset:plan.offset + plan.size])
    return data.replace(plan.hash, digest)


def test_inspect_of_a_hostile_plan(tool):
    data = tool.build(TWO_VMS)
    plan_size = len(next(i for i in Payload(data).images if i.role == 2).content)
    (tool.directory / "plan.bin").write_bytes(reseal(data))
    assert tool.run("inspect", "plan.bin").returncode == 0
    generator = random.Random(3)
    for _ in range(80):
        at = generator.randrange(0, plan_size // 4) * 4
        if generator.random() < 0.4:
            at = 96 + generator.randrange(40) * 4
        value = generator.choice([0, 1, 0xFF, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, generator.getrandbits(32)])
        (tool.directory / "plan.bin").write_bytes(reseal(data, at, value))
        for option in ([], ["--json"]):
            result = tool.run("inspect", *option, "plan.bin")
            assert result.returncode in (0, 1)
            if option:
                json.loads(result.stdout)


# --- iso and run ---

def test_iso_without_grub(tool):
    tool.build(PLAIN)
    result = tool.run("iso", "--loader", tool.files / "kernel.elf", "payload.bin", environment={"PATH": "/nowhere"})
    assert result.returncode == 1
    assert "'grub-mkimage' is missing; install the package grub-common" in result.stderr


def test_iso(tool):
    tool.build(PLAIN)
    result = tool.run("iso", "--loader", tool.files / "kernel.elf", "-o", "test.iso", "payload.bin")
    assert result.returncode == 0, result.stderr
    image = (tool.directory / "test.iso").read_bytes()
    assert image[16 * 2048 + 1:16 * 2048 + 6] == b"CD001"      # ISO 9660
    assert image[510:512] == b"\x55\xaa"                       # boots from a stick too
    assert b"EFI PART" in image[:4096]
    assert (tool.directory / "payload.bin").read_bytes() in image
    assert b"multiboot2 (memdisk)/boot/loader.elf" in image  # in GRUB's image for UEFI, which is not compressed
    command = tool.run("run", "--dry-run", "--firmware", "uefi", "--cpus", "4", "--memory", "1G", "test.iso").stdout
    assert "-smp 4 -m 1024M" in command and "OVMF_CODE" in command and re.search(r"media=cdrom,\S*file=test.iso", command)
    assert tool.run("run", "--kernel-direct", "test.iso").returncode == 2
    assert "test.iso.new" not in [p.name for p in tool.directory.iterdir()]


def test_iso_of_a_system_file(tool):
    path = tool.write(PLAIN)
    result = tool.run("iso", "-q", "-s", tool.files, "--kernel-image", tool.files / "kernel.elf", "--loader",
                      tool.files / "kernel.elf", path)
    assert result.returncode == 0, result.stderr
    assert (tool.directory / "test.iso").exists()
    result = tool.run("iso", "-s", tool.files, "--loader", tool.files / "kernel.elf", tool.write("<system/>"))
    assert result.returncode == 1 and "neither <protection_domain> nor <vm>" in result.stderr


def test_run_command(tool):
    tool.build(PLAIN)
    result = tool.run("run", "--dry-run", "--loader", tool.files / "kernel.elf", "payload.bin", "--", "-s", "-S")
    assert result.returncode == 0
    assert result.stdout.startswith("qemu-system-x86_64 -accel tcg -machine q35 -cpu EPYC,+svm,+npt -smp 2 -m 2048M ")
    assert result.stdout.rstrip().endswith("-initrd payload.bin -s -S")
    assert tool.run("run", "--firmware", "uefi", "payload.bin").returncode == 2
    result = tool.run("run", "--loader", "nowhere", "payload.bin")
    assert result.returncode == 1 and "loader 'nowhere' cannot be read: No such file" in result.stderr
    (tool.directory / "other").write_bytes(b"x" * 100)
    result = tool.run("run", "other")
    assert result.returncode == 1 and "neither an image nor a payload" in result.stderr


# --- the command line ---

@pytest.mark.parametrize("command", COMMANDS)
def test_help(tool, command):
    result = tool.run(command, "--help")
    assert result.returncode == 0 and result.stdout.startswith(f"Usage: skyscope {command}") and result.stderr == ""


def test_general_help_and_version(tool):
    result = tool.run("--help")
    assert result.returncode == 0 and all(f"  {command} " in result.stdout for command in COMMANDS)
    assert re.fullmatch(r"skyscope \d+\.\d+\.\d+\n", tool.run("--version").stdout)
    assert tool.run().returncode == 2


@pytest.mark.parametrize("arguments", [
    ["frobnicate"], ["check"], ["check", "a", "b"], ["check", "--frobnicate", "a"], ["check", "--memory", "lots", "a"],
    ["check", "--memory", "0", "a"], ["build"], ["build", "--rollback-index", "x", "a"], ["build", "-o"], ["expand"],
    ["iso"], ["iso", "--timeout", "x", "a"], ["run"], ["run", "--cpus", "0", "a"], ["run", "--cpus", "33", "a"],
    ["run", "--memory", "1M", "a"], ["run", "--firmware", "coreboot", "a"], ["run", "a", "b"], ["inspect"],
    ["inspect", "a", "b"], ["inspect", "--yaml", "a"],
], ids=" ".join)
def test_wrong_command_lines(tool, arguments):
    result = tool.run(*arguments)
    assert result.returncode == 2
    assert "--help'" in result.stderr


def test_quiet(tool):
    path = tool.write(PLAIN)
    assert tool.run("check", "-q", "-s", tool.files, path).stdout == ""
    assert tool.run("build", "-q", "-s", tool.files, "--kernel-image", tool.files / "kernel.elf", path).stdout == ""
    assert (tool.directory / "test.payload").exists()


def test_files_beside_the_system_file_are_found(tool):
    for name in ("program.elf", "data.bin"):
        (tool.directory / name).write_bytes((tool.files / name).read_bytes())
    tool.write(PLAIN)
    assert tool.run("check", "test.system").returncode == 0
    assert tool.run("check", "./test.system").returncode == 0


# --- manual, completion and man page name every option ---

@pytest.mark.parametrize("path", ["docs/manual.md", "tool/skyscope.1", "tool/skyscope.bash"])
def test_every_option_is_documented(tool, path):
    text = (HERE.parents[1] / path).read_text(encoding="utf-8").replace("\\-", "-")
    for command in COMMANDS:
        assert command in text
        for option in re.findall(r"--[a-z-]+", tool.run(command, "--help").stdout):
            assert option in text, f"{command} {option}"
