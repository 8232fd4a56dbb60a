/* SPDX-License-Identifier: BSD-2-Clause */
/* Never waits, and watches its vector registers. Two programs are made of it, one
 * on each CPU. */
#include <skyscope.h>

#include "../common/report.h"
#include "progress.h"

uintptr_t shared; /* set by the system file */

static bool registers_kept(uint64_t pattern)
{
    uint64_t seen;
    __asm__ volatile("movq %%xmm7, %0" : "=r"(seen));
    return seen == pattern;
}

/* Other programs use them. */
static bool selectors_clear(void)
{
    unsigned int ds, es, fs, gs;
    __asm__ volatile("mov %%ds, %0\n\tmov %%es, %1\n\tmov %%fs, %2\n\tmov %%gs, %3"
                     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    return (ds | es | fs | gs) == 0;
}

void init(void)
{
    enum slot slot = microkit_name[0] == 's' ? SLOT_SPINNER : SLOT_LOCAL;
    uint64_t pattern = skyscope_clock() | 1;
    __asm__ volatile("movq %0, %%xmm7" : : "r"(pattern));
    for (;;) {
        advance(slot);
        if (!selectors_clear()) {
            report("WRONG segment selector");
        }
        if (!registers_kept(pattern)) {
            report("WRONG vector register");
            __asm__ volatile("movq %0, %%xmm7" : : "r"(pattern));
        }
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
