/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "timeouts.h"

#define FREQUENCY 62500000ull

static void earliest_first(void **state)
{
    (void)state;
    struct timeouts t = {{0}};
    assert_int_equal(timeouts_next(&t), 0);
    timeouts_set(&t, 3, 500);
    timeouts_set(&t, 61, 200);
    assert_int_equal(timeouts_next(&t), 200);
    timeouts_set(&t, 61, 900);
    assert_int_equal(timeouts_next(&t), 500);
    timeouts_set(&t, 3, 0);
    assert_int_equal(timeouts_next(&t), 900);
}

static void taken_once(void **state)
{
    (void)state;
    struct timeouts t = {{0}};
    timeouts_set(&t, 0, 100);
    timeouts_set(&t, 5, 101);
    assert_int_equal(timeouts_take(&t, 99), 0);
    assert_int_equal(timeouts_take(&t, 100), 1);
    assert_int_equal(timeouts_take(&t, 100), 0);
    assert_int_equal(timeouts_take(&t, UINT64_MAX), 1u << 5);
    assert_int_equal(timeouts_next(&t), 0);
}

static void deadlines(void **state)
{
    (void)state;
    assert_int_equal(timeouts_deadline(10, 1000000000ull, FREQUENCY), 10 + FREQUENCY);
    assert_int_equal(timeouts_deadline(10, 16, FREQUENCY), 11);
    assert_int_equal(timeouts_deadline(10, 17, FREQUENCY), 12); /* never too early */
    assert_int_equal(timeouts_deadline(0, 0, FREQUENCY), 1);    /* 0 would mean none */
    assert_true(timeouts_deadline(1, UINT64_MAX, FREQUENCY) > UINT64_MAX / 32);
    assert_true(timeouts_deadline(UINT64_MAX - 5, 1000000, FREQUENCY) == UINT64_MAX - 1);
    assert_true(timeouts_deadline(0, UINT64_MAX, UINT32_MAX) == UINT64_MAX - 1);
}

static void nanoseconds(void **state)
{
    (void)state;
    assert_int_equal(timeouts_nanoseconds(FREQUENCY * 3600 * 24 * 365, FREQUENCY), 1000000000ull * 3600 * 24 * 365);
    assert_int_equal(timeouts_nanoseconds(1, FREQUENCY), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(earliest_first),
        cmocka_unit_test(taken_once),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(nanoseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
