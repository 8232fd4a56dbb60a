#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs a benchmark system and prints where its instructions went, by function.

    bench/profile/profile.py SYSTEM UNTIL [--sel4] [--per N] [--lines FUNCTION]

SYSTEM is a directory of build/systems; the run ends when UNTIL (a regular
expression) is printed. --per divides all counts, for instance by the number of
iterations. --lines prints a function's instructions with their counts.

--sel4: SYSTEM as `make KERNEL=sel4` built it with the Microkit SDK that
MICROKIT_SDK names, release configuration, and the SDK's programs beside ours.
"""

import argparse
import bisect
import collections
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
sys.path.insert(0, str(ROOT / "tests" / "system"))
sys.path.insert(0, str(ROOT / "bench"))
from machine import ARCH, Machine  # noqa: E402
from run import CPU, ICOUNT  # noqa: E402

BOARD = "qemu_virt_aarch64"
SEL4_BUILD = BUILD / "aarch64" / "sel4" / f"{BOARD}-release"


class Program:
    """An ELF file's functions and bytes."""

    def __init__(self, path):
        self.name = path.stem
        self.segments = []
        data = path.read_bytes()
        headers = subprocess.run(["readelf", "-lW", path], check=True, capture_output=True, text=True).stdout
        for match in re.finditer(r"^\s+LOAD\s+0x(\w+)\s+0x(\w+)\s+0x\w+\s+0x(\w+)", headers, re.MULTILINE):
            offset, address, size = (int(group, 16) for group in match.groups())
            self.segments.append((address, data[offset:offset + size]))
        symbols = subprocess.run(["nm", "-n", path], check=True, capture_output=True, text=True).stdout
        self.functions = [(int(m.group(1), 16), m.group(2))
                          for m in re.finditer(r"^(\w+) [tTwW] (.+)$", symbols, re.MULTILINE)]
        self.starts = [start for start, _ in self.functions]

    def has(self, address, code):
        """Whether these bytes are this program's at that address."""
        for start, data in self.segments:
            if start <= address < start + len(data):
                return data[address - start:address - start + len(code)] == code
        return False

    def function(self, address):
        """Name of the function at an address."""
        index = bisect.bisect_right(self.starts, address) - 1
        return self.functions[index][1] if index >= 0 else "?"


def on_skyscope(system):
    """What a machine boots, and the programs in it."""
    programs = [BUILD / "kernel.elf", BUILD / "loader.elf", *sorted((BUILD / "programs").glob("*.elf")),
                *sorted((BUILD / "guest").glob("bench_*.elf"))]
    return {"payload": BUILD / "systems" / system / "payload.bin"}, programs


def on_sel4(system):
    """The same on seL4: the board that the SDK's kernel is for."""
    if ARCH != "aarch64" or "MICROKIT_SDK" not in os.environ:
        sys.exit("profile.py: --sel4 needs SKYSCOPE_ARCH=aarch64 and MICROKIT_SDK=DIRECTORY in the environment")
    sdk = pathlib.Path(os.environ["MICROKIT_SDK"]) / "board" / BOARD / "release" / "elf"
    what = {"kernel": SEL4_BUILD / "systems" / f"{system}.elf", "cpu": CPU, "gic": 2, "memory": "2G"}
    return what, [*sorted(sdk.glob("*.elf")), *sorted(SEL4_BUILD.glob("*.elf"))]


def main():
    """See the top of this file."""
    parser = argparse.ArgumentParser(description="Prints where a system's instructions go, by function.")
    parser.add_argument("system")
    parser.add_argument("until")
    parser.add_argument("--sel4", action="store_true")
    parser.add_argument("--per", type=float, default=1)
    parser.add_argument("--lines")
    parser.add_argument("--top", type=int, default=60)
    options = parser.parse_args()
    plugin = BUILD / "bench" / "profile.so"
    counts = BUILD / "bench" / f"{options.system}.counts"
    what, programs = on_sel4(options.system) if options.sel4 else on_skyscope(options.system)
    with Machine(f"profile-{options.system}", cpus=1, extra=ICOUNT + ["-plugin", f"{plugin},output={counts}"],
                 timeout=900, **what) as machine:
        machine.expect(options.until)
    programs = [Program(path) for path in programs]
    functions = collections.Counter()
    totals = collections.Counter()
    lines = []
    for line in counts.read_text(encoding="ascii").splitlines():
        address, count, code = line.split()
        address, count = int(address, 16), int(count)
        code = bytes.fromhex(code)
        owner = next((program for program in programs if program.has(address, code)), None)
        name = owner.function(address) if owner else "?"
        program = owner.name if owner else "other"
        functions[program, name] += count
        totals[program] += count
        if name == options.lines:
            lines.append((address, count, code))
    for program, count in totals.most_common():
        print(f"{count / options.per:14.1f}  {program}")
    print()
    for (program, name), count in functions.most_common(options.top):
        print(f"{count / options.per:14.1f}  {program:16} {name}")
    for address, count, code in sorted(lines):
        print(f"{count / options.per:14.1f}  {address:x}  {code.hex()}")


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
