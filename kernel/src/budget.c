/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/budget.h>

static struct budget_refill *head_of(struct budget *b)
{
    return &b->refills[b->head];
}

static struct budget_refill *tail_of(struct budget *b)
{
    return &b->refills[(b->head + b->count - 1u) % BUDGET_MAX_REFILLS];
}

static struct budget_refill pop_head(struct budget *b)
{
    struct budget_refill refill = *head_of(b);
    b->head = (uint8_t)((b->head + 1u) % BUDGET_MAX_REFILLS);
    b->count--;
    return refill;
}

/* Appends a refill; joins it with the last one if they touch or the list is full.
 * Joining only ever delays. */
static void push_tail(struct budget *b, struct budget_refill refill)
{
    if (b->count != 0) {
        struct budget_refill *tail = tail_of(b);
        bool touches = refill.time <= tail->time + tail->amount;
        if (touches || b->count == BUDGET_MAX_REFILLS) {
            if (!touches) {
                tail->time = refill.time - tail->amount;
            }
            tail->amount += refill.amount;
            return;
        }
    }
    b->count++;
    *tail_of(b) = refill;
}

/* The head must be worth running: join it with its successor until it is. */
static void join_small_head(struct budget *b)
{
    while (b->count > 1 && head_of(b)->amount < b->minimum) {
        struct budget_refill small = pop_head(b);
        struct budget_refill *next = head_of(b);
        /* The small amount waits for the next refill and is used just before it. */
        next->time -= small.amount;
        next->amount += small.amount;
        if (next->time < small.time) {
            next->time = small.time;
        }
    }
}

void budget_init(struct budget *b, uint64_t budget, uint64_t period, uint64_t minimum, uint64_t now)
{
    *b = (struct budget){
        .budget = budget,
        .period = period,
        .minimum = minimum < budget ? minimum : budget,
        .slice = budget,
        .round_robin = budget == period,
        .count = 1,
        .refills = {{.time = now, .amount = budget}},
    };
}

void budget_charge_refills(struct budget *b, uint64_t used)
{
    /* The timer may be late; more than a whole budget is not remembered, which
     * bounds this loop by the number of refills. */
    if (used > b->budget) {
        used = b->budget;
    }
    while (used != 0 && used >= head_of(b)->amount) {
        struct budget_refill spent = pop_head(b);
        used -= spent.amount;
        spent.time += b->period;
        push_tail(b, spent);
    }
    if (used != 0) {
        struct budget_refill *head = head_of(b);
        struct budget_refill spent = {.time = head->time + b->period, .amount = used};
        head->time += used;
        head->amount -= used;
        push_tail(b, spent);
    }
    join_small_head(b);
}

void budget_yield(struct budget *b)
{
    if (b->round_robin) {
        b->slice = b->budget;
        b->slice_expired = true;
    } else {
        budget_charge_refills(b, head_of(b)->amount);
    }
}

void budget_unblock(struct budget *b, uint64_t now)
{
    if (b->round_robin || head_of(b)->time > now) {
        return;
    }
    head_of(b)->time = now;
    while (b->count > 1) {
        struct budget_refill *next = &b->refills[(b->head + 1u) % BUDGET_MAX_REFILLS];
        if (next->time > now + head_of(b)->amount) {
            break;
        }
        struct budget_refill first = pop_head(b);
        head_of(b)->time = now;
        head_of(b)->amount += first.amount;
    }
}
