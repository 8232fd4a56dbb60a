/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O APICs: routing of device interrupts (Intel 82093AA). */
#pragma once

#include <kernel/irq.h>
#include <skyscope/boot_info.h>
#include <skyscope/plan.h>

/* Maps all of them and masks every pin. */
void ioapic_init(const struct hardware_info *hardware);
/* Finds out where the plan's interrupt arrives on this machine, applying the
 * MADT's overrides to ISA interrupts. False: nowhere. */
bool ioapic_resolve(const struct hardware_info *hardware, const struct plan_irq *planned, struct irq *irq);
/* Programs the pin for this CPU; unmasked. */
void ioapic_route(const struct irq *irq, uint32_t apic_id);
