/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that run vCPUs. */
#pragma once

#include <kernel/cpu.h>
#include <kernel/thread.h>

/* SYSCALL_VCPU_RUN by the current thread: afterwards it is in_guest. */
void vcpu_thread_start(struct cpu *cpu, struct thread *thread);
/* Goes on in the guest. True: the run is over and its result in the frame; false:
 * the scheduler must look first. */
bool vcpu_thread_continue(struct cpu *cpu, struct thread *thread);
/* SYSCALL_VCPU_WAIT by the current thread. */
void vcpu_thread_wait(struct cpu *cpu, struct thread *thread);
