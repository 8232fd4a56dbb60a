/* SPDX-License-Identifier: BSD-2-Clause */
/* Adds one to what the doubler returns. */
#include <microkit.h>

#define CLIENT  3
#define DOUBLER 4

void init(void)
{
}

void notified(microkit_channel ch)
{
    (void)ch;
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo info)
{
    if (ch != CLIENT) {
        return microkit_msginfo_new(0, 0);
    }
    (void)microkit_ppcall(DOUBLER, info);
    microkit_mr_set(0, microkit_mr_get(0) + 1);
    return microkit_msginfo_new(0, 1);
}
