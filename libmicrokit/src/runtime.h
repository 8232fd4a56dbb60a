/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside libmicrokit. Names begin with microkit_ so as not to collide with the
 * program's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skyscope.h>

/* Chosen by the build: libmicrokit/arch/ARCH/src is on the include path. */
#include "system_call.h"
#include "thread_context.h"

/* Written by the tool: become passive once init() has returned. */
extern bool microkit_passive;

/* Whether thread i runs its vCPU. */
extern bool microkit_vcpu_is_on[SKYSCOPE_MAX_THREADS];

/* 64 bits that differ from start to start, as far as user mode alone can find some. */
uint64_t microkit_random_seed(void);
/* At each start: mixes the argument into the program's seed. Returns a random number for the stack canary. */
uint64_t microkit_random_start(uint64_t unpredictable);
/* Entry of every thread, from _start. */
__attribute__((noreturn)) void microkit_thread_main(unsigned int thread);
/* The program's data as it was when the program was loaded. First thread only. */
void microkit_restore_data(void);
void microkit_seed_stack_guard(void);
/* The first thread has received a signal: another thread may be waiting to start. */
void microkit_first_thread_signalled(void);
/* Waits for entry points to call, and calls them, for ever. pending: notifications
 * and events that came before. */
__attribute__((noreturn)) void microkit_main_loop(unsigned int thread, uint64_t notifications, uint64_t events);
/* Carries out the deferred call, if there is one. */
void microkit_flush_deferred(void);
/* Translates a negated enum skyscope_status. */
seL4_Error microkit_error(int64_t status);
/* "NAME FUNCTION: invalid KIND given 'NUMBER'" on the debug console. */
void microkit_report_invalid(const char *function, const char *kind, unsigned int number);
