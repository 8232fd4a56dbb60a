/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from a guest's exit to its VMM and back is the hottest of the kernel.
 *
 * No wake-up is lost: a thread with a vCPU is `listening` all the time, so another
 * CPU that signals it always sends an interrupt. That comes after the bit was set:
 * either the look at `pending` below sees the bit, or the interrupt, held off
 * until then, ends the guest's run at once.
 */
#include <kernel/arch.h>
#include <kernel/fpu.h>
#include <kernel/receive.h>
#include <kernel/scheduler.h>
#include <kernel/vcpu_thread.h>

/* The page's deadline, read once. */
static void take_deadline(struct cpu *cpu, struct thread *thread)
{
    uint64_t deadline = *(volatile uint64_t *)&thread->vcpu->page->control.deadline;

    if (__builtin_expect(deadline != thread->vcpu_deadline, 0)) {
        /* An event of the old deadline would be a riddle to the VMM. */
        __atomic_fetch_and(&thread->events, ~(uint32_t)SKYSCOPE_EVENT_TIMER, __ATOMIC_SEQ_CST);
        thread->vcpu_deadline = deadline;
        scheduler_set_timer(cpu, thread, deadline);
    }
}

void vcpu_thread_start(struct cpu *cpu, struct thread *thread)
{
    take_deadline(cpu, thread);
    thread->in_guest = true;
    thread_publish_state(thread, THREAD_IN_GUEST);
}

static void finish(struct thread *thread, enum skyscope_vcpu_run result)
{
    thread->in_guest = false;
    thread_publish_state(thread, THREAD_RUNNING);
    frame_set_status(&thread->frame, SKYSCOPE_OK);
    frame_set_result0(&thread->frame, result);
    if (thread->fpu != NULL) {
        fpu_switch(thread->fpu);
    }
}

bool vcpu_thread_continue(struct cpu *cpu, struct thread *thread)
{
    cpu->ran_guest = true;
    do {
        if ((__atomic_load_n(&thread->pending, __ATOMIC_RELAXED) & PENDING_FOR_VCPU) != 0) {
            uint64_t notifications;
            uint32_t events;
            receive_take_signals(thread, &notifications, &events);
            if (notifications != 0 || events != 0) {
                frame_set_result1(&thread->frame, notifications);
                frame_set_result2(&thread->frame, events);
                finish(thread, VCPU_RUN_NOTIFIED);
                return true;
            }
        }
        enum vcpu_enter_result result = vcpu_enter(thread->vcpu);
        if (result == VCPU_ENTER_EXIT) {
            finish(thread, VCPU_RUN_EXIT);
            return true;
        }
        /* Also when the exit was handled inside: a guest whose exceptions raise
         * exceptions may do so for ever, each before an interrupt can end its run. */
        arch_interrupt_window();
    } while (!cpu->reschedule);
    return false;
}

void vcpu_thread_wait(struct cpu *cpu, struct thread *thread)
{
    take_deadline(cpu, thread);
    thread->block = BLOCK_VCPU_WAIT;
    if (!receive_deliver(thread)) {
        thread_publish_state(thread, THREAD_WAITING);
        scheduler_look(cpu);
    }
}
