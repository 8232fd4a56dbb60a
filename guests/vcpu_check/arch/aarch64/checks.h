/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the check share. */
#pragma once

#include "../../../bare/arch/aarch64/bare.h"

void check(const char *name, bool good);

/* Exceptions so far, interrupts not among them; class (ESR_EL1.EC) and return address of the last. */
uint64_t exceptions_taken(void);
uint64_t exception_class(void);
uint64_t exception_address(void);

/* In X30 at an exception: go on at X29. */
#define SKIP_MAGIC  0x5c195c195c195c19ull
#define PSTATE_HERE 0x3c5ull /* EL1h, all masked */

/* registers.c: registers that keep their values while others run in between */
void check_kept_values(void);
/* instructions.c: what exits, what is refused, and what both leave alone */
void check_instructions(void);
