/* SPDX-License-Identifier: BSD-2-Clause */
/* Local APIC: the registers, as memory (xAPIC, Intel SDM vol. 3 §11.4) and as MSRs (x2APIC, §11.12). */
#include <stddef.h>

#include "lapic_internal.h"

/* Version 0x14 (integrated APIC), 6 LVT entries, EOI broadcast can be suppressed. */
#define VERSION (0x14u | (LAPIC_LVT_COUNT - 1u) << 16 | 1u << 24)

#define LOWEST_VECTOR 16u

#define ICR_LOGICAL       (1u << 11)
#define ICR_BUSY          (1u << 12)
#define ICR_ASSERT        (1u << 14)
#define ICR_LEVEL         (1u << 15)
#define ICR_WRITABLE      0x000ccfffu
#define LVT_DELIVERY_BUSY (1u << 12)
#define SVR_WRITABLE      (0x1ffu | LAPIC_SVR_NO_BROADCAST)

/* Bits of each LVT entry that software can set (§11.5.1). */
static const uint32_t lvt_writable[LAPIC_LVT_COUNT] = {
    [LAPIC_LVT_TIMER] = 0x000700ff, [LAPIC_LVT_THERMAL] = 0x000107ff, [LAPIC_LVT_PERFORMANCE] = 0x000107ff,
    [LAPIC_LVT_LINT0] = 0x0001a7ff, [LAPIC_LVT_LINT1] = 0x0001a7ff,   [LAPIC_LVT_ERROR] = 0x000100ff,
};

static uint32_t half(const uint64_t set[4], uint32_t index)
{
    return (uint32_t)(__atomic_load_n(&set[index >> 1], __ATOMIC_RELAXED) >> (index & 1u) * 32);
}

/* §11.7: arbitration priority, of use to nobody today. */
static uint32_t arbitration_priority(struct lapic *lapic)
{
    int request = lapic_highest_request(lapic);
    uint32_t class = request < 0 ? 0 : (uint32_t)request & 0xf0u;
    return lapic->ppr > class ? lapic->ppr : class;
}

/* False if there is no such register to read. */
static bool read_register(struct lapic *lapic, uint32_t index, uint32_t *value)
{
    bool x2apic = lapic_in_x2apic_mode(lapic);
    switch (index) {
    case LAPIC_ID:
        *value = lapic->id;
        return true;
    case LAPIC_VERSION:
        *value = VERSION;
        return true;
    case LAPIC_TPR:
        *value = lapic->tpr;
        return true;
    case LAPIC_APR:
        *value = arbitration_priority(lapic);
        return !x2apic;
    case LAPIC_PPR:
        *value = lapic->ppr;
        return true;
    case LAPIC_EOI: /* write-only; reads as 0 in memory, as processors do */
    case LAPIC_RRD:
        *value = 0;
        return !x2apic;
    case LAPIC_LDR:
        *value = lapic->logical;
        return true;
    case LAPIC_DFR:
        *value = lapic->format;
        return !x2apic;
    case LAPIC_SVR:
        *value = lapic->spurious;
        return true;
    case LAPIC_ISR ... LAPIC_ISR + 7:
        *value = half(lapic->isr, index - LAPIC_ISR);
        return true;
    case LAPIC_TMR ... LAPIC_TMR + 7:
        *value = half(lapic->tmr, index - LAPIC_TMR);
        return true;
    case LAPIC_IRR ... LAPIC_IRR + 7:
        *value = half(lapic->irr, index - LAPIC_IRR);
        return true;
    case LAPIC_ESR:
        *value = lapic->error;
        return true;
    case LAPIC_ICR:
        *value = (uint32_t)lapic->icr;
        return true;
    case LAPIC_ICR_HIGH:
        *value = (uint32_t)(lapic->icr >> 32);
        return !x2apic;
    case LAPIC_LVT ... LAPIC_LVT + LAPIC_LVT_COUNT - 1:
        *value = lapic->lvt[index - LAPIC_LVT];
        return true;
    case LAPIC_INITIAL_COUNT:
        *value = lapic->initial_count;
        return true;
    case LAPIC_CURRENT_COUNT:
        *value = lapic_timer_current(lapic);
        return true;
    case LAPIC_DIVIDE:
        *value = lapic->divide;
        return true;
    default:
        return false;
    }
}

