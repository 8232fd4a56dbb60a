# SPDX-License-Identifier: BSD-2-Clause
"""Systems for AArch64: what their payloads have, what is refused, and images that boot them."""

import json
import re
import struct

import pytest

import elf_maker
from conftest import ROOT, Tool
from payload_reader import ANY_ADDRESS, CONSOLE_ADDRESS, GICV_ADDRESS, NONE, Payload

USER_END = 0x7FFFFFF000
CONFIG = 0x10000000
MIB = 1 << 20
GUEST_RAM = 0x40000000
VM = '<system><vm name="g" memory="64MiB"{}><kernel path="vmlinuz" />{}</vm></system>'
TWO_VMS = """<system>
    <vm name="first" memory="64MiB" cpus="0,2"><kernel path="vmlinuz" /><initrd path="initrd.img" />
        <cmdline>quiet</cmdline></vm>
    <vm name="second" memory="5GiB" cpus="1"><kernel path="vmlinuz" /></vm>
</system>"""


@pytest.fixture
def arm(files, tmp_path):
    return Tool(files / "aarch64", tmp_path)


def check(tool, text, *options):
    return tool.check(tool.write(text), "--arch", "aarch64", *options)


def config(payload, pd, layout, offset=0):
    return struct.unpack(layout, payload.memory(pd, CONFIG + offset, struct.calcsize(layout)))


# --- the machine ---

def test_machine_of_the_kernel(arm):
    payload = Payload(arm.build(TWO_VMS))
    assert payload.machine == 183
    for image in payload.images:
        if image.role in (1, 3):
            assert struct.unpack_from("<H", image.content, 18) == (183,)


def test_program_for_another_machine(arm, files):
    path = arm.write(TWO_VMS)
    result = arm.run("build", "-s", files, "-s", files / "aarch64", "--kernel-image", files / "aarch64/kernel.elf", path)
    assert result.returncode == 1
    assert re.search(r":2: error: <program_image> path=\"serial_driver.elf\" .*/serial_driver.elf' is for x86-64, and the "
                     r"kernel '.*/aarch64/kernel.elf' is for AArch64; compile it with aarch64-linux-gnu-gcc", result.stderr)
    result = arm.run("build", "-s", files / "aarch64", "--kernel-image", files / "kernel.elf", path)
    assert result.returncode == 1
    assert "is for AArch64, and the kernel" in result.stderr and "is for x86-64; compile it with -m64" in result.stderr


def test_kernel_and_arch_contradict(arm, files):
    result = arm.run("build", "--arch", "x86_64", "--kernel-image", files / "aarch64/kernel.elf", "any.system")
    assert result.returncode == 1
    assert "kernel.elf' is for AArch64, and --arch x86_64 asks for x86-64" in result.stderr
    result = arm.run("build", "--arch", "riscv64", "any.system")
    assert result.returncode == 2 and "--arch 'riscv64' is not known; use x86_64 or aarch64" in result.stderr


def test_segment_above_programs(arm):
    text = '<system><protection_domain name="a"><program_image path="high.elf" /></protection_domain></system>'
    result = check(arm, text)
    assert result.returncode == 1 and "link it between 0x1000 and 0x7fc0000000" in result.stderr


def test_one_file_serves_both(arm, files):
    """The same system file, without a word of the machine."""
    x86 = Payload(Tool(files, arm.directory).build(TWO_VMS))
    aarch64 = Payload(arm.build(TWO_VMS))
    assert (x86.machine, aarch64.machine) == (62, 183)
    assert [pd.name for pd in x86.pds] == [pd.name for pd in aarch64.pds]
    assert command_line(x86, "first_vmm") == b"console=ttyS0 quiet"
    assert command_line(aarch64, "first_vmm") == b"console=ttyAMA0 quiet"


# --- address spaces ---

