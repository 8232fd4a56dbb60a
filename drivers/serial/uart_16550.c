/* SPDX-License-Identifier: BSD-2-Clause */
#include "uart.h"

/* Characters that fit in the transmitter's FIFO when it is empty. */
#define UART_FIFO_SIZE 16u

enum {
    REGISTER_DATA = 0,             /* RBR, THR; divisor low with DLAB */
    REGISTER_INTERRUPT_ENABLE = 1, /* IER; divisor high with DLAB */
    REGISTER_INTERRUPT_ID = 2,     /* IIR read, FCR written */
    REGISTER_FIFO_CONTROL = 2,
    REGISTER_LINE_CONTROL = 3,
    REGISTER_MODEM_CONTROL = 4,
    REGISTER_LINE_STATUS = 5,
    REGISTER_MODEM_STATUS = 6,
    REGISTER_SCRATCH = 7,
};

enum {
    INTERRUPT_ENABLE_RECEIVE = 0x01,
    INTERRUPT_ENABLE_TRANSMIT = 0x02,
    INTERRUPT_ENABLE_LINE_STATUS = 0x04,

    INTERRUPT_ID_NONE = 0x01,
    INTERRUPT_ID_MASK = 0x0f,
    INTERRUPT_ID_MODEM_STATUS = 0x00,
    INTERRUPT_ID_TRANSMIT = 0x02,
    INTERRUPT_ID_RECEIVE = 0x04,
    INTERRUPT_ID_LINE_STATUS = 0x06,
    INTERRUPT_ID_TIMEOUT = 0x0c,

    FIFO_ENABLE_CLEAR_TRIGGER_8 = 0x87,

    LINE_CONTROL_8N1 = 0x03,
    LINE_CONTROL_DIVISOR_LATCH = 0x80,

    MODEM_CONTROL_DTR_RTS_OUT2 = 0x0b, /* OUT2 gates the interrupt line on PCs */

    LINE_STATUS_DATA_READY = 0x01,
    LINE_STATUS_OVERRUN = 0x02,
    LINE_STATUS_ERRORS = 0x1c, /* parity, framing, break */
    LINE_STATUS_TRANSMITTER_EMPTY = 0x20,
};

#define CLOCK_BAUD 115200u

/* One interrupt's work at most: a device that keeps asking gets its turn again
 * with its next interrupt, and cannot hold the driver in a loop. */
#define MAX_STEPS      32u
#define MAX_CHARACTERS 64u

static uint8_t read_register(struct uart *uart, unsigned int offset)
{
    return (uint8_t)uart->operations->read_register(uart->context, offset);
}

static void write_register(struct uart *uart, unsigned int offset, uint8_t value)
{
    uart->operations->write_register(uart->context, offset, value);
}

static void set_interrupt_enable(struct uart *uart, uint8_t value)
{
    if (uart->interrupt_enable != value) {
        uart->interrupt_enable = value;
        write_register(uart, REGISTER_INTERRUPT_ENABLE, value);
    }
}

bool uart_initialise(struct uart *uart, const struct uart_operations *operations, void *context, uint32_t baud_rate)
{
    *uart = (struct uart){.operations = operations, .context = context};
    if (baud_rate < 50 || baud_rate > CLOCK_BAUD) {
        baud_rate = CLOCK_BAUD;
    }
    uint32_t divisor = (CLOCK_BAUD + baud_rate - 1) / baud_rate;

    write_register(uart, REGISTER_INTERRUPT_ENABLE, 0);
    /* A port without a device reads as all ones. */
    write_register(uart, REGISTER_SCRATCH, 0x5a);
    if (read_register(uart, REGISTER_SCRATCH) != 0x5a) {
        return false;
    }
    write_register(uart, REGISTER_LINE_CONTROL, LINE_CONTROL_DIVISOR_LATCH);
    write_register(uart, REGISTER_DATA, (uint8_t)divisor);
    write_register(uart, REGISTER_INTERRUPT_ENABLE, (uint8_t)(divisor >> 8));
    write_register(uart, REGISTER_LINE_CONTROL, LINE_CONTROL_8N1);
    write_register(uart, REGISTER_FIFO_CONTROL, FIFO_ENABLE_CLEAR_TRIGGER_8);
    write_register(uart, REGISTER_MODEM_CONTROL, MODEM_CONTROL_DTR_RTS_OUT2);
    /* Forget what happened before. */
    (void)read_register(uart, REGISTER_LINE_STATUS);
    (void)read_register(uart, REGISTER_MODEM_STATUS);
    (void)read_register(uart, REGISTER_INTERRUPT_ID);
    set_interrupt_enable(uart, INTERRUPT_ENABLE_RECEIVE | INTERRUPT_ENABLE_LINE_STATUS);
    return true;
}

