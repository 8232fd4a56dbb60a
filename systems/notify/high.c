/* SPDX-License-Identifier: BSD-2-Clause */
/* The side with the higher priority. */
#include <microkit.h>

#include "../common/report.h"

#define LOW      3
#define LOW_MANY 4
#define DEFERRED 5

static unsigned int rounds;

void init(void)
{
    /* The other side cannot run before this one waits: three become one. */
    microkit_notify(LOW_MANY);
    microkit_notify(LOW_MANY);
    microkit_notify(LOW_MANY);
}

void notified(microkit_channel ch)
{
    if (ch == LOW) {
        rounds++;
        if (rounds == 1000) {
            report("1000 rounds");
            microkit_deferred_notify(DEFERRED);
            return;
        }
        microkit_notify(LOW);
    } else if (ch == DEFERRED) {
        report("passed");
    } else {
        report("WRONG channel %u", ch);
    }
}
