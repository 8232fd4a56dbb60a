/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How threads start. The first thread prepares the program's data and runs
 * init(); the others touch nothing before the first says that it is done.
 *
 * Compiled without stack protector: the canary changes while this runs.
 */
#include "runtime.h"

typedef void (*constructor)(void);
extern const constructor __init_array_start[], __init_array_end[];

/* Set once init() has returned. Only meaningful after a signal: the first thread
 * clears it when it starts, and nobody signals before that. */
static bool other_threads_may_start;

static void start_first_thread(void)
{
    microkit_restore_data();
    microkit_seed_stack_guard();
    for (const constructor *c = __init_array_start; c < __init_array_end; c++) {
        (*c)();
    }
    init();

    __atomic_store_n(&other_threads_may_start, true, __ATOMIC_SEQ_CST);
    for (unsigned int i = 1; i < SKYSCOPE_MAX_THREADS && skyscope_thread_signal(i) == 0; i++) {
    }

    /* An interrupt that came before is delivered again only when acknowledged. */
    for (unsigned int i = 0; i <= MICROKIT_MAX_CHANNEL_ID; i++) {
        if ((microkit_irqs & 1ull << i) != 0) {
            microkit_irq_ack(i);
        }
    }
    if (microkit_passive) {
        microkit_flush_deferred();
        struct call_registers r = {0};
        system_call(SYSCALL_GO_PASSIVE, &r);
    }
    microkit_main_loop(0, 0, 0);
}

static void start_other_thread(unsigned int thread)
{
    uint64_t notifications = 0;
    uint64_t events = 0;
    do {
        struct call_registers r = {0};
        system_call(SYSCALL_RECV, &r);
        if (r.rdi >> 62 == 0) {
            notifications |= r.rdi;
        }
        events |= r.rdx;
        /* A signal that init() raised wakes this thread too early: wait on. */
    } while ((events & SKYSCOPE_EVENT_SIGNAL) == 0 || !__atomic_load_n(&other_threads_may_start, __ATOMIC_SEQ_CST));
    skyscope_thread_init(thread);
    microkit_main_loop(thread, notifications, events & ~(uint64_t)SKYSCOPE_EVENT_SIGNAL);
}

void microkit_thread_main(unsigned int thread)
{
    if (thread == 0) {
        start_first_thread();
    } else {
        start_other_thread(thread);
    }
    __builtin_trap();
}
