/* SPDX-License-Identifier: BSD-2-Clause */
/* Called by entry.S. */
#pragma once

#include <stdint.h>

#include <kernel/boot.h>

struct percpu;

/* CPU 0, on a stack of its own; boot: physical address. Does not return. */
void boot_cpu_main(const struct boot_info *boot);
/* The others, once they are released: on the kernel's page tables and their own
 * stacks. Do not return. */
void other_cpu_main(void);

/* What entry.S loads: registers of the kernel's page tables, and what TPIDR_EL2 points to. */
struct cpu_release {
    uint64_t mair, tcr, ttbr0;
};
extern struct cpu_release cpu_release;
extern struct percpu *cpu_release_percpus[PLAN_MAX_CPUS];
/* Until then. */
extern struct percpu boot_percpu;
