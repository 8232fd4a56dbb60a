/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/devices/pl011.h>

#include "word_access.h"

/* Offsets (DDI 0183 §3.2). */
#define REG_DR    0x000u
#define REG_RSR   0x004u
#define REG_FR    0x018u
#define REG_ILPR  0x020u
#define REG_IBRD  0x024u
#define REG_FBRD  0x028u
#define REG_LCR_H 0x02cu
#define REG_CR    0x030u
#define REG_IFLS  0x034u
#define REG_IMSC  0x038u
#define REG_RIS   0x03cu
#define REG_MIS   0x040u
#define REG_ICR   0x044u
#define REG_DMACR 0x048u

#define DR_OVERRUN 0x800u

#define RSR_OVERRUN 0x08u

#define FR_CTS        0x001u
#define FR_DSR        0x002u
#define FR_DCD        0x004u
#define FR_RXFE       0x010u
#define FR_TXFF       0x020u
#define FR_RXFF       0x040u
#define FR_TXFE       0x080u
#define FR_RI         0x100u
#define FR_MODEM      (FR_CTS | FR_DSR | FR_DCD | FR_RI)
#define FR_LINE_THERE (FR_CTS | FR_DSR | FR_DCD)

#define LCR_H_FEN   0x10u
#define LCR_H_WLEN8 0x60u

#define CR_UARTEN   0x0001u
#define CR_LBE      0x0080u
#define CR_TXE      0x0100u
#define CR_RXE      0x0200u
#define CR_DTR      0x0400u
#define CR_RTS      0x0800u
#define CR_OUT1     0x1000u
#define CR_OUT2     0x2000u
#define CR_WRITABLE 0xff87u

#define IFLS_RESET 0x12u

/* Interrupts: IMSC, RIS, MIS, ICR. */
#define INT_RI  0x001u
#define INT_CTS 0x002u
#define INT_DCD 0x004u
#define INT_DSR 0x008u
#define INT_RX  0x010u
#define INT_TX  0x020u
#define INT_RT  0x040u
#define INT_OE  0x400u
#define INT_ALL 0x7ffu

#define TIMEOUT_BITS 32u

static const uint8_t identification[4] = {0x11, 0x10, 0x34, 0x00};

static uint32_t fifo_size(const struct pl011 *uart)
{
    return (uart->lcr_h & LCR_H_FEN) != 0 ? PL011_FIFO_SIZE : 1;
}

/* IFLS's encoding: 1/8, 1/4, 1/2, 3/4, 7/8 of the FIFO; without FIFO one byte. */
static uint32_t level_of(const struct pl011 *uart, uint32_t selection)
{
    static const uint8_t levels[8] = {4, 8, 16, 24, 28, 28, 28, 28}; /* 5..7 are reserved */
    return (uart->lcr_h & LCR_H_FEN) != 0 ? levels[selection & 7u] : 1;
}

static void fifo_push(struct pl011_fifo *fifo, uint8_t byte)
{
    fifo->data[(fifo->first + fifo->count) % PL011_FIFO_SIZE] = byte;
    fifo->count++;
}

static uint8_t fifo_pop(struct pl011_fifo *fifo)
{
    uint8_t byte = fifo->data[fifo->first];
    fifo->first = (uint8_t)((fifo->first + 1u) % PL011_FIFO_SIZE);
    fifo->count--;
    return byte;
}

static void update_irq(struct pl011 *uart)
{
    bool level = (uart->ris & uart->imsc) != 0;
    if (level != uart->irq_level) {
        uart->irq_level = level;
        irq_set_line(uart->router, uart->line, level);
    }
}

static void update_flags(struct pl011 *uart)
{
    uint32_t size = fifo_size(uart);
    uint32_t fr = uart->fr & FR_MODEM;
    fr |= uart->receive.count == 0 ? FR_RXFE : 0;
    fr |= uart->receive.count >= size ? FR_RXFF : 0;
    fr |= uart->transmit.count == 0 ? FR_TXFE : 0;
    fr |= uart->transmit.count >= size ? FR_TXFF : 0;
    uart->fr = fr;
}

static bool on(const struct pl011 *uart, uint32_t direction)
{
    return (uart->cr & (CR_UARTEN | direction)) == (CR_UARTEN | direction);
}

/* --- Receiver --- */

/* No further byte for 32 bit times, and something in the FIFO (DDI 0183 §2.8.3). */
static void restart_timeout(struct pl011 *uart)
{
    uint64_t deadline = 0;
    if (uart->receive.count != 0) {
        /* A bit is 16 clocks of UARTCLK / (IBRD + FBRD / 64). */
        uint64_t divisor = uart->ibrd * 64ull + uart->fbrd;
        uint64_t clocks = TIMEOUT_BITS * 16ull * (divisor != 0 ? divisor : 64) / 64;
        deadline = vm_clock_now(uart->clock) + timer_scale(clocks, uart->clock->frequency, PL011_CLOCK_HZ) + 1;
    }
    timer_arm(uart->timers, &uart->timer, deadline);
}

