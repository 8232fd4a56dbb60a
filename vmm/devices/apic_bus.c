/* SPDX-License-Identifier: BSD-2-Clause */
/* Delivery of interrupt messages. Intel SDM vol. 3 §11.6.2, §11.11. */
#include <stddef.h>

#include <vmm/devices/apic_bus.h>
#include <vmm/devices/lapic.h>

#include "lapic_internal.h"

#define MSI_ADDRESS_MASK  0xfffffffffff00000ull
#define MSI_ADDRESS       0xfee00000ull
#define MSI_REDIRECT_HINT (1u << 3)
#define MSI_LOGICAL       (1u << 2)
#define MSI_LEVEL         (1u << 15)
#define MSI_ASSERT        (1u << 14)

void apic_bus_init(struct apic_bus *bus, const struct apic_bus_ops *ops, void *context)
{
    *bus = (struct apic_bus){.ops = ops, .context = context};
}

static bool is_target(const struct lapic *lapic, const struct apic_message *message, enum apic_shorthand shorthand,
                      const struct lapic *source)
{
    switch (shorthand) {
    case APIC_TO_SELF:
        return lapic == source;
    case APIC_TO_ALL:
        return lapic_hardware_enabled(lapic);
    case APIC_TO_OTHERS:
        return lapic != source && lapic_hardware_enabled(lapic);
    default:
        return lapic_matches(lapic, message);
    }
}

static bool deliver_to(struct apic_bus *bus, struct lapic *lapic, const struct apic_message *message)
{
    uint32_t vcpu = lapic->config.vcpu;
    switch (message->delivery_mode) {
    case APIC_DELIVER_FIXED:
    case APIC_DELIVER_LOWEST_PRIORITY:
        if (!lapic_deliver(lapic, message->vector, message->level_triggered)) {
            return false;
        }
        bus->ops->interrupt_pending(bus->context, vcpu);
        return true;
    case APIC_DELIVER_EXTINT:
        __atomic_store_n(&lapic->extint_message, 1, __ATOMIC_RELEASE);
        bus->ops->interrupt_pending(bus->context, vcpu);
        return true;
    case APIC_DELIVER_SMI:
        bus->ops->event(bus->context, vcpu, APIC_EVENT_SMI, 0);
        return true;
    case APIC_DELIVER_NMI:
        bus->ops->event(bus->context, vcpu, APIC_EVENT_NMI, 0);
        return true;
    case APIC_DELIVER_INIT:
        bus->ops->event(bus->context, vcpu, APIC_EVENT_INIT, 0);
        return true;
    case APIC_DELIVER_STARTUP:
        bus->ops->event(bus->context, vcpu, APIC_EVENT_STARTUP, message->vector);
        return true;
    default:
        return false;
    }
}

/* The target with the lowest processor priority; the turn decides among equals. */
static bool deliver_lowest(struct apic_bus *bus, const struct apic_message *message, enum apic_shorthand shorthand,
                           const struct lapic *source)
{
    struct lapic *chosen = NULL;
    uint32_t turn = bus->turn;
    for (uint32_t i = 0; i < bus->count; i++) {
        struct lapic *lapic = bus->lapics[(turn + i) % bus->count];
        if (lapic == NULL || (lapic->spurious & LAPIC_SVR_ENABLE) == 0 ||
            !is_target(lapic, message, shorthand, source)) {
            continue;
        }
        if (chosen == NULL || lapic->ppr >> 4 < chosen->ppr >> 4) {
            chosen = lapic;
        }
    }
    if (chosen == NULL) {
        return false;
    }
    bus->turn = (chosen->config.vcpu + 1) % bus->count;
    return deliver_to(bus, chosen, message);
}

bool apic_bus_send(struct apic_bus *bus, const struct apic_message *message, enum apic_shorthand shorthand,
                   struct lapic *source)
{
    if (message->delivery_mode == APIC_DELIVER_LOWEST_PRIORITY) {
        return deliver_lowest(bus, message, shorthand, source);
    }
    bool delivered = false;
    for (uint32_t i = 0; i < bus->count; i++) {
        struct lapic *lapic = bus->lapics[i];
        if (lapic != NULL && is_target(lapic, message, shorthand, source)) {
            delivered |= deliver_to(bus, lapic, message);
        }
    }
    return delivered;
}

void apic_bus_msi(void *target, uint32_t device, uint64_t address, uint32_t data)
{
    struct apic_bus *bus = target;
    (void)device; /* nothing here tells requesters apart */
    if ((address & MSI_ADDRESS_MASK) != MSI_ADDRESS) {
        return;
    }
    bool level = (data & MSI_LEVEL) != 0;
    if (level && (data & MSI_ASSERT) == 0) {
        return; /* de-assertion */
    }
    struct apic_message message = {
        .destination = (uint32_t)(address >> 12) & 0xffu,
        .vector = (uint8_t)data,
        .delivery_mode = data >> 8 & 7u,
        .logical = (address & MSI_LOGICAL) != 0,
        .level_triggered = level,
    };
    if (message.delivery_mode == APIC_DELIVER_STARTUP) {
        return; /* reserved in MSIs */
    }
    if (message.delivery_mode == APIC_DELIVER_FIXED && (address & MSI_REDIRECT_HINT) != 0 && message.logical) {
        message.delivery_mode = APIC_DELIVER_LOWEST_PRIORITY;
    }
    apic_bus_send(bus, &message, APIC_TO_DESTINATION, NULL);
}
