/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults in several ways; its parent restarts or repairs it. Each life must begin
 * with fresh data. */
#include <microkit.h>
#include <stdint.h>

#include "../common/report.h"

static volatile int initialised = 17;
static volatile int zero;
static volatile char large[5000];
/* Set by the system file: in .bss, and must survive restarts. */
uintptr_t own_region;

/* Loads through RAX, which the parent repairs; returns what was loaded. */
static uint64_t load_through_rax(void)
{
    uint64_t value;
    __asm__ volatile("movq $0x666000, %%rax\n\t"
                     "movq (%%rax), %%rbx\n\t"
                     : "=b"(value)
                     :
                     : "rax", "memory");
    return value;
}

/* Returns how often RCX was counted up: the parent skips UD2 and continues. */
static uint64_t invalid_instruction(void)
{
    uint64_t count = 0;
    __asm__ volatile("ud2\n\tincq %0\n\t" : "+c"(count));
    return count;
}

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
    check(load_through_rax() == 0x5eed, "repaired load");
    check(invalid_instruction() == 1, "went on behind an invalid instruction");
    report("end of init");
}

void notified(microkit_channel ch)
{
    (void)ch;
    *(volatile int *)0x124000 = 1;
}
