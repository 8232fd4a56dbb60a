/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel 8254 (data sheet order no. 231164) and system control port B.
 *
 * Deliberate simplifications, none visible to software that obeys the data sheet:
 * a count is loaded at once instead of at the next clock; in mode 3 a new count
 * waits for the end of the whole period, not of the half; a count of 1 in modes 2
 * and 3, which the data sheet forbids, acts as 2.
 */
#include <vmm/devices/i8254.h>
#include <vmm/devices/pc_map.h>

#include "byte_access.h"

#define ACCESS_LATCH 0u
#define ACCESS_LOW   1u
#define ACCESS_HIGH  2u
#define ACCESS_BOTH  3u

#define READ_BACK_NO_COUNT  0x20u
#define READ_BACK_NO_STATUS 0x10u

#define STATUS_OUTPUT     0x80u
#define STATUS_NULL_COUNT 0x40u

#define SYSTEM_B_GATE2    0x01u
#define SYSTEM_B_WRITABLE 0x0fu
#define SYSTEM_B_REFRESH  0x10u
#define SYSTEM_B_OUT2     0x20u

/* Memory refresh requests come every 18 clocks (15.085 us); port B shows them as a toggling bit. */
#define REFRESH_CLOCKS 18u

static uint64_t tsc_to_clocks(const struct i8254 *pit, uint64_t ticks)
{
    return timer_scale(ticks, I8254_FREQUENCY, pit->clock->frequency);
}

/* First TSC tick count at which `clocks` clocks have passed. */
static uint64_t clocks_to_tsc(const struct i8254 *pit, uint64_t clocks)
{
    return timer_scale(clocks, pit->clock->frequency, I8254_FREQUENCY) + 1;
}

/* Clocks counted since the count was loaded. */
static uint64_t elapsed_clocks(const struct i8254 *pit, const struct i8254_counter *counter, uint64_t now)
{
    if (!counter->running || now <= counter->start) {
        return counter->elapsed;
    }
    return counter->elapsed + tsc_to_clocks(pit, now - counter->start);
}

static bool is_periodic(const struct i8254_counter *counter)
{
    return counter->mode == 2 || counter->mode == 3;
}

static bool is_triggered(const struct i8254_counter *counter)
{
    return counter->mode == 1 || counter->mode == 5;
}

static uint32_t period(const struct i8254_counter *counter)
{
    return counter->count < 2 ? 2 : counter->count;
}

/* A new count written while a periodic counter runs takes over when the period ends. */
static void take_over_pending(const struct i8254 *pit, struct i8254_counter *counter, uint64_t now)
{
    if (!counter->pending || !is_periodic(counter) || !counter->running) {
        return;
    }
    uint64_t elapsed = elapsed_clocks(pit, counter, now);
    if (elapsed < counter->pending_at) {
        return;
    }
    counter->start += clocks_to_tsc(pit, counter->pending_at - counter->elapsed) - 1;
    counter->elapsed = 0;
    counter->count = counter->pending_count;
    counter->pending = false;
    counter->null_count = false;
}

static bool counter_output(const struct i8254 *pit, const struct i8254_counter *counter, uint64_t now)
{
    if (counter->count == 0) {
        return counter->mode != 0;
    }
    uint64_t elapsed = elapsed_clocks(pit, counter, now);
    switch (counter->mode) {
    case 0:
        return elapsed >= counter->count;
    case 1:
        return !counter->running || elapsed >= counter->count;
    case 2:
        return !counter->running || elapsed % period(counter) != period(counter) - 1;
    case 3:
        return !counter->running || elapsed % period(counter) < (period(counter) + 1) / 2;
    case 4:
        return elapsed != counter->count;
    default:
        return !counter->running || elapsed != counter->count;
    }
}

static uint16_t to_bcd(uint32_t value)
{
    return (uint16_t)(value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 | value / 1000 % 10 << 12);
}

static uint32_t from_bcd(uint16_t value)
{
    uint32_t binary = (value & 0xfu) + (value >> 4 & 0xfu) * 10 + (value >> 8 & 0xfu) * 100 + (value >> 12) * 1000u;
    return binary > 9999 ? 9999 : binary; /* digits above 9 are the guest's mistake */
}

