/* SPDX-License-Identifier: BSD-2-Clause */
/* What a thread knows about itself from where its stack lies: the tool puts the
 * stacks of all threads but the first at THREAD_STACK_BASE + index * THREAD_STACK_STEP
 * (top), and their IPC buffers in the same order. No thread pointer is needed. */
#include "runtime.h"

#define THREAD_STACK_BASE 0x7ffe00000000ull
#define THREAD_STACK_STEP 0x1000000ull
#define THREAD_IPC_BASE   0x7ffd00000000ull
#define THREAD_IPC_STEP   0x1000ull

static inline uint64_t stack_pointer(void)
{
    uint64_t value;
    __asm__("movq %%rsp, %0" : "=r"(value));
    return value;
}

unsigned int microkit_thread_index(void)
{
    uint64_t offset = stack_pointer() - THREAD_STACK_BASE;
    /* Anything else is the first thread, on its own stack or on one that the
     * program made. */
    return offset < SKYSCOPE_MAX_THREADS * THREAD_STACK_STEP ? (unsigned int)(offset / THREAD_STACK_STEP) + 1 : 0;
}

seL4_IPCBuffer *seL4_GetIPCBuffer(void)
{
    unsigned int index = microkit_thread_index();
    if (index == 0) {
        return __sel4_ipc_buffer;
    }
    return (seL4_IPCBuffer *)(THREAD_IPC_BASE + index * THREAD_IPC_STEP);
}
