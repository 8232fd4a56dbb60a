/* SPDX-License-Identifier: BSD-2-Clause */
/* Arm PrimeCell UART PL011, DDI 0183, chapter 3. */
#include "uart.h"

enum {
    REGISTER_DATA = 0x000,            /* UARTDR */
    REGISTER_FLAGS = 0x018,           /* UARTFR */
    REGISTER_LINE_CONTROL = 0x02c,    /* UARTLCR_H */
    REGISTER_CONTROL = 0x030,         /* UARTCR */
    REGISTER_FIFO_LEVELS = 0x034,     /* UARTIFLS */
    REGISTER_INTERRUPT_MASK = 0x038,  /* UARTIMSC: 1 enables */
    REGISTER_INTERRUPTS = 0x040,      /* UARTMIS: raised and enabled */
    REGISTER_INTERRUPT_CLEAR = 0x044, /* UARTICR */
    REGISTER_DMA_CONTROL = 0x048,     /* UARTDMACR */
    REGISTER_PERIPHERAL_ID0 = 0xfe0,
    REGISTER_PERIPHERAL_ID1 = 0xfe4,
    REGISTER_CELL_ID0 = 0xff0,
    REGISTER_CELL_ID1 = 0xff4,
};

enum {
    DATA_ERRORS = 0x700, /* framing, parity, break */
    DATA_OVERRUN = 0x800,

    FLAG_BUSY = 0x08,
    FLAG_RECEIVE_EMPTY = 0x10,
    FLAG_TRANSMIT_FULL = 0x20,
    FLAG_TRANSMIT_EMPTY = 0x80,

    LINE_CONTROL_8N1_FIFOS = 0x70,

    CONTROL_ENABLE = 0x001,
    CONTROL_TRANSMIT_RECEIVE = 0x300,
    CONTROL_DTR_RTS = 0xc00,

    /* Interrupt when the receiver's FIFO is half full, the transmitter's 1/8 full. */
    FIFO_LEVELS = 0x10,

    INTERRUPT_RECEIVE = 0x010,
    INTERRUPT_TRANSMIT = 0x020,
    INTERRUPT_TIMEOUT = 0x040, /* characters wait, fewer than the level */
    INTERRUPT_ERRORS = 0x780,
    INTERRUPT_ALL = 0x7ff,

    PERIPHERAL_ID0_PL011 = 0x11,
    CELL_ID0 = 0x0d,
    CELL_ID1 = 0xf0,
};

/* Characters that an empty transmitter's FIFO surely takes. It has 16 places or more;
 * the kernel may put characters of its own in between. More than the level of the
 * interrupt, so that there will be one. */
#define BATCH 12u

/* One interrupt's work at most: a device that keeps asking gets its turn again
 * with its next interrupt, and cannot hold the driver in a loop. */
#define MAX_STEPS      32u
#define MAX_CHARACTERS 64u
#define MAX_BATCHES    8u
/* How often to look whether the transmitter has finished: a full FIFO takes 3 ms at
 * 115200 baud. */
#define MAX_BUSY_READS 100000u

static uint32_t read_register(struct uart *uart, unsigned int offset)
{
    return uart->operations->read_register(uart->context, offset);
}

static void write_register(struct uart *uart, unsigned int offset, uint32_t value)
{
    uart->operations->write_register(uart->context, offset, value);
}

static void set_interrupt_enable(struct uart *uart, uint32_t value)
{
    if (uart->interrupt_enable != value) {
        uart->interrupt_enable = value;
        write_register(uart, REGISTER_INTERRUPT_MASK, value);
    }
}

static bool answers(struct uart *uart)
{
    return (read_register(uart, REGISTER_PERIPHERAL_ID0) & 0xff) == PERIPHERAL_ID0_PL011 &&
           (read_register(uart, REGISTER_PERIPHERAL_ID1) & 0x0f) == 0 &&
           (read_register(uart, REGISTER_CELL_ID0) & 0xff) == CELL_ID0 &&
           (read_register(uart, REGISTER_CELL_ID1) & 0xff) == CELL_ID1;
}

/* What came before the driver is for nobody. It must not stay: a device may raise the interrupt only when the first
 * character comes into an empty FIFO, as QEMU's does. */
static void empty_receiver(struct uart *uart)
{
    for (unsigned int i = 0; i < MAX_CHARACTERS; i++) {
        if ((read_register(uart, REGISTER_FLAGS) & FLAG_RECEIVE_EMPTY) != 0) {
            return;
        }
        (void)read_register(uart, REGISTER_DATA);
    }
}

