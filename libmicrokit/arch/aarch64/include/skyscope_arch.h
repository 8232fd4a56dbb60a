/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

/* The host clock, which deadlines count in: the physical counter. skyscope_time() says
 * its frequency. */
static inline uint64_t skyscope_clock(void)
{
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
    return ticks;
}
