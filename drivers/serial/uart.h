/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UART, without knowledge of how its registers are reached or where characters
 * come from. Which one it is, the build chooses: uart_16550.c (Texas Instruments
 * TL16C550D data sheet) or uart_pl011.c (Arm PrimeCell UART PL011, DDI 0183).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How to reach the device and its user. All are called with `context`. */
struct uart_operations {
    /* offset: in bytes; as many bits as the register has. */
    uint32_t (*read_register)(void *context, unsigned int offset);
    void (*write_register)(void *context, unsigned int offset, uint32_t value);
    /* A character came in on the line. */
    void (*received)(void *context, char c);
    /* Puts up to `limit` characters to send in `to`; returns how many. */
    uint32_t (*take)(void *context, char *to, uint32_t limit);
};

struct uart {
    const struct uart_operations *operations;
    void *context;
    uint32_t interrupt_enable; /* as last written */
    uint64_t received, sent;
    uint64_t overruns;    /* times that the device lost characters: it was not read in time */
    uint64_t line_errors; /* parity and framing errors and breaks */
    uint64_t stuck;       /* interrupts that did not go away within the bound */
};

/* Programs 8 data bits, no parity, 1 stop bit, FIFOs on, receive interrupts on.
 * baud_rate: 50..115200, a divisor of 115200; other values are rounded down to the
 * next divisor. A device whose clock is not known (PL011) keeps the firmware's rate.
 * False if no UART answers. */
bool uart_initialise(struct uart *uart, const struct uart_operations *operations, void *context, uint32_t baud_rate);

/* Call on each interrupt: receives and sends until the device is quiet, at most
 * a fixed number of steps. */
void uart_interrupt(struct uart *uart);

/* Call when there may be something new to send. */
void uart_transmit(struct uart *uart);
