# SPDX-License-Identifier: BSD-2-Clause
"""Descriptions of systems that several tests use, and what the Microkit's own have."""

PLAIN = """<?xml version="1.0" encoding="UTF-8"?>
<system>
    <memory_region name="shared" size="0x3000" />
    <memory_region name="large" size="4MiB" />
    <memory_region name="registers" size="0x1000" phys_addr="0xfed0_0000" />
    <memory_region name="filled" prefill_path="data.bin" />
    <memory_region name="filled_again" prefill_path="data.bin" />
    <memory_region name="scratch" size="0x4000" prefill_path="data.bin" />
    <memory_region name="start_values" prefill_path="data.bin" />
    <memory_region name="table" size="2MiB" prefill_path="data.bin" />
    <protection_domain name="server" priority="20" passive="true" stack_size="0x4000">
        <program_image path="program.elf" />
        <map mr="shared" vaddr="0x4000000" perms="r" setvar_vaddr="my_word" setvar_size="other_word" />
        <map mr="large" vaddr="0x6000000" />
        <map mr="registers" vaddr="0x5000000" cached="false" />
        <irq id="3" pin="9" vector="7" polarity="low" />
        <irq id="4" pcidev="01:1f.2" handle="5" vector="8" />
        <ioport id="2" addr="0x60" size="5" />
        <protection_domain name="child" id="9" priority="5" fpu="false" budget="100" period="1000">
            <program_image path="program.elf" />
            <map mr="filled" vaddr="0x4000000" perms="r" setvar_prefill_size="my_word" />
            <map mr="scratch" vaddr="0x4010000" perms="rw" />
            <map mr="start_values" vaddr="0x4020000" perms="rw" />
            <map mr="table" vaddr="0x4200000" perms="r" />
            <setvar symbol="other_word" region_paddr="registers" />
        </protection_domain>
    </protection_domain>
    <protection_domain name="client" priority="10">
        <program_image path="program.elf" />
        <map mr="filled_again" vaddr="0x4000000" perms="r" />
    </protection_domain>
    <channel>
        <end pd="client" id="1" pp="true" setvar_id="my_word" />
        <end pd="server" id="6" notify="false" />
    </channel>
    <channel>
        <end pd="child" id="0" />
        <end pd="client" id="61" />
    </channel>
</system>
"""

TWO_VMS = """<system>
    <vm name="first" memory="64MiB" cpus="0,2">
        <kernel path="vmlinuz" />
        <initrd path="initrd.img" />
        <cmdline>
            console=ttyS0 a="b" &amp;
        </cmdline>
        <hypervisor leaf="off" />
        <on_crash>restart</on_crash>
    </vm>
    <vm name="second" memory="5GiB" cpus="1" priority="50" autostart="false" budget="500" period="2000">
        <kernel path="vmlinuz" />
        <on_reboot>stop</on_reboot>
    </vm>
</system>
"""

# Elements and attributes of the Microkit manual's chapter on the system description file (x86-64).
MICROKIT = {
    "system": set(),
    "protection_domain": {"name", "priority", "budget", "period", "passive", "stack_size", "cpu", "smc", "fpu", "domain",
                          "id", "setvar_id"},
    "program_image": {"path", "path_for_symbols"},
    "map": {"mr", "vaddr", "perms", "cached", "setvar_vaddr", "setvar_size", "setvar_prefill_size"},
    "irq": {"id", "pin", "vector", "ioapic", "trigger", "polarity", "setvar_id", "pcidev", "handle"},
    "ioport": {"id", "addr", "size", "setvar_id", "setvar_addr"},
    "setvar": {"symbol", "region_paddr"},
    "virtual_machine": {"name"},
    "vcpu": {"id", "cpu", "setvar_id"},
    "memory_region": {"name", "size", "page_size", "phys_addr", "prefill_path", "prefill_bootinfo"},
    "channel": set(),
    "end": {"pd", "id", "pp", "notify", "setvar_id"},
}
