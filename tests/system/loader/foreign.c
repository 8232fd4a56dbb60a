/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands for a kernel that is not ours, in the loader's tests: entered as such a
 * kernel is, it says what it finds. Where it is linked to on x86-64, the loader
 * lies until then.
 */
#include "foreign.h"

#include <stdarg.h>
#include <stddef.h>

#include <base/format.h>

void foreign_main(void);
void __stack_chk_fail(void);
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = 0x1234567890abcd00;

static unsigned int failures;
/* A MiB of each, so that a piece that is missing is seen. */
static const uint8_t pattern[1 << 20] = {[0] = 1, [0x1000] = 2, [0x80000] = 3, [(1 << 20) - 1] = 4};
static uint8_t zeros[1 << 20];

static void sink(void *context, const char *text, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++) {
        foreign_put(text[i]);
    }
}

void print(const char *format, ...)
{
    va_list arguments;
    sink(NULL, "foreign kernel: ", 16);
    va_start(arguments, format);
    format_to_sink(sink, NULL, format, arguments);
    va_end(arguments);
    sink(NULL, "\r\n", 2);
}

void __stack_chk_fail(void)
{
    print("stack overrun");
    for (;;) {
    }
}

void check(bool right, const char *what)
{
    if (!right) {
        failures++;
        print("FAILED: %s", what);
    }
}

uint64_t foreign_sum(const uint8_t *bytes, uint64_t size)
{
    uint64_t sum = 0xcbf29ce484222325;
    for (uint64_t i = 0; i < size; i++) {
        sum = (sum ^ bytes[i]) * 0x100000001b3;
    }
    return sum;
}

void foreign_main(void)
{
    unsigned int dirty = 0;
    foreign_check_entry();
    print("pattern %016llx", (unsigned long long)foreign_sum(pattern, sizeof(pattern)));
    for (uint32_t i = 0; i < sizeof(zeros); i++) {
        dirty += ((volatile uint8_t *)zeros)[i];
    }
    check(dirty == 0, "bss is zero");
    foreign_report();
    print("done, %u failures", failures);
}
