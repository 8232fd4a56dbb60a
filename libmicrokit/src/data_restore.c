/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that its parent restarts begins like new. The kernel does not load
 * the image again, so the program keeps what it needs: a copy of its initialised
 * data, and those words of its zeroed data that are not zero at the first start,
 * which are the variables that the tool has written there.
 *
 * Compiled without stack protector: the canary is not set yet.
 */
#include <base/memory.h>

#include "runtime.h"

/* From the linker script; all are multiples of 8 bytes. */
extern char __data_start[], __data_end[], __data_copy[];
extern uint64_t __bss_start[], __bss_end[];

struct written_word {
    uint64_t *address;
    uint64_t value;
};

#define MAX_WRITTEN_WORDS 512u

/* Neither saved nor cleared: zero when the program is loaded, and ours. */
#define KEPT __attribute__((section(".bss.kept")))

KEPT static bool started_before;
KEPT static bool too_many_words;
KEPT static uint32_t word_count;
KEPT static struct written_word words[MAX_WRITTEN_WORDS];

static void save_data(void)
{
    memcpy(__data_copy, __data_start, (size_t)(__data_end - __data_start));
    for (uint64_t *word = __bss_start; word < __bss_end; word++) {
        if (*word == 0) {
            continue;
        }
        if (word_count == MAX_WRITTEN_WORDS) {
            too_many_words = true;
            return;
        }
        words[word_count++] = (struct written_word){.address = word, .value = *word};
    }
}

void microkit_restore_data(void)
{
    if (!started_before) {
        save_data();
        started_before = true;
        return;
    }
    if (too_many_words) {
        microkit_dbg_puts("cannot be restarted: too many variables without initial value are set by the system file\n");
        microkit_internal_crash(seL4_NotEnoughMemory);
    }
    memcpy(__data_start, __data_copy, (size_t)(__data_end - __data_start));
    memset(__bss_start, 0, (size_t)((char *)__bss_end - (char *)__bss_start));
    for (uint32_t i = 0; i < word_count; i++) {
        *words[i].address = words[i].value;
    }
}
