/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/call.h>
#include <kernel/control.h>
#include <kernel/fault.h>
#include <kernel/fpu.h>
#include <kernel/irq.h>
#include <kernel/scheduler.h>
#include <kernel/signal.h>
#include <kernel/system.h>

void control_start_thread(struct thread *thread, uint64_t entry)
{
    frame_init(&thread->frame, entry, thread->stack_top, thread->index);
    thread->block = BLOCK_NONE;
    thread->in_guest = false;
    thread->passive = false;
    thread->caller = NULL;
    thread->reply = REPLY_NONE;
    thread->vcpu_deadline = 0;
    /* A vCPU's thread must always be interrupted: see vcpu_thread.c. */
    thread->listening = thread->vcpu != NULL ? 1 : 0;
    __atomic_store_n(&thread->stopped, false, __ATOMIC_RELEASE);
    thread_publish_state(thread, THREAD_READY);
}

static void stop(struct cpu *cpu, struct thread *thread)
{
    if (thread->stopped) {
        return;
    }
    scheduler_remove(cpu, thread);
    __atomic_store_n(&thread->stopped, true, __ATOMIC_RELEASE);
    thread_publish_state(thread, THREAD_STOPPED);
    call_fail_callers(cpu, thread);
}

static enum thread_state waiting_state(const struct thread *thread)
{
    switch (thread->block) {
    case BLOCK_CALL:
        return THREAD_CALLING;
    case BLOCK_FAULT:
        return THREAD_FAULTED;
    case BLOCK_NONE:
        return THREAD_READY;
    default:
        return THREAD_WAITING;
    }
}

static void resume(struct cpu *cpu, struct thread *thread)
{
    if (thread->block == BLOCK_FAULT) {
        fault_withdraw(thread);
        thread->block = BLOCK_NONE;
    } else if (!thread->stopped) {
        return;
    }
    __atomic_store_n(&thread->stopped, false, __ATOMIC_RELEASE);
    thread_publish_state(thread, waiting_state(thread));
    if (thread->block == BLOCK_RECEIVE || thread->block == BLOCK_VCPU_WAIT) {
        signal_wake(cpu, thread);
    } else if (thread->block == BLOCK_NONE) {
        scheduler_make_ready(cpu, thread);
    }
}

static void acknowledge_interrupts(struct pd *pd)
{
    for (uint32_t id = 0; id < PLAN_CHANNEL_IDS; id++) {
        if (pd->irqs[id] != NULL) {
            irq_acknowledge(pd->irqs[id]);
        }
    }
}

static void restart(struct cpu *cpu, struct thread *thread)
{
    scheduler_remove(cpu, thread);
    call_cancel(thread);
    call_fail_callers(cpu, thread);
    fault_withdraw(thread);
    scheduler_set_timer(cpu, thread, 0);
    __atomic_fetch_and(&thread->pending, PENDING_FAULT, __ATOMIC_SEQ_CST);
    __atomic_store_n(&thread->events, 0, __ATOMIC_SEQ_CST);
    if (thread->vcpu != NULL) {
        vcpu_reset(thread->vcpu);
    }
    if (thread->fpu != NULL) {
        fpu_reset(thread->fpu);
        if (thread == cpu->current) {
            fpu_switch(thread->fpu); /* it may go on without a switch */
        }
    }
    if (thread->index == 0) {
        acknowledge_interrupts(thread->pd);
    }
    control_start_thread(thread, thread->control_entry != 0 ? thread->control_entry : thread->entry);
    scheduler_make_ready(cpu, thread);
}

/* False: the answer must wait, because the thread itself waits for other CPUs. */
static bool apply(struct cpu *cpu, struct thread *thread, uint32_t requests)
{
    if ((requests & REQUEST_STOP) != 0) {
        stop(cpu, thread);
    }
    if ((requests & REQUEST_RESUME) != 0) {
        resume(cpu, thread);
    }
    if ((requests & REQUEST_RESTART) != 0) {
        if (thread->block == BLOCK_CONTROL) {
            thread->deferred_restart = true;
            return false;
        }
        restart(cpu, thread);
    }
    return true;
}

/* One thread of a child has done what its parent asked. */
static void answer(struct cpu *cpu, struct thread *parent)
{
    if (__atomic_sub_fetch(&parent->control_remaining, 1, __ATOMIC_SEQ_CST) != 0) {
        return;
    }
    if (parent->cpu == cpu->index) {
        control_finished(cpu, parent);
    } else {
        remote_request(parent, REQUEST_CONTROL_DONE);
    }
}

void control_requested(struct cpu *cpu, struct thread *thread, uint32_t requests)
{
    struct thread *parent = thread->control_requester;
    if (apply(cpu, thread, requests)) {
        answer(cpu, parent);
    }
}

static void unlock(struct pd *child)
{
    __atomic_store_n(&child->control_locked, 0, __ATOMIC_RELEASE);
}

