/* SPDX-License-Identifier: BSD-2-Clause */
/* Motorola MC146818A: time, calendar and register B. */
#include <loader_arch/clock.h>

#define STATUS_BINARY   0x04
#define STATUS_24_HOURS 0x02
#define HOUR_AFTERNOON  0x80
#define SECONDS_PER_DAY 86400u

/* A register's number; 255 if it is no number in the clock's format. */
static uint32_t number(const struct clock_registers *registers, uint8_t value)
{
    if ((registers->status & STATUS_BINARY) != 0) {
        return value;
    }
    return (value & 0x0f) > 9 || value > 0x99 ? 255 : (uint32_t)(value >> 4) * 10 + (value & 0x0f);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static uint64_t days_since_1970(uint32_t year, uint32_t month, uint32_t day)
{
    static const uint16_t days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    uint32_t past = year - 1; /* complete years since year 1 */
    uint64_t days = (uint64_t)past * 365 + past / 4 - past / 100 + past / 400 - 719162;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days + days_before[month - 1] + (leap && month > 2 ? 1 : 0) + day - 1;
}

uint64_t clock_seconds(const struct clock_registers *registers)
{
    uint32_t hour = number(registers, registers->hour & (uint8_t)~HOUR_AFTERNOON);
    if ((registers->status & STATUS_24_HOURS) == 0) {
        if (hour < 1 || hour > 12) {
            return 0;
        }
        hour = hour % 12 + ((registers->hour & HOUR_AFTERNOON) != 0 ? 12 : 0);
    } else if ((registers->hour & HOUR_AFTERNOON) != 0) {
        return 0;
    }
    uint32_t second = number(registers, registers->second);
    uint32_t minute = number(registers, registers->minute);
    uint32_t day = number(registers, registers->day);
    uint32_t month = number(registers, registers->month);
    uint32_t year = number(registers, registers->year);
    uint32_t century = registers->has_century ? number(registers, registers->century) : 0;
    if (second > 59 || minute > 59 || hour > 23 || day < 1 || day > 31 || month < 1 || month > 12 || year > 99) {
        return 0;
    }
    /* Without a usable century the clock tells a year from 1970 to 2069. */
    year += century >= 19 && century <= 99 ? century * 100 : year >= 70 ? 1900 : 2000;
    if (year < 1970) {
        return 0;
    }
    return days_since_1970(year, month, day) * SECONDS_PER_DAY + hour * 3600u + minute * 60u + second;
}
