/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Tells the processor that this is a spin loop. */
static inline void cpu_relax(void)
{
#if defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#else /* unit tests on another machine */
    __asm__ volatile("" ::: "memory");
#endif
}
