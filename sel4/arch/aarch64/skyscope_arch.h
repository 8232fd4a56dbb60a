/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

/* The host clock: the physical counter, which Microkit's kernels let EL0 read. */
static inline uint64_t skyscope_clock(void)
{
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
    return ticks;
}

/* Hz. */
static inline uint64_t skyscope_clock_frequency(void)
{
    uint64_t frequency;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
    return frequency;
}

/* Powers the machine off, or resets it, by the secure firmware (PSCI, Arm DEN 0022, 5.9 and 5.10): only for a PD with
 * smc="true", of a kernel that was built for such calls. False: it cannot. */
static inline bool skyscope_power(bool reset)
{
#ifdef CONFIG_ALLOW_SMC_CALLS
    seL4_ARM_SMCContext call = {.x0 = reset ? 0x84000009u : 0x84000008u};
    seL4_ARM_SMCContext answer;
    (void)seL4_ARM_SMC_Call(ARM_SMC_CAP, &call, &answer);
#else
    (void)reset;
#endif
    return false; /* or it would not be here any more */
}
