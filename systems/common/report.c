/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <base/format.h>
#include <skyscope.h>

#define LINE_LENGTH 160u

static void write_line(const char *verdict, const char *format, va_list arguments)
{
    char line[LINE_LENGTH + 1];
    char text[LINE_LENGTH];
    vsnprintf(text, sizeof(text), format, arguments);
    int length = snprintf(line, LINE_LENGTH, "%s: %s%s", microkit_name, verdict, text);
    unsigned int end = length < 0 ? 0 : length < (int)LINE_LENGTH ? (unsigned int)length : LINE_LENGTH - 1;
    line[end] = '\n';
    /* In one piece, as far as the system call allows. */
    skyscope_debug_write(line, end + 1);
}

void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("", format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 2, 3))) static void report_verdict(const char *verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(verdict, format, arguments);
    va_end(arguments);
}

bool check(bool condition, const char *text)
{
    report_verdict(condition ? "ok " : "WRONG ", "%s", text);
    return condition;
}
