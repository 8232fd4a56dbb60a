/* SPDX-License-Identifier: BSD-2-Clause */
/* AArch64's functions on any machine whose lowest byte comes first. */
#pragma once

#include <stdint.h>

#define MEMORY_ROUND
#define ROUND 8u

static inline void copy_round(uint64_t *to, const uint64_t *from)
{
    for (unsigned int i = 0; i < ROUND; i++) {
        to[i] = from[i];
    }
}

static inline void set_round(uint64_t *to, uint64_t pattern)
{
    for (unsigned int i = 0; i < ROUND; i++) {
        to[i] = pattern;
    }
}

#include "../../../../base/arch/aarch64/memory_arch.c" /* NOLINT(bugprone-suspicious-include) */
