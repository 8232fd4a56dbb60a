/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <kernel/irq.h>
#include <skyscope/plan.h>

/* Boot: routes a planned interrupt to its target's CPU. irq->target is set. */
void irq_setup(struct irq *irq, const struct plan_irq *planned, const char *pd_name);
