/* SPDX-License-Identifier: BSD-2-Clause */
/* Never lets go of its processor: spins with interrupts masked. */
#include "hostile.h"

void guest_main(void)
{
    print("hostile: spinning\r\n");
    __asm__ volatile("msr daifset, #15\n1:\n\tb 1b");
}
