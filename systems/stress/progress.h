/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs of the stress test share: a page of counters. */
#pragma once

#include <stdint.h>

/* One for each program that has to get on. */
enum slot {
    SLOT_ECHO,
    SLOT_PINGER,
    SLOT_STORM,
    SLOT_CRASHER,
    SLOT_CLIENT_1,
    SLOT_CLIENT_2,
    SLOT_SERVER,
    SLOT_BACKEND,
    SLOT_SPINNER,
    SLOT_LOCAL,
    SLOT_CONTROLLER,
    SLOT_COUNT,
};

struct progress {
    volatile uint64_t slots[SLOT_COUNT];
    volatile uint64_t peer_stopped, backend_stopped; /* results of calls */
    volatile uint64_t done;
};

/* Set by the system file. */
extern uintptr_t shared;

static inline struct progress *progress(void)
{
    return (struct progress *)shared;
}

/* A slot has one writer. */
static inline void advance(enum slot slot)
{
    progress()->slots[slot]++;
}
