/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel 8254 programmable interval timer (1.193182 MHz) with the PC's system
 * control port B (0x61). Counters are never ticked: their value and output
 * follow from the TSC at the time of asking.
 *
 * Interrupts: the output of counter 0 is IRQ 0. A period that passed unseen (the
 * vCPU was not running) is lost, as it is on a PC whose processor had interrupts
 * off: one request is made for however many periods passed, and the phase is
 * kept. Periodic interrupts come no faster than I8254_MIN_PERIOD_US.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/clock.h>
#include <vmm/irq.h>
#include <vmm/log.h>
#include <vmm/timer.h>

#define I8254_FREQUENCY     1193182u /* Hz */
#define I8254_MIN_PERIOD_US 50u

struct i8254_counter {
    uint64_t start;       /* TSC at which the current count was loaded (GATE low: frozen, see elapsed) */
    uint64_t elapsed;     /* clocks counted before start, while the gate paused the counter */
    uint32_t count;       /* initial count in clocks, 1..65536 (BCD: 1..10000); 0: none loaded yet */
    uint16_t write_latch; /* low byte waiting for the high byte */
    uint16_t read_latch;
    uint8_t status_latch;
    uint8_t mode;   /* 0..5 */
    uint8_t access; /* 1 low byte, 2 high byte, 3 low then high */
    bool bcd;
    bool gate;
    bool running;    /* counting since start (false: gate low, or waiting for a trigger) */
    bool null_count; /* a new count was written and is not yet in the counter */
    bool write_high; /* next write is the high byte */
    bool read_high;
    uint8_t latched; /* bytes of read_latch still to be read: bit 0 low, bit 1 high */
    bool status_latched;
    bool pending; /* modes 2, 3: a new count takes effect at clock pending_at; 1, 5: at the next trigger */
    uint32_t pending_count;
    uint64_t pending_at;
};

struct i8254 {
    struct i8254_counter counters[3];
    uint8_t system_b; /* port 0x61, writable bits */
    struct irq_router *router;
    struct timer_set *timers;
    const struct vm_clock *clock;
    struct timer timer;
    bool irq_level;
};

/* Registers ports 0x40..0x43 and 0x61. 0, or -1 if a table is full. */
int i8254_init(struct i8254 *pit, struct bus *io, struct irq_router *router, struct timer_set *timers,
               const struct vm_clock *clock, struct vm *vm);
/* Power-on: no counter programmed, gate 2 low, IRQ 0 released. */
void i8254_reset(struct i8254 *pit);
/* Output pin of counter 0..2 now. */
bool i8254_output(struct i8254 *pit, uint32_t counter);
