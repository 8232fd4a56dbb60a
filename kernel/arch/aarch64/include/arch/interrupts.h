/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts are never taken by the kernel, which runs with all of them masked: a CPU
 * that comes from EL0 or a guest, or sleeps, asks the GIC for what is pending.
 */
#pragma once

#include <stdint.h>

#include <kernel/cpu.h>
#include <kernel/irq.h>

/* Boot: this SPI or LPI is that device interrupt's. */
void interrupt_assign(uint32_t intid, struct irq *irq);
/* Takes and handles all that are pending. */
void interrupts_handle(struct cpu *cpu);
