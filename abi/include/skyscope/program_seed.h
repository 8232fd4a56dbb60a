/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program's random seed. libmicrokit has one, in the symbol microkit_seed; the
 * plan says where it lies (PLAN_REGION_SEED), and the loader writes it when it fills
 * the program's memory: a seed for this program in this start of the machine alone,
 * from which nobody can tell another program's or that which they come from. The
 * kernel does not know it.
 */
#pragma once

#include <stdint.h>

#define PROGRAM_SEED_SYMBOL    "microkit_seed"
#define PROGRAM_SEED_VERSION   1u
#define PROGRAM_SEED_SIZE      64u
#define PROGRAM_SEED_ALIGNMENT 128u /* it lies within a page */

enum program_seed_flags {
    /* The CPUs have an instruction that gives random numbers, on AArch64 RNDRRS.
     * (On x86-64 programs ask CPUID.) */
    PROGRAM_SEED_INSTRUCTION = 1u << 0,
};

struct program_seed {
    uint32_t version;  /* PROGRAM_SEED_VERSION; 0: nobody has written it */
    uint32_t credited; /* bits of entropy in what the seed comes from, at most 512; 0: it is unique at best */
    uint32_t flags;    /* enum program_seed_flags */
    uint32_t reserved; /* 0 */
    uint8_t bytes[PROGRAM_SEED_SIZE];
} __attribute__((aligned(PROGRAM_SEED_ALIGNMENT)));

_Static_assert(sizeof(struct program_seed) == PROGRAM_SEED_ALIGNMENT, "it fills its place");
