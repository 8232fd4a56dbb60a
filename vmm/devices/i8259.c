/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel 8259A pair. Names of commands and modes are those of the 8259A data sheet
 * (Intel order no. 231468); ELCR after the ICH data sheet §10.4.
 *
 * Edge-triggered inputs latch: a request stays when the line falls before it is
 * acknowledged, so that a device may pulse its line. The level/edge bit of ICW1
 * (LTIM) has no effect, as in every chip set that has the ELCR.
 */
#include <stddef.h>

#include <vmm/devices/i8259.h>
#include <vmm/devices/pc_map.h>

#include "byte_access.h"

#define CASCADE_IRQ 2u

#define ICW1_NEEDED 0x10u
#define ICW1_IC4    0x01u
#define ICW1_SINGLE 0x02u
#define ICW4_AEOI   0x02u
#define ICW4_SFNM   0x10u

#define OCW2_ROTATE   0x80u
#define OCW2_SPECIFIC 0x40u
#define OCW2_EOI      0x20u
#define OCW3          0x08u
#define OCW3_ESMM     0x40u
#define OCW3_SMM      0x20u
#define OCW3_POLL     0x04u
#define OCW3_RR       0x02u
#define OCW3_RIS      0x01u

#define POLL_INTERRUPT 0x80u

/* Inputs that are always edge-triggered: timer, keyboard, cascade; real-time clock, coprocessor error. */
static const uint8_t elcr_writable[2] = {0xf8, 0xde};

/* Of the bits in `set`, the one of the highest priority; -1 if none. distance: 0 is the highest priority. */
static int highest_priority(const struct i8259_chip *chip, uint8_t set, uint32_t *distance)
{
    if (set == 0) {
        return -1;
    }
    uint32_t top = (chip->lowest + 1u) & 7u;
    uint32_t rotated = (((uint32_t)set | (uint32_t)set << 8) >> top) & 0xffu;
    *distance = (uint32_t)__builtin_ctz(rotated);
    return (int)((*distance + top) & 7u);
}

/* The input to be served next, -1 if none is requested above what is in service. */
static int pending_irq(const struct i8259_chip *chip)
{
    uint32_t request_distance;
    int irq = highest_priority(chip, chip->irr & (uint8_t)~chip->imr, &request_distance);
    if (irq < 0) {
        return -1;
    }
    uint8_t in_service = chip->isr;
    if (chip->special_mask) {
        in_service &= (uint8_t)~chip->imr;
    }
    /* Special fully nested mode: the slave may interrupt itself. */
    if ((chip->icw4 & ICW4_SFNM) != 0 && !chip->slave) {
        in_service &= (uint8_t) ~(1u << CASCADE_IRQ);
    }
    uint32_t service_distance;
    if (highest_priority(chip, in_service, &service_distance) >= 0 && service_distance <= request_distance) {
        return -1;
    }
    return irq;
}

static void update_output(struct i8259 *pic)
{
    struct i8259_chip *master = &pic->chips[0];
    uint8_t cascade = 1u << CASCADE_IRQ;
    if ((master->icw1 & ICW1_SINGLE) == 0 && pending_irq(&pic->chips[1]) >= 0) {
        master->irr |= cascade;
    } else {
        master->irr &= (uint8_t)~cascade;
    }
    bool level = pending_irq(master) >= 0;
    if (level != pic->output_level) {
        pic->output_level = level;
        if (pic->output != NULL) {
            pic->output(pic->output_context, level);
        }
    }
}

static void take_into_service(struct i8259_chip *chip, uint32_t irq)
{
    uint8_t bit = (uint8_t)(1u << irq);
    if ((chip->icw4 & ICW4_AEOI) == 0) {
        chip->isr |= bit;
    } else if (chip->rotate_on_aeoi) {
        chip->lowest = (uint8_t)irq;
    }
    if ((chip->elcr & bit) == 0) {
        chip->irr &= (uint8_t)~bit;
    }
}

