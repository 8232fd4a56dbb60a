/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry into the portable kernel from an architecture's entry code. */
#pragma once

#include <kernel/cpu.h>
#include <kernel/thread.h>

/* The current thread made a system call; its registers are in its frame. */
void syscall_handle(struct cpu *cpu, struct thread *thread);

/* Every way out of the kernel: runs the scheduler and vCPUs until the CPU's
 * current thread is to go on in user mode. Sleeps while there is none. */
void kernel_exit(struct cpu *cpu);
