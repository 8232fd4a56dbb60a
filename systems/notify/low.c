/* SPDX-License-Identifier: BSD-2-Clause */
/* The side with the lower priority. */
#include <microkit.h>

#include "../common/report.h"

#define HIGH      50
#define HIGH_MANY 51
#define DEFERRED  52

static unsigned int many, rounds;
static bool rounds_running;

void init(void)
{
    check(many == 0, "no entry point before init has ended");
}

void notified(microkit_channel ch)
{
    switch (ch) {
    case HIGH_MANY:
        many++;
        check(many == 1, "three notifications seen as one");
        rounds_running = true;
        microkit_notify(HIGH);
        break;
    case HIGH:
        rounds++;
        if (!rounds_running) {
            report("WRONG order");
        }
        microkit_deferred_notify(HIGH);
        break;
    case DEFERRED:
        check(rounds == 999, "each round was answered");
        microkit_deferred_notify(DEFERRED);
        break;
    default:
        report("WRONG channel %u", ch);
    }
}
