/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls to the firmware (SMCCC, Arm DEN 0028; PSCI, DEN 0022). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SMCCC_VERSION           0x80000000u
#define SMCCC_ARCH_FEATURES     0x80000001u
#define SMCCC_ARCH_WORKAROUND_1 0x80008000u
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffu
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffu

/* True random number firmware interface (DEN 0098). */
#define SMCCC_TRNG_VERSION 0x84000050u
#define SMCCC_TRNG_RND64   0xc4000053u

#define PSCI_VERSION      0x84000000u
#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES     0x8400000au

struct smccc_result {
    uint64_t x0, x1, x2, x3;
};

/* SMC with up to three arguments; X4..X17 may be destroyed (SMCCC 1.0). */
static inline struct smccc_result smccc_call_results(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;

    __asm__ volatile(".inst 0xd4000003" /* smc #0, which the base architecture's assembler may refuse */
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                     :
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                       "memory");
    return (struct smccc_result){.x0 = x0, .x1 = x1, .x2 = x2, .x3 = x3};
}

/* What the call returns in W0, sign-extended: statuses are 32-bit numbers. */
static inline int64_t smccc_call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return (int32_t)smccc_call_results(function, a1, a2, a3).x0;
}
