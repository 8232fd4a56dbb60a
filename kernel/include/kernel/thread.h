/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and protection domains. All are made at boot from the plan. A thread
 * belongs to one CPU for ever and only that CPU changes it, but for the fields
 * marked "any CPU", which are accessed by atomic operations.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/frame.h>
#include <kernel/budget.h>
#include <kernel/timer_queue.h>
#include <kernel/vcpu.h>
#include <skyscope/kernel_info.h>
#include <skyscope/plan.h>
#include <skyscope/syscall.h>

struct fpu_state;
struct irq;
struct pd;
struct thread;

/* The right to use a CPU. Separate from the thread, because the procedure of a
 * passive protection domain runs on its caller's. */
struct scheduling_context {
    struct budget budget;
    struct thread *user; /* who runs on it now; NULL: nobody (its passive owner rests) */
    struct thread *home; /* whose it is */
    struct timer refill; /* armed: used up, wakes when there is budget again */
};

enum thread_block {
    BLOCK_NONE = 0, /* runnable, if it is not stopped */
    BLOCK_RECEIVE,  /* SYSCALL_RECV and its like */
    BLOCK_VCPU_WAIT,
    BLOCK_CALL,    /* in a protected procedure call: queued, being served, or forgotten */
    BLOCK_FAULT,   /* waits for the parent */
    BLOCK_CONTROL, /* waits until other CPUs have stopped or started its child's threads */
};

/* thread.pending */
#define PENDING_EVENT         (1ull << 62) /* look in thread.events */
#define PENDING_FAULT         (1ull << 63) /* look in thread.faulted_children */
#define PENDING_NOTIFICATIONS (PENDING_EVENT - 1)
/* What ends a vCPU's run. */
#define PENDING_FOR_VCPU      (PENDING_NOTIFICATIONS | PENDING_EVENT)

/* thread.requests: what other CPUs ask this thread's CPU to do with it. */
enum thread_request {
    REQUEST_WAKE = 1u << 0,  /* thread.pending changed */
    REQUEST_REPLY = 1u << 1, /* the parent replied to its fault */
    REQUEST_STOP = 1u << 2,
    REQUEST_RESUME = 1u << 3,
    REQUEST_RESTART = 1u << 4,
    REQUEST_CONTROL_DONE = 1u << 5, /* the last CPU has done what this thread asked of its child */
};

#define FAULT_WORDS 8u

/* A message to the parent, in seL4's format. */
struct fault {
    uint32_t label;  /* seL4_Fault_tag */
    uint32_t length; /* words */
    uint64_t words[FAULT_WORDS];
};

enum reply_kind { REPLY_NONE = 0, REPLY_CALL, REPLY_FAULT };

struct thread {
    struct user_frame frame; /* first: entry code writes here */

    struct scheduling_context *sc;            /* NULL: none at the moment, cannot run */
    struct thread *list_next, *list_previous; /* ready queue, or a callee's callers */
    uint8_t priority;
    uint8_t block; /* enum thread_block; BLOCK_FAULT is read by any CPU */
    bool queued;   /* in the ready queue */
    bool stopped;  /* by the parent; read by any CPU */
    bool in_guest; /* runnable, and goes on inside its vCPU */
    bool passive;  /* rests without a scheduling context */
    uint32_t cpu;
    uint32_t number; /* in the plan's table */
    uint32_t index;  /* in its PD */

    uint64_t pending; /* any CPU: notifications, one bit per id, and PENDING_* */
    uint32_t events;  /* any CPU: SKYSCOPE_EVENT_* */
    /* Any CPU reads: others must interrupt this thread's CPU when they signal it. */
    uint32_t listening;
    uint32_t requests; /* any CPU: REQUEST_* */

    struct pd *pd;
    uint64_t *message;     /* msg[] of its IPC buffer, the kernel's mapping */
    struct fpu_state *fpu; /* NULL: may not use the FPU */
    struct vcpu *vcpu;     /* NULL: runs none */
    struct thread_statistics *statistics;
    uint64_t guest_ticks_charged; /* of vcpu->statistics->guest_ticks */

    struct timer timer;     /* SYSCALL_TIMER, or the vCPU page's deadline */
    uint64_t vcpu_deadline; /* the page's deadline as last seen */

    /* As a callee. */
    struct thread *caller; /* who waits for the reply, or whose fault was received */
    uint8_t reply;         /* enum reply_kind */
    uint32_t fault_sequence_received;
    struct thread_list callers; /* waiting to be served, highest priority first */
    struct thread *donor;       /* the caller whose scheduling context it runs on */

    /* As a caller. */
    struct thread *callee;
    bool call_queued; /* in callee->callers */
    uint8_t call_id;  /* channel's id at the callee */
    uint64_t call_info;

    /* As a child. The faulting CPU writes fault before it sets the parent's bit. */
    struct fault fault;
    uint32_t fault_sequence; /* of this fault */
    uint64_t reply_info;     /* parent's reply, from another CPU */
    uint32_t reply_sequence;
    uint64_t reply_words[FRAME_CONTEXT_WORDS];
    uint64_t control_entry;           /* for REQUEST_RESTART */
    struct thread *control_requester; /* who waits for REQUEST_STOP, RESUME, RESTART */

    /* As a parent. */
    uint64_t faulted_children[PLAN_MAX_THREADS / 64]; /* any CPU: by thread number */
    uint32_t control_remaining;                       /* any CPU */
    struct pd *controlled;                            /* child being stopped or started */
    bool deferred_restart;                            /* asked while this thread waited for its own child */

    struct scheduling_context home; /* its own */
    uint64_t entry, stack_top;
} __attribute__((aligned(64)));

/* One end of a channel, resolved. */
struct channel {
    struct thread *peer; /* NULL: no such channel */
    uint64_t bit;        /* in peer->pending */
    uint8_t peer_id;
    uint8_t flags; /* enum plan_channel_flags */
};

struct ioport_range {
    uint32_t base, size; /* size 0: none */
};

struct pd {
    struct channel channels[PLAN_CHANNEL_IDS];
    struct irq *irqs[PLAN_CHANNEL_IDS];
    struct ioport_range ioports[PLAN_CHANNEL_IDS];
    struct pd *children[PLAN_CHANNEL_IDS];
    struct pd *parent;
    uint64_t address_space; /* value for the page-table base register */
    struct thread *threads; /* consecutive */
    uint32_t thread_count;
    uint32_t number; /* in the plan's table */
    uint32_t child_id;
    uint32_t flags;          /* enum plan_pd_flags */
    uint32_t control_locked; /* any CPU: a thread of the parent operates on it */
    const char *name;
};

static inline bool thread_runnable(const struct thread *thread)
{
    return thread->block == BLOCK_NONE && !thread->stopped;
}

static inline void thread_publish_state(struct thread *thread, enum thread_state state)
{
    thread->statistics->state = state;
}
