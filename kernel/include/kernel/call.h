/* SPDX-License-Identifier: BSD-2-Clause */
/* Protected procedure calls. Caller and callee are on the same CPU, and the
 * callee's priority is higher: the plan was checked for both. */
#pragma once

#include <kernel/cpu.h>
#include <kernel/thread.h>

/* SYSCALL_CALL by the current thread. 0, and the caller waits, or a negated status. */
int64_t call_procedure(struct cpu *cpu, struct thread *caller, uint64_t channel, uint64_t info);
/* The callee takes this caller's message: writes it to the callee's frame. */
void call_accept(struct thread *callee, struct thread *caller);
/* SYSCALL_REPLY_RECV's first half, for calls. */
void call_reply(struct cpu *cpu, struct thread *callee, uint64_t info);
/* The callee was stopped or restarted: all who wait for it get SKYSCOPE_PEER_STOPPED. */
void call_fail_callers(struct cpu *cpu, struct thread *callee);
/* The caller was restarted: takes back its call. */
void call_cancel(struct thread *caller);
