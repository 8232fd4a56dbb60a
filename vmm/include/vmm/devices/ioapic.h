/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O APIC: Intel 82093AA with 24 pins and the EOI register of its successors
 * (version 0x20). Pin n carries GSI n, but for ISA interrupt 0, which is on pin 2
 * (the MADT says so).
 *
 * The lines of struct irq_router are asserted or not; polarity is a matter of the
 * wire, so the polarity bit is kept and has no effect. An edge on a masked pin is
 * lost (82093AA data sheet §3.2.4); a level shows again when it is unmasked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/devices/apic_bus.h>
#include <vmm/irq.h>
#include <vmm/log.h>

#define IOAPIC_PINS    24u
#define IOAPIC_VERSION 0x20u

struct ioapic {
    uint32_t id; /* bits 27:24 */
    uint32_t select;
    uint32_t levels; /* pins asserted */
    uint64_t redirection[IOAPIC_PINS];
    struct apic_bus *bus;
};

/* Registers its page at PC_IOAPIC_BASE, its lines and itself on the APIC bus. 0, or -1 if a table is full. */
int ioapic_init(struct ioapic *ioapic, struct bus *mmio, struct irq_router *router, struct apic_bus *bus,
                struct vm *vm);
/* All pins masked; lines keep their level. */
void ioapic_reset(struct ioapic *ioapic);
/* Level of a pin (not a GSI). */
void ioapic_set_pin(struct ioapic *ioapic, uint32_t pin, bool level);
/* A level-triggered vector was ended in some local APIC, or the guest wrote the EOI register. */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);
