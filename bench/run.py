#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures Skyscope's speed in instructions, and what it takes of memory.

    bench/run.py [--only PART[,PART...]] [--output FILE]

PART is exits, pd, linux, disk, net, boot or size. Runs the systems systems/bench_* in QEMU with
-icount shift=0, where each instruction, of guest and host alike, takes one nanosecond
of virtual time: counts are exact and come out the same each time. SKYSCOPE_ARCH says
for which architecture.

Prints one line per figure, tab-separated: name, value, unit, limit (- where
there is none), and writes the same to build/bench.tsv. Exit status 1 if a limit
is missed, 2 if something could not be measured. AArch64: build/aarch64/bench.tsv.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "system"))
from machine import ARCH, BUILD, CPU_MODEL, TOOL, Machine, MachineError  # noqa: E402

ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
MIB = 1 << 20
MILLION = 1000000

NANOSECONDS = 1000000000

PROMPT = "manager> "

# The machine that figures are compared on.
CPU = {"x86_64": CPU_MODEL, "aarch64": "cortex-a53"}[ARCH]
# Of the loader's checks: a CPU that has what makes hashing fast (AVX2; SHA-512's instructions), and one without.
HASHING_CPU = {"x86_64": CPU_MODEL, "aarch64": "max"}[ARCH]
PORTABLE_CPU = {"x86_64": CPU_MODEL + ",-avx2", "aarch64": CPU}[ARCH]
CROSS = {"x86_64": "", "aarch64": "aarch64-linux-gnu-"}[ARCH]
# Million instructions that the guest's part of booting Linux may take, and, where it is known what the same kernel
# takes without us (AArch64: 890 from reset to the marker), everything from reset on but the loader's checks.
LINUX_LIMIT = {"x86_64": 1400, "aarch64": 979}[ARCH]
LINUX_TOTAL_LIMIT = {"x86_64": None, "aarch64": 979}[ARCH]
# The largest counts of instructions that are good enough.
EXIT_LIMITS = {
    "x86_64": {"cpuid_exit": 1600, "port_write": 2000, "mmio_read": 2600, "tsc_deadline": 4500, "self_ipi": 4500},
    "aarch64": {"hypercall": 900, "mmio_read": 1300, "timer_interrupt": 1500},
}[ARCH]


class Figures:
    """What was measured, in the order of measuring."""

    def __init__(self):
        self.rows = []
        self.missed = 0

    def add(self, name, value, unit, limit=None):
        """limit: the largest value that is good enough; None: no limit."""
        self.rows.append((name, str(value), unit, "-" if limit is None else str(limit)))
        print("\t".join(self.rows[-1]), flush=True)
        if limit is not None and value > limit:
            self.missed += 1

    def write(self, path):
        """Writes all rows to a file."""
        path.write_text("".join("\t".join(row) + "\n" for row in self.rows), encoding="utf-8")


def machine(system, timeout, cpu=CPU):
    """The machine that counts instructions, running systems/SYSTEM."""
    return Machine(f"bench-{system}", payload=BUILD / "systems" / system / "payload.bin", cpus=1, cpu=cpu, extra=ICOUNT,
                   timeout=timeout)


def measured_by_guest(system):
    """Runs a system that prints lines "bench NAME MINIMUM MEAN" and then bench-done. Returns {name: (minimum, mean)}."""
    with machine(system, 300) as m:
        index, _ = m.expect([r"bench-done", r"bench-failed[^\n]*"])
        if index != 0:
            raise MachineError(f"{system}: the guest gave up; see {m.log_path}")
        found = {name: (int(minimum), int(mean))
                 for name, minimum, mean in re.findall(r"bench (\w+) (\d+) (\d+)", m.output())}
    if not found:
        raise MachineError(f"{system}: no figures; see build/test-logs")
    return found


def bench_exits(figures):
    """What exits of a guest cost until it goes on."""
    found = measured_by_guest("bench_exits")
    for name, (minimum, mean) in found.items():
        if name == "nothing":
            continue
        figures.add(name, mean, "instructions", EXIT_LIMITS.get(name))
        figures.add(name + "_minimum", minimum, "instructions")


def bench_pd(figures):
    """What protection domains pay to reach each other."""
    limits = {"notification": 600, "procedure_call": 900} if ARCH == "x86_64" else {}
    for name, (_, mean) in measured_by_guest("bench_pd").items():
        figures.add(name, mean, "instructions", limits.get(name))


