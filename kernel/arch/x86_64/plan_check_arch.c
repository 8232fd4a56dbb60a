/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a plan depends on this architecture: interrupts of IOAPICs and by MSI, I/O ports. */
#include <kernel/plan_check.h>
#include <skyscope/types.h>

#define MAX_IRQ_VECTOR 107u
#define ISA_INTERRUPTS 16u

bool plan_arch_check_hardware(const struct hardware_arch *hardware, struct plan_error *error)
{
    return plan_check_count(error, "IOAPICs", hardware->ioapic_count, HARDWARE_MAX_IOAPICS) &&
           plan_check_count(error, "interrupt overrides", hardware->override_count, HARDWARE_MAX_OVERRIDES);
}

bool plan_arch_device_address(const struct plan_region *region, const struct hardware_arch *hardware, uint64_t *address,
                              struct plan_error *error)
{
    (void)hardware;
    (void)error;
    *address = region->physical_address;
    return true;
}

bool plan_arch_check_device(const struct plan_region *region, uint64_t address, const struct hardware_arch *hardware,
                            struct plan_error *error)
{
    if (plan_overlap(address, region->size, hardware->lapic_address, PAGE_SIZE_4K)) {
        return plan_refuse(error, "region %s: contains the local APIC", region->name);
    }
    for (uint32_t i = 0; i < hardware->ioapic_count; i++) {
        if (plan_overlap(address, region->size, hardware->ioapics[i].address, PAGE_SIZE_4K)) {
            return plan_refuse(error, "region %s: contains an IOAPIC", region->name);
        }
    }
    return true;
}

bool plan_arch_check_device_map(const struct plan_region *region, const struct plan_space *space,
                                struct plan_error *error)
{
    (void)region;
    (void)space;
    (void)error;
    return true;
}

static bool check_source(const struct plan_irq *irq, const char *name, const struct hardware_arch *hardware,
                         struct plan_error *error)
{
    switch (irq->kind) {
    case PLAN_IRQ_IOAPIC:
        if ((irq->flags & PLAN_IRQ_LEGACY_ISA) != 0) {
            return irq->pin < ISA_INTERRUPTS ||
                   plan_refuse(error, "interrupt %u of PD %s: there is no ISA interrupt %u", irq->id, name, irq->pin);
        }
        if (irq->ioapic >= hardware->ioapic_count || irq->pin >= hardware->ioapics[irq->ioapic].pin_count) {
            return plan_refuse(error, "interrupt %u of PD %s: this machine has no pin %u of IOAPIC %u", irq->id, name,
                               irq->pin, irq->ioapic);
        }
        return true;
    case PLAN_IRQ_MSI:
        return true;
    default:
        return plan_refuse(error, "interrupt %u of PD %s: unknown kind %u", irq->id, name, irq->kind);
    }
}

bool plan_arch_check_irq(const struct plan_view *view, const struct plan_machine *machine, uint32_t index,
                         struct plan_error *error)
{
    const struct plan_irq *irq = &view->irqs[index];
    const char *name = view->pds[irq->pd].name;
    static const uint32_t known_flags = PLAN_IRQ_EDGE | PLAN_IRQ_ACTIVE_LOW | PLAN_IRQ_LEGACY_ISA;

    if ((irq->flags & ~known_flags) != 0 || irq->vector > MAX_IRQ_VECTOR) {
        return plan_refuse(error, "interrupt %u of PD %s: bad flags 0x%x or vector %u", irq->id, name, irq->flags,
                           irq->vector);
    }
    if (!check_source(irq, name, &machine->hardware->arch, error)) {
        return false;
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct plan_irq *other = &view->irqs[i];
        const char *owner = view->pds[other->pd].name;
        if (other->vector == irq->vector) {
            return plan_refuse(error, "interrupt %u of PD %s: has the same vector %u as one of %s", irq->id, name,
                               irq->vector, owner);
        }
        if (irq->kind == PLAN_IRQ_IOAPIC && other->kind == PLAN_IRQ_IOAPIC && other->pin == irq->pin &&
            other->ioapic == irq->ioapic &&
            (other->flags & PLAN_IRQ_LEGACY_ISA) == (irq->flags & PLAN_IRQ_LEGACY_ISA)) {
            return plan_refuse(error, "interrupt %u of PD %s: pin %u is already that of %s", irq->id, name, irq->pin,
                               owner);
        }
    }
    return true;
}

static bool check_ioport(const struct plan_view *view, uint32_t index, struct plan_error *error)
{
    const struct plan_ioport *port = &view->ioports[index];

    if (port->pd >= view->counts[PLAN_TABLE_PDS] || port->id >= PLAN_CHANNEL_IDS || port->size == 0 ||
        port->base > 0xffff || port->size > 0x10000 - port->base) {
        return plan_refuse(error, "I/O ports %u: 0x%x ports at 0x%x are not possible", index, port->size, port->base);
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct plan_ioport *other = &view->ioports[i];
        if (other->pd == port->pd && other->id == port->id) {
            return plan_refuse(error, "I/O ports %u of PD %s: there are two", port->id, view->pds[port->pd].name);
        }
    }
    return true;
}

bool plan_arch_check_ioports(const struct plan_view *view, struct plan_error *error)
{
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_IOPORTS]; i++) {
        if (!check_ioport(view, i, error)) {
            return false;
        }
    }
    return true;
}
