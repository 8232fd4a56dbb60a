/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions while the loader runs. */
#pragma once

#include <stdint.h>

/* Nothing is left to do: entry.S loads the vectors on each CPU. */
static inline void exceptions_start(void)
{
}
/* Called by exceptions.S. vector: index in the table, 0 to 15. */
__attribute__((noreturn)) void exception_report(uint64_t vector, uint64_t syndrome, uint64_t address, uint64_t fault);
