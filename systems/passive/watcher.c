/* SPDX-License-Identifier: BSD-2-Clause */
/* Has the lowest priority and counts, so that others can see when it ran. */
#include <microkit.h>
#include <stdint.h>

uintptr_t shared; /* set by the system file */

void init(void)
{
    volatile uint64_t *counter = (volatile uint64_t *)shared;
    for (;;) {
        (*counter)++;
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
