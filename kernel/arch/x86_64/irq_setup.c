/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/interrupts.h>
#include <arch/ioapic.h>
#include <arch/irq_setup.h>
#include <arch/lapic.h>
#include <kernel/log.h>
#include <kernel/thread.h>

#define MSI_ADDRESS     0xfee00000u
/* Without interrupt remapping, devices can name eight bits. */
#define MAX_DESTINATION 0xffu

void irq_setup(struct irq *irq, const struct plan_view *view, const struct plan_machine *machine, uint32_t index)
{
    const struct plan_irq *planned = &view->irqs[index];
    const char *pd_name = view->pds[planned->pd].name;
    uint32_t apic_id = machine->hardware->cpus[irq->target->cpu].apic_id;

    if (apic_id > MAX_DESTINATION) {
        kernel_refuse("PD %s: interrupt %u cannot reach CPU %u, whose APIC id is %u", pd_name, planned->id,
                      irq->target->cpu, apic_id);
    }
    irq->vector = (uint8_t)(VECTOR_DEVICE_BASE + planned->vector);
    interrupt_assign(irq->vector, irq);
    if (planned->kind == PLAN_IRQ_MSI) {
        /* The driver programs its device; these are the values that reach it. */
        kernel_log("kernel: PD %s interrupt %u: MSI address 0x%x data 0x%x\n", pd_name, planned->id,
                   MSI_ADDRESS | (apic_id & 0xff) << 12, irq->vector);
        return;
    }
    if (!ioapic_resolve(machine->hardware, planned, irq)) {
        kernel_refuse("PD %s: interrupt %u: no IOAPIC of this machine has pin %u", pd_name, planned->id, planned->pin);
    }
    ioapic_route(irq, apic_id);
}
