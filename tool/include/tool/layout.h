/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the tool puts things in a PD's address space. */
#pragma once

#include <stdint.h>
#include <tool/system.h>
#include <tool/target.h>

#define LAYOUT_PAGE                0x1000ull
/* Threads but the first. */
#define LAYOUT_THREAD_STACK_STRIDE 0x1000000ull

#define LAYOUT_STACK_MIN     0x1000ull
#define LAYOUT_STACK_DEFAULT 0x2000ull
#define LAYOUT_STACK_MAX     0x1000000ull

static inline uint64_t layout_stack_top(const struct target *target, uint32_t thread)
{
    return thread == 0 ? target->stack_top : target->thread_stack_top + thread * LAYOUT_THREAD_STACK_STRIDE;
}

static inline uint64_t layout_ipc_buffer(const struct target *target, uint32_t thread)
{
    return thread == 0 ? target->ipc_buffer : target->thread_ipc_buffers + thread * LAYOUT_PAGE;
}

static inline uint64_t layout_vcpu_page(const struct target *target, uint32_t vcpu)
{
    return target->vcpu_pages + vcpu * LAYOUT_PAGE;
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
