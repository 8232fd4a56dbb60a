#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the figures of the last `make bench` into docs/performance.md.

    bench/table.py [FIGURES [DOCUMENT]]

Replaces what is between the lines "<!-- figures ARCH -->" and "<!-- end of figures ARCH -->",
ARCH being SKYSCOPE_ARCH.
"""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ARCH = os.environ.get("SKYSCOPE_ARCH", "x86_64")
BUILD = ROOT / "build" / ("" if ARCH == "x86_64" else ARCH)
BEGIN, END = f"<!-- figures {ARCH} -->\n", f"<!-- end of figures {ARCH} -->\n"

# Linux 6.1 KVM with QEMU 7.2, nested in the same emulator and measured in the same way.
PEERS = {"x86_64": {
    "cpuid_exit": "3,253 (2,905 without mitigations)",
    "port_read": "5,701",
    "mmio_read": "7,683",
    "tsc_deadline": "9,111",
    "self_ipi": "10,398",
    "linux_quiet_guest": "1,332",
    "linux_quiet_host": "39",
    "linux_log_host": "423",
    "linux_log_entries": "46,507",
    "disk_read_4k": "45,992",
    "disk_read_4k_entries": "1.115",
    "disk_read_4k_depth32": "23,850",
    "disk_read_4k_depth32_entries": "0.241",
    "disk_read_4k_depth32_interrupts": "0.19",
    "disk_read_1m": "646,215",
    "disk_read_1m_entries": "3.84",
    "net_udp_round_trip": "101,381",
    "net_tcp_round_trip": "120,021",
    "net_round_trip_interrupts": "2.42",
    "net_tcp_bulk": "5,335",
    "net_tcp_bulk_interrupts": "107",
}, "aarch64": {
    "hypercall": "2,995 (2,276 with VHE), answered in the kernel",
    "mmio_read": "14,916",
    "gic_read": "4,668, answered in the kernel",
    "linux_quiet_from_reset": "1,583 from QEMU's start",
    "disk_read_4k": "55,110",
    "disk_read_4k_entries": "1.29",
    "disk_read_4k_depth32": "30,772",
    "disk_read_4k_depth32_entries": "0.410",
    "disk_read_1m": "863,670",
    "disk_read_1m_entries": "3.49",
    "net_udp_round_trip": "113,609",
    "net_tcp_round_trip": "124,211",
    "net_round_trip_interrupts": "2.42",
    "net_tcp_bulk": "5,780",
    "net_tcp_bulk_interrupts": "107",
}}
PEER = PEERS[ARCH]


def number(text):
    """With separators of thousands."""
    return f"{float(text):,}" if "." in text else f"{int(text):,}"


def main():
    """See the top of this file."""
    figures = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else BUILD / "bench.tsv"
    document = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "performance.md"
    rows = [line.split("\t") for line in figures.read_text(encoding="utf-8").splitlines()]
    table = ["| figure | value | unit | limit | met | KVM + QEMU |\n", "|---|---:|---|---:|---|---:|\n"]
    for name, value, unit, limit in rows:
        if name.endswith("_minimum"):
            continue
        met = "" if limit == "-" else "yes" if float(value) <= float(limit) else "**no**"
        bound = "" if limit == "-" else number(limit)
        table.append(f"| `{name}` | {number(value)} | {unit} | {bound} | {met} | {PEER.get(name, '')} |\n")
    text = document.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    document.write_text(before + BEGIN + "".join(table) + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
