/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <kernel/irq.h>
#include <kernel/plan_check.h>

/* Boot: routes the plan's interrupt of this index to its target's CPU. irq->target is set. */
void irq_setup(struct irq *irq, const struct plan_view *view, const struct plan_machine *machine, uint32_t index);
