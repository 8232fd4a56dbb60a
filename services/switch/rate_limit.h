/* SPDX-License-Identifier: BSD-2-Clause */
/* A token bucket: so many frames a second, and a tenth of that (at least 16) at once. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RATE_LIMIT_MAX 1000000u

struct rate_limit {
    uint32_t rate;      /* frames a second; 0: no limit */
    uint64_t frequency; /* ticks a second, below 2^40 */
    uint64_t credit;    /* frames times `frequency` */
    uint64_t last;      /* tick of the last look */
};

/* rate: up to RATE_LIMIT_MAX; more counts as that. Starts full. */
void rate_limit_initialise(struct rate_limit *limit, uint32_t rate, uint64_t frequency, uint64_t now);
/* Takes a frame's token. False if there is none. */
bool rate_limit_take(struct rate_limit *limit, uint64_t now);
