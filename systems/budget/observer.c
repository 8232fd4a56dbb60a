/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks on while two programs count: the more urgent one has a tenth of the CPU,
 * the other takes the rest. */
#include <skyscope.h>

#include "../common/report.h"

uintptr_t limited; /* counters; set by the system file */
uintptr_t rest;

#define LOOKS 30u

static unsigned int looks;

static void look_again(void)
{
    skyscope_timer_set(skyscope_clock() + skyscope_time().tick_frequency / 100);
}

void init(void)
{
    look_again();
}

void notified(microkit_channel ch)
{
    (void)ch;
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
    if (++looks < LOOKS) {
        look_again();
        return;
    }
    uint64_t a = *(volatile uint64_t *)limited;
    uint64_t b = *(volatile uint64_t *)rest;
    uint64_t percent = a * 100 / (a + b + 1);
    report("the limited one had %u percent", (unsigned int)percent);
    check(a > 0 && b > 0, "both ran");
    check(percent >= 4 && percent <= 20, "about a tenth");
    report("passed");
}
