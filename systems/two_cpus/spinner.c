/* SPDX-License-Identifier: BSD-2-Clause */
#include <microkit.h>
#include <stdint.h>

uintptr_t counter; /* set by the system file */

void init(void)
{
    volatile uint64_t *value = (volatile uint64_t *)counter;
    for (;;) {
        (*value)++;
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
