/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floating-point and vector registers. Each CPU has one owner at a time, whose
 * values the registers hold; the kernel itself never uses them.
 *
 * Switching is eager: the registers never hold another's values while a thread
 * or guest that may use them runs. A thread that may not use them gets a trap
 * on any attempt, and leaves them as they are: so a guest's registers survive
 * its exits without being saved and restored.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/types.h>

struct fpu_state;

/* Each CPU, boot CPU first: turns the unit and the extended states on. cpu: index
 * of the calling CPU. Nobody owns the registers and using them traps. */
void fpu_cpu_init(cpu_id_t cpu);

/* Boot: allocates initial state from the pool. NULL: out of pool. */
struct fpu_state *fpu_create(void);
/* Initial values: x86-64's as after FNINIT, with all extended components in their initial
 * configuration; AArch64's 0. On the CPU where the state is used, or before its first use. */
void fpu_reset(struct fpu_state *state);

/* The running CPU now runs a thread with this state; NULL: one that may not use
 * the FPU. Costs next to nothing if state owns the registers already. */
void fpu_switch(struct fpu_state *state);

/* Loads state into the registers, if they are another's, without giving the
 * current thread the right to use them: for entering a guest. */
void fpu_load(struct fpu_state *state);
