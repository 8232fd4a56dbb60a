/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives up at once: powers its machine off (Arm DEN 0022, SYSTEM_OFF). */
#include "hostile.h"

#define PSCI_SYSTEM_OFF 0x84000008u

void guest_main(void)
{
    print("hostile: giving up\r\n");
    register uint64_t x0 __asm__("x0") = PSCI_SYSTEM_OFF;
    __asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}
