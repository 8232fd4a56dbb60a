/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Motorola MC146818 (data sheet ADI-1027) with a 32.768 kHz time base.
 *
 * Update cycle: registers change at the full second; UIP is high for the 2228 us
 * before it (244 us of warning and 1984 us of update). Software that saw UIP low
 * has at least 244 us, as the data sheet promises.
 * Setting the time while the clock runs changes the second's value, not its phase.
 */
#include <vmm/devices/mc146818.h>
#include <vmm/devices/pc_map.h>

#include "byte_access.h"
#include "calendar.h"

enum {
    REG_SECONDS = 0x00,
    REG_SECONDS_ALARM = 0x01,
    REG_MINUTES = 0x02,
    REG_MINUTES_ALARM = 0x03,
    REG_HOURS = 0x04,
    REG_HOURS_ALARM = 0x05,
    REG_WEEKDAY = 0x06,
    REG_DAY = 0x07,
    REG_MONTH = 0x08,
    REG_YEAR = 0x09,
    REG_A = 0x0a,
    REG_B = 0x0b,
    REG_C = 0x0c,
    REG_D = 0x0d,
    REG_CENTURY = 0x32,
};

#define A_UIP           0x80u
#define A_DIVIDER       0x70u
#define A_DIVIDER_RESET 0x60u /* 110 and 111 */
#define A_32768_HZ      0x20u
#define A_RATE          0x0fu

#define B_SET    0x80u
#define B_PIE    0x40u
#define B_AIE    0x20u
#define B_UIE    0x10u
#define B_SQWE   0x08u
#define B_BINARY 0x04u
#define B_24H    0x02u

/* Flags in register C; the enable bits of register B are in the same places. */
#define C_IRQF  0x80u
#define C_PF    0x40u
#define C_AF    0x20u
#define C_UF    0x10u
#define C_FLAGS (C_PF | C_AF | C_UF)

#define D_VALID_RAM_AND_TIME 0x80u

#define HOUR_PM         0x80u
#define ALARM_ANY       0xc0u
#define CRYSTAL_HZ      32768u
#define UPDATE_CYCLE_US 2228u
#define INDEX_NMI_OFF   0x80u
#define SECONDS_PER_DAY 86400u

/* --- Time --- */

static bool divider_reset(const struct mc146818 *rtc)
{
    return (rtc->ram[REG_A] & A_DIVIDER_RESET) == A_DIVIDER_RESET;
}

static uint64_t ticks_since_base(const struct mc146818 *rtc, uint64_t now)
{
    return now > rtc->base ? now - rtc->base : 0;
}

static uint64_t current_seconds(const struct mc146818 *rtc, uint64_t now)
{
    return rtc->stopped ? rtc->seconds : rtc->seconds + ticks_since_base(rtc, now) / rtc->clock->frequency;
}

/* TSC ticks since the last full second. The divider runs on while SET stops the registers. */
static uint64_t second_phase(const struct mc146818 *rtc, uint64_t now)
{
    return ticks_since_base(rtc, now) % rtc->clock->frequency;
}

static uint64_t crystal_ticks(const struct mc146818 *rtc, uint64_t now)
{
    return timer_scale(ticks_since_base(rtc, now), CRYSTAL_HZ, rtc->clock->frequency);
}

/* The clock shows `seconds` now, `phase` TSC ticks after the full second. Flags count from here. */
static void set_time(struct mc146818 *rtc, uint64_t seconds, uint64_t phase, uint64_t now)
{
    rtc->seconds = seconds;
    rtc->base = now > phase ? now - phase : 0;
    rtc->flags_seconds = seconds;
    rtc->flags_ticks = crystal_ticks(rtc, now);
}

/* --- Registers' formats --- */

static uint8_t encode(const struct mc146818 *rtc, uint32_t value)
{
    return (uint8_t)((rtc->ram[REG_B] & B_BINARY) != 0 ? value : value / 10 << 4 | value % 10);
}

