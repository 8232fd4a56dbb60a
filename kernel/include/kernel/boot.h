/* SPDX-License-Identifier: BSD-2-Clause */
/* What every architecture's boot consists of, in the order of use. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/boot_info.h>

/* Boot CPU, first of all: the log; a copy of the loader's boot information, checked. */
const struct boot_info *boot_take_info(const struct boot_info *loader);

/* Boot CPU, once the pool can be used: copies and checks the hardware's description,
 * publishes it and the statistics. entry_ticks: clock when the kernel was entered. */
void boot_publish(const struct hardware_info *hardware, uint64_t entry_ticks);

/* One line in the log, once the clock's frequency is known. clock: what it is called. */
void boot_report(const char *clock);

/* Boot CPU: checks the plan, makes all objects, and closes the pool. vcpus: this
 * machine can run vCPUs. */
void boot_construct(bool vcpus);

/* Boot CPU: lets the other CPUs, which wait in entry.S, in, and waits until each has
 * called boot_wait(). Afterwards they may all go on. */
void boot_start_others(void);
/* The other CPUs, once they have made themselves ready. */
void boot_wait(void);

/* CPUs with an index below may go on in entry.S. */
extern volatile uint32_t cpu_release_count;

/* Stack canary: GCC's name. Set by a function that has none itself. */
extern uintptr_t __stack_chk_guard;
