/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI fixed hardware: ACPI 6.4 §4.8.3. */
#include <vmm/devices/acpi_pm.h>
#include <vmm/devices/pc_map.h>

#define PORT_COUNT 16u

enum {
    OFFSET_STATUS = PC_PORT_PM1_EVENT - PC_PORT_PM1_EVENT,
    OFFSET_ENABLE = OFFSET_STATUS + 2,
    OFFSET_CONTROL = PC_PORT_PM1_CONTROL - PC_PORT_PM1_EVENT,
    OFFSET_TIMER = PC_PORT_PM_TIMER - PC_PORT_PM1_EVENT,
    OFFSET_GPE_STATUS = PC_PORT_GPE0 - PC_PORT_PM1_EVENT,
    OFFSET_GPE_ENABLE = OFFSET_GPE_STATUS + 2,
};

#define EVENT_TIMER        0x0001u
#define EVENT_GLOBAL       0x0020u
#define EVENT_POWER_BUTTON 0x0100u
#define EVENT_SLEEP_BUTTON 0x0200u
#define EVENT_RTC          0x0400u
#define EVENTS             (EVENT_TIMER | EVENT_GLOBAL | EVENT_POWER_BUTTON | EVENT_SLEEP_BUTTON | EVENT_RTC)
#define STATUS_WAKE        0x8000u

#define CONTROL_SCI_ENABLE    0x0001u
#define CONTROL_WRITABLE      0x1c03u /* BM_RLD, SCI_EN, SLP_TYP */
#define CONTROL_SLEEP_TYPE(c) ((c) >> 10 & 7u)
#define CONTROL_SLEEP         0x2000u /* write-only */

#define HALF_PERIOD (1ull << 31) /* TMR_STS is set whenever the timer's highest bit changes */

static uint64_t timer_ticks(const struct acpi_pm *pm, uint64_t now)
{
    return timer_scale(now > pm->start ? now - pm->start : 0, ACPI_PM_TIMER_FREQUENCY, pm->clock->frequency);
}

static void update_sci(struct acpi_pm *pm)
{
    bool level = (pm->status & pm->enable & EVENTS) != 0 || (pm->gpe_status & pm->gpe_enable) != 0;
    if (level != pm->sci_level) {
        pm->sci_level = level;
        irq_set_line(pm->router, PC_GSI_SCI, level);
    }
}

/* Brings TMR_STS up to date and arms the timer for its next change if that is to interrupt. */
static void evaluate_timer(struct acpi_pm *pm, uint64_t now)
{
    uint64_t changes = timer_ticks(pm, now) / HALF_PERIOD;
    if (changes > pm->overflows) {
        pm->status |= EVENT_TIMER;
        pm->overflows = changes;
    }
    uint64_t deadline = 0;
    if ((pm->enable & EVENT_TIMER) != 0 && (pm->status & EVENT_TIMER) == 0) {
        deadline =
            pm->start + timer_scale((changes + 1) * HALF_PERIOD, pm->clock->frequency, ACPI_PM_TIMER_FREQUENCY) + 1;
    }
    timer_arm(pm->timers, &pm->timer, deadline);
    update_sci(pm);
}

static void timer_expired(void *device, uint64_t now)
{
    evaluate_timer(device, now);
}

static void write_control(struct acpi_pm *pm, uint16_t value)
{
    pm->control = (value & CONTROL_WRITABLE) | CONTROL_SCI_ENABLE;
    if ((value & CONTROL_SLEEP) == 0) {
        return;
    }
    uint32_t type = CONTROL_SLEEP_TYPE(value);
    if (type == PC_SLEEP_TYPE_S5) {
        pm->machine->power_off(pm->machine->context);
    } else {
        log_guest_error(pm->vm, &pm->limit, "acpi_pm", "sleep type %u does not exist", type);
    }
}

/* The registers as 16-bit words; only words touched by an access are read or written, the timer as one. */
static uint16_t read_word(struct acpi_pm *pm, uint64_t offset)
{
    switch (offset) {
    case OFFSET_STATUS:
        evaluate_timer(pm, vm_clock_now(pm->clock));
        return pm->status;
    case OFFSET_ENABLE:
        return pm->enable;
    case OFFSET_CONTROL:
        return pm->control;
    case OFFSET_GPE_STATUS:
        return pm->gpe_status;
    case OFFSET_GPE_ENABLE:
        return pm->gpe_enable;
    default:
        return 0;
    }
}

