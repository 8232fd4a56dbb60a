/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

/*
 * (high × 2^64 + low) / divisor; high must be below divisor. There is no such
 * instruction, and no compiler library is linked: schoolbook division in two steps
 * of 32 bits (Knuth, The Art of Computer Programming, vol. 2, 4.3.1 algorithm D).
 */
static inline uint64_t divide_128(uint64_t high, uint64_t low, uint64_t divisor)
{
    if (high == 0) {
        return low / divisor;
    }
    unsigned int shift = (unsigned int)__builtin_clzll(divisor);
    if (shift != 0) {
        divisor <<= shift;
        high = high << shift | low >> (64 - shift);
        low <<= shift;
    }
    uint64_t divisor_high = divisor >> 32 | 1ull << 31; /* set already: analysers should know */
    uint64_t divisor_low = divisor & UINT32_MAX;
    uint64_t remainder = high;
    uint64_t quotient = 0;
    for (unsigned int step = 0; step < 2; step++) {
        uint64_t next = step == 0 ? low >> 32 : low & UINT32_MAX;
        uint64_t digit = remainder / divisor_high;
        uint64_t rest = remainder % divisor_high;
        /* The estimate is at most two too large. */
        while (digit > UINT32_MAX || digit * divisor_low > (rest << 32 | next)) {
            digit--;
            rest += divisor_high;
            if (rest > UINT32_MAX) {
                break;
            }
        }
        remainder = (remainder << 32 | next) - digit * divisor;
        quotient = quotient << 32 | digit;
    }
    return quotient;
}
