/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts for ever, in the word that the system file chooses. */
#include <microkit.h>
#include <stdint.h>

uintptr_t counter;

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
