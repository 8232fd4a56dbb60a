/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

/* The host clock: the TSC. */
static inline uint64_t skyscope_clock(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* Hz (clock.c). 0: neither the processor nor seL4 told it. */
uint64_t skyscope_clock_frequency(void);

/* Nothing that seL4 lets a program do switches a PC off: where that is done, ACPI's tables say in code. */
static inline bool skyscope_power(bool reset)
{
    (void)reset;
    return false;
}