void control_finished(struct cpu *cpu, struct thread *parent)
{
    if (parent->block != BLOCK_CONTROL) {
        return;
    }
    unlock(parent->controlled);
    parent->controlled = NULL;
    frame_set_status(&parent->frame, SKYSCOPE_OK);
    parent->block = BLOCK_NONE;
    if (parent->deferred_restart) {
        struct thread *grandparent = parent->control_requester;
        parent->deferred_restart = false;
        restart(cpu, parent);
        answer(cpu, grandparent);
    } else if (thread_runnable(parent)) {
        scheduler_make_ready(cpu, parent);
    }
}

/* The child, locked against other threads of its parent; NULL and a status. */
static struct pd *find_child(const struct thread *caller, uint64_t id, int64_t *status)
{
    struct pd *child = id < PLAN_CHANNEL_IDS ? caller->pd->children[id] : NULL;

    if (child == NULL) {
        *status = -SKYSCOPE_INVALID_CHANNEL;
        return NULL;
    }
    if (__atomic_exchange_n(&child->control_locked, 1, __ATOMIC_ACQUIRE) != 0) {
        *status = -SKYSCOPE_WRONG_STATE;
        return NULL;
    }
    *status = SKYSCOPE_OK;
    return child;
}

static uint32_t request_of(uint64_t operation)
{
    switch (operation) {
    case SKYSCOPE_PD_STOP:
        return REQUEST_STOP;
    case SKYSCOPE_PD_RESUME:
        return REQUEST_RESUME;
    case SKYSCOPE_PD_RESTART:
        return REQUEST_RESTART;
    default:
        return 0;
    }
}

int64_t control_child(struct cpu *cpu, struct thread *caller, uint64_t id, uint64_t operation, uint64_t entry)
{
    uint32_t request = request_of(operation);
    int64_t status;

    if (request == 0 || !frame_address_valid(entry)) {
        return -SKYSCOPE_INVALID_ARGUMENT;
    }
    struct pd *child = find_child(caller, id, &status);
    if (child == NULL) {
        return status;
    }
    /* One for this function itself, so that no answer comes too early. */
    __atomic_store_n(&caller->control_remaining, 1 + child->thread_count, __ATOMIC_SEQ_CST);
    caller->controlled = child;
    caller->block = BLOCK_CONTROL;
    thread_publish_state(caller, THREAD_WAITING);
    for (uint32_t i = 0; i < child->thread_count; i++) {
        struct thread *thread = &child->threads[i];
        thread->control_requester = caller;
        thread->control_entry = i == 0 ? entry : 0;
        if (thread->cpu == cpu->index) {
            control_requested(cpu, thread, request);
        } else {
            remote_request(thread, request);
        }
    }
    answer(cpu, caller);
    if (caller->block == BLOCK_CONTROL) {
        scheduler_look(cpu);
    } else {
        thread_publish_state(caller, THREAD_RUNNING);
    }
    return SKYSCOPE_OK;
}

static struct thread *resting_thread(struct pd *child, uint64_t index)
{
    if (index >= child->thread_count) {
        return NULL;
    }
    struct thread *thread = &child->threads[index];
    bool stopped = __atomic_load_n(&thread->stopped, __ATOMIC_ACQUIRE);
    uint8_t block = __atomic_load_n(&thread->block, __ATOMIC_ACQUIRE);
    return stopped || block == BLOCK_FAULT ? thread : NULL;
}

int64_t control_read_registers(struct thread *caller, uint64_t id, uint64_t index)
{
    int64_t status;
    struct pd *child = find_child(caller, id, &status);

    if (child == NULL) {
        return status;
    }
    const struct thread *thread = resting_thread(child, index);
    if (thread != NULL) {
        frame_read_context(&thread->frame, caller->message);
    } else {
        status = index < child->thread_count ? -SKYSCOPE_WRONG_STATE : -SKYSCOPE_INVALID_ARGUMENT;
    }
    unlock(child);
    return status;
}

int64_t control_write_registers(struct thread *caller, uint64_t id, uint64_t index, uint64_t count)
{
    uint64_t words[FRAME_CONTEXT_WORDS];
    int64_t status;

    if (count > FRAME_CONTEXT_WORDS) {
        return -SKYSCOPE_INVALID_ARGUMENT;
    }
    struct pd *child = find_child(caller, id, &status);
    if (child == NULL) {
        return status;
    }
    /* Other threads of the PD may be writing there: copy, then check. */
    for (uint64_t i = 0; i < count; i++) {
        words[i] = *(volatile const uint64_t *)&caller->message[i];
    }
    struct thread *thread = resting_thread(child, index);
    if (thread == NULL) {
        status = index < child->thread_count ? -SKYSCOPE_WRONG_STATE : -SKYSCOPE_INVALID_ARGUMENT;
    } else if (!frame_write_context(&thread->frame, words, (unsigned int)count)) {
        status = -SKYSCOPE_INVALID_ARGUMENT;
    }
    unlock(child);
    return status;
}
