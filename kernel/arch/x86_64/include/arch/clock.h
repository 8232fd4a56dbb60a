/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast the time-stamp counter and the local APIC's timer count. */
#pragma once

#include <stdint.h>

#include <skyscope/boot_info.h>

/* Boot CPU, local APIC on: measures both. Returns the TSC's frequency in Hz.
 * *source: enum clock_source. Refuses a machine that has no clock to measure by. */
uint64_t clock_calibrate(const struct hardware_info *hardware, uint32_t *source);
