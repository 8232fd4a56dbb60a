/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers each notification with one. */
#include <microkit.h>

void init(void)
{
}

void notified(microkit_channel ch)
{
    microkit_notify(ch);
}
