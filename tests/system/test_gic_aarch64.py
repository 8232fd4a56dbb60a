# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts of a VM with four virtual CPUs, on both versions of the interrupt controller.

The tests of a version share one machine, in the order of the file.
"""

import re

import pytest

from console import Skyscope
from machine import BUILD

VCPUS = 4


@pytest.fixture(scope="module", params=[2, 3], ids=["gicv2", "gicv3"])
def quad(request):
    with Skyscope(f"quad-gicv{request.param}", payload=BUILD / "systems/quad/payload.bin", cpus=VCPUS,
                  gic=request.param) as skyscope:
        skyscope.expect_shell("quad")
        yield skyscope


def interrupts(quad, name):
    """How many of them each vCPU has taken."""
    table = quad.check_shell("cat /proc/interrupts")
    line = re.search(rf"^\s*\w+:((?:\s+\d+){{{VCPUS}}}).*{name}", table, re.MULTILINE)
    return [int(number) for number in line[1].split()]


def exits(quad):
    """Exits of all vCPUs to their VMM, by kind."""
    quad.to_manager()
    text = quad.manager("statistics --raw")
    quad.to_shell(0, "quad")
    counts = {}
    for kind, count in re.findall(r"^vcpu\.\d+\.exits\.([\w-]+) (\d+)\r*$", text, re.MULTILINE):
        counts[kind] = counts.get(kind, 0) + int(count)
    return counts


def test_shared_interrupt_goes_where_it_is_sent(quad):
    number = re.search(r"^\s*(\d+):.*uart-pl011", quad.check_shell("cat /proc/interrupts"), re.MULTILINE)[1]
    for vcpu in (3, 1, 2, 0):
        quad.check_shell(f"echo {1 << vcpu:x} > /proc/irq/{number}/smp_affinity")
        before = interrupts(quad, "uart-pl011")
        quad.check_shell("echo something to be typed")
        after = interrupts(quad, "uart-pl011")
        assert [i for i in range(VCPUS) if after[i] > before[i]] == [vcpu]


def test_timers_and_interprocessor_interrupts_need_no_vmm(quad):
    """The VMM hears neither of ticks nor of processors that wake each other."""
    before, ticks, calls = exits(quad), interrupts(quad, "arch_timer"), interrupts(quad, "Function call interrupts")
    quad.check_shell("for c in 1 2 4 8; do taskset $c sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done' & done; "
                     "wait; for i in $(seq 20); do for c in 1 2 4 8; do taskset $c true; done; done", 300)
    after = exits(quad)
    assert all(b > a for a, b in zip(ticks, interrupts(quad, "arch_timer")))
    assert sum(interrupts(quad, "Function call interrupts")) > sum(calls)
    for kind in ("timer", "interrupt-window", "system-register"):
        assert after[kind] == before[kind], kind


def test_processors_go_and_come_back(quad):
    for _ in range(3):
        quad.check_shell("echo 0 > /sys/devices/system/cpu/cpu2/online")
        assert quad.check_shell("nproc").strip() == str(VCPUS - 1)
        quad.check_shell("echo 1 > /sys/devices/system/cpu/cpu2/online")
    assert quad.check_shell("nproc").strip() == str(VCPUS)
    # How many it took is not shown while it is away; now its own timer must work again.
    before = interrupts(quad, "arch_timer")[2]

    def it_ticks():
        quad.check_shell("taskset 4 sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done'")
        return interrupts(quad, "arch_timer")[2] > before

    quad.until(it_ticks, "ticks of vCPU 2")
    assert quad.shell("dmesg -r | grep -E '^<[0-3]>'")[1].strip() == ""
