/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/gic.h>
#include <arch/interrupts.h>
#include <arch/irq_setup.h>
#include <kernel/log.h>
#include <kernel/system.h>

void irq_setup(struct irq *irq, const struct plan_irq *planned, const char *pd_name)
{
    const struct hardware_arch *hardware = &kernel_system.hardware->arch;
    uint8_t priority = gic_device_priority(planned->vector);

    if (planned->kind == PLAN_IRQ_MSI) {
        gic_route_msi(irq, planned, pd_name, priority);
        interrupt_assign(irq->pin, irq);
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
