/* SPDX-License-Identifier: BSD-2-Clause */
/* One timeout for each client of the timer service. */
#pragma once

#include <stdint.h>

#define TIMEOUTS_MAX 62u /* channels of a protection domain */

struct timeouts {
    uint64_t deadline[TIMEOUTS_MAX]; /* clock value, 0: none */
};

/* Replaces a client's; 0: none. client: below TIMEOUTS_MAX. */
void timeouts_set(struct timeouts *timeouts, uint32_t client, uint64_t deadline);
/* The earliest deadline, 0: none. */
uint64_t timeouts_next(const struct timeouts *timeouts);
/* Clients whose deadline is not after now, bit per client; theirs are over. */
uint64_t timeouts_take(struct timeouts *timeouts, uint64_t now);
/* Clock value `nanoseconds` after now, at most UINT64_MAX - 1 and never 0. frequency: Hz. */
uint64_t timeouts_deadline(uint64_t now, uint64_t nanoseconds, uint64_t frequency);
/* Nanoseconds of `ticks`. */
uint64_t timeouts_nanoseconds(uint64_t ticks, uint64_t frequency);
