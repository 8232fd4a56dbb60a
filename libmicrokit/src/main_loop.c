/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits for notifications, calls, faults, events and exits of the guest, and
 * calls the program's entry points for them. */
#include "runtime.h"

#define BADGE_CALL         (1ull << 63)
#define BADGE_FAULT        (1ull << 62)
#define BADGE_CHANNEL_MASK 0x3fu
#define BADGE_CHILD_MASK   0xffu

static void missing_entry_point(const char *name)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(" is missing the '");
    microkit_dbg_puts(name);
    microkit_dbg_puts("' entry point\n");
    microkit_internal_crash(seL4_NoError);
}

__attribute__((weak)) microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    (void)ch;
    (void)msginfo;
    missing_entry_point("protected");
    return seL4_MessageInfo_new(0, 0, 0, 0);
}

__attribute__((weak)) seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    (void)child;
    (void)msginfo;
    (void)reply_msginfo;
    missing_entry_point("fault");
    return seL4_False;
}

__attribute__((weak)) void skyscope_vcpu_exit(unsigned int thread)
{
    (void)thread;
    missing_entry_point("skyscope_vcpu_exit");
}

__attribute__((weak)) void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
}

__attribute__((weak)) void skyscope_thread_init(unsigned int thread)
{
    (void)thread;
}

static void deliver(unsigned int thread, uint64_t notifications, uint64_t events)
{
    while (notifications != 0) {
        unsigned int channel = (unsigned int)__builtin_ctzll(notifications);
        notifications &= notifications - 1;
        notified(channel);
    }
    if (events != 0) {
        if (thread == 0 && (events & SKYSCOPE_EVENT_SIGNAL) != 0) {
            microkit_first_thread_signalled();
        }
        skyscope_event(thread, (unsigned int)events);
    }
}

/* The path of every exit of a guest: nothing in it but what is needed. */
static __attribute__((noreturn)) void vcpu_loop(unsigned int thread)
{
    const volatile bool *is_on = &microkit_vcpu_is_on[thread];
    for (;;) {
        if (__builtin_expect(microkit_have_signal != seL4_False, 0)) {
            microkit_flush_deferred();
        }
        uint64_t reason = 0;
        uint64_t notifications = 0;
        uint64_t events = 0;
        uint64_t number = *is_on ? SYSCALL_VCPU_RUN : SYSCALL_VCPU_WAIT;
        int64_t status = system_call_short(number, &reason, &notifications, &events);
        if (__builtin_expect(status != 0, 0)) {
            /* Only a bug in kernel or tool leads here; do not spin on it. */
            microkit_dbg_puts(microkit_name);
            microkit_dbg_puts(": the kernel refuses to run the vCPU\n");
            microkit_internal_crash(microkit_error(status));
        }
        if (reason == VCPU_RUN_EXIT) {
            skyscope_vcpu_exit(thread);
        } else {
            deliver(thread, notifications, events);
        }
    }
}

static void load_message(struct call_registers *r, const seL4_IPCBuffer *buffer)
{
    r->m0 = buffer->msg[0];
    r->m1 = buffer->msg[1];
    r->m2 = buffer->msg[2];
    r->m3 = buffer->msg[3];
}

static void store_message(const struct call_registers *r, seL4_IPCBuffer *buffer)
{
    buffer->msg[0] = r->m0;
    buffer->msg[1] = r->m1;
    buffer->msg[2] = r->m2;
    buffer->msg[3] = r->m3;
}

/* Carries out the deferred call and waits in the same trap. False if the kernel
 * refuses the call, and has not waited. */
static bool wait_with_deferred(struct call_registers *r)
{
    bool is_irq = microkit_signal_cap >= BASE_IRQ_CAP;
    microkit_have_signal = seL4_False;
    r->a0 = microkit_signal_cap - (is_irq ? BASE_IRQ_CAP : BASE_OUTPUT_NOTIFICATION_CAP);
    r->a1 = 0;
    r->a2 = is_irq ? 1 : 0;
    return system_call_receive(SYSCALL_SEND_RECV, r) == 0;
}

static inline void wait_without_reply(unsigned int thread, struct call_registers *r)
{
    /* Only the first thread defers. */
    if (thread == 0 && microkit_have_signal && wait_with_deferred(r)) {
        return;
    }
    r->a0 = r->a1 = r->a2 = 0;
    (void)system_call_receive(SYSCALL_RECV, r);
}

static inline void reply_and_wait(microkit_msginfo reply, const seL4_IPCBuffer *buffer, struct call_registers *r)
{
    if (microkit_have_signal) {
        microkit_flush_deferred();
    }
    r->a0 = r->a2 = 0;
    r->a1 = reply.words[0];
    load_message(r, buffer);
    (void)system_call(SYSCALL_REPLY_RECV, r);
}

static __attribute__((noreturn)) void wait_loop(unsigned int thread)
{
    seL4_IPCBuffer *buffer = microkit_ipc_buffer();
    struct call_registers r;
    wait_without_reply(thread, &r);
    for (;;) {
        microkit_msginfo info = {{r.a1}};
        microkit_msginfo reply = seL4_MessageInfo_new(0, 0, 0, 0);
        bool have_reply = false;
        if ((r.a0 & BADGE_CALL) != 0) {
            store_message(&r, buffer);
            reply = protected((microkit_channel)(r.a0 & BADGE_CHANNEL_MASK), info);
            have_reply = true;
        } else if ((r.a0 & BADGE_FAULT) != 0) {
            store_message(&r, buffer);
            have_reply = fault((microkit_child)(r.a0 & BADGE_CHILD_MASK), info, &reply) != 0;
        } else {
            deliver(thread, r.a0, r.a2);
        }
        if (have_reply) {
            reply_and_wait(reply, buffer, &r);
        } else {
            wait_without_reply(thread, &r);
        }
    }
}

void microkit_main_loop(unsigned int thread, uint64_t notifications, uint64_t events)
{
    deliver(thread, notifications, events);
    /* A thread without a vCPU is told so. */
    if (thread < SKYSCOPE_MAX_THREADS && skyscope_vcpu_read(0) == 0) {
        vcpu_loop(thread);
    }
    wait_loop(thread);
}
