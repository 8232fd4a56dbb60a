/* SPDX-License-Identifier: BSD-2-Clause */
/* A passive server: runs on its callers' budgets. */
#include <microkit.h>
#include <stdint.h>

#include "../common/report.h"

#define SPIN 1

uintptr_t shared; /* set by the system file: counters, see the watcher */

void init(void)
{
    report("init on its own budget");
}

void notified(microkit_channel ch)
{
    report("notified on channel %u", ch);
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo info)
{
    (void)ch;
    volatile uint64_t *watched = (volatile uint64_t *)shared;
    if (microkit_msginfo_get_label(info) == SPIN) {
        /* Much longer than the client's budget: the watcher, of lower priority,
         * runs whenever it is used up. */
        uint64_t before = *watched;
        unsigned int seen = 0;
        uint64_t last = before;
        for (uint64_t i = 0; i < 2000000000ull && seen < 3; i++) {
            uint64_t now = *watched;
            seen += now != last;
            last = now;
        }
        microkit_mr_set(0, seen);
        return microkit_msginfo_new(0, 1);
    }
    report("called");
    return microkit_msginfo_new(0, 0);
}
