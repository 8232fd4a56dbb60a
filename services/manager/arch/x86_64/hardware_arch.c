/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../hardware_arch.h"

void show_cpu_model(struct text_output *out, const struct hardware_info *hardware)
{
    print_untrusted(out, hardware->cpu_brand, sizeof(hardware->cpu_brand), 0);
}

void show_cpu_model_code(struct text_output *out, const struct hardware_info *hardware)
{
    print_untrusted(out, hardware->cpu_vendor, sizeof(hardware->cpu_vendor), 0);
    print(out, ", signature 0x%x", (unsigned int)hardware->cpu_signature);
}

void show_cpu_name(struct text_output *out, const struct hardware_cpu *cpu)
{
    print(out, "APIC id %u", (unsigned int)cpu->apic_id);
}

static const char *apic_mode(const struct hardware_info *hardware)
{
    return hardware->arch.x2apic != 0 ? "x2APIC" : "xAPIC";
}

void show_interrupt_controllers(struct text_output *out, const struct hardware_info *hardware)
{
    print(out, "%u IOAPIC%s, %s", (unsigned int)hardware->arch.ioapic_count,
          hardware->arch.ioapic_count == 1 ? "" : "s", apic_mode(hardware));
}

static void show_register(struct text_output *out, const char *name, const struct hardware_register *reg)
{
    static const char *const spaces[] = {"memory", "port", "PCI configuration"};
    if (reg->valid != 0) {
        print(out, "  %-14s %s 0x%llx, %u bits\n", name, reg->space <= 2 ? spaces[reg->space] : "other space",
              (unsigned long long)reg->address, reg->width);
    }
}

void show_platform_devices(struct text_output *out, const struct hardware_info *hardware)
{
    const struct hardware_arch *arch = &hardware->arch;
    print(out, "  local APICs    at 0x%llx (%s)\n", (unsigned long long)arch->lapic_address, apic_mode(hardware));
    const uint32_t count = arch->ioapic_count < HARDWARE_MAX_IOAPICS ? arch->ioapic_count : HARDWARE_MAX_IOAPICS;
    for (uint32_t i = 0; i < count; i++) {
        const struct hardware_ioapic *ioapic = &arch->ioapics[i];
        print(out, "  IOAPIC %u       at 0x%llx, interrupts %u to %u\n", (unsigned int)i,
              (unsigned long long)ioapic->address, (unsigned int)ioapic->gsi_base,
              (unsigned int)(ioapic->gsi_base + ioapic->pin_count - 1));
    }
    if (arch->hpet_address != 0) {
        print(out, "  HPET           at 0x%llx\n", (unsigned long long)arch->hpet_address);
    }
    if (hardware->rsdp_address != 0) {
        print(out, "  SCI            interrupt %u\n", (unsigned int)arch->sci_interrupt);
    }
    show_register(out, "PM1a event", &arch->pm1a_event);
    show_register(out, "PM1a control", &arch->pm1a_control);
    show_register(out, "PM1b control", &arch->pm1b_control);
    show_register(out, "PM timer", &arch->pm_timer);
    show_register(out, "reset", &arch->reset);
}
