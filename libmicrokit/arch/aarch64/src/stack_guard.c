/* SPDX-License-Identifier: BSD-2-Clause */
/* Added to the seed that the loader left. */
#include "runtime.h"

/* The counter alone: the loader has asked whoever has more. */
uint64_t microkit_random_seed(void)
{
    uint64_t time, stack_pointer;
    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(time));
    __asm__("mov %0, sp" : "=r"(stack_pointer));
    /* Spread the counter's few unpredictable bits (the multiplier is 2^64 / phi). */
    uint64_t seed = (time ^ stack_pointer << 32) * 0x9e3779b97f4a7c15ull;
    return seed ^ seed >> 29;
}
