/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the tool puts things in a PD's address space (x86-64). */
#pragma once

#include <stdint.h>
#include <tool/system.h>

#define LAYOUT_PAGE                0x1000ull
/* First address that is not the user's. */
#define LAYOUT_USER_END            0x800000000000ull
/* First thread. */
#define LAYOUT_IPC_BUFFER          0x7ffffffff000ull
#define LAYOUT_STACK_TOP           0x7fffffffd000ull
/* Thread i > 0. */
#define LAYOUT_THREAD_STACK_TOP    0x7ffe00000000ull
#define LAYOUT_THREAD_STACK_STRIDE 0x1000000ull
#define LAYOUT_THREAD_IPC_BUFFER   0x7ffd00000000ull
/* vCPU pages. */
#define LAYOUT_VCPU_PAGE           0x7ffc00000000ull
/* Guest-physical addresses end here: what the kernel maps for VMs. */
#define LAYOUT_GUEST_END           0x800000000000ull

#define LAYOUT_STACK_MIN     0x1000ull
#define LAYOUT_STACK_DEFAULT 0x2000ull
#define LAYOUT_STACK_MAX     0x1000000ull

static inline uint64_t layout_stack_top(uint32_t thread)
{
    return thread == 0 ? LAYOUT_STACK_TOP : LAYOUT_THREAD_STACK_TOP + thread * LAYOUT_THREAD_STACK_STRIDE;
}

static inline uint64_t layout_ipc_buffer(uint32_t thread)
{
    return thread == 0 ? LAYOUT_IPC_BUFFER : LAYOUT_THREAD_IPC_BUFFER + thread * LAYOUT_PAGE;
}

static inline uint64_t layout_vcpu_page(uint32_t vcpu)
{
    return LAYOUT_VCPU_PAGE + vcpu * LAYOUT_PAGE;
}

static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

/* A range of a PD's address space that is taken. */
struct occupied {
    uint64_t start, end;
    const char *what; /* for messages: "the stack of thread 1" */
    long line;        /* 0: not an element of the system file */
};

/* Program segments, stacks with their guard pages, IPC buffers and vCPU pages of
 * the PD: list of struct occupied. */
void layout_occupied(struct system *system, const struct pd *pd, struct list *ranges);
