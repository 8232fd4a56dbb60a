/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * <string.h> for third-party code in freestanding programs. On the include path
 * behind the system's directories, so that host programs get the C library's.
 */
#pragma once

#include <base/memory.h>

/* Constant sizes become plain moves instead of calls. */
#define memcpy  __builtin_memcpy
#define memmove __builtin_memmove
#define memset  __builtin_memset
