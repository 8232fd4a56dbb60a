# SPDX-License-Identifier: BSD-2-Clause
"""Guests that check their own virtual CPU while they share a processor."""

import pytest

from console import Skyscope
from machine import ARCH, BUILD

PAYLOAD = BUILD / "systems/vcpu_check/payload.bin"
# CPU, version of the interrupt controller (AArch64).
PROCESSORS = {
    # With XSAVE and AVX; without either; with more extended states, and given interrupts as real processors are.
    "x86_64": [("EPYC,+svm,+npt", 0), ("qemu64,+svm,+npt", 0), ("max,+svm,+npt,tcg-cpuid=off", 0)],
    # Without VHE; with it; with SVE, too.
    "aarch64": [("cortex-a53", 2), ("cortex-a53", 3), ("cortex-a57", 3), ("cortex-a72", 2), ("neoverse-n1", 3),
                ("max", 2), ("max", 3)],
}[ARCH]
# Those that are reset, too.
RESET = PROCESSORS[:2]
VMS = {"x86_64": ["first", "second"], "aarch64": ["first", "second", "third", "fourth"]}[ARCH]
CPUS = {"x86_64": 1, "aarch64": 2}[ARCH]


def name_of(processor):
    """cortex-a53 with a GICv2: cortex-a53-gic2."""
    cpu, gic = processor
    return cpu.partition(",")[0].lower() + (f"-gic{gic}" if gic != 0 else "")


@pytest.mark.parametrize("processor", PROCESSORS, ids=[name_of(processor) for processor in PROCESSORS])
def test_virtual_cpus_are_as_real_ones(processor):
    cpu, gic = processor
    with Skyscope(f"vcpu-{name_of(processor)}", payload=PAYLOAD, cpus=CPUS, cpu=cpu, gic=gic) as skyscope:
        for number, vm in enumerate(VMS):
            if number != 0:
                skyscope.to_console(number, vm)
            index, _ = skyscope.expect([r"vcpu-check: all is well", r"vcpu-check: something is wrong"], 300)
            assert index == 0, [line for line in skyscope.output().splitlines() if "FAILED" in line]


@pytest.mark.parametrize("processor", RESET, ids=[name_of(processor) for processor in RESET])
def test_after_a_reset_they_are_as_after_power_on(processor):
    cpu, gic = processor
    with Skyscope(f"vcpu-reset-{name_of(processor)}", payload=PAYLOAD, cpus=CPUS, cpu=cpu, gic=gic) as skyscope:
        skyscope.expect("vcpu-check: all is well", 300)
        skyscope.to_manager()
        assert "done" in skyscope.manager(f"reset {VMS[0]}")
        skyscope.to_console(0, VMS[0])
        # The end of what was printed before the reset is shown again.
        skyscope.expect("vcpu-check: all is well")
        skyscope.expect("vcpu-check: begins", 300)
        index, _ = skyscope.expect([r"vcpu-check: all is well", r"vcpu-check: something is wrong"], 300)
        assert index == 0, [line for line in skyscope.output().splitlines() if "FAILED" in line]


@pytest.mark.skipif(ARCH != "x86_64", reason="x86-64's way of injecting interrupts")
def test_interrupts_come_once():
    """QEMU's TCG repeats what VMRUN injected, if it stops there: each time, when it counts instructions."""
    with Skyscope("vcpu-interrupts", payload=PAYLOAD, cpus=1, extra=["-icount", "shift=0,sleep=off"]) as skyscope:
        for number, vm in enumerate(VMS):
            if number != 0:
                skyscope.to_console(number, vm)
            index, _ = skyscope.expect([r"ok each of 100 slow interrupts", r"FAILED each of 100 slow interrupts"], 300)
            assert index == 0
