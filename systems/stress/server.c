/* SPDX-License-Identifier: BSD-2-Clause */
/* Passive: passes its callers' words on to its backend, which is passive as well. */
#include "call.h"

#define BACKEND_CHANNEL 10

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
    uint64_t value = microkit_mr_get(0);
    (void)ch;
    if (microkit_msginfo_get_label(info) != 0x123 || !has_words(info, value)) {
        report("WRONG call");
    }
    set_words(value + 1);
    microkit_msginfo answer = microkit_ppcall(BACKEND_CHANNEL, microkit_msginfo_new(0x123, CALL_WORDS));
    advance(SLOT_SERVER);
    if (microkit_msginfo_get_label(answer) == SKYSCOPE_LABEL_PEER_STOPPED) {
        return microkit_msginfo_new(LABEL_BACKEND_STOPPED, 0);
    }
    if (!has_words(answer, value + 2)) {
        report("WRONG answer of the backend");
    }
    return microkit_msginfo_new(0x124, CALL_WORDS);
}
