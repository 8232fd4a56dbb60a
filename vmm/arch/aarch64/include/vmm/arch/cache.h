/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

/*
 * Cleans memory to the point of coherency: a guest that begins with its caches off
 * sees what was written through ours (Arm ARM DDI 0487, D7.5). The kernel lets EL0 do it.
 */
static inline void cache_clean(const void *address, uint64_t size)
{
#if defined(__aarch64__)
    uint64_t type;
    __asm__("mrs %0, ctr_el0" : "=r"(type));
    uint64_t line = 4ull << (type >> 16 & 15u); /* CTR_EL0.DminLine, in words */
    uint64_t end = (uint64_t)(uintptr_t)address + size;
    for (uint64_t at = (uint64_t)(uintptr_t)address & ~(line - 1); at < end; at += line) {
        __asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
    }
    __asm__ volatile("dsb sy" : : : "memory");
#else /* unit tests on another machine */
    (void)address;
    (void)size;
#endif
}
