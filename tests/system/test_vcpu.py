# SPDX-License-Identifier: BSD-2-Clause
"""Guests that check their own virtual CPU while they share a processor."""

import pytest

from console import Skyscope
from machine import BUILD

PAYLOAD = BUILD / "systems/vcpu_check/payload.bin"
# With XSAVE and AVX; without either; with more extended states.
PROCESSORS = ["EPYC,+svm,+npt", "qemu64,+svm,+npt", "max,+svm,+npt"]


@pytest.mark.parametrize("cpu", PROCESSORS, ids=[cpu.partition(",")[0] for cpu in PROCESSORS])
def test_virtual_cpus_are_as_real_ones(cpu):
    name = "vcpu-" + cpu.partition(",")[0].lower()
    with Skyscope(name, payload=PAYLOAD, cpus=1, cpu=cpu) as skyscope:
        for number, vm in enumerate(("first", "second")):
            if number != 0:
                skyscope.to_console(number, vm)
            index, _ = skyscope.expect([r"vcpu-check: all is well", r"vcpu-check: something is wrong"], 120)
            assert index == 0, [line for line in skyscope.output().splitlines() if "FAILED" in line]
