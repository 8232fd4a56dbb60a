/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../timer_device.h"
#include "pc_timers.h"

#include <skyscope_arch.h>

/* Written by the tool: the place where PCs have an HPET. */
uintptr_t timer_hpet;

static struct hpet hpet;
static bool has_hpet;

void timer_device_init(void)
{
    has_hpet = timer_hpet != 0 &&
               hpet_init(&hpet, (volatile uint32_t *)timer_hpet, skyscope_clock, skyscope_clock_frequency());
}

/* An interrupt that nobody needs any more does no harm, and edges need nothing. */
void timer_device_arm(uint64_t deadline)
{
    uint64_t now = skyscope_clock();
    uint64_t ticks = deadline > now ? deadline - now : 0;
    if (deadline == 0) {
        return;
    }
    if (has_hpet) {
        hpet_arm(&hpet, ticks, skyscope_clock_frequency());
    } else {
        pit_arm(ticks, skyscope_clock_frequency());
    }
}
