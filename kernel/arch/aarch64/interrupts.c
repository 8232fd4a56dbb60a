/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cpu.h>
#include <arch/gic.h>
#include <arch/interrupts.h>
#include <arch/percpu.h>
#include <arch/smmu.h>
#include <arch/vcpu_host.h>
#include <kernel/arch.h>
#include <kernel/log.h>
#include <kernel/scheduler.h>
#include <kernel/signal.h>
#include <kernel/system.h>

#define MAX_REPORTS 16u

static struct irq *irq_of_spi[GIC_SPECIAL_FIRST];
static struct irq *irq_of_lpi[PLAN_MAX_IRQS]; /* from GIC_FIRST_LPI on */
static uint32_t reports;

static struct irq **irq_of(uint32_t intid)
{
    if (intid >= GIC_FIRST_SPI && intid < GIC_SPECIAL_FIRST) {
        return &irq_of_spi[intid];
    }
    return intid >= GIC_FIRST_LPI && intid - GIC_FIRST_LPI < PLAN_MAX_IRQS ? &irq_of_lpi[intid - GIC_FIRST_LPI] : NULL;
}

void interrupt_assign(uint32_t intid, struct irq *irq)
{
    *irq_of(intid) = irq;
}

static void timer_fired(struct cpu *cpu, uint32_t acknowledged)
{
    cpu->statistics->timer_interrupts++;
    write_sysreg(cnthp_ctl_el2, 0);
    isb(); /* its line is down before it can come again */
    gic_deactivate(acknowledged);
    scheduler_timer_fired(cpu);
}

static void private_interrupt(struct percpu *percpu, uint32_t acknowledged)
{
    const struct hardware_arch *hardware = &kernel_system.hardware->arch;
    struct cpu *cpu = &percpu->core;
    uint32_t intid = gic_intid(acknowledged);

    if (intid == hardware->hyper_timer.intid) {
        timer_fired(cpu, acknowledged);
    } else if (intid == hardware->virtual_timer.intid) {
        vcpu_timer_interrupt(percpu);
    } else if (intid == GIC_SGI_INTERPROCESSOR) {
        cpu->statistics->interprocessor_interrupts++;
        gic_deactivate(acknowledged);
        remote_requests_handle(cpu);
    } else if (intid == hardware->maintenance.intid) {
        vcpu_maintenance_interrupt(percpu);
        gic_deactivate(acknowledged);
    } else if (intid == GIC_SGI_STOP) {
        gic_deactivate(acknowledged);
        arch_halt();
    } else {
        gic_private_disable(intid);
        gic_deactivate(acknowledged);
        if (__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED) < MAX_REPORTS) {
            kernel_log("kernel: unexpected private interrupt %u on CPU %u\n", intid, cpu->index);
        }
    }
}

static void device_interrupt(uint32_t acknowledged)
{
    uint32_t intid = gic_intid(acknowledged);
    struct irq **entry = irq_of(intid);
    struct irq *irq = entry != NULL ? *entry : NULL;

    if (irq == NULL) {
        gic_deactivate(acknowledged);
        if (!smmu_interrupt(intid) && __atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED) < MAX_REPORTS) {
            kernel_log("kernel: unexpected interrupt %u\n", intid);
        }
        return;
    }
    if (!irq->level) {
        gic_deactivate(acknowledged);
    }
    irq_deliver(irq);
}

void interrupts_handle(struct cpu *cpu)
{
    struct percpu *percpu = current_percpu();

    do {
        uint32_t acknowledged = gic_acknowledge();
        uint32_t intid = gic_intid(acknowledged);
        if (intid >= GIC_SPECIAL_FIRST && intid <= GIC_SPURIOUS) {
            return;
        }
        cpu->statistics->interrupts++;
        gic_drop_priority(acknowledged);
        if (intid < GIC_FIRST_SPI) {
            private_interrupt(percpu, acknowledged);
        } else {
            device_interrupt(acknowledged);
        }
    } while (cpu_interrupt_pending() != 0);
}

void arch_interrupt_cpu(uint32_t cpu)
{
    gic_send(cpu, GIC_SGI_INTERPROCESSOR);
}

void arch_timer_arm(uint64_t deadline)
{
    write_sysreg(cnthp_cval_el2, deadline);
    write_sysreg(cnthp_ctl_el2, deadline == UINT64_MAX ? 0 : TIMER_ENABLE);
}

/* An SPI that is level-triggered stays active from its delivery on, which masks it. */
void arch_irq_mask(struct irq *irq)
{
    (void)irq;
}

void arch_irq_unmask(struct irq *irq)
{
    gic_deactivate_spi(irq->pin);
}
