/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifies a program on the other CPU as often as its budget lets it. */
#include <microkit.h>

void init(void)
{
    for (;;) {
        microkit_notify(1);
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
