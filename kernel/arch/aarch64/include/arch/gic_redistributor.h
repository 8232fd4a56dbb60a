/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3 affinities: which redistributor is a CPU's, how an SGI finds it (Arm IHI 0069,
 * GICR_TYPER, ICC_SGI1R_EL1). mpidr: Aff3 in 39:32, Aff2..Aff0 in 23:0. */
#pragma once

#include <stdint.h>

#define GIC_REDISTRIBUTOR_NONE     UINT64_MAX
/* Bytes of one CPU's frames: four of 64 KiB in GICv4, two in GICv3. */
#define GIC_REDISTRIBUTOR_MAX_SIZE 0x40000ull

/* Offset of this CPU's frames in a region of redistributors, or GIC_REDISTRIBUTOR_NONE. */
uint64_t gic_redistributor_find(const volatile void *region, uint64_t size, uint64_t mpidr);

/* Value of ICC_SGI1R_EL1 for one target. sgi: 0..15. */
static inline uint64_t gic_sgi1r(uint64_t mpidr, uint32_t sgi)
{
    uint64_t aff0 = mpidr & 0xff;

    return (mpidr >> 32 & 0xff) << 48 | (aff0 >> 4) << 44 | (mpidr >> 16 & 0xff) << 32 | (uint64_t)sgi << 24 |
           (mpidr >> 8 & 0xff) << 16 | 1ull << (aff0 & 15);
}