static void write_spurious(struct lapic *lapic, uint32_t value)
{
    lapic->spurious = value & SVR_WRITABLE;
    if ((value & LAPIC_SVR_ENABLE) == 0) {
        for (uint32_t i = 0; i < LAPIC_LVT_COUNT; i++) {
            lapic->lvt[i] |= LAPIC_LVT_MASKED; /* §11.4.7.2 */
        }
    }
}

static void write_lvt(struct lapic *lapic, uint32_t entry, uint32_t value)
{
    uint32_t before = lapic->lvt[entry];
    uint32_t lvt = (value & lvt_writable[entry]) | (before & LAPIC_LVT_REMOTE_IRR);
    if ((lapic->spurious & LAPIC_SVR_ENABLE) == 0) {
        lvt |= LAPIC_LVT_MASKED;
    }
    if (LAPIC_LVT_DELIVERY(lvt) != APIC_DELIVER_FIXED || (lvt & LAPIC_LVT_LEVEL) == 0) {
        lvt &= ~LAPIC_LVT_REMOTE_IRR;
    }
    lapic->lvt[entry] = lvt;
    if (entry == LAPIC_LVT_TIMER) {
        lapic_timer_mode_changed(lapic, before);
    } else if (entry == LAPIC_LVT_LINT0 || entry == LAPIC_LVT_LINT1) {
        /* A level that was masked shows now; edges that were are gone. */
        if (lapic->lint_level[entry - LAPIC_LVT_LINT0] && (lvt & LAPIC_LVT_LEVEL) != 0 &&
            LAPIC_LVT_DELIVERY(lvt) == APIC_DELIVER_FIXED) {
            lapic_deliver_local(lapic, (enum lapic_lvt)entry);
        }
    }
}

/* §11.6.1. value: the command register, destination in bits 63:32 (xAPIC: 63:56). */
static void send_ipi(struct lapic *lapic, uint64_t value)
{
    uint32_t command = (uint32_t)value;
    bool x2apic = lapic_in_x2apic_mode(lapic);
    struct apic_message message = {
        .destination = (uint32_t)(value >> (x2apic ? 32 : 56)),
        .vector = (uint8_t)command,
        .delivery_mode = command >> 8 & 7u,
        .logical = (command & ICR_LOGICAL) != 0,
        .wide = x2apic,
    };
    enum apic_shorthand shorthand = (enum apic_shorthand)(command >> 18 & 3u);
    switch (message.delivery_mode) {
    case APIC_DELIVER_FIXED:
    case APIC_DELIVER_LOWEST_PRIORITY:
        if (message.vector < LOWEST_VECTOR) {
            lapic_error(lapic, LAPIC_ESR_SEND_VECTOR);
            return;
        }
        break;
    case APIC_DELIVER_INIT:
        if ((command & (ICR_LEVEL | ICR_ASSERT)) == ICR_LEVEL) {
            return; /* INIT level de-assert synchronised arbitration IDs once */
        }
        break;
    case APIC_DELIVER_SMI:
    case APIC_DELIVER_NMI:
    case APIC_DELIVER_STARTUP:
        break;
    default:
        return; /* reserved */
    }
    apic_bus_send(lapic->bus, &message, shorthand, lapic);
}

