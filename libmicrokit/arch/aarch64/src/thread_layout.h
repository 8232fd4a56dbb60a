/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the tool puts the stacks of all threads but the first, and their IPC
 * buffers (tool/src/target_aarch64.c). Also read by the assembler. */
#pragma once

/* Threads of one program, the first included. */
#define SKYSCOPE_MAX_THREADS 30

#define THREAD_STACK_BASE 0x7fe0000000
#define THREAD_STACK_STEP 0x1000000
/* Above them all: the first thread's stack. */
#define THREAD_STACKS_END (THREAD_STACK_BASE + SKYSCOPE_MAX_THREADS * THREAD_STACK_STEP)
#define THREAD_IPC_BASE   0x7fd0000000
#define THREAD_IPC_STEP   0x1000
