/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/arch.h>
#include <kernel/irq.h>
#include <kernel/signal.h>

void irq_deliver(struct irq *irq)
{
    if (irq->level) {
        /* It would come again at once: silent until the driver has dealt with it. Said
         * only when done, lest another CPU unmasks it before it is masked. */
        arch_irq_mask(irq);
        __atomic_store_n(&irq->masked, 1, __ATOMIC_SEQ_CST);
    }
    signal_thread(irq->target, irq->bit);
}

void irq_acknowledge(struct irq *irq)
{
    if (irq->level && __atomic_exchange_n(&irq->masked, 0, __ATOMIC_SEQ_CST) != 0) {
        arch_irq_unmask(irq);
    }
}
