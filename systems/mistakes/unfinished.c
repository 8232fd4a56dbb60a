/* SPDX-License-Identifier: BSD-2-Clause */
/* Has no protected entry point, though it is called. */
#include <microkit.h>

void init(void)
{
}

void notified(microkit_channel ch)
{
    (void)ch;
}