static void timer_expired(void *device, uint64_t now)
{
    struct pl011 *uart = device;
    (void)now;
    if (uart->receive.count != 0) {
        uart->ris |= INT_RT;
        update_irq(uart);
    }
}

static void received(struct pl011 *uart, uint8_t byte)
{
    fifo_push(&uart->receive, byte);
    /* The interrupt is for reaching the level. */
    if (uart->receive.count == level_of(uart, uart->ifls >> 3)) {
        uart->ris |= INT_RX;
    }
}

/* Takes from the backend what the FIFO has room for. */
static void fill_receiver(struct pl011 *uart)
{
    uint8_t byte;
    bool any = false;
    if (!on(uart, CR_RXE) || (uart->cr & CR_LBE) != 0) {
        return; /* off, or off the line: the bytes wait */
    }
    while (uart->receive.count < fifo_size(uart) && uart->backend.get(uart->backend.context, &byte)) {
        received(uart, byte);
        any = true;
    }
    if (any) {
        restart_timeout(uart);
    }
}

static void receive_loopback(struct pl011 *uart, uint8_t byte)
{
    if (!on(uart, CR_RXE)) {
        return;
    }
    if (uart->receive.count >= fifo_size(uart)) {
        uart->overrun = true;
        uart->ris |= INT_OE;
        return;
    }
    received(uart, byte);
    restart_timeout(uart);
}

static uint32_t read_data(struct pl011 *uart)
{
    uint32_t value = 0;
    if (uart->receive.count != 0) {
        value = fifo_pop(&uart->receive);
        if (uart->overrun) { /* shown with the byte that follows */
            value |= DR_OVERRUN;
            uart->overrun = false;
        }
        uart->rsr = value >> 8;
    }
    if (uart->receive.count < level_of(uart, uart->ifls >> 3)) {
        uart->ris &= ~INT_RX;
    }
    if (uart->receive.count == 0) {
        uart->ris &= ~INT_RT;
    }
    restart_timeout(uart);
    fill_receiver(uart);
    update_flags(uart);
    update_irq(uart);
    return value;
}

/* --- Transmitter --- */

static bool transmit_byte(struct pl011 *uart, uint8_t byte)
{
    if ((uart->cr & CR_LBE) != 0) {
        receive_loopback(uart, byte);
        return true;
    }
    return uart->backend.put(uart->backend.context, byte);
}

static void drain_transmitter(struct pl011 *uart)
{
    uint32_t level = level_of(uart, uart->ifls);
    while (uart->transmit.count != 0 && on(uart, CR_TXE)) {
        if (!transmit_byte(uart, uart->transmit.data[uart->transmit.first])) {
            break;
        }
        fifo_pop(&uart->transmit);
        if (uart->transmit.count <= level) {
            uart->ris |= INT_TX;
        }
    }
}

static void write_data(struct pl011 *uart, uint8_t byte)
{
    if (__builtin_expect(uart->transmit.count == 0 && on(uart, CR_TXE) && (uart->cr & CR_LBE) == 0, 1) &&
        uart->backend.put(uart->backend.context, byte)) {
        /* It left at once: the FIFO went through its level. */
        uart->ris |= INT_TX;
        if ((uart->imsc & INT_TX) != 0) {
            update_irq(uart);
        }
        return;
    }
    if (uart->transmit.count < fifo_size(uart)) {
        fifo_push(&uart->transmit, byte);
    } else {
        uart->bytes_dropped++;
    }
    if (uart->transmit.count > level_of(uart, uart->ifls)) {
        uart->ris &= ~INT_TX;
    }
    drain_transmitter(uart);
    update_flags(uart);
    update_irq(uart);
}

void pl011_backend_ready(struct pl011 *uart)
{
    drain_transmitter(uart);
    fill_receiver(uart);
    update_flags(uart);
    update_irq(uart);
}

/* --- Control --- */

/* In loopback the modem outputs are the inputs: RTS is CTS, DTR DSR, OUT1 DCD, OUT2 RI. */
static void update_modem(struct pl011 *uart)
{
    uint32_t lines = FR_LINE_THERE;
    if ((uart->cr & CR_LBE) != 0) {
        lines = ((uart->cr & CR_RTS) != 0 ? FR_CTS : 0) | ((uart->cr & CR_DTR) != 0 ? FR_DSR : 0) |
                ((uart->cr & CR_OUT1) != 0 ? FR_DCD : 0) | ((uart->cr & CR_OUT2) != 0 ? FR_RI : 0);
    }
    uint32_t changed = (uart->fr ^ lines) & FR_MODEM;
    uart->ris |= ((changed & FR_CTS) != 0 ? INT_CTS : 0) | ((changed & FR_DSR) != 0 ? INT_DSR : 0) |
                 ((changed & FR_DCD) != 0 ? INT_DCD : 0) | ((changed & FR_RI) != 0 ? INT_RI : 0);
    uart->fr = (uart->fr & ~FR_MODEM) | lines;
}

