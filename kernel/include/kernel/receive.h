/* SPDX-License-Identifier: BSD-2-Clause */
/* Receiving: what every wait of a thread ends with. */
#pragma once

#include <kernel/cpu.h>
#include <kernel/thread.h>

/* If something waits for the thread, writes it to its frame as a receive's result
 * (or a vCPU run's, if it waits as such), ends its wait and returns true. The
 * order: notifications and events, children's faults, calls. */
bool receive_deliver(struct thread *thread);

/* SYSCALL_RECV: forgets an unanswered caller, and waits if nothing is there. The
 * thread is this CPU's current one. */
void receive_wait(struct cpu *cpu, struct thread *thread);

/* SYSCALL_POLL: notifications and events only. */
void receive_poll(struct thread *thread);

/* Takes notifications and events, both 0 if there are none. */
void receive_take_signals(struct thread *thread, uint64_t *notifications, uint32_t *events);
