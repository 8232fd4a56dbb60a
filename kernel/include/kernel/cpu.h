/* SPDX-License-Identifier: BSD-2-Clause */
/* The portable part of what each CPU has for itself. Only its own CPU touches it,
 * but for the inbox. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <kernel/ready_queue.h>
#include <kernel/timer_queue.h>
#include <skyscope/kernel_info.h>

struct thread;
struct scheduling_context;

#define CPU_INBOX_WORDS (PLAN_MAX_THREADS / 64)

struct cpu {
    struct thread *current; /* NULL: idle. First: assembly uses it. */
    bool reschedule;        /* something happened that the scheduler must look at */
    bool ran_guest;         /* since another PD ran: something of the guest's may be left in registers */
    uint32_t index;
    /* Ready, and probably the one to run: a short cut past the ready queue, from an
     * event to the next run of the scheduler, which always follows. */
    struct thread *next;
    struct scheduling_context *running; /* what time is charged to */
    uint64_t charged_until;             /* clock value */
    uint64_t timer_armed;               /* when the hardware timer fires, UINT64_MAX: not */
    struct timer_queue timers;
    struct cpu_statistics *statistics;
    struct ready_queue ready;
    /* Other CPUs ask here: a bit per thread (by index in the plan) with requests,
     * and whether an interprocessor interrupt is already under way. */
    uint64_t inbox[CPU_INBOX_WORDS] __attribute__((aligned(64)));
    uint32_t interrupt_sent;
};