def statistics(m):
    """The kernel's statistics as the manager prints them for programs: {key: text}."""
    m.hot_key("m")
    m.expect_text(PROMPT.strip())
    m.send("statistics --raw")
    m.expect_text("kernel.version")
    m.expect_text("\nvm.0.queue_interrupts_saved ")
    m.expect_text(PROMPT.strip())
    found = {}
    for key, value in re.findall(r"^((?:boot|kernel|cpu|thread|vcpu|vm)\.[\w.-]+) (.*?)\r*$", m.output(), re.MULTILINE):
        found[key] = value
    # In instructions: the clock of AArch64 ticks once in several.
    frequency = int(found["kernel.tick_frequency"])
    if ARCH != "x86_64":
        for key, value in found.items():
            if key.endswith(("_ticks", ".first_entry")):
                found[key] = str(int(value) * NANOSECONDS // frequency)
    return found


def boot_linux(system):
    """Boots Linux to its first process, which resets the VM. Returns the statistics then."""
    with machine(system, 600) as m:
        m.expect_text("bench-marker: user space reached")
        return statistics(m)


def bench_linux(figures):
    """What booting Linux costs, in the guest and on the host's side."""
    for log, host_limit in (("quiet", 30), ("log", 120)):
        found = boot_linux(f"bench_linux_{log}")
        guest = int(found["vcpu.0.guest_ticks"])
        before_guest = int(found["vcpu.0.first_entry"]) - int(found["kernel.ready_ticks"])
        # All threads' time since the first of them ran. Until the guest's first
        # instruction there was always one that ran; the manager's work for this
        # answer is counted with the rest.
        threads = sum(int(value) for key, value in found.items() if re.fullmatch(r"thread\.\d+\.run_ticks", key))
        figures.add(f"linux_{log}_guest", round(guest / MILLION, 1), "million instructions", LINUX_LIMIT)
        figures.add(f"linux_{log}_host", round((threads - before_guest) / MILLION, 1), "million instructions", host_limit)
        figures.add(f"linux_{log}_entries", int(found["vcpu.0.entries"]), "VM entries")
        if log == "quiet":
            checks = int(found["boot.hash_ticks"]) + int(found["boot.signature_ticks"])
            total = int(found["kernel.ready_ticks"]) - checks + threads + guest
            figures.add("linux_quiet_from_reset", round(total / MILLION, 1), "million instructions", LINUX_TOTAL_LIMIT)
            start = int(found["vcpu.0.first_entry"]) - int(found["kernel.entry_ticks"])
            figures.add("kernel_entry_to_guest", round(start / MILLION, 1), "million instructions", 60)
            bench_memory(figures, system="bench_linux_quiet", pool_used=int(found["kernel.pool_used"]))


def boot_two(cpu):
    """Boots two VMs to their first processes. Returns the statistics, and all that was done since the kernel ran."""
    with machine("bench_duo", 900, cpu) as m:
        m.expect_text("bench-marker: user space reached")
        m.hot_key("1")
        m.expect_text("bench-marker: user space reached")
        found = statistics(m)
    # In the guests and for them.
    return found, sum(int(value) for key, value in found.items()
                      if re.fullmatch(r"thread\.\d+\.run_ticks|vcpu\.\d+\.guest_ticks", key))


def bench_boot(figures):
    """What the loader's checks cost, alone and beside the boot of two VMs."""
    # Portable C misses both limits: docs/performance.md says why. So they are asked of the other CPU alone.
    for suffix, cpu, limits in (("", HASHING_CPU, (14, 35)), ("_portable", PORTABLE_CPU, (None, None))):
        found, boot = boot_two(cpu)
        hashing, signatures = int(found["boot.hash_ticks"]), int(found["boot.signature_ticks"])
        if suffix == "":
            figures.add("verify_signatures", round(signatures / MILLION, 2), "million instructions", 25)
        figures.add("hash_payload" + suffix, round(hashing / int(found["boot.payload_size"]), 2), "instructions per byte",
                    limits[0])
        figures.add("verified_boot" + suffix, round(100 * (hashing + signatures) / boot, 1), "% of an unverified boot",
                    limits[1])


def bench_memory(figures, system, pool_used):
    """What one VM takes beyond its RAM and its boot images: the regions that the
    tool adds for it, its VMM, and all of the kernel's memory."""
    expanded = subprocess.run(
        [TOOL, "expand", "--arch", ARCH, "--search-path", BUILD / "programs", "--search-path", BUILD / "guest",
         ROOT / "systems" / system / f"{system}.system"], check=True, capture_output=True, text=True).stdout
    tree = xml.etree.ElementTree.fromstring(expanded)
    regions = sum(int(region.get("size"), 0) for region in tree.iter("memory_region")
                  if region.get("name").startswith("linux_") and
                  region.get("name") not in ("linux_ram", "linux_kernel", "linux_initrd"))
    segments = 0
    headers = subprocess.run(["readelf", "-lW", BUILD / "programs" / "vmm.elf"], check=True, capture_output=True,
                             text=True).stdout
    for size in re.findall(r"^\s+LOAD(?:\s+0x[0-9a-f]+){4}\s+0x([0-9a-f]+)", headers, re.MULTILINE):
        segments += (int(size, 16) + 4095) // 4096 * 4096
    figures.add("vm_memory", round((regions + segments + pool_used) / MIB, 2), "MiB", 4)


# A request alone: half of what KVM and QEMU need. Of 32 requests given at once: fewer than one entry for eight.
DISK_LIMITS = {"disk_read_4k": {"x86_64": 22996, "aarch64": 27555}[ARCH], "disk_read_4k_depth32_entries": 0.125}
# What is counted of each request: figure, key of the statistics, unit.
DISK_COUNTERS = [("entries", "vcpu.0.entries", "VM entries"),
                 ("notifications", "vm.0.queue_notifications", "notifications of the device"),
                 ("interrupts", "vm.0.queue_interrupts", "interrupts of the disk")]
# What bench/linux/disk_bench.sh measures, and requests of each.
DISK_READS = [("disk_read_4k", 4000), ("disk_read_4k_depth32", 16000), ("disk_read_1m", 100)]


def bench_disk(figures):
    """What a request to a virtio disk costs from the guest's system call until that has returned."""
    with machine("bench_disk", 900) as m:
        m.expect_text("bench-ready disk_read_4k")
        before = statistics(m)
        for i, (name, requests) in enumerate(DISK_READS):
            m.hot_key("0")
            m.send("")
            index, found = m.expect([r"bench-failed[^\n]*", rf"bench {name} (\d+) (\d+)\r*\n"])
            if index == 0:
                raise MachineError(f"{name}: the guest gave up; see {m.log_path}")
            m.expect_text("bench-ready " + (DISK_READS + [("end", 0)])[i + 1][0])
            after = statistics(m)
            figures.add(name, int(found[2]), "instructions", DISK_LIMITS.get(name))
            figures.add(name + "_minimum", int(found[1]), "instructions")
            for figure, key, unit in DISK_COUNTERS:
                each = round((int(after[key]) - int(before[key])) / requests, 3)
                figures.add(f"{name}_{figure}", each, unit, DISK_LIMITS.get(f"{name}_{figure}"))
            before = after


def bench_net(figures):
    """What two guests, and what is between them, pay for a datagram that is answered, and for a KiB of a connection."""
    rounds, mebibytes = 400, 4  # as in bench/linux/net_bench.sh
    with machine("bench_net", 900) as m:
        index, _ = m.expect([r"bench-end", r"bench-failed[^\n]*"])
        if index != 0:
            raise MachineError(f"the guest gave up; see {m.log_path}")
        found = re.findall(r"bench (\w+) (\d+) (\d+)", m.output())
        interrupts = {name: int(count) for name, count in re.findall(r"bench-interrupts (\w+) (\d+)", m.output())}
    for name, minimum, mean in found[:2]:
        figures.add(f"net_{name}", int(mean), "instructions")
        figures.add(f"net_{name}_minimum", int(minimum), "instructions")
    figures.add("net_round_trip_interrupts", round((interrupts["round_trips"] - interrupts["start"]) / rounds, 3),
                "interrupts of the client")
    figures.add("net_tcp_bulk", int(found[-1][2]), "instructions per KiB")
    figures.add("net_tcp_bulk_interrupts", round((interrupts["bulk"] - interrupts["round_trips"]) / mebibytes, 1),
                "interrupts of the sender per MiB")


def bench_size(figures):
    """The kernel's code."""
    sections = subprocess.run([CROSS + "size", "-A", BUILD / "kernel.elf"], check=True, capture_output=True, text=True).stdout
    text = sum(int(size) for size in re.findall(r"^\.text\S*\s+(\d+)", sections, re.MULTILINE))
    figures.add("kernel_text", round(text / 1024, 1), "KiB", 128)


PARTS = {"exits": bench_exits, "pd": bench_pd, "linux": bench_linux, "disk": bench_disk, "net": bench_net,
         "boot": bench_boot, "size": bench_size}


def main():
    """See the top of this file."""
    parser = argparse.ArgumentParser(description="Measures Skyscope's speed in instructions.")
    parser.add_argument("--only", default=",".join(PARTS), help="parts to measure: " + ", ".join(PARTS))
    parser.add_argument("--output", type=pathlib.Path, default=BUILD / "bench.tsv")
    options = parser.parse_args()
    figures = Figures()
    failed = False
    for part in options.only.split(","):
        if part not in PARTS:
            parser.error(f"no such part: {part}")
        try:
            PARTS[part](figures)
        except (MachineError, subprocess.CalledProcessError, KeyError, OSError) as error:
            print(f"bench: {part}: {type(error).__name__}: {error}", file=sys.stderr)
            failed = True
    figures.write(options.output)
    return 2 if failed else 1 if figures.missed else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
