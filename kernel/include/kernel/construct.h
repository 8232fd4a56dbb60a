/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot: makes every object of the plan. */
#pragma once

#include <kernel/plan_check.h>

/* The CPUs' structures exist, their clocks run. Afterwards every thread is in its
 * CPU's ready queue. */
void construct_system(const struct plan_view *view, const struct plan_machine *machine);
