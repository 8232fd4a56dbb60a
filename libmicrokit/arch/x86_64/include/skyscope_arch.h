/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

/* The host clock, which deadlines count in: the TSC. skyscope_time() says its frequency. */
static inline uint64_t skyscope_clock(void)
{
    return __builtin_ia32_rdtsc();
}