/* What the counting element shows. */
static uint16_t counter_value(const struct i8254 *pit, const struct i8254_counter *counter, uint64_t now)
{
    uint32_t modulus = counter->bcd ? 10000 : 65536;
    uint64_t elapsed = elapsed_clocks(pit, counter, now);
    uint32_t value;
    if (counter->count == 0) {
        value = 0;
    } else if (counter->mode == 2) {
        value = period(counter) - (uint32_t)(elapsed % period(counter));
    } else if (counter->mode == 3) {
        uint32_t phase = (uint32_t)(elapsed % period(counter));
        uint32_t high_half = (period(counter) + 1) / 2;
        value = (period(counter) & ~1u) - 2 * (phase < high_half ? phase : phase - high_half);
    } else {
        value = (counter->count + modulus - (uint32_t)(elapsed % modulus)) % modulus;
    }
    value %= modulus;
    return counter->bcd ? to_bcd(value) : (uint16_t)value;
}

static void set_irq(struct i8254 *pit, bool level)
{
    if (pit->irq_level != level) {
        pit->irq_level = level;
        irq_set_line(pit->router, PC_GSI_PIT, level);
    }
}

/* Clocks (in the reckoning of elapsed_clocks()) at which the output of counter 0 rises next after `elapsed`, or 0
 * for never. Short periods are stretched to a multiple that is not below the shortest we deliver. */
static uint64_t next_rise(const struct i8254_counter *counter, uint64_t elapsed)
{
    if (counter->count == 0 || !counter->running) {
        return 0;
    }
    uint64_t at;
    switch (counter->mode) {
    case 0:
        at = counter->count;
        break;
    case 4:
        at = counter->count + 1ull;
        break;
    case 2:
    case 3: {
        if (counter->pending && counter->pending_at > elapsed) {
            return counter->pending_at;
        }
        uint64_t step = period(counter);
        uint64_t shortest = (uint64_t)I8254_FREQUENCY * I8254_MIN_PERIOD_US / 1000000u;
        if (step < shortest) {
            step *= (shortest + step - 1) / step;
        }
        return (elapsed / step + 1) * step;
    }
    default:
        return 0; /* modes 1 and 5: the gate of counter 0 never rises */
    }
    return at > elapsed ? at : 0;
}

static void arm_timer(struct i8254 *pit, uint64_t now)
{
    const struct i8254_counter *counter = &pit->counters[0];
    uint64_t rise = next_rise(counter, elapsed_clocks(pit, counter, now));
    uint64_t deadline = 0;
    if (rise != 0) {
        deadline = counter->start + clocks_to_tsc(pit, rise - counter->elapsed);
    }
    timer_arm(pit->timers, &pit->timer, deadline);
}

static void timer_expired(void *device, uint64_t now)
{
    struct i8254 *pit = device;
    take_over_pending(pit, &pit->counters[0], now);
    if (pit->counters[0].mode != 0) {
        set_irq(pit, false); /* the low part before the rising edge */
    }
    set_irq(pit, true);
    arm_timer(pit, now);
}

/* The count register is complete: start counting where the mode says so. */
static void load_count(struct i8254 *pit, struct i8254_counter *counter, uint16_t raw, uint64_t now)
{
    uint32_t count = counter->bcd ? from_bcd(raw) : raw;
    if (count == 0) {
        count = counter->bcd ? 10000 : 65536;
    }
    bool first = counter->count == 0;
    if (is_triggered(counter)) {
        counter->pending = true;
        counter->pending_count = count;
        if (first) {
            counter->count = count;
        }
        return; /* loaded by the next trigger; null_count until then */
    }
    if (is_periodic(counter) && !first && counter->running) {
        uint64_t elapsed = elapsed_clocks(pit, counter, now);
        if (!counter->pending) {
            counter->pending_at = (elapsed / period(counter) + 1) * period(counter);
        }
        counter->pending = true;
        counter->pending_count = count;
        counter->null_count = true;
        return;
    }
    counter->count = count;
    counter->pending = false;
    counter->elapsed = 0;
    counter->start = now;
    counter->running = counter->gate;
    counter->null_count = false;
}

