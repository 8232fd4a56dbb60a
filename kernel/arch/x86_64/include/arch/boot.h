/* SPDX-License-Identifier: BSD-2-Clause */
/* Called by entry.S. */
#pragma once

#include <stdint.h>

#include <kernel/boot.h>

/* CPU 0, on a stack of its own; boot: physical address. Does not return. */
void boot_cpu_main(const struct boot_info *boot);
/* The others, once they are released: on the kernel's page tables and their own
 * stacks. Do not return. */
void other_cpu_main(uint32_t index);

/* What entry.S loads. */
extern uint64_t cpu_release_page_table;
extern uint64_t cpu_release_stacks[PLAN_MAX_CPUS];
