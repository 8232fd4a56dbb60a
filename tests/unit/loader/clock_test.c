/* SPDX-License-Identifier: BSD-2-Clause */
#include "support.h"

#include <loader_arch/clock.h>
#include <time.h>

#define BINARY   0x04
#define HOURS_24 0x02

static void test_formats(void **state)
{
    (void)state;
    struct clock_registers bcd = {.second = 0x56,
                                  .minute = 0x34,
                                  .hour = 0x12,
                                  .day = 0x21,
                                  .month = 0x11,
                                  .year = 0x26,
                                  .century = 0x20,
                                  .status = HOURS_24,
                                  .has_century = true};
    struct clock_registers binary = {.second = 56,
                                     .minute = 34,
                                     .hour = 12,
                                     .day = 21,
                                     .month = 11,
                                     .year = 26,
                                     .century = 20,
                                     .status = HOURS_24 | BINARY,
                                     .has_century = true};
    assert_int_equal(clock_seconds(&bcd), 1795264496); /* 2026-11-21 12:34:56 UTC */
    assert_int_equal(clock_seconds(&binary), 1795264496);
    bcd.has_century = false;
    assert_int_equal(clock_seconds(&bcd), 1795264496);
    bcd.has_century = true;
    bcd.century = 0; /* registers of some machines hold nothing */
    assert_int_equal(clock_seconds(&bcd), 1795264496);
    bcd.century = 0x19;
    assert_int_equal(clock_seconds(&bcd), 0); /* 1926 */
    bcd.year = 0x99;
    assert_int_equal(clock_seconds(&bcd), 943187696); /* 1999-11-21 12:34:56 */
}

static void test_twelve_hours(void **state)
{
    (void)state;
    struct clock_registers r = {.day = 1, .month = 1, .year = 0x70, .status = 0};
    const struct {
        uint8_t hour;
        uint32_t expected;
    } cases[] = {{0x12, 0}, {0x01, 1}, {0x11, 11}, {0x92, 12}, {0x81, 13}, {0x91, 23}};
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        r.hour = cases[i].hour;
        assert_int_equal(clock_seconds(&r), cases[i].expected * 3600);
    }
    r.hour = 0x13;
    assert_int_equal(clock_seconds(&r), 0);
    r.hour = 0;
    assert_int_equal(clock_seconds(&r), 0);
}

/* Against the C library, through leap years and the end of a century. */
static void test_calendar(void **state)
{
    (void)state;
    for (int64_t time = 3; time < 4102444800; time += 86400 * 3 + 3601) {
        time_t seconds = (time_t)time;
        struct tm date;
        gmtime_r(&seconds, &date);
        struct clock_registers r = {
            .second = (uint8_t)date.tm_sec,
            .minute = (uint8_t)date.tm_min,
            .hour = (uint8_t)date.tm_hour,
            .day = (uint8_t)date.tm_mday,
            .month = (uint8_t)(date.tm_mon + 1),
            .year = (uint8_t)(date.tm_year % 100),
            .century = (uint8_t)(date.tm_year / 100 + 19),
            .status = BINARY | HOURS_24,
            .has_century = true,
        };
        assert_int_equal(clock_seconds(&r), time);
    }
}

static void test_out_of_range(void **state)
{
    (void)state;
    /* Fields in the order of struct clock_registers, second to year. */
    static const uint8_t good[] = {0, 0, 0, 1, 1, 0x24};
    static const uint8_t bad[][3] = {{0x60, 0x1a, 0xa0}, {0x60, 0x0f, 0xff}, {0x24, 0x1a, 0x80},
                                     {0x32, 0x00, 0x0b}, {0x13, 0x00, 0x0c}, {0x9a, 0xa0, 0xff}};
    for (unsigned int field = 0; field < 6; field++) {
        for (unsigned int i = 0; i < 3; i++) {
            struct clock_registers r = {.status = HOURS_24};
            memcpy(&r, good, sizeof(good));
            assert_int_equal(clock_seconds(&r), 1704067200); /* 2024-01-01 */
            ((uint8_t *)&r)[field] = bad[field][i];
            if (clock_seconds(&r) != 0) {
                fail_msg("field %u: 0x%02x is taken", field, bad[field][i]);
            }
        }
    }
}

static void test_nonsense(void **state)
{
    (void)state;
    struct clock_registers r;
    memset(&r, 0xff, sizeof(r));
    r.has_century = true;
    assert_int_equal(clock_seconds(&r), 0); /* no clock at all */
    memset(&r, 0, sizeof(r));
    assert_int_equal(clock_seconds(&r), 0);
    /* Every value of every register: no crash, no wild date. */
    for (unsigned int field = 0; field < 8; field++) {
        for (unsigned int value = 0; value < 256; value++) {
            for (unsigned int mode = 0; mode < 8; mode += 2) {
                struct clock_registers good = {
                    .day = 1, .month = 1, .year = 1, .hour = 1, .has_century = true, .status = (uint8_t)mode};
                ((uint8_t *)&good)[field] = (uint8_t)value;
                assert_true(clock_seconds(&good) < 253402300800ull); /* year 10000 */
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),      cmocka_unit_test(test_twelve_hours), cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_out_of_range), cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests_name("loader_clock", tests, NULL, NULL);
}
