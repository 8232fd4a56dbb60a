/* SPDX-License-Identifier: BSD-2-Clause */
/* What the compiler's <limits.h> takes from the C library's: nothing. */
#pragma once