/* False if there is no such register to write. */
static bool write_register(struct lapic *lapic, uint32_t index, uint32_t value)
{
    switch (index) {
    case LAPIC_ID:
        lapic->id = value & 0xff000000u;
        return true;
    case LAPIC_TPR:
        lapic_set_tpr(lapic, (uint8_t)value);
        return true;
    case LAPIC_EOI:
        lapic_eoi(lapic);
        return true;
    case LAPIC_LDR:
        lapic->logical = value & 0xff000000u;
        return true;
    case LAPIC_DFR:
        lapic->format = value | 0x0fffffffu;
        return true;
    case LAPIC_SVR:
        write_spurious(lapic, value);
        return true;
    case LAPIC_ESR:
        /* A write, of whatever, shows the errors since the last one (§11.5.3). */
        lapic->error = __atomic_exchange_n(&lapic->error_pending, 0, __ATOMIC_SEQ_CST);
        return true;
    case LAPIC_ICR:
        lapic->icr = (lapic->icr & ~0xffffffffull) | (value & ICR_WRITABLE);
        send_ipi(lapic, lapic->icr);
        return true;
    case LAPIC_ICR_HIGH:
        lapic->icr = (lapic->icr & 0xffffffffull) | (uint64_t)(value & 0xff000000u) << 32;
        return true;
    case LAPIC_LVT ... LAPIC_LVT + LAPIC_LVT_COUNT - 1:
        write_lvt(lapic, index - LAPIC_LVT, value);
        return true;
    case LAPIC_INITIAL_COUNT:
        lapic_timer_write_initial(lapic, value);
        return true;
    case LAPIC_DIVIDE:
        lapic_timer_write_divide(lapic, value);
        return true;
    case LAPIC_VERSION: /* read-only registers: the write is ignored */
    case LAPIC_APR:
    case LAPIC_PPR:
    case LAPIC_RRD:
    case LAPIC_ISR ... LAPIC_ISR + 7:
    case LAPIC_TMR ... LAPIC_TMR + 7:
    case LAPIC_IRR ... LAPIC_IRR + 7:
    case LAPIC_CURRENT_COUNT:
        return true;
    default:
        return false;
    }
}

/* --- xAPIC --- */

uint64_t lapic_mmio_read(struct lapic *lapic, uint64_t offset, uint32_t width)
{
    uint32_t value = 0;
    uint32_t within = (uint32_t)offset & 0xfu;
    if (within >= 4) {
        return 0; /* the twelve bytes between registers */
    }
    uint64_t index = offset >> 4;
    if (index >= LAPIC_REGISTERS || !read_register(lapic, (uint32_t)index, &value)) {
        lapic_error(lapic, LAPIC_ESR_ILLEGAL_REGISTER);
        return 0;
    }
    uint64_t part = value >> within * 8;
    return width < 4 ? part & ((1ull << width * 8) - 1) : part;
}

void lapic_mmio_write(struct lapic *lapic, uint64_t offset, uint32_t width, uint64_t value)
{
    if ((offset & 0xfu) != 0 || width < 4) {
        return;
    }
    uint64_t index = offset >> 4;
    if (index >= LAPIC_REGISTERS || !write_register(lapic, (uint32_t)index, (uint32_t)value)) {
        lapic_error(lapic, LAPIC_ESR_ILLEGAL_REGISTER);
    }
}

/* --- MSRs --- */

/* §11.12.5.1 figure 11-27: which changes of mode are possible. */
static int write_base(struct lapic *lapic, uint64_t value)
{
    uint64_t address_bits = ((1ull << lapic->config.physical_bits) - 1) & ~0xfffull;
    uint64_t modes = LAPIC_BASE_ENABLE | (lapic->config.x2apic ? LAPIC_BASE_X2APIC : 0);
    if ((value & ~(address_bits | modes | LAPIC_BASE_BSP)) != 0) {
        return -1;
    }
    uint64_t mode = value & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC);
    uint64_t before = lapic->base & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC);
    bool possible = true;
    switch (mode) {
    case LAPIC_BASE_X2APIC: /* x2APIC, but disabled: no such mode */
        possible = false;
        break;
    case LAPIC_BASE_ENABLE: /* xAPIC: not from x2APIC */
        possible = (before & LAPIC_BASE_X2APIC) == 0;
        break;
    case LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC: /* not from disabled */
        possible = before != 0;
        break;
    default:
        break;
    }
    if (!possible) {
        return -1;
    }
    lapic->base = (value & (address_bits | modes)) | (lapic->base & LAPIC_BASE_BSP);
    if (mode == 0 && before != 0) {
        lapic_power_on(lapic);
    } else if (mode == (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC) && before == LAPIC_BASE_ENABLE) {
        lapic_enter_x2apic(lapic);
    }
    return 0;
}

