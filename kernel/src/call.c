/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/call.h>
#include <kernel/message.h>
#include <kernel/scheduler.h>
#include <kernel/system.h>

/* Behind callers of the same or a higher priority. */
static void enqueue(struct thread *callee, struct thread *caller)
{
    struct thread *before = callee->callers.first;

    while (before != NULL && before->priority >= caller->priority) {
        before = before->list_next;
    }
    thread_list_insert_before(&callee->callers, caller, before);
    caller->call_queued = true;
}

static void dequeue(struct thread *callee, struct thread *caller)
{
    thread_list_remove(&callee->callers, caller);
    caller->call_queued = false;
}

/* Hands over the message, and the scheduling context to a callee without one. */
static void begin(struct thread *callee, struct thread *caller)
{
    struct user_frame *frame = &callee->frame;
    uint64_t info = message_transfer(callee, caller, caller->call_info);

    frame_set_status(frame, SKYSCOPE_OK);
    frame_set_result0(frame, BADGE_CALL | caller->call_id);
    frame_set_result1(frame, info);
    frame_set_result2(frame, 0);
    callee->caller = caller;
    callee->reply = REPLY_CALL;
    if (callee->sc == NULL && caller->sc != NULL) {
        callee->donor = caller;
        scheduler_give(caller->sc, callee);
        caller->sc = NULL;
    }
}

void call_accept(struct thread *callee, struct thread *caller)
{
    dequeue(callee, caller);
    begin(callee, caller);
}

int64_t call_procedure(struct cpu *cpu, struct thread *caller, uint64_t channel, uint64_t info)
{
    if (channel >= PLAN_CHANNEL_IDS || caller->pd->channels[channel].peer == NULL) {
        return -SKYSCOPE_INVALID_CHANNEL;
    }
    const struct channel *end = &caller->pd->channels[channel];
    struct thread *callee = end->peer;
    if ((end->flags & PLAN_CHANNEL_CALL) == 0) {
        return -SKYSCOPE_NOT_PERMITTED;
    }
    if (callee->stopped) {
        return -SKYSCOPE_PEER_STOPPED;
    }
    caller->callee = callee;
    caller->call_id = end->peer_id;
    caller->call_info = info;
    caller->block = BLOCK_CALL;
    thread_publish_state(caller, THREAD_CALLING);
    cpu->reschedule = true;
    if (callee->block == BLOCK_RECEIVE) {
        begin(callee, caller);
        callee->block = BLOCK_NONE;
        if (callee->vcpu == NULL) {
            __atomic_store_n(&callee->listening, 0, __ATOMIC_RELAXED);
        }
        scheduler_make_ready(cpu, callee);
    } else {
        enqueue(callee, caller);
    }
    return SKYSCOPE_OK;
}

/* The caller goes on with this status. */
static void release(struct cpu *cpu, struct thread *caller, int64_t status)
{
    frame_set_status(&caller->frame, status);
    caller->callee = NULL;
    caller->block = BLOCK_NONE;
    if (thread_runnable(caller)) {
        scheduler_hand_back(cpu, caller);
    }
}

void call_reply(struct cpu *cpu, struct thread *callee, uint64_t info)
{
    struct thread *caller = callee->caller;

    callee->caller = NULL;
    callee->reply = REPLY_NONE;
    frame_set_result1(&caller->frame, message_transfer(caller, callee, info));
    if (callee->donor != NULL) {
        scheduler_give_back(cpu, callee, caller);
    }
    release(cpu, caller, SKYSCOPE_OK);
}

void call_fail_callers(struct cpu *cpu, struct thread *callee)
{
    struct thread *serving = callee->reply == REPLY_CALL ? callee->caller : NULL;

    if (callee->reply == REPLY_CALL) {
        callee->caller = NULL;
        callee->reply = REPLY_NONE;
    }
    if (callee->donor != NULL && callee->sc != NULL) {
        scheduler_give_back(cpu, callee, serving);
    }
    /* Queued, served and forgotten callers alike. */
    for (uint32_t i = 0; i < kernel_system.thread_count; i++) {
        struct thread *caller = &kernel_system.threads[i];
        if (caller->cpu == cpu->index && caller->block == BLOCK_CALL && caller->callee == callee) {
            if (caller->call_queued) {
                dequeue(callee, caller);
            }
            release(cpu, caller, -SKYSCOPE_PEER_STOPPED);
        }
    }
}

void call_cancel(struct thread *caller)
{
    struct thread *callee = caller->callee;

    if (caller->block != BLOCK_CALL) {
        return;
    }
    if (caller->call_queued) {
        dequeue(callee, caller);
    } else if (callee->reply == REPLY_CALL && callee->caller == caller) {
        callee->caller = NULL;
        callee->reply = REPLY_NONE;
    }
    caller->callee = NULL;
    caller->block = BLOCK_NONE;
}
