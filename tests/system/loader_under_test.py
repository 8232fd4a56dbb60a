# SPDX-License-Identifier: BSD-2-Clause
"""The loader with a trust anchor for keys that the tests have, and payloads for it.

Right payloads hold a kernel of their own (tests/system/loader/kernel.c), which
checks what the loader promises and reports what it was given.
"""

import os
import random
import sys

from machine import ARCH, BUILD, PLATFORM, ROOT

sys.path.insert(0, str(ROOT / "tests/system/loader"))

import payload as p  # noqa: E402
from payload import KIB, MIB  # noqa: E402

LOADER = BUILD / f"tests/loader_of_tests.{PLATFORM.loader_suffix}"
# All at once, because several files of tests run side by side.
NEW = LOADER.with_suffix(f".{os.getpid()}")
NEW.write_bytes(p.provisioned(PLATFORM.loader_template.read_bytes(), p.trust_anchor()))
NEW.rename(LOADER)
KERNEL = (BUILD / "tests/loader_kernel.elf").read_bytes()
BLOB = random.Random(1).randbytes(100000)
TIMEOUT = 60

RAM_START = {"x86_64": 0, "aarch64": 0x40000000}[ARCH]
DEVICE = {"x86_64": 0xFEE00000, "aarch64": 0x9000000}[ARCH]

REGIONS = [
    p.region("plain", 8 * KIB),
    p.region("filled", 64 * KIB, image=2, image_offset=5, image_size=50000, prefill_offset=100),
    p.region("in place", p.round_up(len(BLOB)), image=2, image_size=len(BLOB), flags=p.IN_PLACE),
    p.region("large pages", 64 * MIB, 2 * MIB),
    p.region("contiguous", 6 * MIB, 2 * MIB, flags=p.CONTIGUOUS),
    p.region("fixed", 2 * MIB, 2 * MIB, address=RAM_START + 0x6000000),
    p.region("hardware", 128 * KIB, kind=p.HARDWARE),
    p.region("device", 4 * KIB, kind=p.DEVICE, address=DEVICE),
]


def images(regions=REGIONS, cpus=1, pool=4 * MIB):
    return [("kernel.elf", p.KERNEL, KERNEL), ("plan", p.PLAN, p.plan(regions, cpus, pool)), ("blob", p.DATA, BLOB)]


def good_payload(**arguments):
    return p.payload(images(**arguments))


def write(path, content):
    path.write_bytes(content)
    return path


def expect_kernel(machine, cpus, failures=0, timeout=TIMEOUT):
    machine.expect_text("hashes are right", timeout)
    match = machine.expect(r"test kernel: done on (\d+) CPUs, (\d+) failures", TIMEOUT)
    assert int(match.group(1)) == cpus
    assert int(match.group(2)) == failures, machine.output()
    return machine.output()


def expect_refused(machine, message, timeout=TIMEOUT):
    machine.expect_text("loader: error: ", timeout)
    machine.expect_text("nothing was started; the machine is halted", TIMEOUT)
    output = machine.output()
    assert message in output, output
    assert "test kernel" not in output
