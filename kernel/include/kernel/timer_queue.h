/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers of one CPU, soonest first: budget refills that threads wait for, and the
 * threads' own deadlines. A sorted list: each thread has at most two entries, and
 * few are armed at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum timer_kind {
    TIMER_BUDGET_REFILL, /* in struct scheduling_context */
    TIMER_THREAD,        /* in struct thread */
};

struct timer {
    uint64_t deadline; /* absolute clock value */
    struct timer *next, *previous;
    uint8_t kind; /* enum timer_kind */
    bool armed;
};

struct timer_queue {
    struct timer *first;
};

/* The timer must not be armed. */
void timer_queue_insert(struct timer_queue *queue, struct timer *timer);
/* No effect if it is not armed. */
void timer_queue_remove(struct timer_queue *queue, struct timer *timer);

/* UINT64_MAX if there is none. */
static inline uint64_t timer_queue_deadline(const struct timer_queue *queue)
{
    return queue->first == NULL ? UINT64_MAX : queue->first->deadline;
}