static uint32_t decode(const struct mc146818 *rtc, uint8_t value)
{
    return (rtc->ram[REG_B] & B_BINARY) != 0 ? value : (value >> 4) * 10u + (value & 0xfu);
}

static uint8_t encode_hour(const struct mc146818 *rtc, uint32_t hour)
{
    if ((rtc->ram[REG_B] & B_24H) != 0) {
        return encode(rtc, hour);
    }
    uint32_t twelve = hour % 12 == 0 ? 12 : hour % 12;
    return (uint8_t)(encode(rtc, twelve) | (hour >= 12 ? HOUR_PM : 0u));
}

static uint32_t decode_hour(const struct mc146818 *rtc, uint8_t value)
{
    if ((rtc->ram[REG_B] & B_24H) != 0) {
        return decode(rtc, value);
    }
    uint32_t hour = decode(rtc, value & 0x7fu);
    if (hour > 12) {
        return hour; /* not an hour: the caller sees that */
    }
    return hour % 12 + ((value & HOUR_PM) != 0 ? 12u : 0u);
}

static void store_time(struct mc146818 *rtc, uint64_t seconds)
{
    struct calendar_time time;
    calendar_from_seconds(seconds, &time);
    rtc->ram[REG_SECONDS] = encode(rtc, time.second);
    rtc->ram[REG_MINUTES] = encode(rtc, time.minute);
    rtc->ram[REG_HOURS] = encode_hour(rtc, time.hour);
    rtc->ram[REG_WEEKDAY] = encode(rtc, (time.weekday + rtc->weekday_shift) % 7u + 1u);
    rtc->ram[REG_DAY] = encode(rtc, time.day);
    rtc->ram[REG_MONTH] = encode(rtc, time.month);
    rtc->ram[REG_YEAR] = encode(rtc, time.year % 100);
    rtc->ram[REG_CENTURY] = encode(rtc, time.year / 100 % 100);
}

/* The time that the registers hold; whatever they hold, some time results. */
static uint64_t load_time(struct mc146818 *rtc)
{
    struct calendar_time time = {
        .second = decode(rtc, rtc->ram[REG_SECONDS]),
        .minute = decode(rtc, rtc->ram[REG_MINUTES]),
        .hour = decode_hour(rtc, rtc->ram[REG_HOURS]),
        .day = decode(rtc, rtc->ram[REG_DAY]),
        .month = decode(rtc, rtc->ram[REG_MONTH]),
        .year = decode(rtc, rtc->ram[REG_YEAR]) + decode(rtc, rtc->ram[REG_CENTURY]) * 100,
    };
    uint64_t seconds = calendar_to_seconds(&time);
    calendar_from_seconds(seconds, &time);
    uint32_t weekday = (decode(rtc, rtc->ram[REG_WEEKDAY]) + 6u) % 7u;
    rtc->weekday_shift = (uint8_t)((weekday + 7u - time.weekday) % 7u);
    return seconds;
}

/* --- Alarm --- */

#define FIELD_ANY 0xffu

static uint32_t alarm_field(const struct mc146818 *rtc, uint32_t index)
{
    uint8_t value = rtc->ram[index];
    if ((value & ALARM_ANY) == ALARM_ANY) {
        return FIELD_ANY;
    }
    return index == REG_HOURS_ALARM ? decode_hour(rtc, value) : decode(rtc, value);
}

/* First second of an hour, from minute:second on, that the alarm's lower fields match; -1 if none is left. */
static int32_t match_in_hour(uint32_t alarm_minute, uint32_t alarm_second, uint32_t minute, uint32_t second)
{
    uint32_t first_second = alarm_second == FIELD_ANY ? 0 : alarm_second;
    if (alarm_minute == FIELD_ANY || alarm_minute == minute) {
        uint32_t at = alarm_second == FIELD_ANY ? second : alarm_second;
        if (at >= second) {
            return (int32_t)(minute * 60 + at);
        }
        if (alarm_minute == FIELD_ANY && minute < 59) {
            return (int32_t)((minute + 1) * 60 + first_second);
        }
        return -1;
    }
    return alarm_minute > minute ? (int32_t)(alarm_minute * 60 + first_second) : -1;
}

