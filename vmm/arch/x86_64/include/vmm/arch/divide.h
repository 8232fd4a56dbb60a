/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

/* (high × 2^64 + low) / divisor; high must be below divisor. In assembly because
 * no compiler library is linked that could divide 128 bits. */
static inline uint64_t divide_128(uint64_t high, uint64_t low, uint64_t divisor)
{
    __asm__("divq %2" : "+d"(high), "+a"(low) : "rm"(divisor) : "cc");
    return low;
}
