/* SPDX-License-Identifier: BSD-2-Clause */
/* Added to the seed that the loader left. */
#include "runtime.h"

#define CPUID_1_ECX_RDRAND (1u << 30)

/* Intel SDM vol. 1 §7.3.17: ten tries suffice on working hardware. */
static uint64_t hardware_random(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if ((ecx & CPUID_1_ECX_RDRAND) == 0) {
        return 0;
    }
    for (int i = 0; i < 10; i++) {
        uint64_t value;
        uint8_t valid;
        __asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(value), "=qm"(valid) : : "cc");
        if (valid != 0) {
            return value;
        }
    }
    return 0;
}

uint64_t microkit_random_seed(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    uint64_t time = (uint64_t)high << 32 | low;
    /* Spread the counter's few unpredictable bits (the multiplier is 2^64 / phi). */
    uint64_t seed = time * 0x9e3779b97f4a7c15ull;
    return seed ^ seed >> 29 ^ hardware_random();
}
