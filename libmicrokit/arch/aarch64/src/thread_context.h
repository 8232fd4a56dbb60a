/* SPDX-License-Identifier: BSD-2-Clause */
/* What a thread knows about itself from where its stack lies: the tool puts the
 * stacks of all threads but the first at THREAD_STACK_BASE + index * THREAD_STACK_STEP
 * (top), and their IPC buffers in the same order. No thread pointer is needed. */
#pragma once

#include <stdint.h>

#include <sel4/sel4.h>

#include "thread_layout.h"

/* Index of the calling thread in its program. */
static inline unsigned int microkit_thread_index(void)
{
    uint64_t stack_pointer;
    __asm__("mov %0, sp" : "=r"(stack_pointer));
    uint64_t offset = stack_pointer - THREAD_STACK_BASE;
    /* Anything else is the first thread, on its own stack or on one that the
     * program made. */
    return offset < THREAD_STACKS_END - THREAD_STACK_BASE ? (unsigned int)(offset / THREAD_STACK_STEP) + 1 : 0;
}

/* Its IPC buffer. */
static inline seL4_IPCBuffer *microkit_ipc_buffer(void)
{
    unsigned int index = microkit_thread_index();
    if (__builtin_expect(index == 0, 1)) {
        return __sel4_ipc_buffer;
    }
    return (seL4_IPCBuffer *)(THREAD_IPC_BASE + (uint64_t)index * THREAD_IPC_STEP);
}
