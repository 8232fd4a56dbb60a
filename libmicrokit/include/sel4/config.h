/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration of the kernel under this library, in seL4's names. */
#pragma once

#define CONFIG_WORD_SIZE          64
#define CONFIG_KERNEL_MCS         1
#define CONFIG_PRINTING           1
#define CONFIG_DEBUG_BUILD        1
#define CONFIG_MAX_NUM_NODES      32
#define CONFIG_ENABLE_SMP_SUPPORT 1

#include <sel4/arch/config.h>
