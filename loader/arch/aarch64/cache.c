/* SPDX-License-Identifier: BSD-2-Clause */
/* Caches by address (Arm ARM DDI 0487, D7.5.9), and zeros by the block. A system's
 * memory has millions of lines: eight are taken in one round of a loop. */
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>

#define CTR_DMINLINE(ctr) (4ull << ((ctr) >> 16 & 0xf)) /* bytes */
#define DCZID_PROHIBITED  (1u << 4)
#define DCZID_BLOCK(id)   (4ull << ((id)&0xf)) /* bytes */
#define AT_ONCE           8u

#define ONE_LINE(instruction)   "dc " instruction ", %[at]\n\tadd %[at], %[at], %[line]\n\t"
#define TWO_LINES(instruction)  ONE_LINE(instruction) ONE_LINE(instruction)
#define FOUR_LINES(instruction) TWO_LINES(instruction) TWO_LINES(instruction)

/* Does it to all lines from start, the beginning of one, to end. */
#define FOR_EACH_LINE(instruction, start, end, size)                                                                   \
    do {                                                                                                               \
        uint64_t lines_ = (start) < (end) ? ((end) - (start) + (size)-1) / (size) : 0;                                 \
        for (uint64_t left_ = lines_ / AT_ONCE; left_ > 0; left_--) {                                                  \
            __asm__ volatile(FOUR_LINES(instruction) FOUR_LINES(instruction)                                           \
                             : [at] "+r"(start)                                                                        \
                             : [line] "r"(size)                                                                        \
                             : "memory");                                                                              \
        }                                                                                                              \
        for (uint64_t left_ = lines_ % AT_ONCE; left_ > 0; left_--) {                                                  \
            __asm__ volatile(ONE_LINE(instruction) : [at] "+r"(start) : [line] "r"(size) : "memory");                  \
        }                                                                                                              \
    } while (0)

void cache_clean_invalidate(uint64_t address, uint64_t size)
{
    uint64_t line = CTR_DMINLINE(read_register(ctr_el0));
    uint64_t at = address & ~(line - 1);
    uint64_t end = address + size;
    FOR_EACH_LINE("civac", at, end, line);
    memory_barrier();
}

void caches_clean(uint64_t address, uint64_t size)
{
    uint64_t line = CTR_DMINLINE(read_register(ctr_el0));
    uint64_t at = address & ~(line - 1);
    uint64_t end = address + size;
    FOR_EACH_LINE("cvac", at, end, line);
    memory_barrier();
}

void memory_clear(uint64_t address, uint64_t size)
{
    uint64_t id = read_register(dczid_el0);
    uint64_t block = DCZID_BLOCK(id);
    uint64_t at = (address + block - 1) & ~(block - 1);
    uint64_t end = (address + size) & ~(block - 1);
    if ((id & DCZID_PROHIBITED) != 0 || at >= end) {
        memset((void *)(uintptr_t)address, 0, size);
        return;
    }
    memset((void *)(uintptr_t)address, 0, at - address);
    memset((void *)(uintptr_t)end, 0, address + size - end);
    FOR_EACH_LINE("zva", at, end, block);
}
