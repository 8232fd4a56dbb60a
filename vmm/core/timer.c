/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/timer.h>

#include <stddef.h>

#include <vmm/arch/divide.h>

static void find_next(struct timer_set *set)
{
    uint64_t next = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        uint64_t deadline = set->timers[i]->deadline;
        if (deadline != 0 && (next == 0 || deadline < next)) {
            next = deadline;
        }
    }
    set->next = next;
}

int timer_add(struct timer_set *set, struct timer *timer)
{
    if (set->count >= TIMER_MAX) {
        return -1;
    }
    set->timers[set->count++] = timer;
    find_next(set);
    return 0;
}

void timer_arm(struct timer_set *set, struct timer *timer, uint64_t deadline)
{
    uint64_t before = timer->deadline;
    timer->deadline = deadline;
    if (deadline != 0 && (set->next == 0 || deadline <= set->next)) {
        set->next = deadline;
    } else if (before != 0 && before == set->next) {
        find_next(set); /* it may have been the earliest */
    }
}

void timer_run(struct timer_set *set, uint64_t now)
{
    if (set->next == 0 || set->next > now) {
        return;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        struct timer *timer = set->timers[i];
        if (timer->deadline != 0 && timer->deadline <= now) {
            timer->deadline = 0;
            timer->expired(timer->device, now);
        }
    }
    find_next(set);
}

uint64_t timer_scale(uint64_t ticks, uint64_t numerator, uint64_t denominator)
{
    if (denominator == 0) {
        return UINT64_MAX;
    }
    unsigned __int128 product = (unsigned __int128)ticks * numerator;
    uint64_t high = (uint64_t)(product >> 64);
    uint64_t low = (uint64_t)product;
    if (high >= denominator) {
        return UINT64_MAX; /* the quotient does not fit */
    }
    return divide_128(high, low, denominator);
}
