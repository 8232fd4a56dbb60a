/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer service of systems on seL4, which leaves timers to user programs. A client
 * calls by the messages of <skyscope/timer_service.h> and is notified on the same
 * channel. (The built-in kernel has timers of its own.)
 */
#include <microkit.h>

#include <skyscope/timer_service.h>
#include <skyscope_arch.h>

#include "timeouts.h"
#include "timer_device.h"

/* Written by the tool: how the timer's interrupt is named. */
uintptr_t timer_interrupt;

static struct timeouts timeouts;
static uint64_t started; /* clock value */

static void expire(void)
{
    uint64_t clients = timeouts_take(&timeouts, skyscope_clock());
    while (clients != 0) {
        microkit_notify((microkit_channel)__builtin_ctzll(clients));
        clients &= clients - 1;
    }
    timer_device_arm(timeouts_next(&timeouts));
}

void init(void)
{
    started = skyscope_clock();
    timer_device_init();
}

void notified(microkit_channel channel)
{
    if (channel == timer_interrupt) {
        /* The interrupt is acknowledged when a level is low again, and before there can be another edge. */
        timer_device_arm(0);
        microkit_irq_ack(channel);
        expire();
    }
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    uint64_t now = skyscope_clock();

    switch (microkit_msginfo_get_label(message)) {
    case TIMER_SERVICE_TIME:
        microkit_mr_set(0, timeouts_nanoseconds(now - started, skyscope_clock_frequency()));
        return microkit_msginfo_new(0, 1);
    case TIMER_SERVICE_SET_TIMEOUT:
        if (microkit_msginfo_get_count(message) >= 1 && channel < TIMEOUTS_MAX) {
            timeouts_set(&timeouts, channel, timeouts_deadline(now, microkit_mr_get(0), skyscope_clock_frequency()));
            expire(); /* it may have passed already */
        }
        return microkit_msginfo_new(0, 0);
    default:
        return microkit_msginfo_new(0, 0);
    }
}
