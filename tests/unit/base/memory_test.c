/* SPDX-License-Identifier: BSD-2-Clause */
/* base/memory.h against the C library. */
#include "renamed_base.h"

#include "memory_arch_under_test.h"

#include "../../../base/src/memory.c" /* NOLINT(bugprone-suspicious-include) */

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#define AREA 192u

static void fill(unsigned char *area, unsigned int seed)
{
    for (unsigned int i = 0; i < AREA; i++) {
        area[i] = (unsigned char)(i * 37u + seed);
    }
}

/* Every length up to beyond two rounds of words, at every misalignment, with the bytes
 * around the destination watched. */
static void test_copy(void **state)
{
    (void)state;
    for (size_t from = 0; from < 9; from++) {
        for (size_t to = 0; to < 9; to++) {
            for (size_t size = 0; size <= 150; size++) {
                unsigned char source[AREA], ours[AREA], theirs[AREA];
                fill(source, 1);
                fill(ours, 2);
                fill(theirs, 2);
                assert_ptr_equal(base_memcpy(ours + to, source + from, size), ours + to);
                memcpy(theirs + to, source + from, size);
                assert_memory_equal(ours, theirs, AREA);
            }
        }
    }
}

static void test_move_overlapping(void **state)
{
    (void)state;
    for (size_t from = 0; from < 40; from++) {
        for (size_t to = 0; to < 40; to++) {
            for (size_t size = 0; size <= 150; size += 5) {
                unsigned char ours[AREA], theirs[AREA];
                fill(ours, 3);
                fill(theirs, 3);
                assert_ptr_equal(base_memmove(ours + to, ours + from, size), ours + to);
                memmove(theirs + to, theirs + from, size);
                assert_memory_equal(ours, theirs, AREA);
            }
        }
    }
}

static void test_set(void **state)
{
    (void)state;
    for (size_t to = 0; to < 9; to++) {
        for (size_t size = 0; size <= 150; size++) {
            unsigned char ours[AREA], theirs[AREA];
            fill(ours, 4);
            fill(theirs, 4);
            /* Only the low byte of the value counts. */
            assert_ptr_equal(base_memset(ours + to, 0x7a5, size), ours + to);
            memset(theirs + to, 0xa5, size);
            assert_memory_equal(ours, theirs, AREA);
        }
    }
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void test_compare(void **state)
{
    (void)state;
    unsigned char a[4] = {1, 0x80, 3, 4}, b[4] = {1, 0x7f, 3, 4};
    assert_int_equal(base_memcmp(a, b, 1), 0);
    assert_int_equal(sign(base_memcmp(a, b, 4)), 1);
    assert_int_equal(sign(base_memcmp(b, a, 4)), -1);
    assert_int_equal(base_memcmp(a, b, 0), 0);

    static const char *const words[] = {"", "a", "ab", "abc", "abd", "b", "\xff", "\x7f", "ab\xff"};
    const size_t count = sizeof(words) / sizeof(words[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(sign(base_strcmp(words[i], words[j])), sign(strcmp(words[i], words[j])));
            for (size_t limit = 0; limit < 5; limit++) {
                assert_int_equal(sign(base_strncmp(words[i], words[j], limit)),
                                 sign(strncmp(words[i], words[j], limit)));
            }
        }
    }
}

static void test_length(void **state)
{
    (void)state;
    assert_int_equal(base_strlen(""), 0);
    assert_int_equal(base_strlen("four"), 4);
    /* No terminator inside the limit: nothing beyond it is read (the sanitizer watches). */
    char *unterminated = malloc(3);
    assert_non_null(unterminated);
    memset(unterminated, 'x', 3);
    assert_int_equal(base_strnlen(unterminated, 3), 3);
    assert_int_equal(base_strnlen("ab", 3), 2);
    assert_int_equal(base_strnlen("ab", 0), 0);
    free(unterminated);
}

static void test_bounded_copy(void **state)
{
    (void)state;
    char buffer[4];
    assert_int_equal(base_strlcpy(buffer, "abc", sizeof(buffer)), 3);
    assert_string_equal(buffer, "abc");
    assert_int_equal(base_strlcpy(buffer, "abcdef", sizeof(buffer)), 6);
    assert_string_equal(buffer, "abc");
    assert_int_equal(base_strlcpy(buffer, "", sizeof(buffer)), 0);
    assert_string_equal(buffer, "");
    assert_int_equal(base_strlcpy(buffer, "abc", 1), 3);
    assert_string_equal(buffer, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),    cmocka_unit_test(test_move_overlapping), cmocka_unit_test(test_set),
        cmocka_unit_test(test_compare), cmocka_unit_test(test_length),           cmocka_unit_test(test_bounded_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
