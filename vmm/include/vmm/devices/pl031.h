/* SPDX-License-Identifier: BSD-2-Clause */
/* Arm PrimeCell Real Time Clock PL031 (Arm DDI 0224): seconds since 1970, with an alarm. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/clock.h>
#include <vmm/irq.h>
#include <vmm/timer.h>

struct pl031 {
    uint32_t offset; /* the counter is the host's wall clock plus this, modulo 2^32 */
    uint32_t match;  /* RTCMR */
    uint32_t load;   /* RTCLR, as written last */
    bool masked_in;  /* RTCIMSC: the interrupt may be raised */
    bool raised;     /* RTCRIS */
    bool irq_level;
    uint32_t line;
    struct irq_router *router;
    struct timer_set *timers;
    const struct vm_clock *clock;
    struct timer timer;
};

/* Registers 4 KiB at `base`; line: interrupt line. 0, or -1 if a table is full. */
int pl031_init(struct pl031 *rtc, struct bus *bus, uint64_t base, uint32_t line, struct irq_router *router,
               struct timer_set *timers, const struct vm_clock *clock);
/* The time goes on through a reset. */
void pl031_reset(struct pl031 *rtc);
