/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls the server without end. Two programs are made of it. */
#include <skyscope.h>

#include "../common/report.h"
#include "call.h"
#include "progress.h"

uintptr_t shared; /* set by the system file */

void init(void)
{
    enum slot slot = microkit_name[7] == '1' ? SLOT_CLIENT_1 : SLOT_CLIENT_2;
    for (uint64_t value = 1;; value++) {
        call_server(1, value);
        advance(slot);
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
