# SPDX-License-Identifier: BSD-2-Clause
"""Makes small ELF files and Linux kernel headers for tests of the tool.

Written from the formats' specifications and independent of the tool's own code.
"""

import struct

EXECUTE, WRITE, READ = 1, 2, 4
LOAD, DYNAMIC, NOTE = 1, 2, 4
EXECUTABLE, RELOCATABLE = 2, 1
I386, AARCH64, X86_64 = 3, 183, 62

# Name, address, size: what libmicrokit and the tests' systems use. All in the data segment at 0x202000.
SYMBOLS = [
    ("microkit_name", 0x202000, 64),
    ("microkit_passive", 0x202040, 1),
    ("microkit_irqs", 0x202048, 8),
    ("microkit_notifications", 0x202050, 8),
    ("microkit_pps", 0x202058, 8),
    ("microkit_ioports", 0x202060, 8),
    ("my_word", 0x202068, 8),
    ("small_word", 0x202070, 4),
    ("skyscope_config", 0x202078, 8),
    ("skyscope_timer_channel", 0x202080, 8),
    ("timer_interrupt", 0x202088, 8),
    ("timer_ports", 0x202090, 8),
    ("timer_hpet", 0x202098, 8),
    ("skyscope_tsc_information", 0x2020a0, 8),
    ("other_word", 0x203000, 8),  # in the zeroed part of the segment
    ("absolute_word", 0x900000, 8),
]


def elf(segments, entry=0x200000, machine=X86_64, kind=EXECUTABLE, symbols=(), bits=64):
    """segments: (type, flags, address, content, size in memory)."""
    header_size, row_size = 64, 56
    offset = header_size + row_size * len(segments)
    rows, body = b"", b""
    for type_, flags, address, content, memory_size in segments:
        # The file offset is congruent to the address modulo the page size.
        padding = (address - (offset + len(body))) % 0x1000
        body += bytes(padding)
        rows += struct.pack("<IIQQQQQQ", type_, flags, offset + len(body), address, address, len(content),
                            memory_size, 0x1000)
        body += content
    names, table = b"\0", bytes(24)
    for name, address, size in symbols:
        table += struct.pack("<IBBHQQ", len(names), 0x11, 0, 1, address, size)
        names += name.encode() + b"\0"
    section_names = b"\0.symtab\0.strtab\0.shstrtab\0"
    table_at = offset + len(body)
    names_at = table_at + len(table)
    section_names_at = names_at + len(names)
    sections_at = section_names_at + len(section_names)
    sections = bytes(64)
    if symbols:
        sections += struct.pack("<IIQQQQIIQQ", 1, 2, 0, 0, table_at, len(table), 2, 1, 8, 24)
        sections += struct.pack("<IIQQQQIIQQ", 9, 3, 0, 0, names_at, len(names), 0, 0, 1, 0)
        sections += struct.pack("<IIQQQQIIQQ", 17, 3, 0, 0, section_names_at, len(section_names), 0, 0, 1, 0)
    count = len(sections) // 64
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1, 1]) + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, header_size, sections_at, 0, header_size,
                                 row_size, len(segments), 64, count if symbols else 0, 3 if symbols else 0)
    return header + rows + body + (table + names + section_names + sections if symbols else b"")


CODE = (LOAD, READ | EXECUTE, 0x200000, b"\xf4" * 0x1234, 0x1234)
DATA = (LOAD, READ | WRITE, 0x202000, bytes(range(256)), 0x1800)


def program(machine=X86_64):
    return elf([CODE, DATA], symbols=SYMBOLS, machine=machine)


def linux_kernel(version=0x020F, preferred=0x1000000, init_size=0x1000000, command_line=2047):
    """The header of a bzImage (Linux/x86 boot protocol) and a few bytes."""
    image = bytearray(0x1000)
    image[0x1F1] = 4
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, version)
    struct.pack_into("<H", image, 0x236, 1)
    struct.pack_into("<I", image, 0x238, command_line)
    struct.pack_into("<Q", image, 0x258, preferred)
    struct.pack_into("<I", image, 0x260, init_size)
    return bytes(image)


