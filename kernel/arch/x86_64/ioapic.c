/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/ioapic.h>
#include <arch/page_table.h>
#include <kernel/arch.h>
#include <kernel/spinlock.h>

#define REGISTER_VERSION 0x01u
#define REGISTER_PINS    0x10u

#define ENTRY_ACTIVE_LOW (1u << 13)
#define ENTRY_LEVEL      (1u << 15)
#define ENTRY_MASKED     (1u << 16)

static volatile uint32_t *windows[HARDWARE_MAX_IOAPICS];
/* CPUs share the index register. */
static struct spinlock lock;

static void write(uint32_t ioapic, uint32_t index, uint32_t value)
{
    windows[ioapic][0] = index;
    windows[ioapic][4] = value;
}

static uint32_t read(uint32_t ioapic, uint32_t index)
{
    windows[ioapic][0] = index;
    return windows[ioapic][4];
}

void ioapic_init(const struct hardware_info *hardware)
{
    for (uint32_t i = 0; i < hardware->arch.ioapic_count; i++) {
        windows[i] = page_table_map_device(HPA(hardware->arch.ioapics[i].address), 0x20);
        uint32_t pins = (read(i, REGISTER_VERSION) >> 16 & 0xff) + 1;
        for (uint32_t pin = 0; pin < pins; pin++) {
            write(i, REGISTER_PINS + 2 * pin, ENTRY_MASKED);
            write(i, REGISTER_PINS + 2 * pin + 1, 0);
        }
    }
}

/* Which pin has this global system interrupt? */
static bool find_pin(const struct hardware_info *hardware, uint32_t gsi, struct irq *irq)
{
    for (uint32_t i = 0; i < hardware->arch.ioapic_count; i++) {
        const struct hardware_ioapic *ioapic = &hardware->arch.ioapics[i];
        if (gsi >= ioapic->gsi_base && gsi - ioapic->gsi_base < ioapic->pin_count) {
            irq->ioapic = i;
            irq->pin = gsi - ioapic->gsi_base;
            return true;
        }
    }
    return false;
}

bool ioapic_resolve(const struct hardware_info *hardware, const struct plan_irq *planned, struct irq *irq)
{
    irq->level = (planned->flags & PLAN_IRQ_EDGE) == 0;
    irq->active_low = (planned->flags & PLAN_IRQ_ACTIVE_LOW) != 0;
    irq->ioapic = planned->ioapic;
    irq->pin = planned->pin;
    if ((planned->flags & PLAN_IRQ_LEGACY_ISA) == 0) {
        return planned->ioapic < hardware->arch.ioapic_count &&
               planned->pin < hardware->arch.ioapics[planned->ioapic].pin_count;
    }
    uint32_t gsi = planned->pin;
    /* ISA interrupts are edge-triggered and active high unless the MADT says otherwise. */
    irq->level = false;
    irq->active_low = false;
    for (uint32_t i = 0; i < hardware->arch.override_count; i++) {
        const struct hardware_override *override = &hardware->arch.overrides[i];
        if (override->source == planned->pin) {
            gsi = override->gsi;
            irq->level = override->edge == 0;
            irq->active_low = override->active_low != 0;
        }
    }
    return find_pin(hardware, gsi, irq);
}

static uint32_t entry_low(const struct irq *irq)
{
    return irq->vector | (irq->level ? ENTRY_LEVEL : 0) | (irq->active_low ? ENTRY_ACTIVE_LOW : 0);
}

void ioapic_route(const struct irq *irq, uint32_t apic_id)
{
    write(irq->ioapic, REGISTER_PINS + 2 * irq->pin + 1, apic_id << 24);
    write(irq->ioapic, REGISTER_PINS + 2 * irq->pin, entry_low(irq));
}

void arch_irq_mask(struct irq *irq)
{
    spinlock_acquire(&lock);
    write(irq->ioapic, REGISTER_PINS + 2 * irq->pin, entry_low(irq) | ENTRY_MASKED);
    spinlock_release(&lock);
}

void arch_irq_unmask(struct irq *irq)
{
    spinlock_acquire(&lock);
    write(irq->ioapic, REGISTER_PINS + 2 * irq->pin, entry_low(irq));
    spinlock_release(&lock);
}