/* The first second from `from` on at which the alarm goes off; 0 if it never does. */
static uint64_t next_alarm(const struct mc146818 *rtc, uint64_t from)
{
    uint32_t alarm_second = alarm_field(rtc, REG_SECONDS_ALARM);
    uint32_t alarm_minute = alarm_field(rtc, REG_MINUTES_ALARM);
    uint32_t alarm_hour = alarm_field(rtc, REG_HOURS_ALARM);
    if ((alarm_second != FIELD_ANY && alarm_second > 59) || (alarm_minute != FIELD_ANY && alarm_minute > 59) ||
        (alarm_hour != FIELD_ANY && alarm_hour > 23)) {
        return 0;
    }
    uint64_t midnight = from - from % SECONDS_PER_DAY;
    uint32_t second = (uint32_t)(from % 60);
    uint32_t minute = (uint32_t)(from / 60 % 60);
    uint32_t hour = (uint32_t)(from / 3600 % 24);
    uint32_t first_in_hour = (uint32_t)match_in_hour(alarm_minute, alarm_second, 0, 0);
    if (alarm_hour == FIELD_ANY || alarm_hour == hour) {
        int32_t at = match_in_hour(alarm_minute, alarm_second, minute, second);
        if (at >= 0) {
            return midnight + hour * 3600 + (uint32_t)at;
        }
        if (alarm_hour == FIELD_ANY) {
            return midnight + (hour + 1) * 3600 + first_in_hour;
        }
    }
    uint64_t day = alarm_hour > hour ? midnight : midnight + SECONDS_PER_DAY;
    return day + alarm_hour * 3600 + first_in_hour;
}

/* --- Flags and interrupts --- */

/* Crystal ticks per periodic interrupt, 0: off. */
static uint32_t periodic_ticks(const struct mc146818 *rtc)
{
    uint32_t rate = rtc->ram[REG_A] & A_RATE;
    if (rate == 0 || divider_reset(rtc)) {
        return 0;
    }
    return 1u << (rate <= 2 ? rate + 6 : rate - 1);
}

static void evaluate_flags(struct mc146818 *rtc, uint64_t now)
{
    uint32_t period = periodic_ticks(rtc);
    uint64_t ticks = crystal_ticks(rtc, now);
    if (period != 0 && ticks / period > rtc->flags_ticks / period) {
        rtc->ram[REG_C] |= C_PF;
    }
    rtc->flags_ticks = ticks;
    uint64_t seconds = current_seconds(rtc, now);
    if (seconds > rtc->flags_seconds) {
        rtc->ram[REG_C] |= C_UF;
        uint64_t alarm = next_alarm(rtc, rtc->flags_seconds + 1);
        if (alarm != 0 && alarm <= seconds) {
            rtc->ram[REG_C] |= C_AF;
        }
        rtc->flags_seconds = seconds;
    }
}

