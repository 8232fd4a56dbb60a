/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads of four PDs on two CPUs. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kernel/fault.h>
#include <kernel/irq.h>

#include "fake/machine.h"

#define CALL_BADGE  (1ull << 63)
#define FAULT_BADGE (1ull << 62)

static struct thread *low, *middle, *high, *far;

/* Three PDs on CPU 0, one on CPU 1. */
static inline int setup(void **state)
{
    (void)state;
    fake_reset();
    low = fake_thread("low", 0, 10, 1000, 1000);
    middle = fake_thread("middle", 0, 20, 1000, 1000);
    high = fake_thread("high", 0, 30, 1000, 1000);
    far = fake_thread("far", 1, 10, 1000, 1000);
    fake_channel(low, 1, high, 2, true);
    fake_channel(middle, 1, high, 3, true);
    fake_channel(low, 2, middle, 4, true);
    fake_channel(low, 5, far, 6, false);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    fake_check_invariants();
    return 0;
}

static inline void receive(struct thread *thread)
{
    fake_call(thread, SYSCALL_RECV, 0, 0, 0);
}

static inline uint64_t info(uint64_t label, uint64_t length)
{
    return label << 12 | length;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
