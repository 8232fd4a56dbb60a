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

/*
 * The other threads wait for a signal from the first. It may come before a thread
 * has been (re)started, and then be lost with the thread's former life; therefore
 * each asks the first thread for one when it starts, by a signal of its own.
 *
 * None looks at these variables before it was signalled: at a restart they are
 * those of the former life until the first thread has prepared the data.
 */
static bool other_threads_may_start;
static bool thread_started[SKYSCOPE_MAX_THREADS];
static bool all_started;

static void call_other_threads(void)
{
    bool missing = false;
    for (unsigned int i = 1; i < SKYSCOPE_MAX_THREADS; i++) {
        if (!__atomic_load_n(&thread_started[i], __ATOMIC_SEQ_CST)) {
            if (skyscope_thread_signal(i) != 0) {
                break; /* there are no more */
            }
            missing = true;
        }
    }
    all_started = !missing;
}

void microkit_first_thread_signalled(void)
{
    if (!all_started) {
        call_other_threads();
    }
}

static void start_first_thread(void)
{
    microkit_restore_data();
    microkit_seed_stack_guard();
    for (const constructor *c = __init_array_start; c < __init_array_end; c++) {
        (*c)();
    }
    init();

    __atomic_store_n(&other_threads_may_start, true, __ATOMIC_SEQ_CST);
    call_other_threads();

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
    skyscope_thread_signal(0);
    do {
        struct call_registers r = {0};
        system_call(SYSCALL_RECV, &r);
        if (r.a0 >> 62 == 0) {
            notifications |= r.a0;
        }
        events |= r.a2;
        /* A signal that init() raised wakes this thread too early: wait on. */
    } while ((events & SKYSCOPE_EVENT_SIGNAL) == 0 || !__atomic_load_n(&other_threads_may_start, __ATOMIC_SEQ_CST));
    __atomic_store_n(&thread_started[thread], true, __ATOMIC_SEQ_CST);
    skyscope_thread_init(thread);
    microkit_main_loop(thread, notifications, events & ~(uint64_t)SKYSCOPE_EVENT_SIGNAL);
}

void microkit_thread_main(unsigned int thread)
{
    if (thread == 0) {
        start_first_thread();
    } else if (thread < SKYSCOPE_MAX_THREADS) {
        start_other_thread(thread);
    }
    __builtin_trap();
}
