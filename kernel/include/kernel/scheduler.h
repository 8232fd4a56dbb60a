/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fixed priorities, highest first, round robin within one; budgets of scheduling
 * contexts limit each thread. Everything acts on the calling CPU and its threads.
 */
#pragma once

#include <kernel/cpu.h>
#include <kernel/thread.h>

void scheduler_init_cpu(struct cpu *cpu, uint32_t index, struct cpu_statistics *statistics, uint64_t now);
/* budget, period, minimum: clock ticks. The thread starts on its own context. */
void scheduler_init_context(struct thread *thread, uint64_t budget, uint64_t period, uint64_t minimum, uint64_t now);

/* The thread became runnable, or got a scheduling context: queues it if it can run. */
void scheduler_make_ready(struct cpu *cpu, struct thread *thread);
/* The same for a caller whose call has returned: it comes first in its priority. */
void scheduler_hand_back(struct cpu *cpu, struct thread *thread);
/* The thread is not runnable any more: takes it off the queues. */
void scheduler_remove(struct cpu *cpu, struct thread *thread);

/* A thread takes over a scheduling context that nobody uses. */
void scheduler_give(struct scheduling_context *sc, struct thread *user);
/* The thread's context goes back: to `caller` if it came from there, else to its
 * owner; a passive thread's own rests. Then the thread has none. */
void scheduler_give_back(struct cpu *cpu, struct thread *thread, struct thread *caller);

/* Chooses the current thread and arms the timer. */
void scheduler_run(struct cpu *cpu);
/* The CPU's timer fired. */
void scheduler_timer_fired(struct cpu *cpu);
/* The current thread gives up the rest of its slice or refill. */
void scheduler_yield(struct cpu *cpu);

/* Arms a thread's own timer; replaces an earlier deadline; 0 disarms. A deadline
 * that has passed fires at once. */
void scheduler_set_timer(struct cpu *cpu, struct thread *thread, uint64_t deadline);

static inline void scheduler_look(struct cpu *cpu)
{
    cpu->reschedule = true;
}
