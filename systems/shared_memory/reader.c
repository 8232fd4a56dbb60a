/* SPDX-License-Identifier: BSD-2-Clause */
#include <base/memory.h>
#include <microkit.h>
#include <stdint.h>

#include "../common/report.h"

uintptr_t shared; /* all set by the system file */
uintptr_t large;
uintptr_t prefilled;
uintptr_t prefilled_size;
uintptr_t writer_channel;

void init(void)
{
    static const char expected[] = "This text was put into a memory region when the system was built.\n";
    check(prefilled_size == sizeof(expected) - 1 && memcmp((const char *)prefilled, expected, prefilled_size) == 0 &&
              *(const volatile char *)(prefilled + prefilled_size) == 0,
          "prefilled memory");
}

void notified(microkit_channel ch)
{
    const volatile uint64_t *words = (const volatile uint64_t *)shared;
    bool right = ch == writer_channel;
    for (uintptr_t i = 0; i < 0x3000 / 8; i++) {
        right = right && words[i] == i * 3;
    }
    check(right, "sees what was written");
    check(*(volatile uint64_t *)(large + 0x200000 - 8) == 0x1a29e, "in a large page too");
    microkit_notify((microkit_channel)writer_channel);
    /* Mapped read-only: this is its last act. The kernel reports it. */
    ((volatile uint64_t *)shared)[1] = 0;
    report("WRONG wrote to read-only memory");
}
