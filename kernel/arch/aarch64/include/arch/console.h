/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <skyscope/boot_info.h>

/* Boot, before anything is logged: by the loader's identity map. */
void console_init_early(const struct hardware_arch *hardware);
/* Boot, once the kernel has its own page tables. */
void console_init(const struct hardware_arch *hardware);
