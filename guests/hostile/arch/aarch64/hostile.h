/* SPDX-License-Identifier: BSD-2-Clause */
/* What the badly behaved guests share. They run at EL1 of a VM, flat. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/guest_aarch64.h>

/* Provided by each guest. */
void guest_main(void);

/* Calls operation(a, b); true if that ended in an exception. */
bool attempt(void (*operation)(uint64_t a, uint64_t b), uint64_t a, uint64_t b);

/* Prints on the serial port: a PL011, whose data register takes characters at any time. */
static inline void print(const char *text)
{
    while (*text != '\0') {
        *(volatile uint32_t *)GUEST_UART_BASE = (uint8_t)*text++;
    }
}
