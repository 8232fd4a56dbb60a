/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader's test kernel needs of the architecture. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/boot_info.h>

extern const char text_start[], rodata_start[], data_start[], kernel_end[];

static inline const void *at(uint64_t physical)
{
    return (const void *)(uintptr_t)physical;
}

/* --- kernel.c --- */

__attribute__((format(printf, 1, 2))) void print(const char *format, ...);
void check(bool right, const char *what);

/* --- arch/ARCH/kernel_arch.c --- */

/* Finds the serial port. */
void machine_start(const struct hardware_info *hardware);
void machine_put(char c);
void machine_pause(void);
/* Checks the state that this CPU was entered in. */
void machine_check_cpu(const char *which);
/* Checks the page tables. */
void machine_check_pages(const struct boot_info *boot);
/* Checks that nothing interrupts. */
void machine_check_interrupts(const struct hardware_info *hardware);
void machine_report(const struct hardware_arch *hardware);
