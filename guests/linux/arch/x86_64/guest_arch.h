/* SPDX-License-Identifier: BSD-2-Clause */
/* guest_check's dealings with the processor: x86-64. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <asm/unistd.h>
#include <cpuid.h>

#define VECTOR_REGISTERS 16u

/* x86-64 psABI, appendix A.2.1. */
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static inline long fork_process(void)
{
    return system_call(__NR_fork, 0, 0, 0, 0, 0, 0);
}

/* AVX is there, and the kernel saves its registers (SDM vol. 1 §14.3). */
static inline bool has_avx(void)
{
    unsigned int eax, ebx, ecx, edx;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & bit_OSXSAVE) == 0 || (ecx & bit_AVX) == 0) {
        return false;
    }
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6u) == 6u;
}

/* Bytes of a vector register. */
static inline unsigned int vector_width(void)
{
    return has_avx() ? 32 : 16;
}

static inline const char *vector_name(unsigned int width)
{
    return width == 32 ? "AVX registers" : "SSE registers (no AVX)";
}

/* One register after the other, so many bytes each. */
struct vectors {
    uint8_t bytes[VECTOR_REGISTERS * 32];
} __attribute__((aligned(32)));

#define ALL_REGISTERS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_AVX(n)      "vmovdqa " #n "*32(%0), %%ymm" #n "\n\t"
#define STORE_AVX(n)     "vmovdqa %%ymm" #n ", " #n "*32(%1)\n\t"
#define LOAD_SSE(n)      "movdqa " #n "*16(%0), %%xmm" #n "\n\t"
#define STORE_SSE(n)     "movdqa %%xmm" #n ", " #n "*16(%1)\n\t"

/* Loads all vector registers, stays in user mode for a while or gives up the
 * processor by a system call in the same statement, and stores them again. */
static inline void round_trip(const struct vectors *in, struct vectors *out, unsigned int width, bool give_up)
{
    long call = give_up ? __NR_sched_yield : -1;
    uint32_t spins = give_up ? 1 : 20000;
    if (width == 32) {
        __asm__ volatile(ALL_REGISTERS(LOAD_AVX) "1: movq %2, %%rax\n\t"
                                                 "testq %%rax, %%rax\n\tjs 2f\n\tsyscall\n\t"
                                                 "2: decl %3\n\tjnz 1b\n\t" ALL_REGISTERS(STORE_AVX) "vzeroupper"
                         :
                         : "r"(in), "r"(out), "r"(call), "r"(spins)
                         : "rax", "rcx", "r11", "memory", "cc");
    } else {
        __asm__ volatile(ALL_REGISTERS(LOAD_SSE) "1: movq %2, %%rax\n\t"
                                                 "testq %%rax, %%rax\n\tjs 2f\n\tsyscall\n\t"
                                                 "2: decl %3\n\tjnz 1b\n\t" ALL_REGISTERS(STORE_SSE)
                         :
                         : "r"(in), "r"(out), "r"(call), "r"(spins)
                         : "rax", "rcx", "r11", "memory", "cc");
    }
}

__asm__(".globl _start\n"
        "_start:\n\t"
        "xorl %ebp, %ebp\n\t"
        "andq $-16, %rsp\n\t"
        "call run\n\t"
        "ud2\n");
