# SPDX-License-Identifier: BSD-2-Clause
"""Small systems in the manner of Microkit's examples: each program asserts what
it sees and says so on the debug console; here it is read."""

import pytest

from machine import ARCH, PLATFORM

PASSED_WITHIN = 60
PORT_MISTAKES = [("x86_ioport_write_8", "I/O Port ID", 5), ("x86_ioport_read_32", "I/O Port ID", 63)] \
    if ARCH == "x86_64" else []


def run(machine, build, system, lines, **arguments):
    """Boots a system, waits for the lines in any order of programs, and checks that no program complained."""
    started = machine(payload=build / "systems" / system / "payload.bin", timeout=PASSED_WITHIN, **arguments)
    for line in lines:
        started.expect_text(line)
    output = started.output()
    assert "WRONG" not in output, output
    return output


def in_order(output, *texts):
    """Whether the texts come one after the other."""
    position = 0
    for text in texts:
        position = output.find(text, position)
        if position < 0:
            return False
        position += len(text)
    return True


def test_hello(machine, build):
    output = run(machine, build, "hello", ["hello: end of init"])
    assert "hello, world; my name is hello, numbers are 255 4294967295 0, constructors have run\n" in output


def test_hierarchy(machine, build):
    output = run(machine, build, "hierarchy", ["parent: passed"])
    assert in_order(output, "crasher: life 0, data fresh", "parent: ok fault of the crasher",
                    "crasher: life 1, data fresh", "parent: ok fault of the crasher",
                    "crasher: life 2, data fresh", "parent: ok third fault is the load",
                    "parent: ok registers of a faulted child", "crasher: ok repaired load",
                    "parent: ok invalid instruction", "crasher: ok went on behind an invalid instruction",
                    "crasher: end of init", "parent: ok four faults before anyone waited",
                    "parent: ok fault in notified", "parent: crasher left stopped", "parent: worker stopped",
                    "parent: ok a stopped child does not answer", "parent: passed")


def test_protected_procedures(machine, build):
    output = run(machine, build, "protected", ["client: passed"])
    assert in_order(output, "client: ok 0 to 64 words both ways, label kept", "client: ok longer messages are cut",
                    "client: ok nested call")


def test_passive_server(machine, build):
    output = run(machine, build, "passive", ["client: passed"])
    assert in_order(output, "server: init on its own budget", "server: called", "client: first call returned",
                    "client: ok the server ran on this client's budget", "server: notified on channel 3",
                    "server: called", "client: passed")


def test_notifications_both_ways(machine, build):
    output = run(machine, build, "notify", ["high: passed"])
    assert in_order(output, "low: ok no entry point before init has ended",
                    "low: ok three notifications seen as one", "high: 1000 rounds",
                    "low: ok each round was answered", "high: passed")


def test_shared_memory(machine, build):
    output = run(machine, build, "shared_memory", ["writer: passed"])
    assert in_order(output, "reader: ok prefilled memory", "writer: ok memory is zero at first",
                    "reader: ok sees what was written", "writer: ok the reader could not write")
    assert output.count("reader: ok in a large page too") == 1


def test_budget_is_enforced(machine, build):
    # By counted instructions: on a busy host the emulator's own pauses count as a program's time.
    output = run(machine, build, "budget", ["observer: passed"], cpus=1, extra=["-icount", "shift=0,sleep=off"])
    assert "observer: ok about a tenth" in output


def test_two_cpus(machine, build):
    output = run(machine, build, "two_cpus", ["parent: passed"])
    for line in ["the child runs on the other CPU", "stopped", "resumed", "stopped and resumed a hundred times",
                 "restarted twenty times", "fault on the other CPU"]:
        assert f"parent: ok {line}\n" in output
    assert "parent: 2000 rounds with the other CPU" in output


@pytest.mark.skipif(ARCH != "x86_64", reason="there are no I/O ports")
def test_ports_and_interrupts(machine, build):
    output = run(machine, build, "ioport_irq", ["pit: passed"])
    assert "pit: ok the counter is programmed" in output
    assert "microkit_x86_ioport_write_16: error writing data" in output


QEMU_VIRT = pytest.mark.skipif(ARCH != "aarch64", reason="the device's addresses are those of QEMU's machine virt")
SMMU = ["-machine", "iommu=smmuv3"]


@QEMU_VIRT
@pytest.mark.parametrize("gic, more", [(2, []), (3, []), (3, SMMU)], ids=["gicv2", "gicv3", "smmu"])
def test_line_and_message_of_a_device(machine, build, gic, more):
    output = run(machine, build, "device_irqs", ["edu: passed"], gic=gic, extra=["-device", "edu,addr=1"] + more)
    assert "edu: ok a line that stays up interrupts again, once for each acknowledgement" in output
    assert "edu: ok messages, and the line no more" in output
    assert "unexpected" not in output and "refused" not in output


@QEMU_VIRT
@pytest.mark.parametrize("more, line", [([], "edu: memory written by the device"), (SMMU, "edu: memory as before")],
                         ids=["no_smmu", "smmu"])
def test_memory_access_of_a_device(machine, build, more, line):
    output = run(machine, build, "device_dma", [line], extra=["-device", "edu,addr=2,dma_mask=0xffffffff"] + more)
    assert ("smmu: refused device 00:02.0 access to" in output) == bool(more)


def test_mistakes_are_explained(machine, build):
    output = run(machine, build, "mistakes", ["parent: passed"])
    for function, kind, number in [("notify", "channel", 1), ("notify", "channel", 61), ("notify", "channel", 62),
                                   ("notify", "channel", 10000), ("deferred_notify", "channel", 2),
                                   ("irq_ack", "channel", 3), ("deferred_irq_ack", "channel", 64),
                                   ("ppcall", "channel", 4)] + PORT_MISTAKES:
        assert f"mistaken microkit_{function}: invalid {kind} given '{number}'\n" in output
    assert "unfinished is missing the 'protected' entry point\n" in output
    assert "overflow: stack overflow detected\n" in output
    assert "mistaken: ok hears that it was stopped\n" in output


def test_fpu_state_is_each_ones_own(machine, build):
    started = machine(payload=build / "systems" / "fpu" / "payload.bin", timeout=120)
    for _ in range(4):
        started.expect(r"fpu_\d: kept its values")
    output = started.output()
    assert "WRONG" not in output
    assert sorted(name for name in ("fpu_1", "fpu_2", "fpu_3", "fpu_4")
                  if f"{name}: kept its values" in output) == ["fpu_1", "fpu_2", "fpu_3", "fpu_4"]
    assert "parent: ok no FPU unpermitted" in output  # short enough to be written in one piece


def test_timer(machine, build):
    output = run(machine, build, "timer", ["timer: passed"])
    assert "timer: ok a plausible clock frequency" in output
    assert "timer: one in the past fires at once" in output


@pytest.mark.parametrize("cpu", PLATFORM.cpus)
def test_hostile_programs_harm_themselves_only(machine, build, cpu):
    output = run(machine, build, "hostile_pd", ["parent: passed"], cpu=cpu)
    assert "parent: ok an innocent program goes on" in output
    assert output.count("parent: ok ") == 48 + 2
