/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack canary's seed. */
#include "runtime.h"

/* The counter alone: user mode cannot find out whether the processor has a source of
 * random numbers (RNDR), and there is no default for one that it has not. */
uint64_t microkit_random_seed(void)
{
    uint64_t time, stack_pointer;
    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(time));
    __asm__("mov %0, sp" : "=r"(stack_pointer));
    /* Spread the counter's few unpredictable bits (the multiplier is 2^64 / phi). */
    uint64_t seed = (time ^ stack_pointer << 32) * 0x9e3779b97f4a7c15ull;
    return seed ^ seed >> 29;
}
