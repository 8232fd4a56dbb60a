/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals to threads: notifications, events and faults of children, from any CPU
 * to any CPU. The word thread.pending is the truth; everything else here only
 * makes the thread look at it.
 */
#pragma once

#include <kernel/cpu.h>
#include <kernel/thread.h>

/* bits: of thread.pending. */
void signal_thread(struct thread *thread, uint64_t bits);
/* event: SKYSCOPE_EVENT_*. */
void signal_event(struct thread *thread, uint32_t event);

/* Asks the thread's CPU, another one, to do this. Bits: REQUEST_*. */
void remote_request(struct thread *thread, uint32_t requests);
/* What other CPUs asked of this one: called from the interprocessor interrupt. */
void remote_requests_handle(struct cpu *cpu);

/* The thread waits (BLOCK_RECEIVE, BLOCK_VCPU_WAIT): gives it what has come, if
 * anything has, and makes it ready. */
void signal_wake(struct cpu *cpu, struct thread *thread);
