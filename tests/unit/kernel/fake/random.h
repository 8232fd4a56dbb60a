/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that look random and come out the same everywhere (xorshift64*, Vigna 2014). */
#pragma once

#include <stdint.h>

struct fake_random {
    uint64_t state; /* not 0 */
};

static inline uint64_t fake_random_next(struct fake_random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (random->state * 0x2545f4914f6cdd1dull) >> 16;
}
