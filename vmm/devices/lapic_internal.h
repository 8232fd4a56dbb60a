/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of the local APIC. */
#pragma once

#include <vmm/devices/lapic.h>

/* Register numbers: xAPIC offset / 16, x2APIC MSR - 0x800. */
enum {
    LAPIC_ID = 0x02,
    LAPIC_VERSION = 0x03,
    LAPIC_TPR = 0x08,
    LAPIC_APR = 0x09,
    LAPIC_PPR = 0x0a,
    LAPIC_EOI = 0x0b,
    LAPIC_RRD = 0x0c,
    LAPIC_LDR = 0x0d,
    LAPIC_DFR = 0x0e,
    LAPIC_SVR = 0x0f,
    LAPIC_ISR = 0x10,
    LAPIC_TMR = 0x18,
    LAPIC_IRR = 0x20,
    LAPIC_ESR = 0x28,
    LAPIC_ICR = 0x30,
    LAPIC_ICR_HIGH = 0x31,
    LAPIC_LVT = 0x32,
    LAPIC_INITIAL_COUNT = 0x38,
    LAPIC_CURRENT_COUNT = 0x39,
    LAPIC_DIVIDE = 0x3e,
    LAPIC_SELF_IPI = 0x3f,
    LAPIC_REGISTERS = 0x40,
};

#define LAPIC_SVR_ENABLE       (1u << 8)
#define LAPIC_SVR_NO_BROADCAST (1u << 12)

#define LAPIC_LVT_DELIVERY(lvt)   ((lvt) >> 8 & 7u)
#define LAPIC_LVT_REMOTE_IRR      (1u << 14)
#define LAPIC_LVT_LEVEL           (1u << 15)
#define LAPIC_LVT_MASKED          (1u << 16)
#define LAPIC_LVT_TIMER_MODE(lvt) ((lvt) >> 17 & 3u)

enum {
    LAPIC_TIMER_ONE_SHOT = 0,
    LAPIC_TIMER_PERIODIC = 1,
    LAPIC_TIMER_DEADLINE = 2,
};

#define LAPIC_ESR_SEND_VECTOR      (1u << 5)
#define LAPIC_ESR_RECEIVE_VECTOR   (1u << 6)
#define LAPIC_ESR_ILLEGAL_REGISTER (1u << 7)

static inline bool lapic_in_x2apic_mode(const struct lapic *lapic)
{
    return (lapic->base & LAPIC_BASE_X2APIC) != 0;
}

static inline bool lapic_hardware_enabled(const struct lapic *lapic)
{
    return (lapic->base & LAPIC_BASE_ENABLE) != 0;
}

/* Sets IRR without question. From any thread. */
static inline void lapic_set_request(struct lapic *lapic, uint8_t vector, bool level_triggered)
{
    uint32_t word = vector >> 6;
    uint64_t bit = 1ull << (vector & 63u);
    uint64_t trigger = __atomic_load_n(&lapic->tmr[word], __ATOMIC_RELAXED);
    if (((trigger & bit) != 0) != level_triggered) {
        if (level_triggered) {
            __atomic_fetch_or(&lapic->tmr[word], bit, __ATOMIC_SEQ_CST);
        } else {
            __atomic_fetch_and(&lapic->tmr[word], ~bit, __ATOMIC_SEQ_CST);
        }
    }
    __atomic_fetch_or(&lapic->irr[word], bit, __ATOMIC_SEQ_CST);
    __atomic_store_n(&lapic->irr_hint, 1, __ATOMIC_RELEASE);
}

/* Notes an error for ESR and interrupts if the guest asked for it. */
void lapic_error(struct lapic *lapic, uint32_t error);
/* What an LVT entry says, done now. */
void lapic_deliver_local(struct lapic *lapic, enum lapic_lvt entry);

void lapic_set_tpr(struct lapic *lapic, uint8_t tpr);
/* State after power-on in the present mode, IA32_APIC_BASE kept. */
void lapic_power_on(struct lapic *lapic);
/* APIC ID and logical ID as x2APIC mode has them. */
void lapic_enter_x2apic(struct lapic *lapic);

/* Timer: lapic_timer.c */
void lapic_timer_init(struct lapic *lapic);
void lapic_timer_reset(struct lapic *lapic);
void lapic_timer_write_initial(struct lapic *lapic, uint32_t count);
void lapic_timer_write_divide(struct lapic *lapic, uint32_t value);
uint32_t lapic_timer_current(const struct lapic *lapic);
/* After the LVT entry changed from `before`. */
void lapic_timer_mode_changed(struct lapic *lapic, uint32_t before);
void lapic_timer_write_deadline(struct lapic *lapic, uint64_t guest_tsc);
