/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/devices/pl031.h>

#include "word_access.h"

/* Offsets (DDI 0224 §3.2). */
#define REG_DR   0x00u
#define REG_MR   0x04u
#define REG_LR   0x08u
#define REG_CR   0x0cu
#define REG_IMSC 0x10u
#define REG_RIS  0x14u
#define REG_MIS  0x18u
#define REG_ICR  0x1cu

static const uint8_t identification[4] = {0x31, 0x10, 0x04, 0x00};

static uint64_t host_ticks(const struct pl031 *rtc)
{
    return vm_clock_now(rtc->clock) - rtc->clock->wall_clock_ticks;
}

static uint64_t frequency(const struct pl031 *rtc)
{
    return rtc->clock->frequency != 0 ? rtc->clock->frequency : 1;
}

static uint32_t host_seconds(const struct pl031 *rtc)
{
    return (uint32_t)(rtc->clock->wall_clock + host_ticks(rtc) / frequency(rtc));
}

static uint32_t counter(const struct pl031 *rtc)
{
    return host_seconds(rtc) + rtc->offset;
}

static void update_irq(struct pl031 *rtc)
{
    bool level = rtc->raised && rtc->masked_in;
    if (level != rtc->irq_level) {
        rtc->irq_level = level;
        irq_set_line(rtc->router, rtc->line, level);
    }
}

/* When the counter will be equal to the match register: within 2^32 s always. It is equal for a whole second, at
 * whose beginning the interrupt is raised. */
static void arm(struct pl031 *rtc)
{
    uint32_t seconds = rtc->match - counter(rtc);
    uint64_t into_second = host_ticks(rtc) % frequency(rtc);
    uint64_t ticks = timer_scale(seconds, frequency(rtc), 1) - into_second;
    timer_arm(rtc->timers, &rtc->timer, vm_clock_now(rtc->clock) + ticks);
}

static void changed(struct pl031 *rtc)
{
    if (counter(rtc) == rtc->match) {
        rtc->raised = true;
        timer_arm(rtc->timers, &rtc->timer, 0); /* next in 2^32 seconds, or after a write */
    } else {
        arm(rtc);
    }
    update_irq(rtc);
}

static void timer_expired(void *device, uint64_t now)
{
    (void)now;
    changed(device);
}

static uint32_t register_read(void *device, uint32_t offset)
{
    const struct pl031 *rtc = device;
    switch (offset) {
    case REG_DR:
        return counter(rtc);
    case REG_MR:
        return rtc->match;
    case REG_LR:
        return rtc->load;
    case REG_CR:
        return 1; /* enabled, for ever */
    case REG_IMSC:
        return rtc->masked_in ? 1 : 0;
    case REG_RIS:
        return rtc->raised ? 1 : 0;
    case REG_MIS:
        return rtc->raised && rtc->masked_in ? 1 : 0;
    default:
        return offset >= PRIMECELL_ID ? primecell_id(identification, offset) : 0;
    }
}

static void register_write(void *device, uint32_t offset, uint32_t value)
{
    struct pl031 *rtc = device;
    switch (offset) {
    case REG_MR:
        rtc->match = value;
        changed(rtc);
        break;
    case REG_LR:
        rtc->load = value;
        rtc->offset = value - host_seconds(rtc);
        changed(rtc);
        break;
    case REG_IMSC:
        rtc->masked_in = (value & 1u) != 0;
        update_irq(rtc);
        break;
    case REG_ICR:
        rtc->raised = rtc->raised && (value & 1u) == 0;
        update_irq(rtc);
        break;
    default: /* RTCCR: it runs, and cannot be stopped */
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

void pl031_reset(struct pl031 *rtc)
{
    rtc->match = 0;
    rtc->load = 0;
    rtc->masked_in = false;
    rtc->raised = false;
    timer_arm(rtc->timers, &rtc->timer, 0);
    update_irq(rtc);
}

int pl031_init(struct pl031 *rtc, struct bus *bus, uint64_t base, uint32_t line, struct irq_router *router,
               struct timer_set *timers, const struct vm_clock *clock)
{
    *rtc = (struct pl031){.line = line, .router = router, .timers = timers, .clock = clock};
    rtc->timer = (struct timer){.expired = timer_expired, .device = rtc};
    if (timer_add(timers, &rtc->timer) != 0 || bus_register(bus, base, WORD_DEVICE_SIZE, &ops, rtc, "pl031") != 0) {
        return -1;
    }
    pl031_reset(rtc);
    return 0;
}