def test_layout(arm):
    payload = Payload(arm.build(TWO_VMS))
    threads = [(payload.pds[t.pd].name, t.index, t.cpu, t.stack_top, t.ipc_buffer, t.vcpu) for t in payload.threads]
    top, buffer = 0x7FFFFFC000, 0x7FFFFFE000
    assert threads == [
        ("serial_driver", 0, 0, top, buffer, NONE), ("console", 0, 0, top, buffer, NONE),
        ("manager", 0, 0, top, buffer, NONE), ("first_vmm", 0, 0, top, buffer, 0),
        ("first_vmm", 1, 2, 0x7FE1000000, 0x7FD0001000, 1), ("second_vmm", 0, 1, top, buffer, 2)]
    assert [v.state_page for v in payload.vcpus] == [0x7FC0000000, 0x7FC0001000, 0x7FC0000000]
    for row in payload.maps:
        assert row.virtual_address + row.size <= (USER_END if payload.spaces[row.space].kind == 1 else 1 << 39)
    assert payload.ioports == []


def test_addresses_end(arm):
    text = """<system>
    <memory_region name="r" size="0x2000" />
    <protection_domain name="a"><program_image path="program.elf" />
        <map mr="r" vaddr="{:#x}" />
        <virtual_machine name="v"><vcpu id="0" /><map mr="r" vaddr="{:#x}" /></virtual_machine>
    </protection_domain>
</system>"""
    assert check(arm, text.format(0x70_0000_0000, (1 << 39) - 0x2000)).returncode == 0
    result = check(arm, text.format(USER_END - 0x1000, 1 << 39))
    assert result.returncode == 1
    assert ":4: error: " in result.stderr and "(0 to 0x7ffffff000)" in result.stderr
    assert ":5: error: " in result.stderr and "(0 to 0x8000000000)" in result.stderr
    result = check(arm, text.format(USER_END - 0x2000, 0))
    assert result.returncode == 1 and "its IPC buffer is at 0x7fffffe000" in result.stderr


def test_physical_addresses_have_48_bits(arm):
    text = ('<system>\n<memory_region name="r" size="0x1000" phys_addr="0x{:x}" source="device" />\n<protection_domain '
            'name="a"><program_image path="program.elf" /><map mr="r" vaddr="0x4000000" cached="false" />'
            "</protection_domain></system>")
    assert check(arm, text.format((1 << 48) - 0x1000)).returncode == 0
    result = check(arm, text.format(1 << 48))
    assert result.returncode == 1 and ":2: error: " in result.stderr and "beyond the 48 bits" in result.stderr
    # What is the interrupt controllers' place on a PC is nothing special here.
    assert check(arm, text.format(0xFEE00000)).returncode == 0


def test_memory_below_1_mib_is_memory(arm):
    text = ('<system><memory_region name="r" size="0x1000" phys_addr="0xb8000" /><protection_domain name="a">'
            '<program_image path="program.elf" /><map mr="r" vaddr="0x4000000" /></protection_domain></system>')
    assert Payload(arm.build(text)).region("r").kind == 1


# --- interrupts ---

IRQ = ('<system>\n<protection_domain name="a"><program_image path="program.elf" />\n{}\n</protection_domain></system>')


def test_gic_interrupts(arm):
    payload = Payload(arm.build(IRQ.format('<irq id="3" irq="33" setvar_id="my_word" /><irq id="4" irq="1019" '
                                           'trigger="edge" /><irq id="5" pcidev="00:02.0" handle="7" />')))
    assert [(i.id, i.kind, i.pin, i.flags, i.vector) for i in payload.irqs] == [
        (3, 3, 33, 0, 0), (4, 3, 1019, 1, 0), (5, 2, 0, 1, 0)]
    assert (payload.irqs[2].pci_address, payload.irqs[2].msi_handle) == (0x10, 7)
    assert payload.memory("a", 0x202068, 8) == struct.pack("<Q", 3)


