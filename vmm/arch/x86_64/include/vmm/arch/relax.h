/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Tells the processor that this is a spin loop. */
static inline void cpu_relax(void)
{
    __asm__ volatile("pause" ::: "memory");
}
