/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

#include <arch/cpu.h>

/* What was written there is in memory for devices that do not see the caches. */
static inline void cache_publish(const volatile void *address, uint64_t size)
{
    uint64_t line = 4ull << (read_sysreg(ctr_el0) >> 16 & 15);
    uint64_t end = (uint64_t)address + size;

    for (uint64_t at = (uint64_t)address & ~(line - 1); at < end; at += line) {
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    }
    dsb_sy();
}
