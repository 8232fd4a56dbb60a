/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * <string.h> for libfdt in the loader. On the include path behind the system's
 * directories, so that host programs get the C library's.
 */
#pragma once

#include <base/memory.h>

static inline void *memchr(const void *bytes, int byte, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        if (at[i] == (unsigned char)byte) {
            return (void *)(at + i);
        }
    }
    return NULL;
}

static inline char *strrchr(const char *text, int byte)
{
    for (size_t length = strlen(text) + 1; length > 0; length--) {
        if (text[length - 1] == (char)byte) {
            return (char *)(text + length - 1);
        }
    }
    return NULL;
}
