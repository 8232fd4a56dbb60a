/* SPDX-License-Identifier: BSD-2-Clause */
/* Every notification, of which there is a flood, makes it call the server. */
#include "call.h"

uintptr_t shared; /* set by the system file */

void init(void)
{
}

void notified(microkit_channel ch)
{
    (void)ch;
    call_server(2, skyscope_clock());
    advance(SLOT_STORM);
}
