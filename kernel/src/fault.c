/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/fault.h>
#include <kernel/log.h>
#include <kernel/message.h>
#include <kernel/scheduler.h>
#include <kernel/signal.h>
#include <kernel/system.h>

static void report(const struct thread *thread)
{
    const struct fault *fault = &thread->fault;

    if (fault->label == FAULT_VM) {
        kernel_log("fault: PD %s thread %u: memory access to 0x%llx at ip 0x%llx (%s, code 0x%llx); it stays stopped\n",
                   thread->pd->name, thread->index, (unsigned long long)fault->words[1],
                   (unsigned long long)fault->words[0], fault->words[2] != 0 ? "execute" : "data",
                   (unsigned long long)fault->words[3]);
    } else {
        kernel_log("fault: PD %s thread %u: exception " FRAME_EXCEPTION_FORMAT
                   " at ip 0x%llx (code 0x%llx); it stays stopped\n",
                   thread->pd->name, thread->index, (unsigned long long)fault->words[3],
                   (unsigned long long)fault->words[0], (unsigned long long)fault->words[4]);
    }
}

void fault_raise(struct cpu *cpu, struct thread *thread, const struct fault *fault)
{
    thread->fault = *fault;
    thread->fault_sequence++;
    thread->statistics->faults++;
    thread_publish_state(thread, THREAD_FAULTED);
    __atomic_store_n(&thread->block, BLOCK_FAULT, __ATOMIC_RELEASE);
    scheduler_look(cpu);

    if (thread->pd->parent == NULL) {
        report(thread);
        return;
    }
    struct thread *parent = &thread->pd->parent->threads[0];
    __atomic_fetch_or(&parent->faulted_children[thread->number / 64], 1ull << (thread->number % 64), __ATOMIC_SEQ_CST);
    signal_thread(parent, PENDING_FAULT);
}

void fault_withdraw(struct thread *thread)
{
    if (thread->pd->parent != NULL) {
        struct thread *parent = &thread->pd->parent->threads[0];
        __atomic_fetch_and(&parent->faulted_children[thread->number / 64], ~(1ull << (thread->number % 64)),
                           __ATOMIC_SEQ_CST);
    }
}

/* Takes one faulted child's bit; NULL: none. */
static struct thread *take_faulted(struct thread *parent)
{
    for (uint32_t word = 0; word < PLAN_MAX_THREADS / 64; word++) {
        uint64_t bits = __atomic_load_n(&parent->faulted_children[word], __ATOMIC_SEQ_CST);
        if (bits != 0) {
            uint32_t bit = (uint32_t)__builtin_ctzll(bits);
            __atomic_fetch_and(&parent->faulted_children[word], ~(1ull << bit), __ATOMIC_SEQ_CST);
            return &kernel_system.threads[word * 64 + bit];
        }
    }
    return NULL;
}

bool fault_receive(struct thread *parent, uint64_t *badge, uint64_t *info)
{
    /* First the summary, then the bits: one that is set meanwhile sets it again. */
    __atomic_fetch_and(&parent->pending, ~PENDING_FAULT, __ATOMIC_SEQ_CST);
    struct thread *child = take_faulted(parent);
    if (child == NULL) {
        return false;
    }
    /* There may be more. */
    __atomic_fetch_or(&parent->pending, PENDING_FAULT, __ATOMIC_SEQ_CST);

    /* Before the words: should another thread of this PD restart the child, and the
     * child fault again meanwhile, the reply to this is for nobody. */
    parent->fault_sequence_received = __atomic_load_n(&child->fault_sequence, __ATOMIC_ACQUIRE);
    const struct fault *fault = &child->fault;
    frame_set_message_registers(&parent->frame, fault->words);
    for (uint32_t i = FRAME_MESSAGE_REGISTERS; i < fault->length && i < FAULT_WORDS; i++) {
        parent->message[i] = fault->words[i];
    }
    parent->caller = child;
    parent->reply = REPLY_FAULT;
    *badge = BADGE_FAULT | child->pd->child_id;
    *info = message_info(fault->label, fault->length);
    return true;
}

void fault_reply(struct cpu *cpu, struct thread *parent, uint64_t info)
{
    struct thread *child = parent->caller;
    uint32_t length = message_length(info);

    parent->caller = NULL;
    parent->reply = REPLY_NONE;
    length = length < FRAME_CONTEXT_WORDS ? length : FRAME_CONTEXT_WORDS;
    message_read(parent, child->reply_words, length);
    child->reply_info = message_info(message_label(info), length);
    child->reply_sequence = parent->fault_sequence_received;
    if (child->cpu == cpu->index) {
        fault_reply_arrived(cpu, child);
    } else {
        remote_request(child, REQUEST_REPLY);
    }
}

void fault_reply_arrived(struct cpu *cpu, struct thread *child)
{
    if (child->block != BLOCK_FAULT || child->reply_sequence != child->fault_sequence) {
        return; /* it was restarted meanwhile */
    }
    /* As on seL4: a memory fault's access is tried again whatever the reply says;
     * after an exception the reply gives new registers, and its label, if not 0, says
     * that the thread shall not go on. */
    if (child->fault.label == FAULT_USER_EXCEPTION) {
        uint32_t length = message_length(child->reply_info);
        if (!frame_write_exception_reply(&child->frame, child->reply_words, length) ||
            message_label(child->reply_info) != 0) {
            return;
        }
    }
    child->block = BLOCK_NONE;
    if (thread_runnable(child)) {
        scheduler_make_ready(cpu, child);
    }
}