@pytest.mark.parametrize("element, message", [
    ('<irq id="1" pin="4" vector="5" />', "is the form for x86-64, which has IOAPICs; on AArch64 give irq"),
    ('<irq id="1" ioapic="0" />', "is the form for x86-64"),
    ('<irq id="1" pin="4" legacy="true" />', "is the form for x86-64"),
    ('<irq id="1" />', "lacks the attribute 'irq'"),
    ('<irq id="1" irq="27" />', "is private to a CPU (0 to 31) and the kernel's; use a shared one, 32 to 1019"),
    ('<irq id="1" irq="1020" />', "is no shared interrupt of a GIC; use 32 to 1019"),
    ('<irq id="1" irq="4294967296" />', 'irq="4294967296"'),
    ('<irq id="1" irq="" />', "irq"),
    ('<irq id="1" irq="33" trigger="both" />', "trigger"),
    ('<irq id="1" irq="33" vector="3" />', "'vector'"),
    ('<irq id="1" irq="33" pin="3" />', "'pin'"),
    ('<irq id="1" irq="console" trigger="edge" />', "the firmware's tables say how it works"),
    ('<irq id="1" pcidev="00:02.0" handle="7" vector="1" />', "'vector'"),
    ('<irq irq="33" />', "lacks the attribute 'id'"),
    ('<irq id="1" irq="33" /><irq id="2" irq="33" />', "<irq> 33 of the GIC is taken by the <irq> of line 3"),
    ('<irq id="1" irq="console" /><irq id="2" irq="console" />', "that of the console is taken"),
    ('<ioport id="1" addr="0x3f8" size="8" />', "<ioport> is for x86-64: AArch64 has no I/O ports; map the device's"),
])
def test_refused_elements(arm, element, message):
    result = check(arm, IRQ.format(element))
    assert result.returncode == 1
    errors = [line for line in result.stderr.splitlines() if ":3: error: " in line]
    assert len(errors) == 1 and message in errors[0], result.stderr


def test_secure_firmware_calls(arm):
    result = check(arm, '<system><protection_domain name="a" smc="true"><program_image path="program.elf" />'
                        "</protection_domain></system>")
    assert result.returncode == 1 and "calls of the secure firmware are the kernel's alone" in result.stderr


# --- places known only at boot ---

PLACES = """<system>
    <memory_region name="uart" phys_addr="console" size="0x1000" />
    <memory_region name="gic" phys_addr="gicv" size="0x2000" />
    <protection_domain name="a"><program_image path="program.elf" />
        <map mr="uart" vaddr="0x4000000" cached="false" />
        <irq id="0" irq="console" />
        <virtual_machine name="v"><vcpu id="0" /><map mr="gic" vaddr="0x8010000" cached="false" /></virtual_machine>
    </protection_domain>
</system>"""


def test_symbolic_places(arm):
    payload = Payload(arm.build(PLACES))
    uart, gic = payload.region("uart"), payload.region("gic")
    assert (uart.physical_address, uart.kind, uart.size) == (CONSOLE_ADDRESS, 2, 0x1000)
    assert (gic.physical_address, gic.kind, gic.size) == (GICV_ADDRESS, 2, 0x2000)
    assert [(i.kind, i.id) for i in payload.irqs] == [(4, 0)]


@pytest.mark.parametrize("old, new, message", [
    ('size="0x1000"', 'size="0x2000"', '<memory_region name="uart"> phys_addr="console" with size 0x2000'),
    ('size="0x2000"', 'size="0x1000"', "this device has 0x2000 bytes, use that"),
    ('phys_addr="console"', 'phys_addr="gicv"', "region 'uart' already"),
    ('phys_addr="console"', 'phys_addr="serial"', 'phys_addr="serial"'),
    ('name="uart"', 'name="uart" source="ram"', "is a device; remove"),
    ('name="uart"', 'name="uart" prefill_path="data.bin"', "is a device; remove"),
    ('mr="uart"', 'mr="gic"', "it is for guests, map it in <virtual_machine>"),
    ('<irq id="0" irq="console" />', '<setvar symbol="my_word" region_paddr="uart" />', "region_paddr"),
])
def test_symbolic_places_refused(arm, old, new, message):
    assert old in PLACES
    result = check(arm, PLACES.replace(old, new, 1))
    assert result.returncode == 1 and message in result.stderr, result.stderr


