/* SPDX-License-Identifier: BSD-2-Clause */
#include "rate_limit.h"

#define BURST_MINIMUM 16u

static uint64_t full(const struct rate_limit *limit)
{
    uint64_t burst = limit->rate / 10;
    return (burst > BURST_MINIMUM ? burst : BURST_MINIMUM) * limit->frequency;
}

void rate_limit_initialise(struct rate_limit *limit, uint32_t rate, uint64_t frequency, uint64_t now)
{
    limit->rate = rate < RATE_LIMIT_MAX ? rate : RATE_LIMIT_MAX;
    limit->frequency = frequency;
    limit->last = now;
    limit->credit = full(limit);
}

bool rate_limit_take(struct rate_limit *limit, uint64_t now)
{
    if (limit->rate == 0) {
        return true;
    }
    /* More than a second earns no more than the bucket holds, and could overflow. */
    uint64_t elapsed = now - limit->last < limit->frequency ? now - limit->last : limit->frequency;
    limit->last = now;
    limit->credit += elapsed * limit->rate;
    if (limit->credit > full(limit)) {
        limit->credit = full(limit);
    }
    if (limit->credit < limit->frequency) {
        return false;
    }
    limit->credit -= limit->frequency;
    return true;
}