static void write_count(struct i8254 *pit, uint32_t index, uint8_t value)
{
    struct i8254_counter *counter = &pit->counters[index];
    uint64_t now = vm_clock_now(pit->clock);
    take_over_pending(pit, counter, now);
    switch (counter->access) {
    case ACCESS_LOW:
        load_count(pit, counter, value, now);
        break;
    case ACCESS_HIGH:
        load_count(pit, counter, (uint16_t)(value << 8), now);
        break;
    default:
        if (!counter->write_high) {
            counter->write_latch = value;
            counter->write_high = true;
            if (counter->mode == 0 && counter->running) {
                /* The first byte stops mode 0, and its output goes low. */
                counter->elapsed = 0;
                counter->running = false;
            }
        } else {
            counter->write_high = false;
            load_count(pit, counter, (uint16_t)(counter->write_latch | value << 8), now);
        }
        break;
    }
    if (index == 0) {
        if (counter->mode == 0) {
            set_irq(pit, counter_output(pit, counter, now));
        }
        arm_timer(pit, now);
    }
}

static void latch_count(const struct i8254 *pit, struct i8254_counter *counter, uint64_t now)
{
    if (counter->latched == 0) { /* a second latch before the read is ignored */
        counter->read_latch = counter_value(pit, counter, now);
        counter->latched = counter->access;
        counter->read_high = false;
    }
}

static void latch_status(const struct i8254 *pit, struct i8254_counter *counter, uint64_t now)
{
    if (!counter->status_latched) {
        counter->status_latch =
            (uint8_t)((counter_output(pit, counter, now) ? STATUS_OUTPUT : 0u) |
                      (counter->null_count ? STATUS_NULL_COUNT : 0u) | (uint32_t)counter->access << 4 |
                      (uint32_t)counter->mode << 1 | (counter->bcd ? 1u : 0u));
        counter->status_latched = true;
    }
}

static void read_back(struct i8254 *pit, uint8_t command, uint64_t now)
{
    for (uint32_t i = 0; i < 3; i++) {
        if ((command & (2u << i)) == 0) {
            continue;
        }
        take_over_pending(pit, &pit->counters[i], now);
        if ((command & READ_BACK_NO_COUNT) == 0) {
            latch_count(pit, &pit->counters[i], now);
        }
        if ((command & READ_BACK_NO_STATUS) == 0) {
            latch_status(pit, &pit->counters[i], now);
        }
    }
}

static void write_control(struct i8254 *pit, uint8_t value)
{
    uint64_t now = vm_clock_now(pit->clock);
    uint32_t index = value >> 6;
    if (index == 3) {
        read_back(pit, value, now);
        return;
    }
    struct i8254_counter *counter = &pit->counters[index];
    uint8_t access = value >> 4 & 3u;
    if (access == ACCESS_LATCH) {
        take_over_pending(pit, counter, now);
        latch_count(pit, counter, now);
        return;
    }
    uint8_t mode = value >> 1 & 7u;
    *counter = (struct i8254_counter){
        .mode = mode > 5 ? (uint8_t)(mode - 4) : mode, /* modes 6 and 7 are 2 and 3 */
        .access = access,
        .bcd = (value & 1u) != 0,
        .gate = counter->gate,
        .null_count = true,
        .start = now,
    };
    if (index == 0) {
        set_irq(pit, counter->mode != 0);
        arm_timer(pit, now);
    }
}

static uint8_t read_count(struct i8254 *pit, uint32_t index)
{
    struct i8254_counter *counter = &pit->counters[index];
    if (counter->status_latched) {
        counter->status_latched = false;
        return counter->status_latch;
    }
    if (counter->latched != 0) {
        if ((counter->latched & 1u) != 0) {
            counter->latched &= 2u;
            return (uint8_t)counter->read_latch;
        }
        counter->latched = 0;
        return (uint8_t)(counter->read_latch >> 8);
    }
    uint64_t now = vm_clock_now(pit->clock);
    take_over_pending(pit, counter, now);
    uint16_t value = counter_value(pit, counter, now);
    if (counter->access == ACCESS_BOTH) {
        counter->read_high = !counter->read_high;
        return (uint8_t)(counter->read_high ? value : value >> 8);
    }
    return (uint8_t)(counter->access == ACCESS_HIGH ? value >> 8 : value);
}