def test_symbolic_places_on_x86(tool):
    for place in ("console", "gicv"):
        text = (f'<system>\n<memory_region name="r" size="0x1000" phys_addr="{place}" />\n<protection_domain name="a">'
                '<program_image path="program.elf" /><map mr="r" vaddr="0x4000000" /></protection_domain></system>')
        result = tool.check(tool.write(text))
        assert result.returncode == 1 and f':2: error: <memory_region name="r"> phys_addr="{place}" is for AArch64' \
            in result.stderr


# --- <vm> ---

HEAD = "<QII64sIIIIIIII"
IMAGES_AT = struct.calcsize(HEAD) + 12 * 8


def command_line(payload, pd):
    at = struct.calcsize(HEAD + "12Q9Q6Q3QQ16QQIIQ" "QQQQIIII")
    return payload.memory(pd, CONFIG + at, 2048).rstrip(b"\0")


def test_serial_driver(arm):
    payload = Payload(arm.build(TWO_VMS))
    magic, version, _, _, port, irq, baud, registers = config(payload, "serial_driver", "<QIIIIIIQ")
    assert (magic, version, port, irq, baud) == (0x3047464352455324, 2, 0, 0, 115200)
    assert payload.maps_of("serial_driver")["serial_registers"] == (registers, 0x1000, 1 | 2 | 8)
    region = payload.region("serial_registers")
    assert (region.physical_address, region.kind) == (CONSOLE_ADDRESS, 2)
    assert [(i.pd, i.id, i.kind, i.flags) for i in payload.irqs] == [(0, 0, 4, 0)]


def test_guest_memory(arm):
    payload = Payload(arm.build(TWO_VMS))
    assert payload.maps_of("second", 2)["second_ram"] == (GUEST_RAM, 5 << 30, 7)
    assert payload.maps_of("second_vmm")["second_ram"] == (0x1000000000 + GUEST_RAM, 5 << 30, 3)
    assert config(payload, "second_vmm", HEAD)[11] == 1
    assert config(payload, "second_vmm", "<QQQ", struct.calcsize(HEAD)) == (GUEST_RAM, 0x1000000000 + GUEST_RAM, 5 << 30)
    result = check(arm, '<system>\n<vm name="g" memory="257GiB"><kernel path="vmlinuz" /></vm></system>')
    assert result.returncode == 1 and ":2: error: " in result.stderr and "more than 256 GiB" in result.stderr
    assert check(arm, '<system>\n<vm name="g" memory="256GiB"><kernel path="vmlinuz" /></vm></system>').returncode == 0


def test_virtual_cpu_interface(arm):
    """One region for all VMs, in none of the monitors."""
    payload = Payload(arm.build(TWO_VMS))
    regions = [region for region in payload.regions if region.physical_address == GICV_ADDRESS]
    assert len(regions) == 1 and regions[0].kind == 2 and regions[0].size == 0x2000
    for vm in ("first", "second"):
        assert payload.maps_of(vm, 2)[regions[0].name] == (0x8010000, 0x2000, 1 | 2 | 8)
        assert regions[0].name not in payload.maps_of(vm + "_vmm")


def test_device_trees_in_the_config(arm):
    payload = Payload(arm.build(TWO_VMS))
    images = config(payload, "first_vmm", "<15Q", IMAGES_AT)
    maps = payload.maps_of("first_vmm")
    for version, (address, size) in ((2, images[9:11]), (3, images[12:14])):
        assert maps[f"first_device_tree_gicv{version}"] == (address, 0x1000, 1)
        tree = payload.memory("first_vmm", address, size)
        assert struct.unpack_from(">II", tree) == (0xD00DFEED, size)
    # They are vouched for like every other image.
    trees = [image for image in payload.images if image.content[:4] == b"\xd0\x0d\xfe\xed"]
    assert len(trees) == 4 and all(image.role == 4 and image.flags == 0 for image in trees)


def test_more_vcpus_than_gicv2_has(arm):
    text = VM.format(' vcpus="9"', "")
    result = check(arm, text)
    assert result.returncode == 0 and "machines with a GICv2 cannot start it" in result.stderr
    payload = Payload(arm.build(text))
    images = config(payload, "g_vmm", "<15Q", IMAGES_AT)
    assert images[9:11] == (0, 0) and images[12] != 0
    assert not [region for region in payload.regions if region.physical_address == GICV_ADDRESS]
    assert "GICv2" not in check(arm, VM.format(' vcpus="8"', "")).stderr


