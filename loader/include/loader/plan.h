/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader reads of the plan; the kernel checks the rest. */
#pragma once

#include <stdint.h>

#include <loader/log.h>
#include <loader/payload.h>
#include <skyscope/plan.h>

struct plan_regions {
    const struct plan_header *header;
    const struct plan_region *regions;
    uint32_t count;
};

/* Checks the plan's header, table bounds and regions (against the payload's
 * images). 1, or 0 and an explanation. */
int plan_check(const struct payload *payload, struct plan_regions *plan, struct loader_error *error);
