/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Boot, before the pool is sealed: maps what arch_reset() may need. */
void power_init(void);
