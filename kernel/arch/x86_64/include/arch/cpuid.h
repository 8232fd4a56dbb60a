/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPUID instruction. AMD APM vol. 3 appendix E, Intel SDM vol. 2 CPUID. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

/* Is the leaf there at all? Works for the basic (0), hypervisor (0x40000000) and
 * extended (0x80000000) ranges. */
static inline bool cpuid_has_leaf(uint32_t leaf)
{
    uint32_t highest = cpuid(leaf & 0xffff0000u, 0).eax;
    return (highest & 0xffff0000u) == (leaf & 0xffff0000u) && leaf <= highest;
}
