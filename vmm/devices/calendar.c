/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Days are counted in 400-year cycles that begin on 1 March, so that the leap day
 * is the last day of a year and the months' lengths follow (153 m + 2) / 5.
 */
#include "calendar.h"

#define DAYS_PER_400_YEARS 146097u
#define DAYS_TO_1970       719468u /* from 1 March of year 0 */

void calendar_from_seconds(uint64_t seconds, struct calendar_time *time)
{
    uint64_t days = seconds / 86400;
    uint32_t rest = (uint32_t)(seconds % 86400);
    time->second = rest % 60;
    time->minute = rest / 60 % 60;
    time->hour = rest / 3600;
    time->weekday = (uint32_t)((days + 4) % 7); /* 1 January 1970 was a Thursday */

    days += DAYS_TO_1970;
    uint64_t cycle = days / DAYS_PER_400_YEARS;
    uint32_t day_of_cycle = (uint32_t)(days % DAYS_PER_400_YEARS);
    uint32_t year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 - day_of_cycle / 146096) / 365;
    uint32_t day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    uint32_t month_from_march = (5 * day_of_year + 2) / 153;
    time->day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    time->month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    time->year = (uint32_t)(cycle * 400) + year_of_cycle + (time->month <= 2 ? 1 : 0);
}

uint64_t calendar_to_seconds(const struct calendar_time *time)
{
    int64_t months = (int64_t)time->year * 12 + (int64_t)time->month - 1;
    int64_t year = months / 12;
    int64_t month = months % 12; /* 0: January */
    if (months < 0) {
        return 0; /* month 0 of year 0 */
    }
    if (month < 2) {
        year -= 1;
    }
    int64_t month_from_march = (month + 10) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + (int64_t)time->day - 1;
    int64_t cycle = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_cycle = year - cycle * 400;
    int64_t days = cycle * (int64_t)DAYS_PER_400_YEARS + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 +
                   day_of_year - (int64_t)DAYS_TO_1970;
    int64_t seconds = days * 86400 + (int64_t)time->hour * 3600 + (int64_t)time->minute * 60 + time->second;
    return seconds < 0 ? 0 : (uint64_t)seconds;
}
