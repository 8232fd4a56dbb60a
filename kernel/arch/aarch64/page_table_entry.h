/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors of both stages, and the registers that say how they are walked
 * (Arm ARM DDI 0487, D8.3 and D19.2). */
#pragma once

#include <stdint.h>

#include <skyscope/plan.h>

#define ENTRY_VALID   (1ull << 0)
#define ENTRY_KIND    3ull
#define ENTRY_BLOCK   1ull        /* levels 1, 2 */
#define ENTRY_TABLE   3ull        /* levels 0..2 */
#define ENTRY_PAGE    3ull        /* level 3 */
#define ENTRY_SHARED  (3ull << 8) /* inner */
#define ENTRY_ACCESS  (1ull << 10)
#define ENTRY_XN      (1ull << 54)
#define ENTRY_ADDRESS 0x0000fffffffff000ull

/* Stage 1 of EL2: index in MAIR_EL2, as the loader has it. */
#define ENTRY1_DEVICE    (0ull << 2)
#define ENTRY1_NORMAL    (1ull << 2)
#define ENTRY1_RES1      (1ull << 6) /* AP[1] */
#define ENTRY1_READ_ONLY (1ull << 7)

/* Stage 2: the attributes themselves. */
#define ENTRY2_DEVICE (1ull << 2)  /* Device-nGnRE */
#define ENTRY2_NORMAL (15ull << 2) /* write-back */
#define ENTRY2_READ   (1ull << 6)
#define ENTRY2_WRITE  (1ull << 7)

/* Walks: 4 KiB granule, write-back, inner shareable. Stage 1 of 48 bits from level 0,
 * stage 2 of 39 bits from level 1. */
#define TCR_WALKS      (1ull << 8 | 1ull << 10 | 3ull << 12)
#define TCR_PS_SHIFT   16u
#define TCR_PS_40_BITS 2u
#define TCR_PS_48_BITS 5u
#define TCR_VALUE      (1ull << 31 | 1ull << 23 | TCR_WALKS | 16u)
#define VTCR_VALUE     (1ull << 31 | TCR_WALKS | 1ull << 6 | 25u)

static inline unsigned int entry_index(unsigned int level, uint64_t address)
{
    return (unsigned int)(address >> (39u - 9u * level)) & 511u;
}

static inline uint64_t entry_leaf(uint32_t flags, unsigned int level)
{
    return (level == 3 ? ENTRY_PAGE : ENTRY_BLOCK) | ENTRY_ACCESS | ENTRY_SHARED |
           ((flags & PLAN_MAP_EXECUTE) == 0 ? ENTRY_XN : 0);
}

/* flags: enum plan_map_flags. */
static inline uint64_t entry_stage1(uint32_t flags, unsigned int level)
{
    return entry_leaf(flags, level) | ENTRY1_RES1 | ((flags & PLAN_MAP_WRITE) == 0 ? ENTRY1_READ_ONLY : 0) |
           ((flags & PLAN_MAP_UNCACHED) != 0 ? ENTRY1_DEVICE : ENTRY1_NORMAL);
}

static inline uint64_t entry_stage2(uint32_t flags, unsigned int level)
{
    return entry_leaf(flags, level) | ENTRY2_READ | ((flags & PLAN_MAP_WRITE) != 0 ? ENTRY2_WRITE : 0) |
           ((flags & PLAN_MAP_UNCACHED) != 0 ? ENTRY2_DEVICE : ENTRY2_NORMAL);
}
