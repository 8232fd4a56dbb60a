/* SPDX-License-Identifier: BSD-2-Clause */
/* Has the lowest priority: when it runs, all others wait. */
#include <microkit.h>

#define PARENT_CHANNEL 1

void init(void)
{
    microkit_notify(PARENT_CHANNEL);
}

void notified(microkit_channel ch)
{
    (void)microkit_ppcall(ch, microkit_msginfo_new(0, 0));
}
