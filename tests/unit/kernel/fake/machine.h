/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine of two CPUs that is none: the kernel's portable core runs on it, one
 * CPU at a time. PDs are made by hand instead of from a plan.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <kernel/system.h>

#define FAKE_CPUS        2u
#define FAKE_MAX_THREADS 16u

/* Everything back to the start: no threads. */
void fake_reset(void);

/* A PD with one thread, with its whole period as budget if budget == period. */
struct thread *fake_thread(const char *name, uint32_t cpu, uint8_t priority, uint64_t budget, uint64_t period);
/* One more thread for the PD that was made last. */
struct thread *fake_sibling(uint32_t cpu, uint8_t priority);
void fake_give_vcpu(struct thread *thread);
void fake_channel(struct thread *a, unsigned int a_id, struct thread *b, unsigned int b_id, bool a_calls);
void fake_parent(struct thread *parent, struct thread *child, unsigned int id);
struct irq *fake_irq(struct thread *thread, unsigned int id, bool level);

/* Lets a CPU choose its first thread. */
void fake_start(void);

/* The CPU's current thread makes a system call; returns the status in its frame
 * (meaningless if it waits). All registers can be set before. */
int64_t fake_call(struct thread *thread, uint64_t number, uint64_t a, uint64_t b, uint64_t c);
/* The current thread of the CPU faults. */
void fake_fault(uint32_t cpu, uint32_t label);
/* Delivers interprocessor interrupts that were sent to the CPU. */
void fake_deliver_interrupts(uint32_t cpu);
bool fake_interrupt_pending(uint32_t cpu);
/* Time passes, on both CPUs; timers that are due fire. */
void fake_advance(uint64_t ticks);

struct thread *fake_current(uint32_t cpu);
uint64_t fake_time_now(void);
/* A device interrupt arrives at its target's CPU. */
void fake_interrupt(struct irq *irq);
/* A notification, out of nothing, for a thread that waits. */
void fake_wake(struct thread *thread);

/* What the next vcpu_enter() calls return. */
extern enum vcpu_enter_result fake_vcpu_result;
extern unsigned int fake_vcpu_entries, fake_vcpu_resets;
/* VCPU_ENTER_AGAIN: what they all return, interrupts or not. */
extern enum vcpu_enter_result fake_vcpu_always;
extern unsigned int fake_masks, fake_unmasks;
extern bool fake_irq_is_masked;
/* Runs just before a pin is masked, as another CPU might. */
extern void (*fake_before_mask)(struct irq *irq);
/* Whose FPU state the registers hold. */
extern const struct fpu_state *fake_fpu_owner;

/* Fails the test if the kernel's data are inconsistent. */
void fake_check_invariants(void);
