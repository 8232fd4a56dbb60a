/* SPDX-License-Identifier: BSD-2-Clause */
/* Local APIC: requests, priorities, acceptance, local interrupt pins. Intel SDM vol. 3 §11.5, §11.8. */
#include <stddef.h>

#include <vmm/devices/ioapic.h>
#include <vmm/devices/pc_map.h>

#include "lapic_internal.h"

/* LINT entries as firmware leaves them on a PC with an 8259 pair. */
#define LVT_EXTINT ((uint32_t)APIC_DELIVER_EXTINT << 8)
#define LVT_NMI    ((uint32_t)APIC_DELIVER_NMI << 8)

#define LOWEST_VECTOR 16u

static int highest(const uint64_t set[4])
{
    for (int word = 3; word >= 0; word--) {
        uint64_t bits = __atomic_load_n(&set[word], __ATOMIC_RELAXED);
        if (bits != 0) {
            return word * 64 + 63 - __builtin_clzll(bits);
        }
    }
    return -1;
}

/* §11.8.3.1 */
static void update_ppr(struct lapic *lapic)
{
    int in_service = highest(lapic->isr);
    uint32_t class = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0u;
    lapic->ppr = (uint8_t)((lapic->tpr & 0xf0u) >= class ? lapic->tpr : class);
}

int lapic_highest_request(struct lapic *lapic)
{
    if (__atomic_load_n(&lapic->irr_hint, __ATOMIC_ACQUIRE) == 0) {
        return -1;
    }
    int vector = highest(lapic->irr);
    if (vector < 0) {
        /* The exchange is a full barrier: a request set before it is seen by the second look, one set after it
         * sets the hint again. */
        __atomic_exchange_n(&lapic->irr_hint, 0, __ATOMIC_SEQ_CST);
        vector = highest(lapic->irr);
        if (vector >= 0) {
            __atomic_store_n(&lapic->irr_hint, 1, __ATOMIC_RELEASE);
        }
    }
    return vector;
}

int lapic_highest_pending(struct lapic *lapic)
{
    int vector = lapic_highest_request(lapic);
    return vector >= 0 && ((uint32_t)vector & 0xf0u) > (lapic->ppr & 0xf0u) ? vector : -1;
}

void lapic_accept(struct lapic *lapic, uint8_t vector)
{
    uint32_t word = vector >> 6;
    uint64_t bit = 1ull << (vector & 63u);
    __atomic_fetch_and(&lapic->irr[word], ~bit, __ATOMIC_SEQ_CST);
    lapic->isr[word] |= bit;
    update_ppr(lapic);
}

bool lapic_ends_quietly(struct lapic *lapic)
{
    int vector = lapic_highest_request(lapic) < 0 ? highest(lapic->isr) : -1;
    return vector >= 0 &&
           (__atomic_load_n(&lapic->tmr[vector >> 6], __ATOMIC_RELAXED) & 1ull << ((uint32_t)vector & 63u)) == 0;
}

bool lapic_extint_pending(const struct lapic *lapic)
{
    if (!lapic_hardware_enabled(lapic)) {
        return lapic->lint_level[0]; /* the pins are INTR and NMI of a processor without APIC */
    }
    if (__atomic_load_n(&lapic->extint_message, __ATOMIC_ACQUIRE) != 0) {
        return true;
    }
    uint32_t lvt = lapic->lvt[LAPIC_LVT_LINT0];
    return lapic->lint_level[0] && (lvt & LAPIC_LVT_MASKED) == 0 && LAPIC_LVT_DELIVERY(lvt) == APIC_DELIVER_EXTINT;
}

void lapic_accept_extint(struct lapic *lapic)
{
    __atomic_store_n(&lapic->extint_message, 0, __ATOMIC_RELEASE);
}

void lapic_set_tpr(struct lapic *lapic, uint8_t tpr)
{
    if (lapic->tpr != tpr) {
        lapic->tpr = tpr;
        update_ppr(lapic);
    }
}

void lapic_set_cr8(struct lapic *lapic, uint32_t cr8)
{
    lapic_set_tpr(lapic, (uint8_t)((cr8 & 0xfu) << 4));
}

