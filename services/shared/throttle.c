/* SPDX-License-Identifier: BSD-2-Clause */
#include "throttle.h"

#define BURST_PART 10u /* of a second */

void throttle_initialise(struct throttle *throttle, uint64_t rate, uint64_t frequency, uint64_t now)
{
    uint64_t burst = frequency / BURST_PART;
    *throttle = (struct throttle){.rate = rate, .frequency = frequency, .ready = now > burst ? now - burst : 0};
}

uint64_t throttle_ready(const struct throttle *throttle)
{
    return throttle->rate == 0 ? 0 : throttle->ready;
}

void throttle_take(struct throttle *throttle, uint64_t units, uint64_t now)
{
    if (throttle->rate == 0) {
        return;
    }
    uint64_t burst = throttle->frequency / BURST_PART;
    uint64_t full = now > burst ? now - burst : 0;
    if (throttle->ready < full) {
        throttle->ready = full;
    }
    /* 2^28 units at 2^35 Hz and a remainder below 2^62: no overflow. */
    uint64_t cost = units * throttle->frequency + throttle->remainder;
    throttle->ready += cost / throttle->rate;
    throttle->remainder = cost % throttle->rate;
}
