/* SPDX-License-Identifier: BSD-2-Clause */
/* Local APIC timer. Intel SDM vol. 3 §11.5.4. Its input clock is the host's TSC. */
#include "lapic_internal.h"

static uint32_t mode_of(const struct lapic *lapic)
{
    return LAPIC_LVT_TIMER_MODE(lapic->lvt[LAPIC_LVT_TIMER]);
}

/* TSC ticks from load to zero. */
static uint64_t length(const struct lapic *lapic)
{
    return (uint64_t)lapic->initial_count << lapic->divide_shift;
}

/* Distance of the interrupts in periodic mode: the length, or so many of it as are not too short for us. */
static uint64_t interrupt_period(const struct lapic *lapic)
{
    uint64_t period = length(lapic);
    uint64_t shortest = lapic->clock->frequency / (1000000u / LAPIC_MIN_PERIOD_US);
    return period >= shortest ? period : period * ((shortest + period - 1) / period);
}

static void timer_expired(void *device, uint64_t now)
{
    struct lapic *lapic = device;
    switch (mode_of(lapic)) {
    case LAPIC_TIMER_DEADLINE:
        lapic->tsc_deadline = 0;
        break;
    case LAPIC_TIMER_PERIODIC: {
        uint64_t period = interrupt_period(lapic);
        if (period == 0) {
            return;
        }
        lapic->timer_start += period;
        if (lapic->timer_start + period <= now) {
            /* Periods went by unseen: keep the phase, give one interrupt. */
            lapic->timer_start += (now - lapic->timer_start) / period * period;
        }
        timer_arm(lapic->timers, &lapic->timer, lapic->timer_start + period);
        break;
    }
    default:
        break;
    }
    lapic_deliver_local(lapic, LAPIC_LVT_TIMER);
}

void lapic_timer_write_initial(struct lapic *lapic, uint32_t count)
{
    if (mode_of(lapic) == LAPIC_TIMER_DEADLINE) {
        return;
    }
    lapic->initial_count = count;
    if (count == 0) {
        timer_arm(lapic->timers, &lapic->timer, 0);
        return;
    }
    lapic->timer_start = vm_clock_now(lapic->clock);
    uint64_t first = mode_of(lapic) == LAPIC_TIMER_PERIODIC ? interrupt_period(lapic) : length(lapic);
    timer_arm(lapic->timers, &lapic->timer, lapic->timer_start + first);
}

uint32_t lapic_timer_current(const struct lapic *lapic)
{
    if (lapic->initial_count == 0 || mode_of(lapic) == LAPIC_TIMER_DEADLINE || lapic->timer.deadline == 0) {
        return 0;
    }
    uint64_t now = vm_clock_now(lapic->clock);
    uint64_t elapsed = now > lapic->timer_start ? now - lapic->timer_start : 0;
    if (mode_of(lapic) == LAPIC_TIMER_PERIODIC) {
        elapsed %= length(lapic);
    } else if (elapsed >= length(lapic)) {
        return 0;
    }
    return lapic->initial_count - (uint32_t)(elapsed >> lapic->divide_shift);
}

/* §11.5.4: bits 3, 1, 0 give 2, 4, 8 ... 128, 1. */
static uint32_t shift_of(uint32_t divide)
{
    uint32_t code = (divide & 3u) | (divide >> 1 & 4u);
    return (code + 1) & 7u;
}

void lapic_timer_write_divide(struct lapic *lapic, uint32_t value)
{
    uint32_t remaining = lapic_timer_current(lapic);
    lapic->divide = value & 0xbu;
    lapic->divide_shift = shift_of(value);
    if (remaining == 0) {
        return;
    }
    /* The count so far stays; the rest goes at the new pace. */
    uint64_t now = vm_clock_now(lapic->clock);
    uint64_t done = (uint64_t)(lapic->initial_count - remaining) << lapic->divide_shift;
    lapic->timer_start = now > done ? now - done : 0;
    uint64_t first = mode_of(lapic) == LAPIC_TIMER_PERIODIC ? interrupt_period(lapic) : length(lapic);
    timer_arm(lapic->timers, &lapic->timer, lapic->timer_start + first);
}

void lapic_timer_mode_changed(struct lapic *lapic, uint32_t before)
{
    uint32_t old = LAPIC_LVT_TIMER_MODE(before);
    uint32_t mode = mode_of(lapic);
    if (mode == 3 || (mode == LAPIC_TIMER_DEADLINE && !lapic->config.tsc_deadline)) {
        /* Reserved, or not offered: one-shot. */
        lapic->lvt[LAPIC_LVT_TIMER] &= ~(3u << 17);
        mode = LAPIC_TIMER_ONE_SHOT;
    }
    if (mode != old && (mode == LAPIC_TIMER_DEADLINE || old == LAPIC_TIMER_DEADLINE)) {
        lapic->initial_count = 0;
        lapic->tsc_deadline = 0;
        timer_arm(lapic->timers, &lapic->timer, 0);
    }
}

/* Host TSC of a guest's deadline, at least 1; UINT64_MAX if it lies beyond the end of time. */
static uint64_t host_deadline(const struct lapic *lapic)
{
    uint64_t guest = lapic->tsc_deadline;
    uint64_t offset = (uint64_t)lapic->tsc_offset;
    if (lapic->tsc_offset >= 0) {
        return guest > offset ? guest - offset : 1;
    }
    uint64_t host = guest - offset;
    return host < guest ? UINT64_MAX : host;
}

void lapic_timer_write_deadline(struct lapic *lapic, uint64_t guest_tsc)
{
    if (mode_of(lapic) != LAPIC_TIMER_DEADLINE) {
        return; /* §11.5.4.1: the write has no effect */
    }
    lapic->tsc_deadline = guest_tsc;
    timer_arm(lapic->timers, &lapic->timer, guest_tsc == 0 ? 0 : host_deadline(lapic));
}

void lapic_set_tsc_offset(struct lapic *lapic, int64_t offset)
{
    lapic->tsc_offset = offset;
    if (lapic->tsc_deadline != 0) {
        timer_arm(lapic->timers, &lapic->timer, host_deadline(lapic));
    }
}

void lapic_timer_reset(struct lapic *lapic)
{
    lapic->initial_count = 0;
    lapic->divide = 0;
    lapic->divide_shift = shift_of(0);
    lapic->timer_start = 0;
    lapic->tsc_deadline = 0;
    timer_arm(lapic->timers, &lapic->timer, 0);
}

void lapic_timer_init(struct lapic *lapic)
{
    lapic->timer = (struct timer){.expired = timer_expired, .device = lapic};
}