/* A level-triggered LINT pin that is still asserted after EOI requests again. */
static void end_of_lint(struct lapic *lapic, uint8_t vector)
{
    for (uint32_t pin = 0; pin < 2; pin++) {
        uint32_t *lvt = &lapic->lvt[LAPIC_LVT_LINT0 + pin];
        if ((*lvt & LAPIC_LVT_REMOTE_IRR) != 0 && (*lvt & 0xffu) == vector) {
            *lvt &= ~LAPIC_LVT_REMOTE_IRR;
            if (lapic->lint_level[pin]) {
                lapic_deliver_local(lapic, LAPIC_LVT_LINT0 + pin);
            }
        }
    }
}

void lapic_eoi(struct lapic *lapic)
{
    int vector = highest(lapic->isr);
    if (vector < 0) {
        return;
    }
    uint32_t word = (uint32_t)vector >> 6;
    uint64_t bit = 1ull << ((uint32_t)vector & 63u);
    lapic->isr[word] &= ~bit;
    update_ppr(lapic);
    if ((__atomic_load_n(&lapic->tmr[word], __ATOMIC_RELAXED) & bit) == 0) {
        return;
    }
    end_of_lint(lapic, (uint8_t)vector);
    if ((lapic->spurious & LAPIC_SVR_NO_BROADCAST) == 0 && lapic->bus->ioapic != NULL) {
        ioapic_eoi(lapic->bus->ioapic, (uint8_t)vector);
    }
}

void lapic_error(struct lapic *lapic, uint32_t error)
{
    uint8_t before = __atomic_fetch_or(&lapic->error_pending, (uint8_t)error, __ATOMIC_SEQ_CST);
    if ((before & error) != 0) {
        return; /* one interrupt for each kind until ESR is written */
    }
    uint32_t lvt = lapic->lvt[LAPIC_LVT_ERROR];
    if ((lvt & LAPIC_LVT_MASKED) != 0) {
        return;
    }
    uint8_t vector = (uint8_t)lvt;
    if (vector < LOWEST_VECTOR) {
        /* The error interrupt is itself an error: noted, and that is the end of it. */
        __atomic_fetch_or(&lapic->error_pending, (uint8_t)LAPIC_ESR_RECEIVE_VECTOR, __ATOMIC_SEQ_CST);
        return;
    }
    lapic_set_request(lapic, vector, false);
}

bool lapic_deliver(struct lapic *lapic, uint8_t vector, bool level_triggered)
{
    if (!lapic_hardware_enabled(lapic) || (lapic->spurious & LAPIC_SVR_ENABLE) == 0) {
        return false;
    }
    if (vector < LOWEST_VECTOR) {
        lapic_error(lapic, LAPIC_ESR_RECEIVE_VECTOR);
        return true;
    }
    lapic_set_request(lapic, vector, level_triggered);
    return true;
}

void lapic_deliver_local(struct lapic *lapic, enum lapic_lvt entry)
{
    uint32_t lvt = lapic->lvt[entry];
    if ((lvt & LAPIC_LVT_MASKED) != 0) {
        return;
    }
    const struct apic_bus *bus = lapic->bus;
    uint32_t vcpu = lapic->config.vcpu;
    bool is_lint = entry == LAPIC_LVT_LINT0 || entry == LAPIC_LVT_LINT1;
    switch (LAPIC_LVT_DELIVERY(lvt)) {
    case APIC_DELIVER_FIXED: {
        bool level = is_lint && (lvt & LAPIC_LVT_LEVEL) != 0;
        if (level && (lvt & LAPIC_LVT_REMOTE_IRR) != 0) {
            return; /* taken, and not ended yet */
        }
        if (lapic_deliver(lapic, (uint8_t)lvt, level) && level) {
            lapic->lvt[entry] |= LAPIC_LVT_REMOTE_IRR;
        }
        break;
    }
    case APIC_DELIVER_SMI:
        bus->ops->event(bus->context, vcpu, APIC_EVENT_SMI, 0);
        break;
    case APIC_DELIVER_NMI:
        bus->ops->event(bus->context, vcpu, APIC_EVENT_NMI, 0);
        break;
    case APIC_DELIVER_INIT:
        bus->ops->event(bus->context, vcpu, APIC_EVENT_INIT, 0);
        break;
    default: /* ExtINT follows the pin's level: lapic_extint_pending(); the rest is reserved */
        break;
    }
}

