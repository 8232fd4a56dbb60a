/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PC16550D (National Semiconductor data sheet, 1995).
 *
 * A byte written to THR goes straight to the backend: the transmitter is empty
 * again at once, and the THRE interrupt follows at once. Only what the backend
 * has no room for waits in the transmitter FIFO, and THRE and TEMT are 0 as long.
 * The received bytes stay with the backend until the FIFO has room, so there are
 * overruns in loopback mode only. OUT2 gates the interrupt, as on PC boards.
 */
#include <vmm/devices/uart16550.h>

#include "byte_access.h"

enum {
    REG_DATA = 0, /* RBR, THR, DLL */
    REG_IER = 1,  /* DLM */
    REG_IIR = 2,  /* FCR */
    REG_LCR = 3,
    REG_MCR = 4,
    REG_LSR = 5,
    REG_MSR = 6,
    REG_SCR = 7,
    PORT_COUNT = 8,
};

#define IER_RECEIVED 0x01u
#define IER_THRE     0x02u
#define IER_LINE     0x04u
#define IER_MODEM    0x08u
#define IER_WRITABLE 0x0fu

#define IIR_NONE     0x01u
#define IIR_MODEM    0x00u
#define IIR_THRE     0x02u
#define IIR_RECEIVED 0x04u
#define IIR_LINE     0x06u
#define IIR_TIMEOUT  0x0cu
#define IIR_FIFOS    0xc0u

#define FCR_ENABLE         0x01u
#define FCR_CLEAR_RECEIVE  0x02u
#define FCR_CLEAR_TRANSMIT 0x04u
#define FCR_TRIGGER        0xc0u

#define LCR_LENGTH 0x03u
#define LCR_STOP   0x04u
#define LCR_PARITY 0x08u
#define LCR_DLAB   0x80u

#define MCR_LOOP     0x10u
#define MCR_OUT2     0x08u
#define MCR_WRITABLE 0x1fu

#define LSR_READY   0x01u
#define LSR_OVERRUN 0x02u
#define LSR_ERRORS  0x1eu
#define LSR_THRE    0x20u
#define LSR_TEMT    0x40u

#define MSR_DELTAS        0x0fu
#define MSR_RI_DELTA      0x04u
#define MSR_RI            0x40u
#define MSR_LINE_IS_THERE 0xb0u /* CTS, DSR, DCD */

#define CLOCK_HZ 1843200u

static uint32_t fifo_size(const struct uart16550 *uart)
{
    return (uart->fcr & FCR_ENABLE) != 0 ? UART16550_FIFO_SIZE : 1;
}

static uint32_t trigger_level(const struct uart16550 *uart)
{
    static const uint8_t levels[4] = {1, 4, 8, 14};
    return (uart->fcr & FCR_ENABLE) != 0 ? levels[uart->fcr >> 6] : 1;
}

static void fifo_push(struct uart16550_fifo *fifo, uint8_t byte)
{
    fifo->data[(fifo->first + fifo->count) % UART16550_FIFO_SIZE] = byte;
    fifo->count++;
}

static uint8_t fifo_pop(struct uart16550_fifo *fifo)
{
    uint8_t byte = fifo->data[fifo->first];
    fifo->first = (uint8_t)((fifo->first + 1u) % UART16550_FIFO_SIZE);
    fifo->count--;
    return byte;
}

/* Source of the highest priority (data sheet table IV). */
static uint32_t interrupt_source(const struct uart16550 *uart)
{
    if ((uart->ier & IER_LINE) != 0 && (uart->lsr & LSR_ERRORS) != 0) {
        return IIR_LINE;
    }
    if ((uart->ier & IER_RECEIVED) != 0) {
        if (uart->receive.count >= trigger_level(uart)) {
            return IIR_RECEIVED;
        }
        if (uart->timeout_pending) {
            return IIR_TIMEOUT;
        }
    }
    if ((uart->ier & IER_THRE) != 0 && uart->thre_pending) {
        return IIR_THRE;
    }
    if ((uart->ier & IER_MODEM) != 0 && (uart->msr & MSR_DELTAS) != 0) {
        return IIR_MODEM;
    }
    return IIR_NONE;
}

