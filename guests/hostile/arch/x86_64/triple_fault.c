/* SPDX-License-Identifier: BSD-2-Clause */
/* Shuts its processor down: an exception with no interrupt table to take it. */
#include "hostile.h"

void guest_main(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) nothing = {0, 0};
    print("hostile: triple fault\r\n");
    __asm__ volatile("lidt %0\n\tud2" : : "m"(nothing));
}