void lapic_set_lint(struct lapic *lapic, uint32_t pin, bool level)
{
    if (pin > 1 || lapic->lint_level[pin] == level) {
        return;
    }
    lapic->lint_level[pin] = level;
    if (!level) {
        return;
    }
    const struct apic_bus *bus = lapic->bus;
    if (lapic_hardware_enabled(lapic)) {
        lapic_deliver_local(lapic, LAPIC_LVT_LINT0 + pin);
    } else if (pin == 1) {
        bus->ops->event(bus->context, lapic->config.vcpu, APIC_EVENT_NMI, 0);
    }
    bus->ops->interrupt_pending(bus->context, lapic->config.vcpu);
}

bool lapic_matches(const struct lapic *lapic, const struct apic_message *message)
{
    uint32_t destination = message->destination;
    if (!lapic_hardware_enabled(lapic)) {
        return false;
    }
    if (destination == (message->wide ? 0xffffffffu : 0xffu)) {
        return true;
    }
    if (lapic_in_x2apic_mode(lapic)) {
        if (!message->logical) {
            return destination == lapic->id;
        }
        return destination >> 16 == lapic->logical >> 16 && (destination & lapic->logical & 0xffffu) != 0;
    }
    if (destination > 0xff) {
        return false;
    }
    if (!message->logical) {
        return destination == lapic->id >> 24;
    }
    uint32_t logical = lapic->logical >> 24;
    switch (lapic->format >> 28) {
    case 0xf: /* flat */
        return (destination & logical) != 0;
    case 0x0: /* cluster */
        return destination >> 4 == logical >> 4 && (destination & logical & 0xfu) != 0;
    default:
        return false;
    }
}

/* Everything but IA32_APIC_BASE, the APIC ID and the pins' levels. */
static void clear_state(struct lapic *lapic)
{
    for (uint32_t i = 0; i < 4; i++) {
        __atomic_store_n(&lapic->irr[i], 0, __ATOMIC_RELAXED);
        __atomic_store_n(&lapic->tmr[i], 0, __ATOMIC_RELAXED);
        lapic->isr[i] = 0;
    }
    __atomic_store_n(&lapic->extint_message, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&lapic->error_pending, 0, __ATOMIC_RELAXED);
    lapic->tpr = 0;
    lapic->ppr = 0;
    lapic->spurious = 0xff;
    for (uint32_t i = 0; i < LAPIC_LVT_COUNT; i++) {
        lapic->lvt[i] = LAPIC_LVT_MASKED;
    }
    lapic->logical = 0;
    lapic->format = 0xffffffff;
    lapic->error = 0;
    lapic->icr = 0;
    lapic_timer_reset(lapic);
    if (lapic_in_x2apic_mode(lapic)) {
        lapic_enter_x2apic(lapic);
    }
}

void lapic_enter_x2apic(struct lapic *lapic)
{
    uint32_t id = lapic->config.vcpu;
    lapic->id = id;
    lapic->logical = id >> 4 << 16 | 1u << (id & 0xfu); /* §11.12.10.2 */
    lapic->icr &= 0xffffffff;
}

void lapic_power_on(struct lapic *lapic)
{
    lapic->id = lapic->config.vcpu << 24;
    clear_state(lapic);
}

void lapic_reset(struct lapic *lapic, bool virtual_wire)
{
    lapic->base = PC_LAPIC_BASE | LAPIC_BASE_ENABLE | (lapic->config.vcpu == 0 ? LAPIC_BASE_BSP : 0);
    lapic_power_on(lapic);
    if (virtual_wire && lapic->config.vcpu == 0) {
        lapic->spurious |= LAPIC_SVR_ENABLE;
        lapic->lvt[LAPIC_LVT_LINT0] = LVT_EXTINT;
        lapic->lvt[LAPIC_LVT_LINT1] = LVT_NMI;
    }
}

void lapic_init_signal(struct lapic *lapic)
{
    clear_state(lapic);
}

int lapic_init(struct lapic *lapic, struct apic_bus *bus, const struct lapic_config *config, struct timer_set *timers,
               const struct vm_clock *clock, struct vm *vm)
{
    (void)vm;
    if (config->vcpu >= VM_MAX_VCPUS || bus->lapics[config->vcpu] != NULL) {
        return -1;
    }
    *lapic = (struct lapic){.timers = timers, .clock = clock, .bus = bus, .config = *config};
    lapic_timer_init(lapic);
    if (timer_add(timers, &lapic->timer) != 0) {
        return -1;
    }
    bus->lapics[config->vcpu] = lapic;
    if (bus->count <= config->vcpu) {
        bus->count = config->vcpu + 1;
    }
    lapic_reset(lapic, false);
    return 0;
}
