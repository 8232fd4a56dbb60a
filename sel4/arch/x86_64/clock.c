/* SPDX-License-Identifier: BSD-2-Clause */
#include <skyscope_arch.h>

#include <base/memory.h>

#define LEAF_TSC 0x15u

/* Written by the tool: a region that seL4's boot information about the TSC was copied to. */
uintptr_t skyscope_tsc_information;

static void cpuid(uint32_t leaf, uint32_t *eax, uint32_t *ebx, uint32_t *ecx)
{
    uint32_t edx;
    __asm__ volatile("cpuid" : "=a"(*eax), "=b"(*ebx), "=c"(*ecx), "=d"(edx) : "a"(leaf), "c"(0));
}

/* The processor knows best: crystal and ratio (Intel SDM vol. 2, CPUID leaf 0x15). */
static uint64_t processors_word(void)
{
    uint32_t highest, denominator, numerator, crystal;
    cpuid(0, &highest, &numerator, &crystal);
    if (highest < LEAF_TSC) {
        return 0;
    }
    cpuid(LEAF_TSC, &denominator, &numerator, &crystal);
    return denominator != 0 ? (uint64_t)crystal * numerator / denominator : 0;
}

/* In whole MHz, as seL4 found it at boot. */
static uint64_t kernels_word(void)
{
    uint32_t megahertz;
    if (skyscope_tsc_information == 0) {
        return 0;
    }
    memcpy(&megahertz, (const char *)skyscope_tsc_information + sizeof(seL4_BootInfoHeader), sizeof(megahertz));
    return megahertz * 1000000ull;
}

uint64_t skyscope_clock_frequency(void)
{
    static uint64_t frequency;
    if (frequency == 0) {
        frequency = processors_word();
        frequency = frequency != 0 ? frequency : kernels_word();
    }
    return frequency;
}
