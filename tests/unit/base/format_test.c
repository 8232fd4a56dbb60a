/* SPDX-License-Identifier: BSD-2-Clause */
/* base/format.h against the C library's printf. */
#include "renamed_base.h"

#include <base/format.h>

#include "../../../base/arch/x86_64/memory_arch.c" /* NOLINT(bugprone-suspicious-include) */
#include "../../../base/src/format.c"              /* NOLINT(bugprone-suspicious-include) */
#include "../../../base/src/memory.c"              /* NOLINT(bugprone-suspicious-include) */

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef snprintf
#undef vsnprintf

#include <limits.h>
#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        char ours[128], theirs[128];                                                                                   \
        int our_length = base_snprintf(ours, sizeof(ours), __VA_ARGS__);                                               \
        int their_length = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                              \
        assert_string_equal(ours, theirs);                                                                             \
        assert_int_equal(our_length, their_length);                                                                    \
    } while (0)

static void test_integers(void **state)
{
    (void)state;
    static const int values[] = {0, 1, -1, 9, 10, -10, 255, 256, 65535, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        int v = values[i];
        SAME("%d|%i|%u|%x|%X", v, v, (unsigned int)v, (unsigned int)v, (unsigned int)v);
        SAME("%5d|%-5d|%05d|%+d|%.3d|%8.3d|%-8.3d", v, v, v, v, v, v, v);
        SAME("%hhd|%hhu|%hd|%hu", (signed char)v, (unsigned char)v, (short)v, (unsigned short)v);
        SAME("%ld|%lu|%lx", (long)v, (unsigned long)v, (unsigned long)v);
    }
    SAME("%lld|%lld|%llu|%llx", LLONG_MIN, LLONG_MAX, ULLONG_MAX, ULLONG_MAX);
    SAME("%zu|%jd|%td", SIZE_MAX, INTMAX_MIN, (ptrdiff_t)PTRDIFF_MIN);
    SAME("%016lx|%-20lu|%20ld", 0x1234567890abcdeful, 12345678901234567890ul, LONG_MIN);
    SAME("%.0d|%.0d|%.0x", 0, 7, 0u);
    SAME("%.30d|%40.30d", INT_MAX, INT_MIN);
}

static void test_text(void **state)
{
    (void)state;
    SAME("%s|%10s|%-10s|%.2s|%10.2s", "word", "word", "word", "word", "word");
    SAME("%c|%3c|%-3c|%%", 'x', 'y', 'z');
    SAME("%*d|%-*d|%*d|%.*s", 6, 42, 6, 42, -6, 42, 3, "abcdef");
    SAME("%p", (void *)0x1234abcd);
    SAME("plain text without conversions");
    SAME("%s", "");
    char out[16];
    const char *volatile nothing = NULL;
    (void)base_snprintf(out, sizeof(out), "%s", nothing);
    assert_string_equal(out, "(null)");
    /* A precision bounds how much of an unterminated string is read. */
    char *unterminated = malloc(3);
    assert_non_null(unterminated);
    memset(unterminated, 'u', 3);
    (void)base_snprintf(out, sizeof(out), "%.3s", unterminated);
    assert_string_equal(out, "uuu");
    free(unterminated);
}

static void test_bounds(void **state)
{
    (void)state;
    char *out = malloc(4);
    assert_non_null(out);
    assert_int_equal(base_snprintf(out, 4, "%s", "abcdefg"), 7);
    assert_string_equal(out, "abc");
    assert_int_equal(base_snprintf(out, 4, "%d%d", 12, 345), 5);
    assert_string_equal(out, "123");
    assert_int_equal(base_snprintf(out, 1, "%d", 5), 1);
    assert_string_equal(out, "");
    out[0] = 'k';
    assert_int_equal(base_snprintf(out, 0, "%d", 5), 1);
    assert_int_equal(out[0], 'k');
    assert_int_equal(base_snprintf(out, 4, "%50s", "x"), 50);
    assert_string_equal(out, "   ");
    free(out);
}

/* What is no conversion of ours is printed as it stands. */
static void test_unknown_conversions(void **state)
{
    (void)state;
    static const char *const formats[] = {"%q", "%", "50%", "%-", "%5"};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        char out[16];
        const char *format = formats[i];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
        (void)base_snprintf(out, sizeof(out), format);
#pragma GCC diagnostic pop
        assert_string_equal(out, format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_unknown_conversions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
