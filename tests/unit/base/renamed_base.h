/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/ defines functions of the C library. In a host test they get other
 * names, so that the test can compare them with the C library's own.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define memcpy    base_memcpy
#define memmove   base_memmove
#define memset    base_memset
#define memcmp    base_memcmp
#define strlen    base_strlen
#define strnlen   base_strnlen
#define strcmp    base_strcmp
#define strncmp   base_strncmp
#define strlcpy   base_strlcpy
#define vsnprintf base_vsnprintf
#define snprintf  base_snprintf
