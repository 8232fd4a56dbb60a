/* SPDX-License-Identifier: BSD-2-Clause */
/* The C library's memory and string functions, for freestanding programs. The
 * compiler emits calls to the first four by itself. */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
/* Copies at most size - 1 characters and always terminates; returns the length
 * of `from`. size must not be 0. */
size_t strlcpy(char *to, const char *from, size_t size);