@pytest.mark.parametrize("line, expected", [
    ("", b"console=ttyAMA0"),
    ("<cmdline></cmdline>", b"console=ttyAMA0"),
    ("<cmdline>quiet</cmdline>", b"console=ttyAMA0 quiet"),
    ("<cmdline>noconsole=1 quiet</cmdline>", b"console=ttyAMA0 noconsole=1 quiet"),
    ("<cmdline>console=tty0</cmdline>", b"console=tty0"),
    ("<cmdline>quiet console= x</cmdline>", b"quiet console= x"),
    ("<boot protocol='flat' /><cmdline>quiet</cmdline>", b"quiet"),
])
def test_console_of_the_command_line(arm, line, expected):
    assert command_line(Payload(arm.build(VM.format("", line))), "g_vmm") == expected


def test_console_of_another_machine(arm, tool):
    text = VM.format("", "<cmdline>console=ttyS0</cmdline>")
    result = check(arm, text)
    assert result.returncode == 0 and "names a serial port that VMs on AArch64 do not have" in result.stderr
    result = tool.check(tool.write(text.replace("ttyS0", "ttyAMA0")))
    assert result.returncode == 0 and "names a serial port that VMs on x86-64 do not have" in result.stderr
    assert "serial port" not in tool.check(tool.write(text)).stderr


def test_console_makes_the_command_line_too_long(arm):
    assert check(arm, VM.format("", "<cmdline>" + "a" * 2030 + "</cmdline>")).returncode == 0
    result = check(arm, VM.format("", "<cmdline>" + "a" * 2040 + "</cmdline>"))
    assert result.returncode == 1 and "with console=ttyAMA0 in front has 2056 characters" in result.stderr


@pytest.mark.parametrize("content, message", [
    (b"\x1f\x8b\x08" + bytes(100), "is compressed by gzip; unpack it"),
    (b"MZ\0\0zimg" + bytes(100), "is compressed (EFI zboot)"),
    (elf_maker.linux_kernel(), "is a bzImage for x86; give an arm64 Image"),
    (b"#!/bin/sh\n" + bytes(100), "is not an arm64 Linux Image"),
    (elf_maker.arm64_image()[:0x3F], "is not an arm64 Linux Image"),
    (elf_maker.arm64_image(image_size=0), "does not say its size"),
    (elf_maker.arm64_image(flags=0xB), "is big-endian"),
    (elf_maker.arm64_image(image_size=61 << 20), "memory of 64 MiB is too little"),
    (elf_maker.arm64_image(image_size=(1 << 64) - 1), "memory of 64 MiB is too little"),
], ids=["gzip", "zboot", "bzimage", "script", "cut", "no_size", "big_endian", "large", "huge"])
def test_linux_images_refused(arm, content, message):
    (arm.directory / "other").write_bytes(content)
    result = check(arm, VM.format("", "").replace("vmlinuz", "other"))
    assert result.returncode == 1 and message in result.stderr, result.stderr
    errors = [line for line in result.stderr.splitlines() if " error: " in line]
    assert len(errors) == 1 and ";" in errors[0]


def test_kernel_that_just_fits(arm):
    (arm.directory / "other").write_bytes(elf_maker.arm64_image(image_size=60 << 20))
    assert check(arm, VM.format("", "").replace("vmlinuz", "other")).returncode == 0


def test_arm64_kernel_on_x86(tool):
    (tool.directory / "other").write_bytes(elf_maker.arm64_image())
    result = tool.check(tool.write(VM.format("", "").replace("vmlinuz", "other")))
    assert result.returncode == 1 and "is not a Linux bzImage" in result.stderr


