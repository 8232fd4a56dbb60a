/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock that the kernel counts in: the generic timer's physical counter. */
#pragma once

#include <arch/cpu.h>

static inline uint64_t arch_time(void)
{
    return read_counter();
}
