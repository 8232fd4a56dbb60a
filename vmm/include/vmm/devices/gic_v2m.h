/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv2m: a frame in which writes of devices become edges of SPIs, message-signalled interrupts for a GICv2 (Arm
 * Server Base System Architecture, DEN 0029, appendix on GICv2m).
 */
#pragma once

#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/irq.h>

struct gic_v2m {
    struct irq_router *router;
    uint64_t base;
    uint32_t first, count; /* lines of the router (line n is INTID 32 + n) */
};

/* Registers the frame's 4 KiB at `base`, and itself as the receiver of the router's MSIs. 0, or -1 if the table is
 * full. */
int gic_v2m_init(struct gic_v2m *frame, struct bus *mmio, uint64_t base, uint32_t first, uint32_t count,
                 struct irq_router *router);