bool uart_initialise(struct uart *uart, const struct uart_operations *operations, void *context, uint32_t baud_rate)
{
    (void)baud_rate; /* the clock that it would be divided from is not known */
    *uart = (struct uart){.operations = operations, .context = context};
    if (!answers(uart)) {
        return false;
    }
    write_register(uart, REGISTER_INTERRUPT_MASK, 0);
    /* Line control may change only while the UART is off, and that only when it has
     * sent what the firmware and the kernel gave it (3.3.8). */
    for (unsigned int i = 0; i < MAX_BUSY_READS && (read_register(uart, REGISTER_FLAGS) & FLAG_BUSY) != 0; i++) {
    }
    write_register(uart, REGISTER_CONTROL, 0);
    write_register(uart, REGISTER_DMA_CONTROL, 0);
    write_register(uart, REGISTER_FIFO_LEVELS, FIFO_LEVELS);
    /* This takes the divisors in force as well; they stay the firmware's. */
    write_register(uart, REGISTER_LINE_CONTROL, LINE_CONTROL_8N1_FIFOS);
    write_register(uart, REGISTER_INTERRUPT_CLEAR, INTERRUPT_ALL);
    write_register(uart, REGISTER_CONTROL, CONTROL_ENABLE | CONTROL_TRANSMIT_RECEIVE | CONTROL_DTR_RTS);
    empty_receiver(uart);
    set_interrupt_enable(uart, INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT | INTERRUPT_ERRORS);
    return true;
}

static void receive(struct uart *uart)
{
    for (unsigned int i = 0; i < MAX_CHARACTERS; i++) {
        if ((read_register(uart, REGISTER_FLAGS) & FLAG_RECEIVE_EMPTY) != 0) {
            return;
        }
        const uint32_t data = read_register(uart, REGISTER_DATA);
        if ((data & DATA_OVERRUN) != 0) {
            uart->overruns++;
        }
        if ((data & DATA_ERRORS) != 0) {
            uart->line_errors++;
        } else {
            uart->received++;
            uart->operations->received(uart->context, (char)(data & 0xff));
        }
    }
}

static uint32_t send(struct uart *uart, uint32_t limit)
{
    char characters[BATCH];
    const uint32_t count = uart->operations->take(uart->context, characters, limit);
    for (uint32_t i = 0; i < count && i < limit; i++) {
        write_register(uart, REGISTER_DATA, (uint8_t)characters[i]);
    }
    uart->sent += count;
    return count;
}

/*
 * Fills the transmitter's FIFO as long as there is something to send and room. Its
 * interrupt comes when the FIFO's level falls past the trigger, and only then; it
 * is therefore enabled only when the level is above: after a whole batch, or when full.
 */
static void fill_transmitter(struct uart *uart)
{
    const uint32_t others = uart->interrupt_enable & ~(uint32_t)INTERRUPT_TRANSMIT;
    unsigned int batches = 0;
    for (unsigned int i = 0; i < MAX_CHARACTERS && batches < MAX_BATCHES; i++) {
        const uint32_t flags = read_register(uart, REGISTER_FLAGS);
        if ((flags & FLAG_TRANSMIT_FULL) != 0) {
            break;
        }
        const bool empty = (flags & FLAG_TRANSMIT_EMPTY) != 0;
        const uint32_t limit = empty ? BATCH : 1;
        if (send(uart, limit) < limit) {
            set_interrupt_enable(uart, others);
            return;
        }
        batches += empty;
    }
    set_interrupt_enable(uart, others | INTERRUPT_TRANSMIT);
}

void uart_transmit(struct uart *uart)
{
    if ((uart->interrupt_enable & INTERRUPT_TRANSMIT) == 0) { /* else under way: the interrupt goes on with it */
        fill_transmitter(uart);
    }
}

void uart_interrupt(struct uart *uart)
{
    for (unsigned int i = 0; i < MAX_STEPS; i++) {
        const uint32_t interrupts = read_register(uart, REGISTER_INTERRUPTS);
        if (interrupts == 0) {
            return;
        }
        /* Reading and writing the FIFOs clears the others. */
        write_register(uart, REGISTER_INTERRUPT_CLEAR, interrupts & (INTERRUPT_ERRORS | INTERRUPT_TRANSMIT));
        if ((interrupts & (INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT | INTERRUPT_ERRORS)) != 0) {
            receive(uart);
        }
        if ((interrupts & INTERRUPT_TRANSMIT) != 0) {
            fill_transmitter(uart);
        }
    }
    uart->stuck++;
}
