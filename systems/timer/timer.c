/* SPDX-License-Identifier: BSD-2-Clause */
/* One-shot timers and the time of day. */
#include <skyscope.h>

#include "../common/report.h"

static struct skyscope_time time;
static uint64_t armed_at, deadline;
static unsigned int events_seen;

static void arm(uint64_t milliseconds)
{
    armed_at = skyscope_clock();
    deadline = armed_at + milliseconds * time.tick_frequency / 1000;
    skyscope_timer_set(deadline);
}

void init(void)
{
    time = skyscope_time();
    check(time.tick_frequency >= 1000000 && time.tick_frequency < 10000000000ull, "a plausible clock frequency");
    report("wall clock %llu", (unsigned long long)time.wall_clock);
    /* Replaced before it fires; then disarmed; then one in the past. */
    arm(1);
    arm(100000000);
    skyscope_timer_set(0);
    skyscope_timer_set(1);
}

void notified(microkit_channel ch)
{
    report("WRONG channel %u", ch);
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    check(thread == 0 && events == SKYSCOPE_EVENT_TIMER, "timer event");
    uint64_t now = skyscope_clock();
    switch (++events_seen) {
    case 1:
        report("one in the past fires at once");
        arm(20);
        break;
    case 2:
        check(now >= deadline, "not before its time");
        check(now < deadline + 5 * time.tick_frequency, "nor very late");
        arm(1);
        break;
    case 3:
        check(now >= deadline, "again");
        report("passed");
        break;
    default:
        report("WRONG event");
    }
}
