/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/interrupts.h>
#include <arch/lapic.h>
#include <arch/percpu.h>
#include <kernel/arch.h>
#include <kernel/log.h>
#include <kernel/scheduler.h>
#include <kernel/signal.h>
#include <kernel/system.h>

#define MAX_REPORTS 16u

static struct irq *irq_of_vector[256];
static uint32_t reports;

void interrupt_assign(uint32_t vector, struct irq *irq)
{
    irq_of_vector[vector] = irq;
}

/* Nobody expects it: the first few are worth a line. */
static void unexpected(uint32_t vector)
{
    if (lapic_in_service(vector)) {
        lapic_end_of_interrupt();
    }
    if (__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED) < MAX_REPORTS) {
        kernel_log("kernel: unexpected interrupt, vector 0x%x\n", vector);
    }
}

void interrupt_handle(struct cpu *cpu, uint32_t vector)
{
    cpu->statistics->interrupts++;
    switch (vector) {
    case VECTOR_TIMER:
        cpu->statistics->timer_interrupts++;
        lapic_end_of_interrupt();
        scheduler_timer_fired(cpu);
        return;
    case VECTOR_INTERPROCESSOR:
        cpu->statistics->interprocessor_interrupts++;
        lapic_end_of_interrupt();
        remote_requests_handle(cpu);
        return;
    case VECTOR_SPURIOUS:
        return;
    case VECTOR_APIC_ERROR:
        lapic_end_of_interrupt();
        if (__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED) < MAX_REPORTS) {
            kernel_log("kernel: local APIC of CPU %u reports errors 0x%x\n", cpu->index, lapic_errors());
        }
        return;
    default:
        break;
    }
    struct irq *irq = irq_of_vector[vector & 0xff];
    if (irq == NULL) {
        unexpected(vector);
        return;
    }
    irq_deliver(irq); /* masks a level-triggered pin, so before the end of interrupt */
    lapic_end_of_interrupt();
}

void arch_interrupt_cpu(uint32_t cpu)
{
    struct percpu *target = (struct percpu *)(void *)((char *)kernel_system.cpus[cpu] - offsetof(struct percpu, core));
    lapic_send(target->apic_id, VECTOR_INTERPROCESSOR);
}

void arch_timer_arm(uint64_t deadline)
{
    lapic_timer_arm(deadline);
}