static void update_irq(struct uart16550 *uart)
{
    bool level = (uart->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2 && interrupt_source(uart) != IIR_NONE;
    if (level != uart->irq_level) {
        uart->irq_level = level;
        irq_set_line(uart->router, uart->gsi, level);
    }
}

/* --- Receiver --- */

/* Character time-out: four characters' time without an access, and less than the trigger level in the FIFO. */
static void restart_timeout(struct uart16550 *uart)
{
    uint64_t deadline = 0;
    uart->timeout_pending = false;
    if ((uart->fcr & FCR_ENABLE) != 0 && uart->receive.count != 0) {
        uint32_t bits = 1u + 5u + (uart->lcr & LCR_LENGTH) + ((uart->lcr & LCR_PARITY) != 0 ? 1u : 0u) +
                        ((uart->lcr & LCR_STOP) != 0 ? 2u : 1u);
        uint32_t divisor = uart->divisor != 0 ? uart->divisor : 1;
        uint64_t clocks = 4ull * bits * 16u * divisor;
        deadline = vm_clock_now(uart->clock) + timer_scale(clocks, uart->clock->frequency, CLOCK_HZ) + 1;
    }
    timer_arm(uart->timers, &uart->timer, deadline);
}

static void timer_expired(void *device, uint64_t now)
{
    struct uart16550 *uart = device;
    (void)now;
    uart->timeout_pending = uart->receive.count != 0;
    update_irq(uart);
}

static void set_data_ready(struct uart16550 *uart)
{
    if (uart->receive.count != 0) {
        uart->lsr |= LSR_READY;
    } else {
        uart->lsr &= (uint8_t)~LSR_READY;
    }
}

/* Takes from the backend what the FIFO has room for. */
static void fill_receiver(struct uart16550 *uart)
{
    uint8_t byte;
    bool received = false;
    if ((uart->mcr & MCR_LOOP) != 0) {
        return; /* the receiver is off the line */
    }
    while (uart->receive.count < fifo_size(uart) && uart->backend.get(uart->backend.context, &byte)) {
        fifo_push(&uart->receive, byte);
        received = true;
    }
    if (received) {
        set_data_ready(uart);
        restart_timeout(uart);
    }
}

static void receive_loopback(struct uart16550 *uart, uint8_t byte)
{
    if (uart->receive.count >= fifo_size(uart)) {
        uart->lsr |= LSR_OVERRUN;
        if ((uart->fcr & FCR_ENABLE) == 0) {
            /* Without a FIFO the new character replaces the old one. */
            uart->receive.data[uart->receive.first] = byte;
        }
        return;
    }
    fifo_push(&uart->receive, byte);
    set_data_ready(uart);
    restart_timeout(uart);
}

static uint8_t read_receiver(struct uart16550 *uart)
{
    uint8_t byte = 0;
    if (uart->receive.count != 0) {
        byte = fifo_pop(&uart->receive);
    }
    set_data_ready(uart);
    restart_timeout(uart);
    fill_receiver(uart);
    update_irq(uart);
    return byte;
}

/* --- Transmitter --- */

static void transmitter_empty(struct uart16550 *uart)
{
    uart->lsr |= LSR_THRE | LSR_TEMT;
    uart->thre_pending = true;
}

static void drain_transmitter(struct uart16550 *uart)
{
    while (uart->transmit.count != 0) {
        if (!uart->backend.put(uart->backend.context, uart->transmit.data[uart->transmit.first])) {
            return;
        }
        fifo_pop(&uart->transmit);
    }
    transmitter_empty(uart);
}

static void write_transmitter(struct uart16550 *uart, uint8_t byte)
{
    if ((uart->mcr & MCR_LOOP) != 0) {
        receive_loopback(uart, byte);
        uart->thre_pending = true;
        update_irq(uart);
        return;
    }
    if (uart->transmit.count == 0 && uart->backend.put(uart->backend.context, byte)) {
        uart->thre_pending = true;
        if ((uart->ier & IER_THRE) != 0) {
            update_irq(uart);
        }
        return;
    }
    if (uart->transmit.count < fifo_size(uart)) {
        fifo_push(&uart->transmit, byte);
    } else {
        uart->bytes_dropped++;
    }
    uart->lsr &= (uint8_t) ~(LSR_THRE | LSR_TEMT);
    uart->thre_pending = false;
    update_irq(uart);
}

void uart16550_backend_ready(struct uart16550 *uart)
{
    if (uart->transmit.count != 0) {
        drain_transmitter(uart);
    }
    fill_receiver(uart);
    update_irq(uart);
}

/* --- Other registers --- */

static uint8_t read_line_status(struct uart16550 *uart)
{
    uint8_t value = uart->lsr;
    if ((value & (LSR_ERRORS | LSR_THRE)) == LSR_THRE) {
        return value;
    }
    if (uart->transmit.count != 0) {
        drain_transmitter(uart);
        value = uart->lsr;
    }
    uart->lsr &= (uint8_t)~LSR_ERRORS;
    update_irq(uart);
    return value;
}

static uint8_t read_interrupt_identification(struct uart16550 *uart)
{
    uint32_t source = interrupt_source(uart);
    if (source == IIR_THRE) {
        uart->thre_pending = false; /* reading acknowledges this source */
        update_irq(uart);
    }
    return (uint8_t)(source | ((uart->fcr & FCR_ENABLE) != 0 ? IIR_FIFOS : 0u));
}

static void write_interrupt_enable(struct uart16550 *uart, uint8_t value)
{
    uint8_t enabled = value & (uint8_t)~uart->ier;
    uart->ier = value & IER_WRITABLE;
    /* Enabling the THRE interrupt while THR is empty requests it; drivers start transmission by that. */
    if ((enabled & IER_THRE) != 0 && (uart->lsr & LSR_THRE) != 0) {
        uart->thre_pending = true;
    }
    update_irq(uart);
}

static void write_fifo_control(struct uart16550 *uart, uint8_t value)
{
    bool changed = ((value ^ uart->fcr) & FCR_ENABLE) != 0;
    if (changed || (value & FCR_CLEAR_RECEIVE) != 0) {
        uart->receive.count = 0;
        set_data_ready(uart);
        restart_timeout(uart);
    }
    if ((changed || (value & FCR_CLEAR_TRANSMIT) != 0) && uart->transmit.count != 0) {
        uart->bytes_dropped += uart->transmit.count;
        uart->transmit.count = 0;
        transmitter_empty(uart);
    }
    /* The other bits are taken only together with the enable bit. */
    uart->fcr = (value & FCR_ENABLE) != 0 ? value & (FCR_ENABLE | FCR_TRIGGER) : 0;
    fill_receiver(uart);
    update_irq(uart);
}

/* In loopback mode the modem outputs are the inputs: RTS is CTS, DTR DSR, OUT1 RI, OUT2 DCD. */
static void update_modem_status(struct uart16550 *uart)
{
    uint32_t lines = MSR_LINE_IS_THERE;
    if ((uart->mcr & MCR_LOOP) != 0) {
        uint32_t mcr = uart->mcr;
        lines = (mcr & 0x02u) << 3 | (mcr & 0x01u) << 5 | (mcr & 0x0cu) << 4;
    }
    uint32_t changed = (uart->msr ^ lines) & 0xf0u;
    uint32_t deltas = changed >> 4;
    if ((lines & MSR_RI) != 0) {
        deltas &= ~MSR_RI_DELTA; /* RI counts when it ends */
    }
    uart->msr = (uint8_t)(lines | (uart->msr & MSR_DELTAS) | deltas);
}

static void write_modem_control(struct uart16550 *uart, uint8_t value)
{
    uart->mcr = value & MCR_WRITABLE;
    update_modem_status(uart);
    fill_receiver(uart);
    update_irq(uart);
}

static uint8_t read_modem_status(struct uart16550 *uart)
{
    uint8_t value = uart->msr;
    uart->msr &= (uint8_t)~MSR_DELTAS;
    update_irq(uart);
    return value;
}

static uint8_t register_read(void *device, uint64_t offset)
{
    struct uart16550 *uart = device;
    bool divisor_latch = (uart->lcr & LCR_DLAB) != 0;
    switch (offset) {
    case REG_DATA:
        return divisor_latch ? (uint8_t)uart->divisor : read_receiver(uart);
    case REG_IER:
        return divisor_latch ? (uint8_t)(uart->divisor >> 8) : uart->ier;
    case REG_IIR:
        return read_interrupt_identification(uart);
    case REG_LCR:
        return uart->lcr;
    case REG_MCR:
        return uart->mcr;
    case REG_LSR:
        return read_line_status(uart);
    case REG_MSR:
        return read_modem_status(uart);
    default:
        return uart->scr;
    }
}

static void register_write(void *device, uint64_t offset, uint8_t value)
{
    struct uart16550 *uart = device;
    bool divisor_latch = (uart->lcr & LCR_DLAB) != 0;
    switch (offset) {
    case REG_DATA:
        if (divisor_latch) {
            uart->divisor = (uint16_t)((uart->divisor & 0xff00u) | value);
        } else {
            write_transmitter(uart, value);
        }
        break;
    case REG_IER:
        if (divisor_latch) {
            uart->divisor = (uint16_t)((uart->divisor & 0x00ffu) | (uint32_t)value << 8);
        } else {
            write_interrupt_enable(uart, value);
        }
        break;
    case REG_IIR:
        write_fifo_control(uart, value);
        break;
    case REG_LCR:
        uart->lcr = value;
        break;
    case REG_MCR:
        write_modem_control(uart, value);
        break;
    case REG_SCR:
        uart->scr = value;
        break;
    default: /* LSR and MSR: writes are for factory tests */
        break;
    }
}

static uint64_t port_read(void *device, uint64_t offset, uint32_t width)
{
    struct uart16550 *uart = device;
    if (offset == REG_LSR && width == 1) {
        return read_line_status(uart);
    }
    return byte_access_read(device, offset, width, register_read);
}

static void port_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct uart16550 *uart = device;
    if (offset == REG_DATA && width == 1 && (uart->lcr & LCR_DLAB) == 0) {
        write_transmitter(uart, (uint8_t)value);
        return;
    }
    byte_access_write(device, offset, width, value, register_write);
}

