/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's log: a ring that PDs may map read-only, and the first serial
 * port until a PD drives it. Lines end in \n. Any CPU may log at any time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__attribute__((format(printf, 1, 2))) void kernel_log(const char *format, ...);

/* A kernel bug or broken hardware: prints to the serial port in any case, stops
 * the other CPUs and halts. Never reachable by what a PD or a guest does. */
__attribute__((format(printf, 1, 2), noreturn)) void kernel_panic(const char *format, ...);

/* The machine or the payload cannot be used: says why and halts. Boot only. */
__attribute__((format(printf, 1, 2), noreturn)) void kernel_refuse(const char *format, ...);

/* Unformatted text, at most 32 characters at a time: SYSCALL_DEBUG_WRITE. */
void kernel_log_text(const char *text, size_t length);

/* A PD owns the serial port: from now on only the ring is written. */
void kernel_log_leave_serial(void);

/* The pages to publish as PLAN_REGION_KERNEL_LOG, KERNEL_LOG_REGION_SIZE bytes. */
void *kernel_log_region(void);
void kernel_log_init(void);
