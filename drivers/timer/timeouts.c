/* SPDX-License-Identifier: BSD-2-Clause */
#include "timeouts.h"

#define NANOSECONDS_PER_SECOND 1000000000ull

void timeouts_set(struct timeouts *timeouts, uint32_t client, uint64_t deadline)
{
    timeouts->deadline[client] = deadline;
}

uint64_t timeouts_next(const struct timeouts *timeouts)
{
    uint64_t next = 0;
    for (uint32_t i = 0; i < TIMEOUTS_MAX; i++) {
        uint64_t deadline = timeouts->deadline[i];
        if (deadline != 0 && (next == 0 || deadline < next)) {
            next = deadline;
        }
    }
    return next;
}

uint64_t timeouts_take(struct timeouts *timeouts, uint64_t now)
{
    uint64_t clients = 0;
    for (uint32_t i = 0; i < TIMEOUTS_MAX; i++) {
        if (timeouts->deadline[i] != 0 && timeouts->deadline[i] <= now) {
            timeouts->deadline[i] = 0;
            clients |= 1ull << i;
        }
    }
    return clients;
}

uint64_t timeouts_deadline(uint64_t now, uint64_t nanoseconds, uint64_t frequency)
{
    uint64_t seconds = nanoseconds / NANOSECONDS_PER_SECOND;
    uint64_t rest = nanoseconds % NANOSECONDS_PER_SECOND;
    uint64_t ticks, deadline;

    if (__builtin_mul_overflow(seconds, frequency, &ticks) ||
        __builtin_add_overflow(ticks, (rest * frequency + NANOSECONDS_PER_SECOND - 1) / NANOSECONDS_PER_SECOND,
                               &ticks) ||
        __builtin_add_overflow(now, ticks, &deadline) || deadline == UINT64_MAX) {
        return UINT64_MAX - 1;
    }
    return deadline != 0 ? deadline : 1;
}

uint64_t timeouts_nanoseconds(uint64_t ticks, uint64_t frequency)
{
    return ticks / frequency * NANOSECONDS_PER_SECOND + ticks % frequency * NANOSECONDS_PER_SECOND / frequency;
}