uint8_t i8259_acknowledge(struct i8259 *pic)
{
    struct i8259_chip *master = &pic->chips[0];
    struct i8259_chip *slave = &pic->chips[1];
    uint32_t vector;
    int irq = pending_irq(master);
    if (irq < 0) {
        vector = master->vector_base + 7u;
    } else if (irq == (int)CASCADE_IRQ && (master->icw1 & ICW1_SINGLE) == 0) {
        take_into_service(master, CASCADE_IRQ);
        int slave_irq = pending_irq(slave);
        if (slave_irq < 0) {
            slave_irq = 7;
        } else {
            take_into_service(slave, (uint32_t)slave_irq);
        }
        vector = slave->vector_base + (uint32_t)slave_irq;
    } else {
        take_into_service(master, (uint32_t)irq);
        vector = master->vector_base + (uint32_t)irq;
    }
    update_output(pic);
    return (uint8_t)vector;
}

void i8259_set_line(struct i8259 *pic, uint32_t irq, bool level)
{
    if (irq >= 16 || irq == CASCADE_IRQ) {
        return;
    }
    struct i8259_chip *chip = &pic->chips[irq >> 3];
    uint8_t bit = (uint8_t)(1u << (irq & 7u));
    bool was = (chip->lines & bit) != 0;
    if (was == level) {
        return;
    }
    if (level) {
        chip->lines |= bit;
        chip->irr |= bit;
    } else {
        chip->lines &= (uint8_t)~bit;
        if ((chip->elcr & bit) == 0) {
            return; /* the edge stays latched */
        }
        chip->irr &= (uint8_t)~bit;
    }
    update_output(pic);
}

static void router_line(void *controller, uint32_t gsi, bool level)
{
    i8259_set_line(controller, gsi, level);
}

static void write_icw1(struct i8259_chip *chip, uint8_t value)
{
    chip->icw1 = value;
    chip->imr = 0;
    chip->isr = 0;
    chip->irr = chip->lines & chip->elcr; /* edge latches are cleared */
    chip->icw4 = 0;
    chip->lowest = 7;
    chip->rotate_on_aeoi = false;
    chip->special_mask = false;
    chip->poll = false;
    chip->read_isr = false;
    chip->expect = 2;
}

static void write_ocw2(struct i8259_chip *chip, uint8_t value)
{
    uint32_t level = value & 7u;
    bool rotate = (value & OCW2_ROTATE) != 0;
    bool specific = (value & OCW2_SPECIFIC) != 0;
    if ((value & OCW2_EOI) == 0) {
        if (specific && rotate) {
            chip->lowest = (uint8_t)level;
        } else if (!specific) {
            chip->rotate_on_aeoi = rotate;
        }
        return; /* specific without rotate and EOI: no operation */
    }
    if (!specific) {
        /* In special mask mode a masked level is not what "the highest in service" means. */
        uint8_t candidates = chip->special_mask ? chip->isr & (uint8_t)~chip->imr : chip->isr;
        uint32_t distance;
        int irq = highest_priority(chip, candidates, &distance);
        if (irq < 0) {
            return;
        }
        level = (uint32_t)irq;
    }
    chip->isr &= (uint8_t) ~(1u << level);
    if (rotate) {
        chip->lowest = (uint8_t)level;
    }
}

static void write_ocw3(struct i8259_chip *chip, uint8_t value)
{
    if ((value & OCW3_ESMM) != 0) {
        chip->special_mask = (value & OCW3_SMM) != 0;
    }
    chip->poll = (value & OCW3_POLL) != 0;
    if ((value & OCW3_RR) != 0) {
        chip->read_isr = (value & OCW3_RIS) != 0;
    }
}

static void write_initialisation(struct i8259_chip *chip, uint8_t value)
{
    switch (chip->expect) {
    case 2:
        chip->vector_base = value & 0xf8u;
        if ((chip->icw1 & ICW1_SINGLE) == 0) {
            chip->expect = 3;
        } else {
            chip->expect = (chip->icw1 & ICW1_IC4) != 0 ? 4 : 0;
        }
        break;
    case 3:
        chip->cascade = value; /* the wiring of a PC is fixed */
        chip->expect = (chip->icw1 & ICW1_IC4) != 0 ? 4 : 0;
        break;
    default:
        chip->icw4 = value;
        chip->expect = 0;
        break;
    }
}

