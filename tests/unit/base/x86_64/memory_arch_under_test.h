/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "../../../../base/arch/x86_64/memory_arch.c" /* NOLINT(bugprone-suspicious-include) */
