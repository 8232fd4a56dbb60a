/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults without end: its parent makes it go on behind the instruction. After some
 * of these it writes where nothing is, and is restarted. */
#include <skyscope.h>

#include "../common/report.h"
#include "progress.h"

uintptr_t shared; /* set by the system file */

/* All its registers must be what they were. */
static bool fault_once(uint64_t seed)
{
    uint64_t a = seed, b = seed + 1, c = seed + 2, d = seed + 3;
    __asm__ volatile("ud2" : "+a"(a), "+b"(b), "+c"(c), "+d"(d) : : "memory");
    return a == seed && b == seed + 1 && c == seed + 2 && d == seed + 3;
}

/* Nobody else may see these. */
static void load_selectors(void)
{
    const unsigned int user_data = 0x23;
    __asm__ volatile("mov %w0, %%ds\n\tmov %w0, %%es\n\tmov %w0, %%fs\n\tmov %w0, %%gs" : : "r"(user_data));
}

void init(void)
{
    load_selectors();
    for (unsigned int i = 0; i < 20; i++) {
        if (!fault_once(skyscope_clock())) {
            report("WRONG registers after a fault");
        }
        advance(SLOT_CRASHER);
    }
    *(volatile int *)0x123000 = 1;
    report("WRONG went on");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
