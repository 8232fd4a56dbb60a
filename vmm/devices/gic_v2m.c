/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/devices/gic_v2m.h>

#define FRAME_SIZE 0x1000u
#define SPI_BASE   32u

#define OFFSET_TYPER  0x008u
#define OFFSET_SETSPI 0x040u
#define OFFSET_IIDR   0xfccu

#define TYPER_FIRST(n) ((n) << 16)
#define IIDR           0x43bu /* Arm, no product */

/* An edge of the SPI whose INTID was written. */
static void pulse(struct gic_v2m *frame, uint32_t intid)
{
    uint32_t line = intid - SPI_BASE;
    if (intid >= SPI_BASE && line - frame->first < frame->count) {
        irq_set_line(frame->router, line, true);
        irq_set_line(frame->router, line, false);
    }
}

static void message(void *target, uint32_t device, uint64_t address, uint32_t data)
{
    struct gic_v2m *frame = target;
    (void)device; /* nothing here tells requesters apart */
    if (address == frame->base + OFFSET_SETSPI) {
        pulse(frame, data);
    }
}

static uint64_t frame_read(void *device, uint64_t offset, uint32_t width)
{
    const struct gic_v2m *frame = device;
    if (width != 4) {
        return 0;
    }
    switch (offset) {
    case OFFSET_TYPER:
        return TYPER_FIRST(frame->first + SPI_BASE) | frame->count;
    case OFFSET_IIDR:
        return IIDR;
    default:
        return 0;
    }
}

static void frame_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    if (offset == OFFSET_SETSPI && width == 4) {
        pulse(device, (uint32_t)value);
    }
}

static const struct bus_ops frame_ops = {.read = frame_read, .write = frame_write};

int gic_v2m_init(struct gic_v2m *frame, struct bus *mmio, uint64_t base, uint32_t first, uint32_t count,
                 struct irq_router *router)
{
    *frame = (struct gic_v2m){.router = router, .base = base, .first = first, .count = count};
    router->msi = message;
    router->msi_target = frame;
    return bus_register(mmio, base, FRAME_SIZE, &frame_ops, frame, "GICv2m");
}
