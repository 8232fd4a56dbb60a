/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PrimeCell UART PL011, r1p5 (Arm DDI 0183): 32-byte FIFOs. Bytes go to and
 * come from a backend, as fast as it takes and gives them: the baud rate only sets
 * the receive timeout.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/clock.h>
#include <vmm/devices/uart_backend.h>
#include <vmm/irq.h>
#include <vmm/timer.h>

#define PL011_FIFO_SIZE 32u
#define PL011_CLOCK_HZ  24000000u /* UARTCLK, as the guest's device tree says */

struct pl011_fifo {
    uint8_t data[PL011_FIFO_SIZE];
    uint8_t first;
    uint8_t count;
};

struct pl011 {
    /* The hot fields first: FR read, DR write. */
    uint32_t fr;
    uint32_t cr;
    uint32_t ris, imsc;
    bool irq_level;
    uint32_t lcr_h, ifls;
    uint32_t ibrd, fbrd;
    uint32_t ilpr, dmacr;
    uint32_t rsr;
    bool overrun; /* the next byte received is marked so */
    uint32_t line;
    struct uart_backend backend;
    struct pl011_fifo receive;
    struct pl011_fifo transmit; /* bytes for which the backend had no room yet */
    struct irq_router *router;
    struct timer_set *timers;
    const struct vm_clock *clock;
    struct timer timer;     /* receive timeout */
    uint64_t bytes_dropped; /* written while the transmitter was full */
};

/* Registers 4 KiB at `base`; line: interrupt line. Both functions of the backend must be there. 0, or -1 if a table is
 * full. */
int pl011_init(struct pl011 *uart, struct bus *bus, uint64_t base, uint32_t line, struct irq_router *router,
               struct timer_set *timers, const struct vm_clock *clock, const struct uart_backend *backend);
void pl011_reset(struct pl011 *uart);
/* As firmware leaves it: on, with FIFOs, 115200 baud, eight bits. */
void pl011_set_up(struct pl011 *uart);
/* The backend has room again, or bytes to give, or both. Cheap when nothing waits for it. */
void pl011_backend_ready(struct pl011 *uart);
/* The transmitter holds bytes that the backend had no room for. */
static inline bool pl011_waiting_for_room(const struct pl011 *uart)
{
    return uart->transmit.count != 0;
}
