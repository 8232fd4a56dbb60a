/* SPDX-License-Identifier: BSD-2-Clause */
/* guest_check's dealings with the processor: AArch64. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <asm/unistd.h>
#include <linux/prctl.h>
#include <linux/signal.h>

#define VECTOR_REGISTERS 32u
/* Bytes of the longest SVE register that there can be. */
#define VECTOR_LIMIT     256u

/* Number in X8, arguments and result from X0 on. */
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

static inline long fork_process(void)
{
    return system_call(__NR_clone, SIGCHLD, 0, 0, 0, 0, 0);
}

/* Bytes of a vector register: SVE's if Linux offers SVE. */
static inline unsigned int vector_width(void)
{
    long length = system_call(__NR_prctl, PR_SVE_GET_VL, 0, 0, 0, 0, 0);
    return length > 0 ? (unsigned int)(length & PR_SVE_VL_LEN_MASK) : 16;
}

static inline const char *vector_name(unsigned int width)
{
    return width > 16 ? "SVE registers" : "SIMD registers (no SVE)";
}

/* One register after the other, so many bytes each. */
struct vectors {
    uint8_t bytes[VECTOR_REGISTERS * VECTOR_LIMIT];
} __attribute__((aligned(16)));

#define EIGHT(X, a, b, c, d, e, f, g, h) X(a) X(b) X(c) X(d) X(e) X(f) X(g) X(h)
#define SIXTEEN_LOW(X)                   EIGHT(X, 0, 1, 2, 3, 4, 5, 6, 7) EIGHT(X, 8, 9, 10, 11, 12, 13, 14, 15)
#define SIXTEEN_HIGH(X)                  EIGHT(X, 16, 17, 18, 19, 20, 21, 22, 23) EIGHT(X, 24, 25, 26, 27, 28, 29, 30, 31)
#define ALL_REGISTERS(X)                 SIXTEEN_LOW(X) SIXTEEN_HIGH(X)
#define LOAD_SIMD(n)                     "ldr q" #n ", [%[in], #" #n "*16]\n\t"
#define STORE_SIMD(n)                    "str q" #n ", [%[out], #" #n "*16]\n\t"
#define LOAD_SVE(n)                      "ldr z" #n ", [%[in], #" #n ", mul vl]\n\t"
#define STORE_SVE(n)                     "str z" #n ", [%[out], #" #n ", mul vl]\n\t"

#define ROUND_TRIP(extension, load, store)                                                                             \
    __asm__ volatile(".arch_extension " extension "\n\t" ALL_REGISTERS(load) "1: cbz %[yields], 2f\n\t"                \
                                                                             "svc #0\n\t"                              \
                                                                             "2: subs %[spins], %[spins], #1\n\t"      \
                                                                             "b.ne 1b\n\t" ALL_REGISTERS(store)        \
                     : [spins] "+r"(spins), "+r"(x0)                                                                   \
                     : [in] "r"(in), [out] "r"(out), [yields] "r"(yields), "r"(x8)                                     \
                     : "memory", "cc")

/* Loads all vector registers, stays in user mode for a while or gives up the
 * processor by a system call in the same statement, and stores them again. */
static inline void round_trip(const struct vectors *in, struct vectors *out, unsigned int width, bool give_up)
{
    register long x8 __asm__("x8") = __NR_sched_yield;
    register long x0 __asm__("x0") = 0;
    uint64_t yields = give_up;
    uint64_t spins = give_up ? 1 : 20000;
    /* A system call keeps of SVE's registers the lowest 128 bits only. */
    if (width == 16 || give_up) {
        ROUND_TRIP("simd", LOAD_SIMD, STORE_SIMD);
        for (unsigned int i = VECTOR_REGISTERS * 16; i < VECTOR_REGISTERS * width; i++) {
            out->bytes[i] = in->bytes[i];
        }
    } else {
        ROUND_TRIP("sve", LOAD_SVE, STORE_SVE);
    }
}

__asm__(".globl _start\n"
        "_start:\n\t"
        "mov x29, #0\n\t"
        "mov x30, #0\n\t"
        "bl run\n\t"
        "udf #0\n");
