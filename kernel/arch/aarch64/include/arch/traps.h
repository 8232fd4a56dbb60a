/* SPDX-License-Identifier: BSD-2-Clause */
/* Called by trap_entry.S, with everything masked. */
#pragma once

/* What the kernel itself ran into. */
#define TRAP_BUG_SYNCHRONOUS 0
#define TRAP_BUG_INTERRUPT   1
#define TRAP_BUG_SERROR      2

#ifndef __ASSEMBLER__

#include <arch/frame.h>

struct percpu;

/* The current thread's registers are in its frame. Return when the (possibly
 * other) current thread is to go on. */
void trap_system_call_handle(struct percpu *percpu);
void trap_exception_handle(struct percpu *percpu);
void trap_interrupt_handle(struct percpu *percpu);
/* SError: the hardware reports an error of an access in the past. */
void trap_error_handle(struct percpu *percpu);

/* The kernel's registers; kind: TRAP_BUG_*. */
__attribute__((noreturn)) void trap_bug_handle(const struct user_frame *frame, unsigned int kind);

#endif
