/* SPDX-License-Identifier: BSD-2-Clause */
#include <microkit.h>
#include <stdint.h>

#include "../common/report.h"

uintptr_t shared; /* all set by the system file */
uintptr_t shared_size;
uintptr_t large;
uintptr_t reader_channel;

void init(void)
{
    volatile uint64_t *words = (volatile uint64_t *)shared;
    bool zero = true;
    for (uintptr_t i = 0; i < shared_size / 8; i++) {
        zero = zero && words[i] == 0;
        words[i] = i * 3;
    }
    check(zero && shared_size == 0x3000, "memory is zero at first");
    volatile uint64_t *end = (volatile uint64_t *)(large + 0x200000 - 8);
    check(*end == 0, "so is a large page");
    *end = 0x1a29e;
    microkit_notify((microkit_channel)reader_channel);
}

void notified(microkit_channel ch)
{
    check(ch == reader_channel, "the reader answers");
    volatile uint64_t *words = (volatile uint64_t *)shared;
    check(words[1] == 3, "the reader could not write");
    report("passed");
}
