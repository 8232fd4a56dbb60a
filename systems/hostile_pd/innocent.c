/* SPDX-License-Identifier: BSD-2-Clause */
#include <microkit.h>
#include <stdint.h>

uintptr_t heartbeat; /* set by the system file */

void init(void)
{
    for (;;) {
        (*(volatile uint64_t *)heartbeat)++;
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
