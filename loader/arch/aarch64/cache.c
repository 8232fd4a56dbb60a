/* SPDX-License-Identifier: BSD-2-Clause */
/* Caches by address (Arm ARM DDI 0487, D7.5.9). */
#include <loader/machine.h>
#include <loader_arch/cpu.h>

#define CTR_DMINLINE(ctr) (4ull << ((ctr) >> 16 & 0xf)) /* bytes */

void cache_clean_invalidate(uint64_t address, uint64_t size)
{
    uint64_t line = CTR_DMINLINE(read_register(ctr_el0));
    for (uint64_t at = address & ~(line - 1); at < address + size; at += line) {
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    }
    memory_barrier();
}

void caches_clean(uint64_t address, uint64_t size)
{
    uint64_t line = CTR_DMINLINE(read_register(ctr_el0));
    for (uint64_t at = address & ~(line - 1); at < address + size; at += line) {
        __asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
    }
    memory_barrier();
}