static const struct bus_ops port_ops = {.read = port_read, .write = port_write};

void uart16550_reset(struct uart16550 *uart)
{
    uart->lsr = LSR_THRE | LSR_TEMT;
    uart->lcr = 0;
    uart->mcr = 0;
    uart->ier = 0;
    uart->fcr = 0;
    uart->msr = MSR_LINE_IS_THERE;
    uart->scr = 0;
    uart->divisor = 1; /* 115200 baud */
    uart->thre_pending = false;
    uart->timeout_pending = false;
    uart->receive = (struct uart16550_fifo){0};
    uart->transmit = (struct uart16550_fifo){0};
    timer_arm(uart->timers, &uart->timer, 0);
    update_irq(uart);
}

int uart16550_init(struct uart16550 *uart, struct bus *io, uint16_t base, uint32_t gsi, struct irq_router *router,
                   struct timer_set *timers, const struct vm_clock *clock, const struct uart_backend *backend,
                   struct vm *vm)
{
    (void)vm;
    *uart = (struct uart16550){
        .gsi = gsi,
        .router = router,
        .timers = timers,
        .clock = clock,
        .backend = *backend,
    };
    uart->timer = (struct timer){.expired = timer_expired, .device = uart};
    if (timer_add(timers, &uart->timer) != 0 || bus_register(io, base, PORT_COUNT, &port_ops, uart, "uart16550") != 0) {
        return -1;
    }
    uart16550_reset(uart);
    return 0;
}
