/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client's side of the timer service on seL4. The messages are those of the seL4
 * Device Driver Framework's timer (label 0 asks for the time, label 1 for a
 * notification after a number of nanoseconds), so that its drivers fit as well.
 */
#pragma once

#include <stdint.h>

#include <microkit.h>

enum timer_service_call {
    TIMER_SERVICE_TIME = 0,        /* answer: nanoseconds since start in message register 0 */
    TIMER_SERVICE_SET_TIMEOUT = 1, /* nanoseconds from now in message register 0; replaces the one before */
};

/* A year: as good as never, and far from overflow. */
#define TIMER_SERVICE_NEVER (365ull * 24 * 3600 * 1000000000ull)

/* Nanoseconds that `ticks` of a clock of `frequency` Hz take, at most TIMER_SERVICE_NEVER; rounded up. */
static inline uint64_t timer_service_nanoseconds(uint64_t ticks, uint64_t frequency)
{
    uint64_t seconds = ticks / frequency;
    if (seconds >= TIMER_SERVICE_NEVER / 1000000000ull) {
        return TIMER_SERVICE_NEVER;
    }
    return seconds * 1000000000ull + (ticks % frequency * 1000000000ull + frequency - 1) / frequency;
}

/* Asks for a notification on `channel` when the clock has reached `deadline`; 0: for none. now: the clock's value,
 * frequency: in Hz. */
static inline void timer_service_arm(microkit_channel channel, uint64_t deadline, uint64_t now, uint64_t frequency)
{
    uint64_t ticks = deadline > now ? deadline - now : 0;
    microkit_mr_set(0, deadline == 0 ? TIMER_SERVICE_NEVER : timer_service_nanoseconds(ticks, frequency));
    (void)microkit_ppcall(channel, microkit_msginfo_new(TIMER_SERVICE_SET_TIMEOUT, 1));
}
