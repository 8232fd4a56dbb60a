/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults of threads: delivered to the parent's first thread, in seL4's format, or
 * reported in the log where there is no parent. */
#pragma once

#include <kernel/cpu.h>
#include <kernel/thread.h>

/* seL4_Fault_tag, as in seL4's MCS configuration. */
#define FAULT_CAP             1u
#define FAULT_UNKNOWN_SYSCALL 2u
#define FAULT_USER_EXCEPTION  3u
#define FAULT_VM              6u

/* The current thread cannot go on. */
void fault_raise(struct cpu *cpu, struct thread *thread, const struct fault *fault);
/* The thread was restarted or resumed: its parent need not hear of it any more. */
void fault_withdraw(struct thread *thread);

/* A parent receives: false if there is none after all. */
bool fault_receive(struct thread *parent, uint64_t *badge, uint64_t *info);
/* SYSCALL_REPLY_RECV's first half, for faults: info and message of the parent. */
void fault_reply(struct cpu *cpu, struct thread *parent, uint64_t info);
/* The reply reached the child's CPU. */
void fault_reply_arrived(struct cpu *cpu, struct thread *child);
