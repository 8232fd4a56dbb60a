/* SPDX-License-Identifier: BSD-2-Clause */
/* What the badly behaved guests share. They run in ring 0 of a VM, flat. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define COM1 0x3f8

/* Provided by each guest. */
void guest_main(void);

/* Calls operation(a, b); true if that ended in an exception. */
bool attempt(void (*operation)(uint64_t a, uint64_t b), uint64_t a, uint64_t b);

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* Prints on the first serial port. */
static inline void print(const char *text)
{
    while (*text != '\0') {
        out8(COM1, (uint8_t)*text++);
    }
}
