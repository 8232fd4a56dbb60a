/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/call.h>
#include <kernel/fault.h>
#include <kernel/message.h>
#include <kernel/receive.h>
#include <kernel/scheduler.h>

static void write_receive(struct thread *thread, uint64_t badge, uint64_t info, uint32_t events)
{
    frame_set_status(&thread->frame, SKYSCOPE_OK);
    frame_set_result0(&thread->frame, badge);
    frame_set_result1(&thread->frame, info);
    frame_set_result2(&thread->frame, events);
}

void receive_take_signals(struct thread *thread, uint64_t *notifications, uint32_t *events)
{
    uint64_t taken = __atomic_fetch_and(&thread->pending, PENDING_FAULT, __ATOMIC_SEQ_CST);

    *notifications = taken & PENDING_NOTIFICATIONS;
    *events = 0;
    if ((taken & PENDING_EVENT) != 0) {
        *events = __atomic_exchange_n(&thread->events, 0, __ATOMIC_SEQ_CST);
    }
    if ((*events & SKYSCOPE_EVENT_TIMER) != 0 && thread->vcpu != NULL) {
        /* The page's deadline has served; the VMM sees that it is free. */
        thread->vcpu_deadline = 0;
        thread->vcpu->page->control.deadline = 0;
    }
}

static void deliver_signals(struct thread *thread)
{
    uint64_t notifications;
    uint32_t events;

    receive_take_signals(thread, &notifications, &events);
    if (thread->block == BLOCK_VCPU_WAIT) {
        frame_set_status(&thread->frame, SKYSCOPE_OK);
        frame_set_result0(&thread->frame, VCPU_RUN_NOTIFIED);
        frame_set_result1(&thread->frame, notifications);
        frame_set_result2(&thread->frame, events);
    } else {
        write_receive(thread, notifications, 0, events);
    }
}

bool receive_deliver(struct thread *thread)
{
    uint64_t pending = __atomic_load_n(&thread->pending, __ATOMIC_SEQ_CST);
    uint64_t badge;
    uint64_t info;

    if ((pending & ~PENDING_FAULT) != 0) {
        deliver_signals(thread);
    } else if (thread->block == BLOCK_VCPU_WAIT) {
        return false;
    } else if ((pending & PENDING_FAULT) != 0 && fault_receive(thread, &badge, &info)) {
        write_receive(thread, badge, info, 0);
    } else if (thread->callers.first != NULL) {
        call_accept(thread, thread->callers.first);
    } else {
        return false;
    }
    thread->block = BLOCK_NONE;
    if (thread->vcpu == NULL) {
        __atomic_store_n(&thread->listening, 0, __ATOMIC_RELAXED);
    }
    return true;
}

void receive_wait(struct cpu *cpu, struct thread *thread)
{
    struct scheduling_context *before = thread->sc;

    thread->reply = REPLY_NONE;
    thread->caller = NULL;
    if (thread->passive || thread->donor != NULL) {
        scheduler_give_back(cpu, thread, NULL);
    }
    thread->block = BLOCK_RECEIVE;
    if (thread->vcpu == NULL) {
        /* A barrier between this and the look at pending: see signal_thread(). */
        __atomic_exchange_n(&thread->listening, 1, __ATOMIC_SEQ_CST);
    }
    bool nothing = __atomic_load_n(&thread->pending, __ATOMIC_SEQ_CST) == 0 && thread->callers.first == NULL;
    if (nothing || !receive_deliver(thread)) {
        thread_publish_state(thread, THREAD_WAITING);
        scheduler_look(cpu);
    } else if (thread->sc != before || before != cpu->running) {
        scheduler_look(cpu);
    }
}

void receive_poll(struct thread *thread)
{
    uint64_t notifications;
    uint32_t events;

    receive_take_signals(thread, &notifications, &events);
    write_receive(thread, notifications, 0, events);
}
