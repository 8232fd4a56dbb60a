/* SPDX-License-Identifier: BSD-2-Clause */
/* The time that device models see. Unit tests supply their own. */
#pragma once

#include <stdint.h>

struct vm_clock {
    uint64_t frequency;             /* host clock, Hz */
    uint64_t (*now)(void *context); /* host clock */
    void *context;
    uint64_t wall_clock; /* seconds since 1970 at wall_clock_ticks */
    uint64_t wall_clock_ticks;
};

static inline uint64_t vm_clock_now(const struct vm_clock *clock)
{
    return clock->now(clock->context);
}
