/* SPDX-License-Identifier: BSD-2-Clause */
/* Called by trap_entry.S, with interrupts off. */
#pragma once

#include <stdbool.h>

#include <arch/frame.h>

struct percpu;

/* The current thread's registers are in its frame. Return when the (possibly
 * other) current thread is to go on. */
void trap_system_call_handle(struct percpu *percpu);
void trap_from_user_handle(struct percpu *percpu);
/* The kernel was interrupted, in one of its interrupt windows. */
void trap_from_kernel_handle(const struct user_frame *frame);
/* NMI, debug, double fault, machine check. True: the frame was copied to the
 * current thread's, go on as if it had come from there. */
bool trap_anywhere_handle(struct user_frame *frame);
