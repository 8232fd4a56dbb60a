/* SPDX-License-Identifier: BSD-2-Clause */
/* UEFI's time of day (UEFI 2.10, section 8.3). */
#include <loader_arch/uefi.h>

#define SECONDS_PER_DAY 86400u

/* Days from 1970-01-01 to the first of March of a year, and months counted from there: leap days come last. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t from_march = (month + 9) % 12;
    int64_t in_year = (153 * from_march + 2) / 5 + day - 1;
    return 365 * year + year / 4 - year / 100 + year / 400 + in_year - 719468;
}

uint64_t uefi_seconds(const struct uefi_time *time)
{
    if (time->year < 1970 || time->year > 9999 || time->month < 1 || time->month > 12 || time->day < 1 ||
        time->day > 31 || time->hour > 23 || time->minute > 59 || time->second > 59) {
        return 0;
    }
    int64_t seconds = days_since_1970(time->year, time->month, time->day) * SECONDS_PER_DAY + time->hour * 3600 +
                      time->minute * 60 + time->second;
    /* Local time is UTC less this. */
    if (time->time_zone != UEFI_NO_TIME_ZONE && time->time_zone >= -1440 && time->time_zone <= 1440) {
        seconds += (int64_t)time->time_zone * 60;
    }
    return seconds < 0 ? 0 : (uint64_t)seconds;
}
