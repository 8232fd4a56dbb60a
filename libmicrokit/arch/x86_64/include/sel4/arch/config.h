/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#define CONFIG_ARCH_X86    1
#define CONFIG_ARCH_X86_64 1