static void update_irq(struct mc146818 *rtc)
{
    bool level = (rtc->ram[REG_C] & rtc->ram[REG_B] & C_FLAGS) != 0;
    if (level) {
        rtc->ram[REG_C] |= C_IRQF;
    } else {
        rtc->ram[REG_C] &= (uint8_t)~C_IRQF;
    }
    if (level != rtc->irq_level) {
        rtc->irq_level = level;
        irq_set_line(rtc->router, PC_GSI_RTC, level);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static uint64_t deadline_of_second(const struct mc146818 *rtc, uint64_t seconds)
{
    return rtc->base + (seconds - rtc->seconds) * rtc->clock->frequency;
}

/* The next event that interrupts. Flags already set cannot interrupt again before register C is read, which bounds
 * the rate to what the guest acknowledges. */
static void arm_timer(struct mc146818 *rtc, uint64_t now)
{
    uint32_t wanted = rtc->ram[REG_B] & ~(uint32_t)rtc->ram[REG_C] & C_FLAGS;
    uint64_t deadline = 0;
    uint32_t period = periodic_ticks(rtc);
    if ((wanted & C_PF) != 0 && period != 0) {
        uint64_t ticks = (crystal_ticks(rtc, now) / period + 1) * period;
        deadline = rtc->base + timer_scale(ticks, rtc->clock->frequency, CRYSTAL_HZ) + 1;
    }
    if (!rtc->stopped) {
        uint64_t next = current_seconds(rtc, now) + 1;
        if ((wanted & C_UF) != 0) {
            deadline = earlier(deadline, deadline_of_second(rtc, next));
        }
        uint64_t alarm = (wanted & C_AF) != 0 ? next_alarm(rtc, next) : 0;
        if (alarm != 0) {
            deadline = earlier(deadline, deadline_of_second(rtc, alarm));
        }
    }
    timer_arm(rtc->timers, &rtc->timer, deadline);
}

static void refresh(struct mc146818 *rtc, uint64_t now)
{
    evaluate_flags(rtc, now);
    update_irq(rtc);
    arm_timer(rtc, now);
}

static void timer_expired(void *device, uint64_t now)
{
    refresh(device, now);
}

/* --- Register access --- */

static bool is_time_register(uint32_t index)
{
    return index == REG_CENTURY ||
           (index <= REG_YEAR && index != REG_SECONDS_ALARM && index != REG_MINUTES_ALARM && index != REG_HOURS_ALARM);
}

static bool update_in_progress(const struct mc146818 *rtc, uint64_t now)
{
    uint64_t left = rtc->clock->frequency - second_phase(rtc, now);
    return !rtc->stopped && left <= timer_scale(UPDATE_CYCLE_US, rtc->clock->frequency, 1000000u);
}

static uint8_t read_register(struct mc146818 *rtc, uint32_t index)
{
    uint64_t now = vm_clock_now(rtc->clock);
    switch (index) {
    case REG_A:
        return (uint8_t)(rtc->ram[REG_A] | (update_in_progress(rtc, now) ? A_UIP : 0u));
    case REG_C: {
        evaluate_flags(rtc, now);
        update_irq(rtc);
        uint8_t value = rtc->ram[REG_C];
        rtc->ram[REG_C] = 0;
        update_irq(rtc);
        arm_timer(rtc, now);
        return value;
    }
    case REG_D:
        return D_VALID_RAM_AND_TIME;
    default:
        if (is_time_register(index) && !rtc->stopped) {
            store_time(rtc, current_seconds(rtc, now));
        }
        return rtc->ram[index];
    }
}

/* The clock stands while SET or the divider's reset hold it, and goes on from what the registers hold then. */
static void stop_or_go(struct mc146818 *rtc, bool was_divider_reset, uint64_t now)
{
    bool stop = (rtc->ram[REG_B] & B_SET) != 0 || divider_reset(rtc);
    uint64_t phase = second_phase(rtc, now);
    if (was_divider_reset && !divider_reset(rtc)) {
        phase = rtc->clock->frequency / 2; /* the first update comes half a second after the divider starts */
        set_time(rtc, rtc->seconds, phase, now);
    }
    if (stop && !rtc->stopped) {
        uint64_t seconds = current_seconds(rtc, now);
        store_time(rtc, seconds);
        set_time(rtc, seconds, phase, now);
        rtc->stopped = true;
    } else if (!stop && rtc->stopped) {
        set_time(rtc, load_time(rtc), phase, now);
        rtc->stopped = false;
    }
}

static void write_register(struct mc146818 *rtc, uint32_t index, uint8_t value)
{
    uint64_t now = vm_clock_now(rtc->clock);
    bool was_divider_reset = divider_reset(rtc);
    evaluate_flags(rtc, now);
    switch (index) {
    case REG_A:
        rtc->ram[REG_A] = value & (uint8_t)~A_UIP;
        stop_or_go(rtc, was_divider_reset, now);
        break;
    case REG_B:
        /* SET high clears UIE (data sheet, register B). The registers are rendered in the old format first. */
        if ((value & B_SET) != 0) {
            value &= (uint8_t)~B_UIE;
        }
        if (!rtc->stopped) {
            store_time(rtc, current_seconds(rtc, now));
        }
        if (((value ^ rtc->ram[REG_B]) & B_SET) != 0 && (value & B_SET) != 0) {
            uint8_t format = rtc->ram[REG_B] & (B_BINARY | B_24H);
            rtc->ram[REG_B] = (uint8_t)((value & ~(B_BINARY | B_24H)) | format);
            stop_or_go(rtc, was_divider_reset, now);
            rtc->ram[REG_B] = value;
        } else {
            rtc->ram[REG_B] = value;
            stop_or_go(rtc, was_divider_reset, now);
        }
        break;
    case REG_C:
    case REG_D:
        return; /* read-only */
    default:
        if (is_time_register(index) && !rtc->stopped) {
            store_time(rtc, current_seconds(rtc, now));
            rtc->ram[index] = value;
            set_time(rtc, load_time(rtc), second_phase(rtc, now), now);
        } else {
            rtc->ram[index] = value;
        }
        break;
    }
    update_irq(rtc);
    arm_timer(rtc, now);
}

static uint8_t port_read_byte(void *device, uint64_t offset)
{
    struct mc146818 *rtc = device;
    /* Port 0x70 is write-only. */
    return offset == 0 ? 0xff : read_register(rtc, rtc->index);
}

static void port_write_byte(void *device, uint64_t offset, uint8_t value)
{
    struct mc146818 *rtc = device;
    if (offset == 0) {
        rtc->index = value & (MC146818_RAM_SIZE - 1);
        rtc->nmi_disabled = (value & INDEX_NMI_OFF) != 0;
    } else {
        write_register(rtc, rtc->index, value);
    }
}

static uint64_t port_read(void *device, uint64_t offset, uint32_t width)
{
    return byte_access_read(device, offset, width, port_read_byte);
}

static void port_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    byte_access_write(device, offset, width, value, port_write_byte);
}

static const struct bus_ops port_ops = {.read = port_read, .write = port_write};

void mc146818_reset(struct mc146818 *rtc)
{
    uint64_t now = vm_clock_now(rtc->clock);
    rtc->index = 0;
    rtc->nmi_disabled = false;
    rtc->ram[REG_B] &= (uint8_t) ~(B_PIE | B_AIE | B_UIE | B_SQWE);
    evaluate_flags(rtc, now);
    rtc->ram[REG_C] = 0;
    update_irq(rtc);
    arm_timer(rtc, now);
}

int mc146818_init(struct mc146818 *rtc, struct bus *io, struct irq_router *router, struct timer_set *timers,
                  const struct vm_clock *clock, struct vm *vm)
{
    (void)vm;
    *rtc = (struct mc146818){.router = router, .timers = timers, .clock = clock};
    rtc->timer = (struct timer){.expired = timer_expired, .device = rtc};
    rtc->ram[REG_A] = A_32768_HZ | 6; /* 1024 Hz, as firmware sets it */
    rtc->ram[REG_B] = B_24H;
    if (timer_add(timers, &rtc->timer) != 0 || bus_register(io, PC_PORT_RTC, 2, &port_ops, rtc, "mc146818") != 0) {
        return -1;
    }
    rtc->seconds = clock->wall_clock;
    rtc->base = clock->wall_clock_ticks;
    uint64_t now = vm_clock_now(clock);
    rtc->flags_seconds = current_seconds(rtc, now);
    rtc->flags_ticks = crystal_ticks(rtc, now);
    mc146818_reset(rtc);
    return 0;
}
