/* SPDX-License-Identifier: BSD-2-Clause */
#include <cpuid.h>

#include "../../src/sha512_lanes.h"

#define XCR0_SSE_AND_AVX 6u

bool sha512_lanes_usable(void)
{
    unsigned int eax, ebx, ecx, edx, low, high;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & bit_OSXSAVE) == 0 || (ecx & bit_AVX) == 0) {
        return false;
    }
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (ebx & bit_AVX2) == 0) {
        return false;
    }
    /* XGETBV: whether whoever runs this CPU keeps vector registers (Intel SDM vol. 1 section 14.3). */
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & XCR0_SSE_AND_AVX) == XCR0_SSE_AND_AVX;
}
