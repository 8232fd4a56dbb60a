/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader says. Host tests provide their own log_warning(). */
#pragma once

#include <stdarg.h>

/* An explanation of a failure, for people. */
struct loader_error {
    char text[240];
};

/* Fills in the explanation; returns 0, so that a check can end by `return error_set(...)`. */
__attribute__((format(printf, 2, 3))) int error_set(struct loader_error *error, const char *format, ...);

/* Something is not as it should be, but the system can start. */
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);
