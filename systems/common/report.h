/* SPDX-License-Identifier: BSD-2-Clause */
/* Test programs report on the debug console, a line at a time. */
#pragma once

#include <stdbool.h>

/* Writes "NAME: TEXT" and a line end. */
__attribute__((format(printf, 1, 2))) void report(const char *format, ...);
/* Reports "ok TEXT" or "WRONG TEXT". Returns the condition. */
bool check(bool condition, const char *text);
