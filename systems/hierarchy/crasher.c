/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults in several ways; its parent restarts or repairs it. Each life must begin
 * with fresh data. */
#include <microkit.h>
#include <stdint.h>

#include <processor.h>

#include "../common/report.h"

static volatile int initialised = 17;
static volatile int zero;
static volatile char large[5000];
/* Set by the system file: in .bss, and must survive restarts. */
uintptr_t own_region;

void init(void)
{
    volatile uint64_t *life = (volatile uint64_t *)own_region; /* in memory that restarts leave alone */
    bool fresh = initialised == 17 && zero == 0 && large[4999] == 0 && own_region == 0x3000000;
    report("life %u, %s", (unsigned int)*life, fresh ? "data fresh" : "WRONG data stale");
    initialised = 99;
    zero = 1;
    large[4999] = 1;
    (*life)++;
    if (*life < 3) {
        *(volatile int *)0x123000 = 1;
        report("WRONG went on after the fault");
    }
    life[1] = 0x5eed;
    check(load_through_register(0x666000) == 0x5eed, "repaired load");
    check(invalid_instruction(*life), "went on behind an invalid instruction");
    report("end of init");
}

void notified(microkit_channel ch)
{
    (void)ch;
    *(volatile int *)0x124000 = 1;
}
