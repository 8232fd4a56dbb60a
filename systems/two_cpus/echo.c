/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers notifications; faults at the last one. */
#include <microkit.h>

#define ROUNDS 2000u

static unsigned int rounds;

void init(void)
{
}

void notified(microkit_channel ch)
{
    if (rounds++ == ROUNDS) {
        *(volatile int *)0x777000 = 0;
    }
    microkit_deferred_notify(ch);
}