static void chip_write(void *device, uint64_t offset, uint8_t value)
{
    struct i8259_chip *chip = device;
    if ((offset & 1u) != 0) {
        if (chip->expect != 0) {
            write_initialisation(chip, value);
        } else {
            chip->imr = value;
        }
    } else if ((value & ICW1_NEEDED) != 0) {
        write_icw1(chip, value);
    } else if ((value & OCW3) != 0) {
        write_ocw3(chip, value);
    } else {
        write_ocw2(chip, value);
    }
    update_output(chip->pic);
}

/* The read after a poll command acts as INTA. */
static uint8_t read_poll(struct i8259_chip *chip)
{
    chip->poll = false;
    int irq = pending_irq(chip);
    if (irq < 0) {
        return 0;
    }
    take_into_service(chip, (uint32_t)irq);
    update_output(chip->pic);
    return (uint8_t)(POLL_INTERRUPT | (uint32_t)irq);
}

static uint8_t chip_read(void *device, uint64_t offset)
{
    struct i8259_chip *chip = device;
    if (chip->poll) {
        return read_poll(chip);
    }
    if ((offset & 1u) != 0) {
        return chip->imr;
    }
    return chip->read_isr ? chip->isr : chip->irr;
}

static uint64_t port_read(void *device, uint64_t offset, uint32_t width)
{
    return byte_access_read(device, offset, width, chip_read);
}

static void port_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    byte_access_write(device, offset, width, value, chip_write);
}

static const struct bus_ops chip_ops = {.read = port_read, .write = port_write};

static uint8_t elcr_read_byte(void *device, uint64_t offset)
{
    const struct i8259 *pic = device;
    return pic->chips[offset & 1u].elcr;
}

static void elcr_write_byte(void *device, uint64_t offset, uint8_t value)
{
    struct i8259 *pic = device;
    struct i8259_chip *chip = &pic->chips[offset & 1u];
    uint8_t elcr = value & elcr_writable[offset & 1u];
    uint8_t changed = chip->elcr ^ elcr;
    chip->elcr = elcr;
    /* An input that becomes level-triggered requests as its line says; one that becomes edge-triggered waits for
     * an edge. */
    chip->irr = (uint8_t)((chip->irr & ~changed) | (chip->lines & changed & elcr));
    update_output(pic);
}

static uint64_t elcr_read(void *device, uint64_t offset, uint32_t width)
{
    return byte_access_read(device, offset, width, elcr_read_byte);
}

static void elcr_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    byte_access_write(device, offset, width, value, elcr_write_byte);
}

static const struct bus_ops elcr_ops = {.read = elcr_read, .write = elcr_write};

void i8259_reset(struct i8259 *pic)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct i8259_chip *chip = &pic->chips[i];
        uint8_t lines = chip->lines;
        *chip = (struct i8259_chip){
            .pic = pic,
            .lines = lines,
            .imr = 0xff, /* nothing is requested before ICW1 */
            .lowest = 7,
            .slave = i == 1,
        };
    }
    update_output(pic);
}

void i8259_connect(struct i8259 *pic, void (*output)(void *context, bool level), void *context)
{
    pic->output = output;
    pic->output_context = context;
}

int i8259_init(struct i8259 *pic, struct bus *io, struct irq_router *router, struct vm *vm)
{
    (void)vm;
    *pic = (struct i8259){0};
    i8259_reset(pic);
    struct irq_sink sink = {.line = router_line, .controller = pic};
    if (bus_register(io, PC_PORT_PIC_MASTER, 2, &chip_ops, &pic->chips[0], "i8259 master") != 0 ||
        bus_register(io, PC_PORT_PIC_SLAVE, 2, &chip_ops, &pic->chips[1], "i8259 slave") != 0 ||
        bus_register(io, PC_PORT_PIC_ELCR, 2, &elcr_ops, pic, "ELCR") != 0 || irq_add_sink(router, sink) != 0) {
        return -1;
    }
    return 0;
}
