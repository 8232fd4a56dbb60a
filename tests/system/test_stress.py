# SPDX-License-Identifier: BSD-2-Clause
"""Everything at once on two CPUs: calls through two passive programs, notifications,
faults with replies, budgets and timers, while the programs are stopped, resumed and
restarted from the other CPU. Each checks what it sees; a watchdog reports whoever
stands still."""

PASSED_WITHIN = 60


def test_stress(machine, build):
    started = machine(payload=build / "systems" / "stress" / "payload.bin", timeout=PASSED_WITHIN)
    started.expect(["controller: passed", "WRONG.*\n", "panic"])
    output = started.output()
    assert "WRONG" not in output, output
    assert "controller: ok something of everything" in output
    assert "fault: PD" not in output  # every program that can fault has a parent
