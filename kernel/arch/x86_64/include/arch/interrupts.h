/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt vectors of 32 and up. */
#pragma once

#include <stdint.h>

#include <kernel/cpu.h>
#include <kernel/irq.h>

/* Boot: this vector is that device interrupt's. */
void interrupt_assign(uint32_t vector, struct irq *irq);
void interrupt_handle(struct cpu *cpu, uint32_t vector);
