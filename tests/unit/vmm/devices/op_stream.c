/* SPDX-License-Identifier: BSD-2-Clause */
#include "op_stream.h"

#include <stdlib.h>

struct stream {
    const uint8_t *bytes;
    size_t left;
};

static uint64_t take(struct stream *stream, uint32_t width)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < width && stream->left > 0; i++) {
        value |= (uint64_t)*stream->bytes++ << 8 * i;
        stream->left--;
    }
    return value;
}

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Places where there is something, so that most operations hit. */
static const uint16_t ports[] = {0x20,  0x21,  0xa0,  0xa1,  0x4d0, 0x4d1, 0x40,  0x41,  0x42,  0x43,  0x61,
                                 0x60,  0x64,  0x70,  0x71,  0x80,  0x92,  0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc,
                                 0x3fd, 0x3fe, 0x3ff, 0x600, 0x602, 0x604, 0x608, 0xcf8, 0xcf9, 0xcfc, 0xcfd,
                                 0xcfe, 0xcff, 0x605, 0x60c, 0x60e, 0x620, 0x624, 0x628, 0x62c};
static const uint64_t pages[] = {0xfee00000, 0xfec00000, 0xe0000000};

enum {
    OP_PORT_READ,
    OP_PORT_WRITE,
    OP_MEMORY_READ,
    OP_MEMORY_WRITE,
    OP_MSR_READ,
    OP_MSR_WRITE,
    OP_ADVANCE,
    OP_INTERRUPT,
    OP_LINE,
    OP_MSI,
    OP_RECEIVE,
    OP_ROOM,
    OP_SKIP,
    OP_OFFSET,
    OP_RESET,
    OP_COUNT,
};

static uint64_t memory_address(struct stream *stream)
{
    uint64_t which = take(stream, 1);
    uint64_t offset = take(stream, 2);
    if (which < 3) {
        /* Registers are 16 bytes apart. */
        return pages[which] + (which == 2 ? offset : offset & 0xfff);
    }
    return pages[which % 3] + (offset & 0xff) * 16;
}

static void take_interrupt(struct pc *pc, struct lapic *lapic)
{
    if (lapic_extint_pending(lapic)) {
        i8259_acknowledge(&pc->pic);
        lapic_accept_extint(lapic);
        return;
    }
    int vector = lapic_highest_pending(lapic);
    if (vector >= 0) {
        check(vector >= 16 && vector <= 255);
        lapic_accept(lapic, (uint8_t)vector);
        check(lapic_highest_pending(lapic) < 0 || lapic_highest_pending(lapic) >> 4 > vector >> 4);
    }
}

/* Time passes; timers run. They must come at a bounded rate. */
static void advance(struct pc *pc, uint64_t ticks)
{
    uint32_t before = pc->expirations;
    pc_advance(pc, ticks);
    uint64_t microseconds = ticks / (pc->clock.frequency / 1000000) + 1;
    uint64_t bound = microseconds / I8254_MIN_PERIOD_US + PC_VCPUS * (microseconds / LAPIC_MIN_PERIOD_US) + 32;
    check(pc->expirations - before <= bound);
}

static void reset(struct pc *pc, uint64_t which)
{
    switch (which % 8) {
    case 0:
        i8259_reset(&pc->pic);
        break;
    case 1:
        i8254_reset(&pc->pit);
        break;
    case 2:
        mc146818_reset(&pc->rtc);
        break;
    case 3:
        uart16550_reset(&pc->uart);
        break;
    case 4:
        lapic_reset(&pc->lapics[which / 8 % PC_VCPUS], (which & 0x80) != 0);
        break;
    case 5:
        lapic_init_signal(&pc->lapics[which / 8 % PC_VCPUS]);
        break;
    case 6:
        ioapic_reset(&pc->ioapic);
        pci_host_reset(&pc->pci);
        pci_mechanism1_reset(&pc->pci_ports);
        break;
    default:
        acpi_pm_reset(&pc->pm);
        i8042_reset(&pc->keyboard);
        reset_control_reset(&pc->reset);
        break;
    }
}

