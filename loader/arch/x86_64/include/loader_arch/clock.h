/* SPDX-License-Identifier: BSD-2-Clause */
/* The date in an MC146818 real-time clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Registers as read; status is register B. */
struct clock_registers {
    uint8_t second, minute, hour, day, month, year, century, status;
    bool has_century;
};

/* Seconds since 1970, or 0 if the registers hold no date. */
uint64_t clock_seconds(const struct clock_registers *registers);