static void write_line_control(struct pl011 *uart, uint32_t value)
{
    bool fifos_change = ((uart->lcr_h ^ value) & LCR_H_FEN) != 0;
    uart->lcr_h = value & 0xffu;
    if (fifos_change) { /* DDI 0183 §3.3.7: flushes them */
        uart->bytes_dropped += uart->transmit.count;
        uart->transmit = (struct pl011_fifo){0};
        uart->receive = (struct pl011_fifo){0};
        uart->ris &= ~(INT_RX | INT_RT);
        restart_timeout(uart);
    }
    pl011_backend_ready(uart);
}

static void write_control(struct pl011 *uart, uint32_t value)
{
    uart->cr = value & CR_WRITABLE;
    update_modem(uart);
    pl011_backend_ready(uart);
}

/* --- Registers --- */

static uint32_t register_read(void *device, uint32_t offset)
{
    struct pl011 *uart = device;
    switch (offset) {
    case REG_DR:
        return read_data(uart);
    case REG_RSR:
        return uart->rsr;
    case REG_FR:
        if (__builtin_expect(uart->transmit.count != 0, 0)) { /* a driver that polls for room */
            pl011_backend_ready(uart);
        }
        return uart->fr;
    case REG_ILPR:
        return uart->ilpr;
    case REG_IBRD:
        return uart->ibrd;
    case REG_FBRD:
        return uart->fbrd;
    case REG_LCR_H:
        return uart->lcr_h;
    case REG_CR:
        return uart->cr;
    case REG_IFLS:
        return uart->ifls;
    case REG_IMSC:
        return uart->imsc;
    case REG_RIS:
        return uart->ris;
    case REG_MIS:
        return uart->ris & uart->imsc;
    case REG_DMACR:
        return uart->dmacr;
    default:
        return offset >= PRIMECELL_ID ? primecell_id(identification, offset) : 0;
    }
}

static void register_write(void *device, uint32_t offset, uint32_t value)
{
    struct pl011 *uart = device;
    switch (offset) {
    case REG_DR:
        write_data(uart, (uint8_t)value);
        break;
    case REG_RSR: /* ECR: any value clears */
        uart->rsr = 0;
        break;
    case REG_ILPR:
        uart->ilpr = value & 0xffu;
        break;
    case REG_IBRD:
        uart->ibrd = value & 0xffffu;
        break;
    case REG_FBRD:
        uart->fbrd = value & 0x3fu;
        break;
    case REG_LCR_H:
        write_line_control(uart, value);
        break;
    case REG_CR:
        write_control(uart, value);
        break;
    case REG_IFLS:
        uart->ifls = value & 0x3fu;
        break;
    case REG_IMSC:
        uart->imsc = value & INT_ALL;
        update_irq(uart);
        break;
    case REG_ICR:
        uart->ris &= ~(value & INT_ALL);
        update_irq(uart);
        break;
    case REG_DMACR: /* no DMA controller is connected */
        uart->dmacr = value & 7u;
        break;
    default:
        break;
    }
}

static uint64_t bus_read_access(void *device, uint64_t offset, uint32_t width)
{
    return word_access_read(device, offset, width, register_read);
}

static void bus_write_access(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    word_access_write(device, offset, width, value, register_write);
}

static const struct bus_ops ops = {.read = bus_read_access, .write = bus_write_access};

void pl011_reset(struct pl011 *uart)
{
    uart->cr = CR_TXE | CR_RXE;
    uart->lcr_h = 0;
    uart->ifls = IFLS_RESET;
    uart->ibrd = 0;
    uart->fbrd = 0;
    uart->ilpr = 0;
    uart->dmacr = 0;
    uart->rsr = 0;
    uart->ris = 0;
    uart->imsc = 0;
    uart->overrun = false;
    uart->receive = (struct pl011_fifo){0};
    uart->transmit = (struct pl011_fifo){0};
    uart->fr = FR_LINE_THERE;
    update_flags(uart);
    timer_arm(uart->timers, &uart->timer, 0);
    update_irq(uart);
}

void pl011_set_up(struct pl011 *uart)
{
    uart->ibrd = 13; /* 24 MHz / 16 / 115200 */
    uart->fbrd = 1;
    uart->lcr_h = LCR_H_FEN | LCR_H_WLEN8;
    write_control(uart, CR_UARTEN | CR_TXE | CR_RXE | CR_DTR | CR_RTS);
}

int pl011_init(struct pl011 *uart, struct bus *bus, uint64_t base, uint32_t line, struct irq_router *router,
               struct timer_set *timers, const struct vm_clock *clock, const struct uart_backend *backend)
{
    *uart = (struct pl011){
        .line = line,
        .router = router,
        .timers = timers,
        .clock = clock,
        .backend = *backend,
    };
    uart->timer = (struct timer){.expired = timer_expired, .device = uart};
    if (timer_add(timers, &uart->timer) != 0 || bus_register(bus, base, WORD_DEVICE_SIZE, &ops, uart, "pl011") != 0) {
        return -1;
    }
    pl011_reset(uart);
    return 0;
}
