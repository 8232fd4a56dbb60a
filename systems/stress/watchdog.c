/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks every second whether each program got on within the last PATIENCE seconds. */
#include <skyscope.h>

#include "../common/report.h"
#include "progress.h"

#define PATIENCE 20u

uintptr_t shared; /* set by the system file */

static uint64_t last[SLOT_COUNT];
static unsigned int silent[SLOT_COUNT];
static uint64_t second;

static void arm(void)
{
    skyscope_timer_set(skyscope_clock() + second);
}

void init(void)
{
    second = skyscope_time().tick_frequency;
    arm();
}

void notified(microkit_channel ch)
{
    (void)ch;
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
    if (progress()->done != 0) {
        return;
    }
    for (unsigned int slot = 0; slot < SLOT_COUNT; slot++) {
        uint64_t now = progress()->slots[slot];
        silent[slot] = now == last[slot] ? silent[slot] + 1 : 0;
        last[slot] = now;
        if (silent[slot] == PATIENCE) {
            report("WRONG slot %u stands still at %llu", slot, (unsigned long long)now);
        }
    }
    arm();
}
