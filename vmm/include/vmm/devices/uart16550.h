/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * National Semiconductor PC16550D UART. Bytes go to and come from a backend, as
 * fast as it takes and gives them: the baud rate only sets the receive timeout.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/clock.h>
#include <vmm/devices/uart_backend.h>
#include <vmm/irq.h>
#include <vmm/log.h>
#include <vmm/timer.h>

#define UART16550_FIFO_SIZE 16u

struct uart16550_fifo {
    uint8_t data[UART16550_FIFO_SIZE];
    uint8_t first;
    uint8_t count;
};

struct uart16550 {
    /* The hot fields first: LSR read, THR write. */
    uint8_t lsr;
    uint8_t lcr;
    uint8_t mcr;
    uint8_t ier;
    bool thre_pending; /* THRE interrupt not yet acknowledged */
    bool irq_level;
    uint8_t fcr; /* bit 0 and trigger level */
    uint8_t msr;
    uint8_t scr;
    bool timeout_pending;
    uint16_t divisor;
    uint32_t gsi;
    struct uart_backend backend;
    struct uart16550_fifo receive;
    struct uart16550_fifo transmit; /* bytes for which the backend had no room yet */
    struct irq_router *router;
    struct timer_set *timers;
    const struct vm_clock *clock;
    struct timer timer;     /* character timeout */
    uint64_t bytes_dropped; /* written while the transmitter was full */
};

/* Registers 8 ports at `base`; gsi: interrupt line. Both functions of the backend must be there. 0, or -1 if a
 * table is full. */
int uart16550_init(struct uart16550 *uart, struct bus *io, uint16_t base, uint32_t gsi, struct irq_router *router,
                   struct timer_set *timers, const struct vm_clock *clock, const struct uart_backend *backend,
                   struct vm *vm);
void uart16550_reset(struct uart16550 *uart);
/* The backend has room again, or bytes to give, or both. Cheap when nothing waits for it. */
void uart16550_backend_ready(struct uart16550 *uart);
/* The transmitter holds bytes that the backend had no room for. */
static inline bool uart16550_waiting_for_room(const struct uart16550 *uart)
{
    return uart->transmit.count != 0;
}
