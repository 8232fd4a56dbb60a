/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Execution budgets: at most `budget` in any `period`, by a sporadic server in
 * the manner of Stanovich et al. (RTAS 2010), which seL4's scheduling contexts
 * also follow. What was used comes back one period after it began to be used, in a
 * bounded list of refills. With budget == period there is nothing to limit, and the
 * budget is only the length of a round-robin time slice.
 *
 * All times are absolute or relative clock ticks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_MAX_REFILLS 8u

struct budget_refill {
    uint64_t time;   /* when it may be used */
    uint64_t amount; /* how much */
};

struct budget {
    uint64_t budget;
    uint64_t period;
    uint64_t minimum; /* a refill smaller than this is not worth a switch */
    /* Round robin: remaining time of the slice. */
    uint64_t slice;
    bool round_robin;
    bool slice_expired; /* round robin: others of the same priority go first */
    uint8_t head, count;
    struct budget_refill refills[BUDGET_MAX_REFILLS]; /* ring, ascending times; amounts add up to budget */
};

/* minimum is reduced to budget if it is larger. budget <= period, both not 0. */
void budget_init(struct budget *b, uint64_t budget, uint64_t period, uint64_t minimum, uint64_t now);

void budget_charge_refills(struct budget *b, uint64_t used);

/* It was used for `used` ticks, until now. */
static inline void budget_charge(struct budget *b, uint64_t used)
{
    if (!b->round_robin) {
        budget_charge_refills(b, used);
    } else if (used < b->slice) {
        b->slice -= used;
    } else {
        b->slice = b->budget;
        b->slice_expired = true;
    }
}

/* Gives up what is left of the current slice or refill. */
void budget_yield(struct budget *b);

/* Its thread became runnable: refills that were due stay due, from now on only. */
void budget_unblock(struct budget *b, uint64_t now);

/* May its thread run now? */
static inline bool budget_ready(const struct budget *b, uint64_t now)
{
    return b->round_robin || b->refills[b->head].time <= now;
}

/* When it may run again, if not now. */
static inline uint64_t budget_next(const struct budget *b)
{
    return b->round_robin ? 0 : b->refills[b->head].time;
}

/* How long it may run without another look. */
static inline uint64_t budget_remaining(const struct budget *b)
{
    return b->round_robin ? b->slice : b->refills[b->head].amount;
}