def test_flat_guest(arm, tool):
    at = struct.calcsize(HEAD + "12Q9Q6Q3Q")
    text = VM.format("", '<boot protocol="flat" />')
    assert config(Payload(arm.build(text)), "g_vmm", "<Q", at) == (GUEST_RAM + 2 * MIB,)
    assert config(Payload(tool.build(text)), "g_vmm", "<Q", at) == (2 * MIB,)
    for address, good in ((GUEST_RAM, True), (GUEST_RAM + 64 * MIB - 0x10000, True), (GUEST_RAM + 64 * MIB, False),
                          (0x200000, False), (GUEST_RAM + 64 * MIB - 0x1000, False)):
        result = check(arm, VM.format("", f'<boot protocol="flat" load_address="{address:#x}" />'))
        assert (result.returncode == 0) == good, result.stderr
        assert good or "starts at 0x40000000 on AArch64" in result.stderr


# --- expand ---

def test_expand_to_the_same(arm, files):
    """What was expanded is the same system, and expands to itself."""
    whole = Payload(arm.build(TWO_VMS))
    result = arm.run("expand", "--arch", "aarch64", "-s", files / "aarch64", "-o", "out", arm.directory / "test.system")
    assert result.returncode == 0, result.stderr
    text = (arm.directory / "out/test.system").read_text(encoding="utf-8")
    assert "<vm " not in text and "<irq id=\"0\" irq=\"console\" />" in text
    assert 'phys_addr="console"' in text and 'phys_addr="gicv"' in text
    again = arm.run("expand", "--arch", "aarch64", "-s", files / "aarch64", arm.directory / "out/test.system")
    assert again.stdout == text
    arm.directory = arm.directory / "out"
    expanded = Payload(arm.build(text))
    assert [vars(row) for row in expanded.irqs] == [vars(row) for row in whole.irqs]
    assert [(r.name, r.size, r.physical_address, r.kind) for r in expanded.regions] == [
        (r.name, r.size, r.physical_address, r.kind) for r in whole.regions]
    assert [vars(row) for row in expanded.maps] == [vars(row) for row in whole.maps]
    assert ANY_ADDRESS in [r.physical_address for r in expanded.regions]


# --- loader, images, run ---

def good(result):
    assert result.returncode == 0, result.stderr
    return result


def make_keys(arm):
    arm.build(TWO_VMS)
    good(arm.run("keygen", "--quiet", "--development", "keys"))
    good(arm.run("sign", "--quiet", "--keys", "keys", "--output", "signed.bin", "payload.bin"))


def provision(arm, template, output="loader.img"):
    return arm.run("provision", "--quiet", "--trust", "keys/system.trust", "--output", output, template)


def test_provision_an_image(arm, files):
    make_keys(arm)
    good(provision(arm, files / "aarch64/loader.img"))
    anchor = (arm.directory / "keys/system.trust").read_bytes()
    template = (files / "aarch64/loader.img").read_bytes()
    loader = (arm.directory / "loader.img").read_bytes()
    assert loader[0x4010:0x4010 + len(anchor)] == anchor
    assert loader[:0x4010] == template[:0x4010] and not loader[0x4010 + len(anchor):].strip(b"\0")
    assert len(loader) == len(template)
    # A second time changes nothing.
    good(provision(arm, "loader.img", "again.img"))
    assert (arm.directory / "again.img").read_bytes() == loader


@pytest.mark.parametrize("change, message", [
    (lambda d: d.replace(b"SKYSCOPE-TRUST->", b"SKYSCOPE-TRUST=>"), "no place for a trust anchor"),
    (lambda d: d[:0x7FFF], "no place for a trust anchor"),
    (lambda d: d[:1] + d, "neither an ELF file nor an AArch64 image"),
    (lambda d: d[:0x3000] + bytes(8) + d[0x3000:], "no place for a trust anchor"),
    (lambda d: d + d[0x4000:], "two places for a trust anchor"),
    (lambda d: d[:0x3A], "neither an ELF file nor an AArch64 image"),
], ids=["mark", "cut", "shifted", "not_aligned", "two", "header"])
def test_provision_of_a_wrong_image(arm, files, change, message):
    make_keys(arm)
    (arm.directory / "other.img").write_bytes(change((files / "aarch64/loader.img").read_bytes()))
    result = provision(arm, "other.img")
    assert result.returncode == 1 and message in result.stderr
    assert not (arm.directory / "loader.img").exists()


