/* SPDX-License-Identifier: BSD-2-Clause */
/* The device behind the timer service: arch/ARCH/. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Finds the device. */
void timer_device_init(void);
/* Its next interrupt comes when the clock has reached `deadline`, or before; at once if that has passed. 0: none is
 * needed, and a level that asks for one goes. */
void timer_device_arm(uint64_t deadline);
