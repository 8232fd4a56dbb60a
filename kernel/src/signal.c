/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/arch.h>
#include <kernel/control.h>
#include <kernel/fault.h>
#include <kernel/receive.h>
#include <kernel/scheduler.h>
#include <kernel/signal.h>
#include <kernel/system.h>

#include <arch/percpu.h>

void signal_wake(struct cpu *cpu, struct thread *thread)
{
    /* A stopped thread looks when it is resumed. */
    if (!thread->stopped && receive_deliver(thread)) {
        scheduler_make_ready(cpu, thread);
    }
}

void signal_thread(struct thread *thread, uint64_t bits)
{
    struct cpu *cpu = current_cpu();

    /* A full barrier: the store to pending comes before the look at listening.
     * The other side stores listening, with a barrier, before it looks at pending. */
    __atomic_fetch_or(&thread->pending, bits, __ATOMIC_SEQ_CST);
    if (thread->cpu != cpu->index) {
        if (__atomic_load_n(&thread->listening, __ATOMIC_RELAXED) != 0) {
            remote_request(thread, REQUEST_WAKE);
        }
    } else if (thread->block == BLOCK_RECEIVE || thread->block == BLOCK_VCPU_WAIT) {
        signal_wake(cpu, thread);
    }
}

void signal_event(struct thread *thread, uint32_t event)
{
    __atomic_fetch_or(&thread->events, event, __ATOMIC_SEQ_CST);
    signal_thread(thread, PENDING_EVENT);
}

void remote_request(struct thread *thread, uint32_t requests)
{
    struct cpu *cpu = kernel_system.cpus[thread->cpu];

    __atomic_fetch_or(&thread->requests, requests, __ATOMIC_SEQ_CST);
    __atomic_fetch_or(&cpu->inbox[thread->number / 64], 1ull << (thread->number % 64), __ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&cpu->interrupt_sent, 1, __ATOMIC_SEQ_CST) == 0) {
        arch_interrupt_cpu(cpu->index);
    }
}

static void handle(struct cpu *cpu, struct thread *thread)
{
    uint32_t requests = __atomic_exchange_n(&thread->requests, 0, __ATOMIC_SEQ_CST);

    if ((requests & REQUEST_REPLY) != 0) {
        fault_reply_arrived(cpu, thread);
    }
    if ((requests & REQUEST_CONTROL_DONE) != 0) {
        control_finished(cpu, thread);
    }
    if ((requests & (REQUEST_STOP | REQUEST_RESUME | REQUEST_RESTART)) != 0) {
        control_requested(cpu, thread, requests);
    }
    if ((requests & REQUEST_WAKE) != 0 && (thread->block == BLOCK_RECEIVE || thread->block == BLOCK_VCPU_WAIT)) {
        signal_wake(cpu, thread);
    }
}

void remote_requests_handle(struct cpu *cpu)
{
    /* First: a request that comes from now on sends another interrupt. */
    __atomic_store_n(&cpu->interrupt_sent, 0, __ATOMIC_SEQ_CST);
    for (uint32_t word = 0; word < CPU_INBOX_WORDS; word++) {
        uint64_t bits = __atomic_exchange_n(&cpu->inbox[word], 0, __ATOMIC_SEQ_CST);
        while (bits != 0) {
            uint32_t bit = (uint32_t)__builtin_ctzll(bits);
            bits &= bits - 1;
            handle(cpu, &kernel_system.threads[word * 64 + bit]);
        }
    }
}
