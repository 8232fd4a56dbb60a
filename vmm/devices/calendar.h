/* SPDX-License-Identifier: BSD-2-Clause */
/* The Gregorian calendar: seconds since 1970 to fields and back. */
#pragma once

#include <stdint.h>

struct calendar_time {
    uint32_t second, minute, hour;
    uint32_t day;   /* 1..31 */
    uint32_t month; /* 1..12 */
    uint32_t year;
    uint32_t weekday; /* 0: Sunday; ignored by calendar_to_seconds() */
};

void calendar_from_seconds(uint64_t seconds, struct calendar_time *time);
/* Fields out of range count as that many units (31 February is 3 March or 2 March); dates before 1970 give 0. Fields
 * must be below 2^16. */
uint64_t calendar_to_seconds(const struct calendar_time *time);
