/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device timers, in host clock ticks. Each vCPU thread has a set; the earliest
 * deadline of the set is armed in its vCPU page.
 */
#pragma once

#include <stdint.h>

#define TIMER_MAX 48u

struct timer {
    uint64_t deadline; /* absolute host clock, 0: not armed */
    void (*expired)(void *device, uint64_t now);
    void *device;
};

struct timer_set {
    struct timer *timers[TIMER_MAX];
    uint32_t count;
    uint64_t next; /* earliest deadline, 0: none */
};

/* 0, or -1 if the set is full. */
int timer_add(struct timer_set *set, struct timer *timer);
/* deadline 0 disarms. */
void timer_arm(struct timer_set *set, struct timer *timer, uint64_t deadline);
/* Calls expired() of every timer whose deadline is not after now; each is
 * disarmed first and may be armed again by its function. */
void timer_run(struct timer_set *set, uint64_t now);

/* ticks × numerator / denominator without overflow of the product. */
uint64_t timer_scale(uint64_t ticks, uint64_t numerator, uint64_t denominator);
