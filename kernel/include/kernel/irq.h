/* SPDX-License-Identifier: BSD-2-Clause */
/* Device interrupts: each becomes a notification of one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct thread;

struct irq {
    struct thread *target;
    uint64_t bit;    /* in target->pending */
    uint32_t masked; /* any CPU: 1 from delivery to acknowledgement (level-triggered only) */
    uint32_t kind;   /* enum plan_irq_kind */
    bool level;
    bool active_low;
    uint8_t vector; /* the hardware's */
    uint32_t ioapic, pin;
};

/* The interrupt arrived at this CPU, which is its target's. */
void irq_deliver(struct irq *irq);
/* The driver has dealt with it. */
void irq_acknowledge(struct irq *irq);
