/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/dma.h>
#include <arch/gic.h>
#include <arch/interrupts.h>
#include <arch/irq_setup.h>
#include <kernel/log.h>
#include <kernel/thread.h>

void irq_setup(struct irq *irq, const struct plan_view *view, const struct plan_machine *machine, uint32_t index)
{
    const struct hardware_arch *hardware = &machine->hardware->arch;
    const struct plan_irq *planned = &view->irqs[index];
    const char *pd_name = view->pds[planned->pd].name;
    uint8_t priority = gic_device_priority(planned->vector);

    if (planned->kind == PLAN_IRQ_MSI) {
        uint64_t doorbell = gic_route_msi(irq, planned, pd_name, priority);
        interrupt_assign(irq->pin, irq);
        dma_give_device((uint16_t)planned->pci_address, doorbell, view, machine, planned->pd);
        return;
    }
    if (planned->kind == PLAN_IRQ_CONSOLE) {
        irq->pin = hardware->uart_interrupt.intid;
        irq->level = hardware->uart_interrupt.edge == 0;
    } else {
        irq->pin = planned->pin;
        irq->level = (planned->flags & PLAN_IRQ_EDGE) == 0;
    }
    if (irq->pin >= gic_spi_end()) {
        kernel_refuse("PD %s: interrupt %u: the interrupt controller has no INTID %u, only those below %u", pd_name,
                      planned->id, irq->pin, gic_spi_end());
    }
    interrupt_assign(irq->pin, irq);
    gic_route(irq->pin, irq->target->cpu, priority, !irq->level);
}