static int write_x2apic(struct lapic *lapic, uint32_t index, uint64_t value)
{
    if (index == LAPIC_ICR) {
        if ((value & 0xffffffffu & ~(uint64_t)(ICR_WRITABLE | ICR_BUSY)) != 0) {
            return -1;
        }
        lapic->icr = value & ~(uint64_t)ICR_BUSY;
        send_ipi(lapic, lapic->icr);
        return 0;
    }
    uint64_t allowed;
    switch (index) {
    case LAPIC_TPR:
        allowed = 0xff;
        break;
    case LAPIC_EOI:
    case LAPIC_ESR:
        allowed = 0;
        break;
    case LAPIC_SVR:
        allowed = SVR_WRITABLE;
        break;
    case LAPIC_LVT ... LAPIC_LVT + LAPIC_LVT_COUNT - 1:
        /* Delivery status and remote IRR are read-only: what was read may be written back. */
        allowed = lvt_writable[index - LAPIC_LVT] | LVT_DELIVERY_BUSY | LAPIC_LVT_REMOTE_IRR;
        break;
    case LAPIC_INITIAL_COUNT:
        allowed = 0xffffffff;
        break;
    case LAPIC_DIVIDE:
        allowed = 0xb;
        break;
    default: /* read-only, or not there in this mode */
        return -1;
    }
    if ((value & ~allowed) != 0) {
        return -1;
    }
    write_register(lapic, index, (uint32_t)value);
    return 0;
}

int lapic_msr_write(struct lapic *lapic, uint32_t index, uint64_t value)
{
    /* The first three are most of all MSR writes of a guest at work. */
    if (index == LAPIC_MSR_TSC_DEADLINE) {
        if (!lapic->config.tsc_deadline) {
            return -1;
        }
        lapic_timer_write_deadline(lapic, value);
        return 0;
    }
    if (index == LAPIC_MSR_APIC_BASE) {
        return write_base(lapic, value);
    }
    uint32_t number = index - LAPIC_MSR_X2APIC_FIRST;
    if (number >= LAPIC_REGISTERS || !lapic_in_x2apic_mode(lapic)) {
        return -1;
    }
    if (number == LAPIC_EOI && value == 0) {
        lapic_eoi(lapic);
        return 0;
    }
    if (number == LAPIC_SELF_IPI) {
        if (value > 0xff) {
            return -1;
        }
        if (value < LOWEST_VECTOR) {
            lapic_error(lapic, LAPIC_ESR_SEND_VECTOR);
        } else {
            lapic_deliver(lapic, (uint8_t)value, false);
        }
        return 0;
    }
    return write_x2apic(lapic, number, value);
}

int lapic_msr_read(struct lapic *lapic, uint32_t index, uint64_t *value)
{
    if (index == LAPIC_MSR_TSC_DEADLINE) {
        *value = lapic->tsc_deadline;
        return lapic->config.tsc_deadline ? 0 : -1;
    }
    if (index == LAPIC_MSR_APIC_BASE) {
        *value = lapic->base;
        return 0;
    }
    uint32_t number = index - LAPIC_MSR_X2APIC_FIRST;
    if (number >= LAPIC_REGISTERS || !lapic_in_x2apic_mode(lapic)) {
        return -1;
    }
    if (number == LAPIC_ICR) {
        *value = lapic->icr;
        return 0;
    }
    uint32_t low;
    if (!read_register(lapic, number, &low)) {
        return -1;
    }
    *value = low;
    return 0;
}
