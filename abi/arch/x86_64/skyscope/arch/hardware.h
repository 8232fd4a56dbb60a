/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86-64's part of <skyscope/boot_info.h>.
 *
 * Entry to the kernel, once on every CPU that is used, at the kernel ELF's
 * entry point, in 64-bit mode, interrupts disabled, CR4 = PAE and EFER = LME |
 * NXE | SCE at least:
 *   RDI  physical address of struct boot_info (inside the identity map)
 *   ESI  index of this CPU in hardware_info.cpus (0: bootstrap processor)
 *   no usable stack.
 * Page tables then in force (they lie in memory that the kernel may reuse once
 * it has its own): an identity map of all RAM and of the first 4 GiB, and the
 * kernel image at its link address with its segments' permissions.
 * The IOAPICs are masked, the i8259s are masked and moved off the exception
 * vectors, local APICs are enabled in the mode hardware_info names.
 */
#pragma once

#include <stdint.h>

#define HARDWARE_PLAN_MACHINE 62u /* enum plan_machine_kind */

#define HARDWARE_MAX_IOAPICS   16u
#define HARDWARE_MAX_OVERRIDES 32u

struct hardware_cpu {
    uint32_t apic_id;
    uint32_t acpi_id;
};

struct hardware_ioapic {
    uint32_t id;
    uint32_t gsi_base;
    uint64_t address;
    uint32_t pin_count;
    uint32_t reserved;
};

/* MADT interrupt source override: ISA interrupt → global system interrupt. */
struct hardware_override {
    uint8_t source;
    uint8_t active_low; /* 0 or 1 */
    uint8_t edge;       /* 0 or 1 */
    uint8_t reserved;
    uint32_t gsi;
};

/* ACPI generic address structure, reduced. */
struct hardware_register {
    uint64_t address;
    uint8_t space; /* 0 memory, 1 I/O, 2 PCI configuration */
    uint8_t width; /* bits */
    uint8_t value; /* value that triggers the action, where one is defined */
    uint8_t valid; /* 0 or 1 */
    uint32_t reserved;
};

struct hardware_arch {
    uint32_t x2apic; /* 1: local APICs are in x2APIC mode */
    uint32_t ioapic_count, override_count;
    uint32_t sci_interrupt;
    uint64_t lapic_address;
    uint64_t hpet_address; /* 0: none */
    /* ACPI fixed hardware (FADT). */
    struct hardware_register pm1a_event, pm1a_control, pm1b_control, pm_timer, reset;
    uint8_t s5_type_a, s5_type_b, s5_valid;
    uint8_t pm_timer_32bit;
    uint32_t reserved;
    struct hardware_ioapic ioapics[HARDWARE_MAX_IOAPICS];
    struct hardware_override overrides[HARDWARE_MAX_OVERRIDES];
};
