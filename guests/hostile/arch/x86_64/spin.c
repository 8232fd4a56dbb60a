/* SPDX-License-Identifier: BSD-2-Clause */
/* Never lets go of its processor: spins with interrupts off. */
#include "hostile.h"

void guest_main(void)
{
    print("hostile: spinning\r\n");
    __asm__ volatile("cli\n1:\n\tjmp 1b");
}