static uint8_t pit_read_byte(void *device, uint64_t offset)
{
    return offset < 3 ? read_count(device, (uint32_t)offset) : 0xff; /* the control word cannot be read */
}

static void pit_write_byte(void *device, uint64_t offset, uint8_t value)
{
    if (offset < 3) {
        write_count(device, (uint32_t)offset, value);
    } else {
        write_control(device, value);
    }
}

static uint64_t pit_read(void *device, uint64_t offset, uint32_t width)
{
    return byte_access_read(device, offset, width, pit_read_byte);
}

static void pit_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    byte_access_write(device, offset, width, value, pit_write_byte);
}

static const struct bus_ops pit_ops = {.read = pit_read, .write = pit_write};

static void set_gate(struct i8254 *pit, struct i8254_counter *counter, bool gate)
{
    if (counter->gate == gate) {
        return;
    }
    uint64_t now = vm_clock_now(pit->clock);
    take_over_pending(pit, counter, now);
    counter->gate = gate;
    if (is_triggered(counter)) {
        if (gate && counter->count != 0) {
            if (counter->pending) {
                counter->count = counter->pending_count;
                counter->pending = false;
                counter->null_count = false;
            }
            counter->elapsed = 0;
            counter->start = now;
            counter->running = true;
        }
        return;
    }
    if (!gate) {
        counter->elapsed = elapsed_clocks(pit, counter, now);
        counter->running = false;
        return;
    }
    if (counter->count == 0 || (counter->mode == 0 && counter->write_high)) {
        return; /* nothing to count yet */
    }
    if (is_periodic(counter)) {
        counter->elapsed = 0;
        if (counter->pending) {
            counter->count = counter->pending_count;
            counter->pending = false;
            counter->null_count = false;
        }
    }
    counter->start = now;
    counter->running = true;
}

static uint64_t system_b_read(void *device, uint64_t offset, uint32_t width)
{
    struct i8254 *pit = device;
    (void)offset;
    (void)width;
    uint64_t now = vm_clock_now(pit->clock);
    take_over_pending(pit, &pit->counters[2], now);
    uint32_t value = pit->system_b;
    if ((tsc_to_clocks(pit, now) / REFRESH_CLOCKS & 1u) != 0) {
        value |= SYSTEM_B_REFRESH;
    }
    if (counter_output(pit, &pit->counters[2], now)) {
        value |= SYSTEM_B_OUT2;
    }
    return value;
}

static void system_b_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct i8254 *pit = device;
    (void)offset;
    (void)width;
    pit->system_b = (uint8_t)(value & SYSTEM_B_WRITABLE);
    set_gate(pit, &pit->counters[2], (value & SYSTEM_B_GATE2) != 0);
}

static const struct bus_ops system_b_ops = {.read = system_b_read, .write = system_b_write};

bool i8254_output(struct i8254 *pit, uint32_t counter)
{
    if (counter > 2) {
        return false;
    }
    uint64_t now = vm_clock_now(pit->clock);
    take_over_pending(pit, &pit->counters[counter], now);
    return counter_output(pit, &pit->counters[counter], now);
}

void i8254_reset(struct i8254 *pit)
{
    for (uint32_t i = 0; i < 3; i++) {
        pit->counters[i] = (struct i8254_counter){.access = ACCESS_BOTH, .gate = i != 2, .null_count = true};
    }
    pit->system_b = 0;
    timer_arm(pit->timers, &pit->timer, 0);
    set_irq(pit, false);
}

int i8254_init(struct i8254 *pit, struct bus *io, struct irq_router *router, struct timer_set *timers,
               const struct vm_clock *clock, struct vm *vm)
{
    (void)vm;
    *pit = (struct i8254){.router = router, .timers = timers, .clock = clock};
    pit->timer = (struct timer){.expired = timer_expired, .device = pit};
    if (timer_add(timers, &pit->timer) != 0 || bus_register(io, PC_PORT_PIT, 4, &pit_ops, pit, "i8254") != 0 ||
        bus_register(io, PC_PORT_SYSTEM_B, 1, &system_b_ops, pit, "system control port B") != 0) {
        return -1;
    }
    i8254_reset(pit);
    return 0;
}
