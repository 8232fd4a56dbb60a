/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#define CONFIG_ARCH_ARM     1
#define CONFIG_ARCH_AARCH64 1
