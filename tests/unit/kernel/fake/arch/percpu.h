/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPU that the code under test believes to run on. */
#pragma once

#include <kernel/cpu.h>

extern struct cpu *fake_current_cpu;

static inline struct cpu *current_cpu(void)
{
    return fake_current_cpu;
}
