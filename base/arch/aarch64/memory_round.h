/* SPDX-License-Identifier: BSD-2-Clause */
/* 64 bytes by pairs of registers, which the compiler does not make of loops. Not
 * `#pragma once`: the unit test on another machine has these in C. */
#ifndef MEMORY_ROUND
#define MEMORY_ROUND

#include <stdint.h>

/* Words that they take. */
#define ROUND 8u

static inline void copy_round(uint64_t *to, const uint64_t *from)
{
    uint64_t a, b, c, d, e, f, g, h;
    __asm__ volatile(
        "ldp %[a], %[b], [%[from]]\n\t"
        "ldp %[c], %[d], [%[from], #16]\n\t"
        "ldp %[e], %[f], [%[from], #32]\n\t"
        "ldp %[g], %[h], [%[from], #48]\n\t"
        "stp %[a], %[b], [%[to]]\n\t"
        "stp %[c], %[d], [%[to], #16]\n\t"
        "stp %[e], %[f], [%[to], #32]\n\t"
        "stp %[g], %[h], [%[to], #48]"
        : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [e] "=&r"(e), [f] "=&r"(f), [g] "=&r"(g), [h] "=&r"(h)
        : [to] "r"(to), [from] "r"(from)
        : "memory");
}

static inline void set_round(uint64_t *to, uint64_t pattern)
{
    __asm__ volatile("stp %[pattern], %[pattern], [%[to]]\n\t"
                     "stp %[pattern], %[pattern], [%[to], #16]\n\t"
                     "stp %[pattern], %[pattern], [%[to], #32]\n\t"
                     "stp %[pattern], %[pattern], [%[to], #48]"
                     :
                     : [to] "r"(to), [pattern] "r"(pattern)
                     : "memory");
}

#endif
