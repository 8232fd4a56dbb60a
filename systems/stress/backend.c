/* SPDX-License-Identifier: BSD-2-Clause */
/* Passive, like its only caller. */
#include "call.h"

uintptr_t shared; /* set by the system file */

void init(void)
{
}

void notified(microkit_channel ch)
{
    report("WRONG notification %u", ch);
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo info)
{
    (void)ch;
    (void)info;
    set_words(microkit_mr_get(0) + 1);
    advance(SLOT_BACKEND);
    return microkit_msginfo_new(0x124, CALL_WORDS);
}
