/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes exceptions without end: its vectors are where nothing is, so that fetching
 * the first instruction of each is the next. Of all that a guest can do, this makes
 * the most work for others. */
#include "hostile.h"

void guest_main(void)
{
    print("hostile: exception loop\r\n");
    __asm__ volatile("msr vbar_el1, %0\n\tisb\n\tudf #0" : : "r"(GUEST_PCI_MEMORY_BASE));
}
