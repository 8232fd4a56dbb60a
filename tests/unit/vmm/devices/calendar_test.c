/* SPDX-License-Identifier: BSD-2-Clause */
/* Against the C library's calendar. */
#include "pc.h"

#include <string.h>
#include <time.h>

#include "../../../../vmm/devices/calendar.h"

static void assert_like_the_library(uint64_t seconds)
{
    struct calendar_time ours;
    struct tm theirs;
    time_t moment = (time_t)seconds;
    assert_non_null(gmtime_r(&moment, &theirs));
    calendar_from_seconds(seconds, &ours);
    assert_int_equal(ours.year, theirs.tm_year + 1900);
    assert_int_equal(ours.month, theirs.tm_mon + 1);
    assert_int_equal(ours.day, theirs.tm_mday);
    assert_int_equal(ours.weekday, theirs.tm_wday);
    assert_int_equal(ours.hour, theirs.tm_hour);
    assert_int_equal(ours.minute, theirs.tm_min);
    assert_int_equal(ours.second, theirs.tm_sec);
    assert_int_equal(calendar_to_seconds(&ours), seconds);
}

static void every_day_of_eight_hundred_years(void **state)
{
    (void)state;
    for (uint64_t day = 0; day < 800 * 366; day++) {
        assert_like_the_library(day * 86400 + day % 86400);
    }
}

static void fields_out_of_range_carry_over(void **state)
{
    (void)state;
    struct calendar_time time = {.year = 2023, .month = 2, .day = 31, .hour = 25, .minute = 61, .second = 61};
    struct tm same = {.tm_year = 123, .tm_mon = 1, .tm_mday = 31, .tm_hour = 25, .tm_min = 61, .tm_sec = 61};
    assert_int_equal(calendar_to_seconds(&time), timegm(&same));
    time.month = 0; /* December of the year before */
    same.tm_mon = -1;
    same.tm_isdst = 0;
    same.tm_year = 123;
    same.tm_mday = 31;
    same.tm_hour = 25;
    same.tm_min = 61;
    same.tm_sec = 61;
    assert_int_equal(calendar_to_seconds(&time), timegm(&same));
}

static void dates_before_1970_are_0(void **state)
{
    (void)state;
    for (uint32_t year = 0; year < 1970; year++) {
        for (uint32_t month = 0; month <= 12; month++) {
            struct calendar_time time = {.year = year, .month = month, .day = 0};
            assert_int_equal(calendar_to_seconds(&time), 0);
        }
    }
}

static void largest_fields_do_not_overflow(void **state)
{
    (void)state;
    struct calendar_time time = {
        .year = 0xffff, .month = 0xffff, .day = 0xffff, .hour = 0xffff, .minute = 0xffff, .second = 0xffff};
    assert_true(calendar_to_seconds(&time) > 2000000000000ull);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_eight_hundred_years),
        cmocka_unit_test(fields_out_of_range_carry_over),
        cmocka_unit_test(dates_before_1970_are_0),
        cmocka_unit_test(largest_fields_do_not_overflow),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
