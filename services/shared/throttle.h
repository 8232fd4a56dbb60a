/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A limit of so many units a second, as a token bucket that holds a tenth of a second's. What begins while the bucket
 * is not empty is done whole; who took more than was there waits the longer afterwards.
 */
#pragma once

#include <stdint.h>

struct throttle {
    uint64_t rate;      /* units a second; 0: no limit */
    uint64_t frequency; /* ticks a second */
    uint64_t ready;     /* tick at which what was taken is paid for */
    uint64_t remainder; /* of a tick, in 1/rate */
};

void throttle_initialise(struct throttle *throttle, uint64_t rate, uint64_t frequency, uint64_t now);
/* Another rate from now on; what was taken above the old one is forgiven. */
static inline void throttle_change(struct throttle *throttle, uint64_t rate, uint64_t now)
{
    throttle_initialise(throttle, rate, throttle->frequency, now);
}
/* Tick from which on something may begin; at most `now`: at once. */
uint64_t throttle_ready(const struct throttle *throttle);
/* units: below 2^28. */
void throttle_take(struct throttle *throttle, uint64_t units, uint64_t now);