/* mask: bits of the word that the access covers. */
static void write_word(struct acpi_pm *pm, uint64_t offset, uint16_t mask, uint16_t value)
{
    uint64_t now;
    switch (offset) {
    case OFFSET_STATUS:
        now = vm_clock_now(pm->clock);
        evaluate_timer(pm, now);
        pm->status &= (uint16_t) ~(value & mask);
        evaluate_timer(pm, now);
        break;
    case OFFSET_ENABLE:
        pm->enable = (uint16_t)((pm->enable & ~mask) | (value & mask & EVENTS));
        evaluate_timer(pm, vm_clock_now(pm->clock));
        break;
    case OFFSET_CONTROL:
        write_control(pm, (uint16_t)((pm->control & ~mask) | (value & mask)));
        break;
    case OFFSET_GPE_STATUS:
        pm->gpe_status &= (uint16_t) ~(value & mask);
        update_sci(pm);
        break;
    case OFFSET_GPE_ENABLE:
        pm->gpe_enable = (uint16_t)((pm->gpe_enable & ~mask) | (value & mask));
        update_sci(pm);
        break;
    default: /* the timer is read-only */
        break;
    }
}

static uint64_t port_read(void *device, uint64_t offset, uint32_t width)
{
    struct acpi_pm *pm = device;
    if (offset >= OFFSET_TIMER && offset < OFFSET_GPE_STATUS) {
        uint64_t ticks = timer_ticks(pm, vm_clock_now(pm->clock)) & 0xffffffffu;
        return ticks >> (offset - OFFSET_TIMER) * 8;
    }
    uint64_t value = 0;
    uint64_t first = offset & ~1ull;
    for (uint64_t at = first; at < offset + width && at < PORT_COUNT; at += 2) {
        value |= (uint64_t)read_word(pm, at) << (at - first) * 8;
    }
    return value >> (offset - first) * 8;
}

static void port_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct acpi_pm *pm = device;
    uint64_t first = offset & ~1ull;
    for (uint64_t at = first; at < offset + width && at < PORT_COUNT; at += 2) {
        uint32_t mask = 0;
        uint32_t word = 0;
        for (uint32_t i = 0; i < 2; i++) {
            if (at + i >= offset && at + i < offset + width) {
                mask |= 0xffu << i * 8;
                word |= (uint32_t)(value >> (at + i - offset) * 8 & 0xffu) << i * 8;
            }
        }
        write_word(pm, at, (uint16_t)mask, (uint16_t)word);
    }
}

static const struct bus_ops port_ops = {.read = port_read, .write = port_write};

bool acpi_pm_press_power_button(struct acpi_pm *pm)
{
    pm->status |= EVENT_POWER_BUTTON;
    update_sci(pm);
    return (pm->enable & EVENT_POWER_BUTTON) != 0;
}

void acpi_pm_raise_event(struct acpi_pm *pm, uint32_t event)
{
    pm->gpe_status |= (uint16_t)(1u << event);
    update_sci(pm);
}

void acpi_pm_reset(struct acpi_pm *pm)
{
    pm->status = 0;
    pm->enable = 0;
    pm->gpe_status = 0;
    pm->gpe_enable = 0;
    pm->control = CONTROL_SCI_ENABLE;
    pm->start = vm_clock_now(pm->clock);
    pm->overflows = 0;
    evaluate_timer(pm, pm->start);
}

int acpi_pm_init(struct acpi_pm *pm, struct bus *io, struct irq_router *router, struct timer_set *timers,
                 const struct vm_clock *clock, const struct machine_control *machine, struct vm *vm)
{
    *pm = (struct acpi_pm){.router = router, .timers = timers, .clock = clock, .machine = machine, .vm = vm};
    pm->timer = (struct timer){.expired = timer_expired, .device = pm};
    if (timer_add(timers, &pm->timer) != 0 ||
        bus_register(io, PC_PORT_PM1_EVENT, PORT_COUNT, &port_ops, pm, "ACPI PM") != 0) {
        return -1;
    }
    acpi_pm_reset(pm);
    return 0;
}
