/* SPDX-License-Identifier: BSD-2-Clause */
/* Returns each word doubled, and the label less one. */
#include <microkit.h>

void init(void)
{
}

void notified(microkit_channel ch)
{
    (void)ch;
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo info)
{
    (void)ch;
    seL4_Word count = microkit_msginfo_get_count(info);
    for (seL4_Word i = 0; i < count; i++) {
        microkit_mr_set((seL4_Uint8)i, 2 * microkit_mr_get((seL4_Uint8)i));
    }
    return microkit_msginfo_new(microkit_msginfo_get_label(info) - 1, (seL4_Uint16)count);
}
