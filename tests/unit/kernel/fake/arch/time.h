/* SPDX-License-Identifier: BSD-2-Clause */
/* A clock that tests set. */
#pragma once

#include <stdint.h>

extern uint64_t fake_time;

static inline uint64_t arch_time(void)
{
    return fake_time;
}
