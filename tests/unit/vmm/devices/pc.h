/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole PC of device models for the tests, with a clock that stands until it is
 * moved, and records of what the devices did to the world.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vmm/devices/acpi_pm.h>
#include <vmm/devices/acpi_slots.h>
#include <vmm/devices/acpi_tables.h>
#include <vmm/devices/i8042.h>
#include <vmm/devices/i8254.h>
#include <vmm/devices/i8259.h>
#include <vmm/devices/ioapic.h>
#include <vmm/devices/lapic.h>
#include <vmm/devices/mc146818.h>
#include <vmm/devices/pc_map.h>
#include <vmm/devices/pci.h>
#include <vmm/devices/pci_mechanism1.h>
#include <vmm/devices/reset_control.h>
#include <vmm/devices/uart16550.h>

#define PC_VCPUS         3u
#define PC_GSIS          24u
/* One clock of the 8254 is 1000 ticks of this TSC. */
#define PC_TSC_FREQUENCY (1000ull * I8254_FREQUENCY)
#define PC_WALL_CLOCK    1784628000ull /* 2026-07-21 10:00:00 UTC, a Tuesday */

struct pc_event {
    uint32_t vcpu;
    enum apic_event event;
    uint8_t vector;
};

struct pc {
    uint64_t now;
    struct vm_clock clock;
    struct bus io, mmio;
    struct irq_router router;
    struct timer_set timers;
    struct timer_set vcpu_timers[PC_VCPUS];
    struct machine_control machine;

    struct i8259 pic;
    struct i8254 pit;
    struct mc146818 rtc;
    struct uart16550 uart;
    struct i8042 keyboard;
    struct reset_control reset;
    struct acpi_pm pm;
    struct pci_host pci;
    struct pci_mechanism1 pci_ports;
    struct acpi_slots pci_slots;
    struct apic_bus apic_bus;
    struct lapic lapics[PC_VCPUS];
    struct ioapic ioapic;

    /* What happened */
    bool lines[PC_GSIS];
    uint32_t edges[PC_GSIS]; /* rising */
    uint32_t resets;
    enum machine_reset_kind reset_kind;
    uint32_t power_offs;
    struct pc_event events[64];
    uint32_t event_count;
    uint32_t wakes[PC_VCPUS]; /* calls of interrupt_pending */
    uint32_t expirations;     /* timers run by pc_advance() */

    /* The UART's backend */
    uint8_t sent[4096];
    uint32_t sent_count;
    uint32_t room;
    uint8_t to_receive[4096];
    uint32_t receive_first, receive_count;
};

void pc_create(struct pc *pc);
/* Another TSC frequency than PC_TSC_FREQUENCY. */
void pc_create_with_frequency(struct pc *pc, uint64_t frequency);
/* Moves the clock, running timers at their deadlines on the way. */
void pc_advance(struct pc *pc, uint64_t ticks);
void pc_advance_us(struct pc *pc, uint64_t microseconds);
void pc_type(struct pc *pc, const char *text);

/* Guest errors logged since the start of the program. */
uint32_t pc_guest_errors(void);

/* Port access; nobody at a port reads all ones. */
uint32_t in(struct pc *pc, uint16_t port, uint32_t width);
void out(struct pc *pc, uint16_t port, uint32_t width, uint32_t value);
uint8_t inb(struct pc *pc, uint16_t port);
void outb(struct pc *pc, uint16_t port, uint8_t value);
/* Memory access; vcpu: whose local APIC is at 0xfee00000. */
uint64_t mmio_read(struct pc *pc, uint32_t vcpu, uint64_t address, uint32_t width);
void mmio_write(struct pc *pc, uint32_t vcpu, uint64_t address, uint32_t width, uint64_t value);