def test_inspect_and_verify(arm):
    make_keys(arm)
    text = good(arm.run("inspect", "signed.bin")).stdout
    assert "AArch64" in text and " at the console" in text and " at the gicv" in text
    assert "serial_driver 0: the console's" in text and "vector" not in text
    plan = json.loads(good(arm.run("inspect", "--json", "signed.bin")).stdout)["plan"]
    assert plan["machine"] == "aarch64"
    assert plan["interrupts"] == [{"pd": "serial_driver", "id": 0, "kind": "console"}]
    assert [r["place"] for r in plan["regions"] if "place" in r] == ["console", "gicv"]
    good(arm.run("verify", "--trust", "keys/system.trust", "signed.bin"))


def test_iso_and_disk(arm, files):
    make_keys(arm)
    good(provision(arm, files / "aarch64/loader.img"))
    good(arm.run("iso", "--quiet", "--loader", "loader.img", "--output", "test.iso", "signed.bin"))
    good(arm.run("disk", "--quiet", "--keys", "keys", "--loader", "loader.img", "--output", "disk.img", "signed.bin"))
    loader = (arm.directory / "loader.img").read_bytes()
    iso = (arm.directory / "test.iso").read_bytes()
    assert b"linux (memdisk)/boot/loader.img" in iso and b"initrd /boot/skyscope/payload.bin" in iso
    assert b"BOOTAA64EFI" in iso and b"BOOTX64 EFI" not in iso and loader in iso
    assert b"EFI PART" in iso[:4096]
    for name in ("test.iso", "disk.img"):
        good(arm.run("verify", "--trust", "keys/system.trust", name))
        command = good(arm.run("run", "--dry-run", "--gic", "2", "--cpu", "cortex-a53", name)).stdout
        assert command.startswith("qemu-system-aarch64 -accel tcg -machine virt,virtualization=on,gic-version=2 "
                                  "-cpu cortex-a53 ")
        assert "AAVMF_CODE" in command
    with open(arm.directory / "disk.img", "rb") as disk:
        assert not disk.read(440).strip(b"\0")  # no boot code
        disk.seek(MIB)
        assert not disk.read(MIB).strip(b"\0")


def test_loader_of_another_machine(arm, files):
    make_keys(arm)
    for command in (["iso", "--output", "x.iso"], ["run", "--dry-run"]):
        result = arm.run(*command, "--loader", files / "kernel.elf", "signed.bin")
        assert result.returncode == 1
        assert "is for AArch64, and loader" in result.stderr and "(loader.img)" in result.stderr


def test_run_a_payload(arm, files):
    arm.build(TWO_VMS)
    loader = files / "aarch64/loader.img"
    command = good(arm.run("run", "--dry-run", "--loader", loader, "payload.bin")).stdout
    assert command.startswith("qemu-system-aarch64 -accel tcg -machine virt,virtualization=on,gic-version=3 -cpu "
                              "cortex-a72 -smp 2 -m 2048M ")
    assert command.rstrip().endswith(f"-kernel {loader} -initrd payload.bin")
    for options, message in ((["--firmware", "uefi"], "is a payload"), (["--gic", "4"], "use 2 or 3")):
        result = arm.run("run", "--dry-run", "--loader", loader, *options, "payload.bin")
        assert result.returncode == 2 and message in result.stderr


def test_run_options_of_the_other_machine(tool):
    tool.build('<system><protection_domain name="one"><program_image path="program.elf" /></protection_domain></system>')
    result = tool.run("run", "--dry-run", "--gic", "3", "--loader", tool.files / "kernel.elf", "payload.bin")
    assert result.returncode == 2 and "--gic is for AArch64" in result.stderr


def test_template_of_the_build():
    """The real loader has one place, if it has been built."""
    path = ROOT / "build/aarch64/loader-template.img"
    if not path.exists():
        pytest.skip("build/aarch64/loader-template.img has not been built (make ARCH=aarch64 all)")
    data = path.read_bytes()
    assert data[0x38:0x3C] == b"ARM\x64"
    assert [at for at in range(0, len(data), 4096) if data.startswith(b"SKYSCOPE-TRUST->", at)] != []
