/* SPDX-License-Identifier: BSD-2-Clause */
/* What the portable kernel needs of an architecture, besides <arch/...>. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct irq;
struct plan_view;
struct thread;

/* Fires the CPU's timer interrupt at this clock value, or soon if it has passed.
 * It may fire early; the portable code then arms it again. */
void arch_timer_arm(uint64_t deadline);

/* Makes cpu call remote_requests_handle() soon. */
void arch_interrupt_cpu(uint32_t cpu);

/* The CPU's current thread is now `next`, and will be returned to. */
void arch_switch_thread(struct thread *next);

/* Interrupts are off, and are afterwards: lets pending ones in; or sleeps until one came. */
void arch_interrupt_window(void);
void arch_idle(void);

void arch_irq_mask(struct irq *irq);
void arch_irq_unmask(struct irq *irq);

/* SYSCALL_IOPORT by this thread, which is the current one: 0 or a negated status. An
 * architecture without I/O ports knows no such call. */
int64_t arch_port_call(struct thread *thread, uint64_t id, uint64_t port, uint64_t access, uint64_t value);

/* Return only if the machine cannot do it, having said so. */
void arch_power_off(void);
void arch_reset(void);

/* The serial port of kernel messages: polled. */
void arch_console_write(const char *text, size_t length);
/* Does a PD of this plan, which is checked, drive that port? */
bool arch_console_owned(const struct plan_view *view);

/* Stops the other CPUs for good, if it can. */
void arch_stop_others(void);
__attribute__((noreturn)) void arch_halt(void);
