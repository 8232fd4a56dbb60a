/* SPDX-License-Identifier: BSD-2-Clause */
/* Message-signalled interrupts: by an ITS, which turns writes into LPIs, or by GICv2m's
 * frame, which turns them into SPIs (Arm Server Base System Architecture, appendix). */
#include <arch/gic.h>
#include <arch/its.h>
#include <kernel/log.h>
#include <kernel/system.h>

#define V2M_SETSPI 0x40u

uint64_t gic_route_msi(struct irq *irq, const struct plan_irq *planned, const char *pd_name, uint8_t priority)
{
    const struct hardware_arch *hardware = &kernel_system.hardware->arch;
    uint64_t doorbell;

    irq->level = false;
    if (hardware->its_count != 0) {
        irq->pin = its_route((uint16_t)planned->pci_address, planned->msi_handle, irq->target->cpu, priority);
        doorbell = its_doorbell();
    } else {
        irq->pin = planned->msi_handle;
        if (irq->pin >= gic_spi_end()) {
            kernel_refuse("PD %s: interrupt %u: the interrupt controller has no INTID %u", pd_name, planned->id,
                          irq->pin);
        }
        gic_route(irq->pin, irq->target->cpu, priority, true);
        doorbell = hardware->v2m.address + V2M_SETSPI;
    }
    /* The driver programs its device; these are the values that reach it. */
    kernel_log("kernel: PD %s interrupt %u: MSI address 0x%llx data 0x%x\n", pd_name, planned->id,
               (unsigned long long)doorbell, planned->msi_handle);
    return doorbell;
}
