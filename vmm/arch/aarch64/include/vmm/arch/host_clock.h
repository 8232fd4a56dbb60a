/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

/* The host clock: the physical counter, which the kernel lets EL0 read. Ordered after what comes before. */
static inline uint64_t host_clock(void)
{
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(count)::"memory");
    return count;
}
