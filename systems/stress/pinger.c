/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends the next notification when the last one was answered: if one is lost, on
 * either way, it waits for ever. */
#include <microkit.h>

#include "progress.h"

uintptr_t shared; /* set by the system file */

void init(void)
{
    microkit_notify(1);
}

void notified(microkit_channel ch)
{
    advance(SLOT_PINGER);
    microkit_notify(ch);
}
