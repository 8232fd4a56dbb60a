/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers each notification from the other CPU with one. */
#include <microkit.h>

#include "progress.h"

uintptr_t shared; /* set by the system file */

void init(void)
{
}

void notified(microkit_channel ch)
{
    advance(SLOT_ECHO);
    if (progress()->slots[SLOT_ECHO] % 2 == 0) {
        microkit_deferred_notify(ch);
    } else {
        microkit_notify(ch);
    }
}