def arm64_image(image_size=0x1000000, flags=0xA, size=0x10000):
    """The header of an arm64 Linux Image (Documentation/arm64/booting.rst) and a few bytes."""
    image = bytearray(size)
    struct.pack_into("<QQQ", image, 8, 0, image_size, flags)
    image[0x38:0x3C] = b"ARM\x64"
    return bytes(image)


def write_aarch64(directory):
    """Programs, a kernel and guests of the same names for AArch64."""
    directory.mkdir()
    for name in ("program", "serial_driver", "console", "manager", "vmm", "storage", "timer_driver"):
        (directory / (name + ".elf")).write_bytes(program(AARCH64))
    kernel = (LOAD, READ | EXECUTE, 0xFFFF80200000, b"\0" * 64, 64)
    loader = bytearray(arm64_image(size=0x8000))
    loader[0x4000:0x4010] = b"SKYSCOPE-TRUST->"
    files = {
        "kernel.elf": elf([kernel], entry=0xFFFF80200000, machine=AARCH64),
        "vmlinuz": arm64_image(),
        "initrd.img": b"070701" + bytes(3000),
        "data.bin": bytes(i % 251 for i in range(5000)),
        "loader.img": bytes(loader),
        "high.elf": elf([CODE, (LOAD, READ, 0x7FC0000000, b"x", 1)], machine=AARCH64),
    }
    for name, content in files.items():
        (directory / name).write_bytes(content)


def write_all(directory):
    """The files that the systems in broken/ name."""
    files = {
        "program.elf": program(),
        "seeded.elf": elf([CODE, DATA], symbols=SYMBOLS + [("microkit_seed", 0x203080, 128)]),
        "native.elf": elf([CODE, DATA], symbols=SYMBOLS + [("skyscope_socket_config", 0x203080, 8)]),
        "seed_of_others.elf": elf([CODE, DATA], symbols=SYMBOLS + [("microkit_seed", 0x203080, 8)]),
        "arm.elf": elf([CODE], machine=AARCH64),
        "i386.elf": elf([CODE], machine=I386, bits=32),
        "object.elf": elf([CODE], kind=RELOCATABLE),
        "dynamic.elf": elf([CODE, (DYNAMIC, READ, 0x202000, bytes(16), 16)]),
        "cut.elf": program()[:0x1400],
        "wx.elf": elf([(LOAD, READ | WRITE | EXECUTE, 0x200000, b"\xf4", 1)]),
        "entry.elf": elf([CODE, DATA], entry=0x10),
        "high.elf": elf([CODE, (LOAD, READ, 0x7FFF00000000, b"x", 1)]),
        "shared_page.elf": elf([(LOAD, READ | EXECUTE, 0x200000, b"\xf4" * 16, 16),
                                (LOAD, READ | WRITE, 0x200800, b"x", 1)]),
        "overlap.elf": elf([(LOAD, READ | EXECUTE, 0x200000, b"\xf4" * 16, 0x3000), DATA]),
        "nothing.elf": elf([(NOTE, READ, 0x200000, bytes(16), 16)]),
        "sparse.elf": elf([CODE, (LOAD, READ, 0x202000, b"constants.......", 0x2000)]),
        "empty.bin": b"",
        "data.bin": bytes(i % 251 for i in range(5000)),
        "vmlinuz": linux_kernel(),
        "vmlinuz_old": linux_kernel(version=0x020A),
        "initrd.img": b"070701" + bytes(3000),
        "kernel.elf": elf([(LOAD, READ | EXECUTE, 0xFFFFFFFF80200000, b"\xf4" * 64, 64)], entry=0xFFFFFFFF80200000),
    }
    for service in ("serial_driver", "console", "manager", "vmm", "storage", "timer_driver"):
        files[service + ".elf"] = program()
    for name, content in files.items():
        (directory / name).write_bytes(content)
