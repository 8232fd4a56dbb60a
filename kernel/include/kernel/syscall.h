/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry into the portable kernel from an architecture's entry code. */
#pragma once

#include <kernel/arch.h>
#include <kernel/cpu.h>
#include <kernel/scheduler.h>
#include <kernel/thread.h>
#include <kernel/vcpu_thread.h>

/* The current thread made a system call; its registers are in its frame. */
void syscall_handle(struct cpu *cpu, struct thread *thread);

/* Every way out of the kernel: runs the scheduler and vCPUs until the CPU's
 * current thread is to go on in user mode. Sleeps while there is none. */
static inline void kernel_exit(struct cpu *cpu)
{
    for (;;) {
        if (cpu->reschedule) {
            scheduler_run(cpu);
        }
        struct thread *thread = cpu->current;
        if (thread == NULL) {
            arch_idle();
        } else if (!thread->in_guest || vcpu_thread_continue(cpu, thread)) {
            return;
        }
    }
}
