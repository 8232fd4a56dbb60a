/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PrimeCell General Purpose Input/Output PL061 (Arm DDI 0190): eight lines.
 * The machine drives them as inputs; what the guest puts out goes nowhere.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/clock.h>
#include <vmm/irq.h>
#include <vmm/timer.h>

struct pl061 {
    uint8_t inputs;    /* as the machine drives them */
    uint8_t data;      /* GPIODATA of the lines that are outputs */
    uint8_t direction; /* 1: output */
    uint8_t level_sensitive, both_edges, event, enabled, alternate;
    uint8_t edges; /* interrupts latched from edges */
    bool irq_level;
    uint32_t line;
    uint8_t pressed; /* lines that timer releases */
    struct irq_router *router;
    struct timer_set *timers;
    const struct vm_clock *clock;
    struct timer timer;
};

/* Registers 4 KiB at `base`; line: interrupt line. 0, or -1 if a table is full. */
int pl061_init(struct pl061 *gpio, struct bus *bus, uint64_t base, uint32_t line, struct irq_router *router,
               struct timer_set *timers, const struct vm_clock *clock);
void pl061_reset(struct pl061 *gpio);
/* number: 0..7. */
void pl061_set_input(struct pl061 *gpio, uint32_t number, bool level);
/* A push button on an input: high for a tenth of a second. False if the guest does not listen to the line. */
bool pl061_press(struct pl061 *gpio, uint32_t number);
