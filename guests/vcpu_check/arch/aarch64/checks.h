/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the check share. */
#pragma once

#include "../../../bare/arch/aarch64/bare.h"

void check(const char *name, bool good);

/* Exceptions so far, interrupts not among them; class (ESR_EL1.EC) of the last. */
uint64_t exceptions_taken(void);
uint64_t exception_class(void);

/* Not 0: the next exception goes on there, at EL1. */
extern volatile uint64_t skip_to;
#define PSTATE_HERE 0x3c5ull /* EL1h, all masked */

/* kept.S: general registers over an exit by a call, or by an access to a device: all but those that carry a result. */
bool general_registers_kept(uint64_t pattern, bool by_memory);
/* Goes to AArch32 at EL0, and comes back by a system call, or because the CPU refuses. */
void aarch32_and_back(void);

/* registers.c: registers that keep their values while others run in between */
void check_kept_values(void);
/* instructions.c: what exits, what is refused, and what both leave alone */
void check_instructions(void);
