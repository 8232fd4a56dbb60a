/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/devices/pl061.h>

#include "word_access.h"

/* Offsets (DDI 0190 §3.2). GPIODATA is 0x000..0x3ff: address bits 9:2 select lines. */
#define REG_DATA_END 0x400u
#define REG_DIR      0x400u
#define REG_IS       0x404u
#define REG_IBE      0x408u
#define REG_IEV      0x40cu
#define REG_IE       0x410u
#define REG_RIS      0x414u
#define REG_MIS      0x418u
#define REG_IC       0x41cu
#define REG_AFSEL    0x420u

#define LINES      8u
/* Of a second: long enough for a guest on a busy machine to see it (Linux looks twice). */
#define PRESS_PART 2u

static const uint8_t identification[4] = {0x61, 0x10, 0x04, 0x00};

/* What the lines carry. */
static uint8_t levels(const struct pl061 *gpio)
{
    return (uint8_t)((gpio->data & gpio->direction) | (gpio->inputs & ~gpio->direction));
}

static uint8_t raw_interrupts(const struct pl061 *gpio)
{
    uint32_t at_level = ~((uint32_t)levels(gpio) ^ gpio->event) & gpio->level_sensitive;
    return (uint8_t)(at_level | (gpio->edges & (uint32_t)~gpio->level_sensitive));
}

static void update_irq(struct pl061 *gpio)
{
    bool level = (raw_interrupts(gpio) & gpio->enabled) != 0;
    if (level != gpio->irq_level) {
        gpio->irq_level = level;
        irq_set_line(gpio->router, gpio->line, level);
    }
}

/* Lines may have changed from `before`. */
static void latch_edges(struct pl061 *gpio, uint8_t before)
{
    uint32_t now = levels(gpio);
    uint32_t changed = before ^ now;
    uint32_t wanted = gpio->both_edges | ~(now ^ gpio->event);
    gpio->edges |= (uint8_t)(changed & wanted & ~(uint32_t)gpio->level_sensitive);
    update_irq(gpio);
}

void pl061_set_input(struct pl061 *gpio, uint32_t number, bool level)
{
    uint8_t before = levels(gpio);
    uint32_t bit = 1u << (number % LINES);
    gpio->inputs = (uint8_t)(level ? gpio->inputs | bit : gpio->inputs & ~bit);
    latch_edges(gpio, before);
}

static void timer_expired(void *device, uint64_t now)
{
    struct pl061 *gpio = device;
    (void)now;
    for (uint32_t i = 0; i < LINES; i++) {
        if (((uint32_t)gpio->pressed >> i & 1u) != 0) {
            pl061_set_input(gpio, i, false);
        }
    }
    gpio->pressed = 0;
}

bool pl061_press(struct pl061 *gpio, uint32_t number)
{
    bool listens = ((uint32_t)gpio->enabled >> (number % LINES) & 1u) != 0;
    gpio->pressed |= (uint8_t)(1u << (number % LINES));
    pl061_set_input(gpio, number, true);
    timer_arm(gpio->timers, &gpio->timer, vm_clock_now(gpio->clock) + gpio->clock->frequency / PRESS_PART + 1);
    return listens;
}

static uint32_t register_read(void *device, uint32_t offset)
{
    const struct pl061 *gpio = device;
    if (offset < REG_DATA_END) {
        return levels(gpio) & offset >> 2;
    }
    switch (offset) {
    case REG_DIR:
        return gpio->direction;
    case REG_IS:
        return gpio->level_sensitive;
    case REG_IBE:
        return gpio->both_edges;
    case REG_IEV:
        return gpio->event;
    case REG_IE:
        return gpio->enabled;
    case REG_RIS:
        return raw_interrupts(gpio);
    case REG_MIS:
        return raw_interrupts(gpio) & gpio->enabled;
    case REG_AFSEL:
        return gpio->alternate;
    default:
        return offset >= PRIMECELL_ID ? primecell_id(identification, offset) : 0;
    }
}

static void register_write(void *device, uint32_t offset, uint32_t value)
{
    struct pl061 *gpio = device;
    uint8_t before = levels(gpio);
    uint8_t byte = (uint8_t)value;
    if (offset < REG_DATA_END) {
        uint32_t mask = (offset >> 2) & gpio->direction;
        gpio->data = (uint8_t)((gpio->data & ~mask) | (byte & mask));
        latch_edges(gpio, before);
        return;
    }
    switch (offset) {
    case REG_DIR:
        gpio->direction = byte;
        break;
    case REG_IS:
        gpio->level_sensitive = byte;
        break;
    case REG_IBE:
        gpio->both_edges = byte;
        break;
    case REG_IEV:
        gpio->event = byte;
        break;
    case REG_IE:
        gpio->enabled = byte;
        break;
    case REG_IC:
        gpio->edges &= (uint8_t)~byte;
        break;
    case REG_AFSEL:
        gpio->alternate = byte;
        break;
    default:
        return;
    }
    latch_edges(gpio, before);
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

void pl061_reset(struct pl061 *gpio)
{
    gpio->data = gpio->direction = 0;
    gpio->level_sensitive = gpio->both_edges = gpio->event = gpio->enabled = gpio->alternate = 0;
    gpio->edges = 0;
    gpio->inputs = (uint8_t)(gpio->inputs & ~gpio->pressed);
    gpio->pressed = 0;
    timer_arm(gpio->timers, &gpio->timer, 0);
    update_irq(gpio);
}

int pl061_init(struct pl061 *gpio, struct bus *bus, uint64_t base, uint32_t line, struct irq_router *router,
               struct timer_set *timers, const struct vm_clock *clock)
{
    *gpio = (struct pl061){.line = line, .router = router, .timers = timers, .clock = clock};
    gpio->timer = (struct timer){.expired = timer_expired, .device = gpio};
    if (timer_add(timers, &gpio->timer) != 0 || bus_register(bus, base, WORD_DEVICE_SIZE, &ops, gpio, "pl061") != 0) {
        return -1;
    }
    pl061_reset(gpio);
    return 0;
}
