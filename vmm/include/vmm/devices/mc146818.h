/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Motorola MC146818 real-time clock with 128 bytes of CMOS RAM at ports 0x70 and
 * 0x71, as in PCs: IRQ 8, century in byte 0x32, NMI disable in bit 7 of 0x70.
 * The time follows the TSC; interrupt flags that nobody is interrupted by are
 * computed when they are read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/clock.h>
#include <vmm/irq.h>
#include <vmm/log.h>
#include <vmm/timer.h>

#define MC146818_RAM_SIZE 128u

struct mc146818 {
    uint8_t ram[MC146818_RAM_SIZE]; /* registers A..D and alarm included; time registers only while SET */
    uint8_t index;
    bool nmi_disabled;
    /* The clock shows `seconds` (since 1970, in the guest's own reckoning) at TSC `base`, and one more each
     * TSC-second after. */
    uint64_t base;
    uint64_t seconds;
    uint8_t weekday_shift;  /* the weekday register counts on its own: days that it is ahead of the calendar */
    bool stopped;           /* SET or divider reset: the clock stands at `seconds` */
    uint64_t flags_seconds; /* seconds up to which UF and AF were evaluated */
    uint64_t flags_ticks;   /* 32768 Hz ticks since `base` up to which PF was evaluated */
    struct irq_router *router;
    struct timer_set *timers;
    const struct vm_clock *clock;
    struct timer timer;
    bool irq_level;
};

/* Registers ports 0x70 and 0x71; the clock starts with the wall clock. 0, or -1 if a table is full. */
int mc146818_init(struct mc146818 *rtc, struct bus *io, struct irq_router *router, struct timer_set *timers,
                  const struct vm_clock *clock, struct vm *vm);
/* The RESET pin: interrupts off, flags cleared. Time and RAM stay, as the battery keeps them. */
void mc146818_reset(struct mc146818 *rtc);
/* Memory sizes and number of processors where firmware and old kernels look for them, and the checksum.
 * Bytes of RAM below and from 4 GiB. */
void mc146818_describe_machine(struct mc146818 *rtc, uint64_t below_4g, uint64_t above_4g, uint32_t processors);
/* NMI is masked by port 0x70. */
static inline bool mc146818_nmi_disabled(const struct mc146818 *rtc)
{
    return rtc->nmi_disabled;
}