void op_stream_play(struct pc *pc, const uint8_t *bytes, size_t size)
{
    struct stream stream = {.bytes = bytes, .left = size};
    while (stream.left > 0) {
        uint64_t head = take(&stream, 1);
        uint32_t width = 1u << (head >> 4 & 3u);
        uint32_t port_width = width > 4 ? 4 : width;
        uint32_t vcpu = (uint32_t)(head >> 6) % PC_VCPUS;
        struct lapic *lapic = &pc->lapics[vcpu];
        uint64_t value;
        switch ((head & 0xf) % OP_COUNT) {
        case OP_PORT_READ:
            in(pc, ports[take(&stream, 1) % (sizeof(ports) / sizeof(ports[0]))], port_width);
            break;
        case OP_PORT_WRITE: {
            uint16_t port = ports[take(&stream, 1) % (sizeof(ports) / sizeof(ports[0]))];
            out(pc, port, port_width, (uint32_t)take(&stream, port_width));
            break;
        }
        case OP_MEMORY_READ:
            mmio_read(pc, vcpu, memory_address(&stream), width);
            break;
        case OP_MEMORY_WRITE: {
            uint64_t address = memory_address(&stream);
            mmio_write(pc, vcpu, address, width, take(&stream, width));
            break;
        }
        case OP_MSR_READ: {
            uint64_t which = take(&stream, 1);
            lapic_msr_read(lapic, which == 0xff ? 0x1b : which == 0xfe ? 0x6e0 : 0x800 + (uint32_t)which, &value);
            break;
        }
        case OP_MSR_WRITE: {
            uint64_t which = take(&stream, 1);
            uint64_t operand = take(&stream, width);
            if (which == 0xff) { /* likely values of IA32_APIC_BASE, or anything */
                lapic_msr_write(lapic, 0x1b, width < 8 ? 0xfee00000 | (operand & 0xf) << 8 : operand);
            } else if (which == 0xfe) {
                lapic_msr_write(lapic, 0x6e0, width < 8 ? pc->now + operand : operand);
            } else {
                lapic_msr_write(lapic, 0x800 + (uint32_t)which, operand);
            }
            break;
        }
        case OP_ADVANCE:
            advance(pc, take(&stream, 3) << (width & 3));
            break;
        case OP_INTERRUPT:
            take_interrupt(pc, lapic);
            break;
        case OP_LINE: {
            uint32_t line = (uint32_t)take(&stream, 1);
            irq_set_line(&pc->router, (line & 0x7f) % PC_GSIS, (line & 0x80) != 0);
            break;
        }
        case OP_MSI: {
            uint64_t address = 0xfee00000 | take(&stream, 3);
            irq_send_msi(&pc->router, 0, address, (uint32_t)take(&stream, 4));
            break;
        }
        case OP_RECEIVE:
            if (pc->receive_count < sizeof(pc->to_receive) - 16) {
                pc_type(pc, "0123456789abcdef");
            }
            break;
        case OP_ROOM:
            pc->room = (uint32_t)take(&stream, 1);
            uart16550_backend_ready(&pc->uart);
            break;
        case OP_SKIP: /* the vCPU did not run for long, and its timers neither */
            pc->now += take(&stream, 5);
            break;
        case OP_OFFSET:
            lapic_set_tsc_offset(lapic, (int64_t)take(&stream, 8));
            break;
        default:
            reset(pc, take(&stream, 1));
            break;
        }
        check(pc->uart.receive.count <= UART16550_FIFO_SIZE && pc->uart.transmit.count <= UART16550_FIFO_SIZE);
        check(pc->uart.receive.first < UART16550_FIFO_SIZE && pc->uart.transmit.first < UART16550_FIFO_SIZE);
    }
}