static uint8_t read_line_status(struct uart *uart)
{
    /* Reading it clears the error bits: count them whoever reads. */
    uint8_t status = read_register(uart, REGISTER_LINE_STATUS);
    if ((status & LINE_STATUS_OVERRUN) != 0) {
        uart->overruns++;
    }
    if ((status & LINE_STATUS_ERRORS) != 0) {
        uart->line_errors++;
    }
    return status;
}

static void receive(struct uart *uart)
{
    for (unsigned int i = 0; i < MAX_CHARACTERS; i++) {
        uint8_t status = read_line_status(uart);
        if ((status & LINE_STATUS_DATA_READY) == 0) {
            return;
        }
        char c = (char)read_register(uart, REGISTER_DATA);
        if ((status & LINE_STATUS_ERRORS) == 0) {
            uart->received++;
            uart->operations->received(uart->context, c);
        }
    }
}

/* The transmitter's FIFO is empty: fill it. Its interrupt stays enabled only if
 * more is likely to be waiting. */
static void fill_transmitter(struct uart *uart)
{
    char characters[UART_FIFO_SIZE];
    uint32_t count = uart->operations->take(uart->context, characters, UART_FIFO_SIZE);
    for (uint32_t i = 0; i < count && i < UART_FIFO_SIZE; i++) {
        write_register(uart, REGISTER_DATA, (uint8_t)characters[i]);
    }
    uart->sent += count;
    uint8_t others = (uint8_t)(uart->interrupt_enable & ~(uint32_t)INTERRUPT_ENABLE_TRANSMIT);
    set_interrupt_enable(uart, count == UART_FIFO_SIZE ? others | INTERRUPT_ENABLE_TRANSMIT : others);
}

void uart_transmit(struct uart *uart)
{
    if ((uart->interrupt_enable & INTERRUPT_ENABLE_TRANSMIT) != 0) {
        return; /* under way: the interrupt goes on with it */
    }
    if ((read_line_status(uart) & LINE_STATUS_TRANSMITTER_EMPTY) != 0) {
        fill_transmitter(uart);
    } else {
        set_interrupt_enable(uart, (uint8_t)(uart->interrupt_enable | INTERRUPT_ENABLE_TRANSMIT));
    }
}

void uart_interrupt(struct uart *uart)
{
    bool others = false;
    for (unsigned int i = 0; i < MAX_STEPS; i++) {
        uint8_t id = read_register(uart, REGISTER_INTERRUPT_ID);
        if ((id & INTERRUPT_ID_NONE) != 0) {
            /* Some devices (Bochs has one) forget that the transmitter has become empty when they are asked, though
             * what they tell of is something else. */
            if (others && (uart->interrupt_enable & INTERRUPT_ENABLE_TRANSMIT) != 0 &&
                (read_line_status(uart) & LINE_STATUS_TRANSMITTER_EMPTY) != 0) {
                fill_transmitter(uart);
            }
            return;
        }
        others = others || (id & INTERRUPT_ID_MASK) != INTERRUPT_ID_TRANSMIT;
        switch (id & INTERRUPT_ID_MASK) {
        case INTERRUPT_ID_RECEIVE:
        case INTERRUPT_ID_TIMEOUT:
            receive(uart);
            break;
        case INTERRUPT_ID_TRANSMIT:
            fill_transmitter(uart);
            break;
        case INTERRUPT_ID_LINE_STATUS:
            (void)read_line_status(uart);
            break;
        default:
            (void)read_register(uart, REGISTER_MODEM_STATUS);
            break;
        }
    }
    uart->stuck++;
}
