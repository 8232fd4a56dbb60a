/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt routing: a device raises a line or an MSI and knows no controller;
 * the router fans out. What a line's number is, the machine says: on the PC a
 * global system interrupt (0..15 are the ISA interrupts, with ISA 0, the i8254,
 * on GSI 2 of the IOAPIC as PCs do); on AArch64 a shared peripheral interrupt,
 * counted from 0 (INTID 32).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct irq_sink {
    /* level: true asserted, false released. An edge-triggered source pulses. */
    void (*line)(void *controller, uint32_t number, bool level);
    void *controller;
};

#define IRQ_MAX_SINKS 4u

struct irq_router {
    struct irq_sink sinks[IRQ_MAX_SINKS];
    uint32_t sink_count;
    /* Message-signalled interrupt: address and data as written by the device. */
    void (*msi)(void *target, uint32_t device, uint64_t address, uint32_t data);
    void *msi_target;
};

/* 0, or -1 if there are too many. */
int irq_add_sink(struct irq_router *router, struct irq_sink sink);
void irq_set_line(struct irq_router *router, uint32_t number, bool level);
/* device: who writes, a PCI function's requester ID (bus 15:8, device 7:3, function 2:0). */
void irq_send_msi(struct irq_router *router, uint32_t device, uint64_t address, uint32_t data);

/* A level-triggered line that several devices assert. */
struct irq_shared_line {
    struct irq_router *router;
    uint32_t number;
    uint32_t count; /* devices that assert it */
};
/* One of its devices asserts it, or does not any more; each calls it when its own level changes only. */
void irq_set_shared_line(struct irq_shared_line *line, bool level);
