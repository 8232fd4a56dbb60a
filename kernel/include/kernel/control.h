/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A parent's power over its child protection domains: stop, resume, restart, look
 * at registers. Each thread is changed by its own CPU; the parent's thread waits
 * until all CPUs concerned have done so.
 */
#pragma once

#include <kernel/cpu.h>
#include <kernel/thread.h>

/* SYSCALL_PD_CONTROL by the current thread. 0, and it may have to wait, or a
 * negated status. */
int64_t control_child(struct cpu *cpu, struct thread *caller, uint64_t child, uint64_t operation, uint64_t entry);
/* SYSCALL_PD_READ_REGISTERS and SYSCALL_PD_WRITE_REGISTERS. */
int64_t control_read_registers(struct thread *caller, uint64_t child, uint64_t index);
int64_t control_write_registers(struct thread *caller, uint64_t child, uint64_t index, uint64_t count);

/* On the child's CPU. requests: REQUEST_STOP, REQUEST_RESUME, REQUEST_RESTART. */
void control_requested(struct cpu *cpu, struct thread *thread, uint32_t requests);
/* On the parent's CPU: all have answered. */
void control_finished(struct cpu *cpu, struct thread *parent);

/* Puts a thread where it is at boot. */
void control_start_thread(struct thread *thread, uint64_t entry);
