/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the server by programs that check every answer. */
#pragma once

#include <skyscope.h>

#include "../common/report.h"
#include "progress.h"

#define CALL_WORDS            6u
#define LABEL_BACKEND_STOPPED 7u

static inline void set_words(uint64_t value)
{
    for (uint8_t i = 0; i < CALL_WORDS; i++) {
        microkit_mr_set(i, value + i);
    }
}

static inline bool has_words(microkit_msginfo info, uint64_t value)
{
    bool right = microkit_msginfo_get_count(info) == CALL_WORDS;
    for (uint8_t i = 0; i < CALL_WORDS; i++) {
        right = right && microkit_mr_get(i) == value + i;
    }
    return right;
}

/* Label 0x123: the server passes the words, each plus one, to its backend, which
 * adds one more. */
static inline void call_server(microkit_channel ch, uint64_t value)
{
    set_words(value);
    microkit_msginfo answer = microkit_ppcall(ch, microkit_msginfo_new(0x123, CALL_WORDS));
    uint64_t label = microkit_msginfo_get_label(answer);
    if (label == SKYSCOPE_LABEL_PEER_STOPPED) {
        __atomic_fetch_add(&progress()->peer_stopped, 1, __ATOMIC_RELAXED);
    } else if (label == LABEL_BACKEND_STOPPED) {
        __atomic_fetch_add(&progress()->backend_stopped, 1, __ATOMIC_RELAXED);
    } else if (label != 0x124 || !has_words(answer, value + 2)) {
        report("WRONG answer to %llu: label 0x%llx, %llu", (unsigned long long)value, (unsigned long long)label,
               (unsigned long long)microkit_mr_get(0));
    }
}
