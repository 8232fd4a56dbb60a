/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted output for freestanding programs: the subset of C's printf that
 * they use, with the compiler's format checking.
 *
 * Conversions: d i u x X c s p %; flags - 0 +; width and precision as digits or
 * *; lengths hh h l ll z j t. No floating point.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Receives the output piece by piece. */
typedef void (*format_sink)(void *context, const char *text, size_t length);

void format_to_sink(format_sink sink, void *context, const char *format, va_list arguments);

/* As C's vsnprintf and snprintf: always terminates if size is not 0; returns the
 * length that the whole text has. */
int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments);
__attribute__((format(printf, 3, 4))) int snprintf(char *buffer, size_t size, const char *format, ...);
