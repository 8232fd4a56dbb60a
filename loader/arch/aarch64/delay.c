/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader_arch/cpu.h>

void delay_microseconds(uint32_t microseconds)
{
    uint64_t wanted = read_register(cntfrq_el0) * microseconds / 1000000u + 1;
    instruction_barrier(); /* reads of the counter may run ahead */
    uint64_t start = read_register(cntpct_el0);
    uint64_t now = start;
    while (now - start < wanted) {
        instruction_barrier();
        now = read_register(cntpct_el0);
    }
}
