/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What carries interrupt messages between the local APICs, the I/O APIC and
 * devices that signal by MSI (Intel SDM vol. 3 §11.6, §11.11).
 *
 * Any thread of the VMM may send. A message sets the target's request bit
 * atomically and then calls interrupt_pending() so that a vCPU that runs or
 * sleeps elsewhere looks; everything else of a local APIC belongs to its vCPU's
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/vm_config.h>

struct lapic;
struct ioapic;

enum apic_delivery_mode { /* Intel SDM vol. 3 §11.6.1 */
                          APIC_DELIVER_FIXED = 0,
                          APIC_DELIVER_LOWEST_PRIORITY = 1,
                          APIC_DELIVER_SMI = 2,
                          APIC_DELIVER_NMI = 4,
                          APIC_DELIVER_INIT = 5,
                          APIC_DELIVER_STARTUP = 6,
                          APIC_DELIVER_EXTINT = 7,
};

enum apic_shorthand {
    APIC_TO_DESTINATION = 0,
    APIC_TO_SELF = 1,
    APIC_TO_ALL = 2,
    APIC_TO_OTHERS = 3,
};

struct apic_message {
    uint32_t destination; /* APIC ID or logical destination */
    uint8_t vector;
    uint8_t delivery_mode; /* enum apic_delivery_mode */
    bool logical;
    bool level_triggered;
    bool wide; /* 32-bit destination of x2APIC; else 8 bits, where 0xff is everyone */
};

enum apic_event {
    APIC_EVENT_NMI = 0,
    APIC_EVENT_INIT = 1,    /* the vCPU resets itself, calls lapic_init_signal() and waits for STARTUP */
    APIC_EVENT_STARTUP = 2, /* vector: real-mode page at which a waiting vCPU starts */
    APIC_EVENT_SMI = 3,
};

struct apic_bus_ops {
    /* vCPU may have an interrupt to take: called from the sender's thread, also for its own vCPU. */
    void (*interrupt_pending)(void *context, uint32_t vcpu);
    /* To be taken up by the vCPU's own thread. */
    void (*event)(void *context, uint32_t vcpu, enum apic_event event, uint8_t vector);
};

struct apic_bus {
    struct lapic *lapics[VM_MAX_VCPUS]; /* by vCPU index */
    uint32_t count;
    uint32_t turn;         /* where lowest-priority arbitration starts among equals */
    struct ioapic *ioapic; /* receives EOI of level-triggered vectors; set by ioapic_init() */
    const struct apic_bus_ops *ops;
    void *context;
};

void apic_bus_init(struct apic_bus *bus, const struct apic_bus_ops *ops, void *context);
/* Delivers; false if nobody took it. source: sender for the shorthands that need one, or NULL. */
bool apic_bus_send(struct apic_bus *bus, const struct apic_message *message, enum apic_shorthand shorthand,
                   struct lapic *source);
/* A memory write to 0xFEExxxxx: irq_router.msi, with the bus as msi_target. Other addresses are ignored. */
void apic_bus_msi(void *bus, uint32_t device, uint64_t address, uint32_t data);
