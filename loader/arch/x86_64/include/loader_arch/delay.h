/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for a time, without interrupts and without knowing the CPU's speed. */
#pragma once

#include <stdint.h>

#include <skyscope/boot_info.h>

/* Chooses the ACPI PM timer, the i8254 or, if neither counts, slow port reads. */
void delay_start(const struct hardware_info *hardware);
/* Waits at least so long. */
void delay_microseconds(uint32_t microseconds);
