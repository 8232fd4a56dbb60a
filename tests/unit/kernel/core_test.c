/* SPDX-License-Identifier: BSD-2-Clause */
/* Scheduling, IPC, faults and control of children, on a fake machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kernel/fault.h>
#include <kernel/irq.h>

#include "fake/machine.h"

#define CALL_BADGE  (1ull << 63)
#define FAULT_BADGE (1ull << 62)

static struct thread *low, *middle, *high, *far;

/* Three PDs on CPU 0, one on CPU 1. */
static int setup(void **state)
{
    (void)state;
    fake_reset();
    low = fake_thread("low", 0, 10, 1000, 1000);
    middle = fake_thread("middle", 0, 20, 1000, 1000);
    high = fake_thread("high", 0, 30, 1000, 1000);
    far = fake_thread("far", 1, 10, 1000, 1000);
    fake_channel(low, 1, high, 2, true);
    fake_channel(middle, 1, high, 3, true);
    fake_channel(low, 2, middle, 4, true);
    fake_channel(low, 5, far, 6, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_check_invariants();
    return 0;
}

static void receive(struct thread *thread)
{
    fake_call(thread, SYSCALL_RECV, 0, 0, 0);
}

static uint64_t info(uint64_t label, uint64_t length)
{
    return label << 12 | length;
}

static void test_priorities(void **state)
{
    (void)state;
    fake_start();
    assert_ptr_equal(fake_current(0), high);
    assert_ptr_equal(fake_current(1), far);
    receive(high);
    assert_ptr_equal(fake_current(0), middle);
    receive(middle);
    assert_ptr_equal(fake_current(0), low);
    receive(low);
    assert_null(fake_current(0));
}

static void test_notification_up_and_down(void **state)
{
    (void)state;
    fake_start();
    receive(high);
    receive(middle);
    assert_int_equal(fake_call(low, SYSCALL_NOTIFY, 1, 0, 0), 0);
    assert_ptr_equal(fake_current(0), high); /* at once */
    assert_int_equal(high->frame.rdi, 1u << 2);
    /* Downwards: later. */
    assert_int_equal(fake_call(high, SYSCALL_NOTIFY, 2, 0, 0), 0);
    assert_ptr_equal(fake_current(0), high);
    assert_int_equal(fake_call(high, SYSCALL_NOTIFY, 2, 0, 0), 0);
    receive(high);
    assert_ptr_equal(fake_current(0), low);
    receive(low);
    assert_ptr_equal(fake_current(0), low); /* both as one */
    assert_int_equal(low->frame.rdi, 1u << 1);
    receive(low);
    assert_null(fake_current(0));
}

static void test_notification_errors(void **state)
{
    (void)state;
    fake_start();
    assert_int_equal(fake_call(high, SYSCALL_NOTIFY, 61, 0, 0), -SKYSCOPE_INVALID_CHANNEL);
    assert_int_equal(fake_call(high, SYSCALL_NOTIFY, 62, 0, 0), -SKYSCOPE_INVALID_CHANNEL);
    assert_int_equal(fake_call(high, SYSCALL_NOTIFY, UINT64_MAX, 0, 0), -SKYSCOPE_INVALID_CHANNEL);
    high->pd->channels[2].flags = 0;
    assert_int_equal(fake_call(high, SYSCALL_NOTIFY, 2, 0, 0), -SKYSCOPE_NOT_PERMITTED);
    assert_int_equal(fake_call(high, SYSCALL_SEND_RECV, 2, 0, 2), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_CALL, 2, 0, 0), -SKYSCOPE_NOT_PERMITTED);
    assert_int_equal(fake_call(high, SYSCALL_CALL, 60, 0, 0), -SKYSCOPE_INVALID_CHANNEL);
    assert_int_equal(fake_call(high, SYSCALL_COUNT, 0, 0, 0), -SKYSCOPE_NO_SUCH_CALL);
    assert_int_equal(fake_call(high, UINT64_MAX, 0, 0, 0), -SKYSCOPE_NO_SUCH_CALL);
    assert_ptr_equal(fake_current(0), high);
}

static void test_notification_across_cpus(void **state)
{
    (void)state;
    fake_start();
    receive(far);
    receive(high);
    receive(middle);
    fake_call(low, SYSCALL_NOTIFY, 5, 0, 0);
    assert_true(fake_interrupt_pending(1));
    assert_null(fake_current(1));
    fake_deliver_interrupts(1);
    assert_ptr_equal(fake_current(1), far);
    assert_int_equal(far->frame.rdi, 1u << 6);
    /* It runs: no interrupt is needed. */
    fake_call(low, SYSCALL_NOTIFY, 5, 0, 0);
    assert_false(fake_interrupt_pending(1));
    receive(far);
    assert_ptr_equal(fake_current(1), far);
}

static void test_call_and_reply(void **state)
{
    (void)state;
    fake_start();
    receive(high);
    receive(middle);
    low->frame.r10 = 1;
    low->frame.r8 = 2;
    low->frame.r9 = 3;
    low->frame.r15 = 4;
    for (unsigned int i = 4; i < 120; i++) {
        low->message[i] = 100 + i;
        high->message[i] = 0;
    }
    fake_call(low, SYSCALL_CALL, 1, info(77, 100) | 0xf80, 0); /* too long, and with bits that do not count */
    assert_ptr_equal(fake_current(0), high);
    assert_int_equal(high->frame.rax, 0);
    assert_true(high->frame.rdi == (CALL_BADGE | 2));
    assert_int_equal(high->frame.rsi, info(77, 64));
    assert_int_equal(high->frame.r15, 4);
    assert_int_equal(high->message[63], 163);
    assert_int_equal(high->message[64], 0);
    high->frame.r10 = 55;
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(5, 1), 0);
    assert_ptr_equal(fake_current(0), low);
    assert_int_equal(low->frame.rax, 0);
    assert_int_equal(low->frame.rsi, info(5, 1));
    assert_int_equal(low->frame.r10, 55);
}

static void test_callers_by_priority(void **state)
{
    (void)state;
    fake_start();
    receive(high);
    receive(middle);
    fake_call(low, SYSCALL_CALL, 2, 0, 0); /* middle works for low */
    assert_ptr_equal(fake_current(0), middle);
    fake_call(middle, SYSCALL_CALL, 1, 0, 0); /* and calls high itself */
    assert_true(high->frame.rdi == (CALL_BADGE | 3));
    fake_call(high, SYSCALL_REPLY_RECV, 0, 0, 0);
    assert_ptr_equal(fake_current(0), middle);
    fake_call(middle, SYSCALL_REPLY_RECV, 0, 0, 0);
    assert_ptr_equal(fake_current(0), low);
}

static void test_passive_server_runs_on_callers_budget(void **state)
{
    (void)state;
    high->pd->flags = PLAN_PD_PASSIVE;
    fake_start();
    assert_int_equal(fake_call(middle->cpu == 0 ? high : high, SYSCALL_GO_PASSIVE, 0, 0, 0), 0);
    receive(high);
    assert_null(high->sc);
    receive(middle);
    fake_call(low, SYSCALL_CALL, 1, 0, 0);
    assert_ptr_equal(high->sc, &low->home);
    assert_null(low->sc);
    fake_check_invariants();
    fake_call(high, SYSCALL_REPLY_RECV, 0, 0, 0);
    assert_null(high->sc);
    assert_ptr_equal(low->sc, &low->home);
    assert_ptr_equal(fake_current(0), low);
    /* A notification: on its own. */
    fake_call(low, SYSCALL_NOTIFY, 1, 0, 0);
    assert_ptr_equal(fake_current(0), high);
    assert_ptr_equal(high->sc, &high->home);
    receive(high);
    assert_null(high->sc);
}

static void test_only_passive_pds_go_passive(void **state)
{
    (void)state;
    fake_start();
    assert_int_equal(fake_call(high, SYSCALL_GO_PASSIVE, 0, 0, 0), -SKYSCOPE_NOT_PERMITTED);
}

static void test_forgotten_caller_gets_its_budget_back(void **state)
{
    (void)state;
    high->pd->flags = PLAN_PD_PASSIVE;
    fake_start();
    fake_call(high, SYSCALL_GO_PASSIVE, 0, 0, 0);
    receive(high);
    receive(middle);
    fake_call(low, SYSCALL_CALL, 1, 0, 0);
    receive(high); /* no reply */
    assert_int_equal(low->block, BLOCK_CALL);
    assert_ptr_equal(low->sc, &low->home);
    assert_null(fake_current(0));
}

static void test_round_robin(void **state)
{
    (void)state;
    struct thread *other = fake_thread("other", 0, 30, 1000, 1000);
    fake_start();
    assert_ptr_equal(fake_current(0), high);
    fake_advance(1001);
    assert_ptr_equal(fake_current(0), other);
    fake_advance(1001);
    assert_ptr_equal(fake_current(0), high);
    fake_call(high, SYSCALL_YIELD, 0, 0, 0);
    assert_ptr_equal(fake_current(0), other);
    /* The slices matter to no one else. */
    receive(other);
    receive(high);
    assert_ptr_equal(fake_current(0), middle);
    fake_advance(5000);
    assert_ptr_equal(fake_current(0), middle);
}

static void test_budget(void **state)
{
    (void)state;
    struct thread *limited = fake_thread("limited", 0, 40, 100, 1000);
    fake_start();
    uint64_t start = fake_time_now();
    assert_ptr_equal(fake_current(0), limited);
    fake_advance(150);
    assert_ptr_equal(fake_current(0), high);
    assert_int_equal(limited->statistics->state, THREAD_OUT_OF_BUDGET);
    assert_int_equal(limited->statistics->budget_exhaustions, 1);
    fake_advance(start + 999 - fake_time_now());
    assert_ptr_equal(fake_current(0), high);
    fake_advance(2);
    assert_ptr_equal(fake_current(0), limited);
}

static void test_timer(void **state)
{
    (void)state;
    fake_start();
    fake_call(high, SYSCALL_TIMER, fake_time_now() + 500, 0, 0);
    receive(high);
    fake_advance(400);
    assert_ptr_equal(fake_current(0), middle);
    fake_advance(200);
    assert_ptr_equal(fake_current(0), high);
    assert_int_equal(high->frame.rdi, 0);
    assert_int_equal(high->frame.rdx, SKYSCOPE_EVENT_TIMER);
    fake_call(high, SYSCALL_TIMER, 1, 0, 0); /* long past */
    fake_call(high, SYSCALL_POLL, 0, 0, 0);
    assert_int_equal(high->frame.rdx, SKYSCOPE_EVENT_TIMER);
    fake_call(high, SYSCALL_TIMER, fake_time_now() + 500, 0, 0);
    fake_call(high, SYSCALL_TIMER, 0, 0, 0);
    fake_advance(1000);
    fake_call(high, SYSCALL_POLL, 0, 0, 0);
    assert_int_equal(high->frame.rdx, 0);
}

static void test_interrupts(void **state)
{
    (void)state;
    struct irq *level = fake_irq(high, 9, true);
    fake_start();
    receive(high);
    fake_interrupt(level);
    assert_int_equal(fake_masks, 1);
    assert_ptr_equal(fake_current(0), high);
    assert_int_equal(high->frame.rdi, 1u << 9);
    assert_int_equal(fake_call(high, SYSCALL_IRQ_ACK, 9, 0, 0), 0);
    assert_int_equal(fake_unmasks, 1);
    assert_int_equal(fake_call(high, SYSCALL_IRQ_ACK, 9, 0, 0), 0);
    assert_int_equal(fake_unmasks, 1); /* nothing to acknowledge */
    assert_int_equal(fake_call(high, SYSCALL_IRQ_ACK, 8, 0, 0), -SKYSCOPE_INVALID_CHANNEL);
    fake_interrupt(level);
    assert_int_equal(fake_call(high, SYSCALL_SEND_RECV, 9, 0, 1), 0);
    assert_int_equal(fake_unmasks, 2);
    assert_int_equal(high->frame.rdi, 1u << 9);
}

static void test_ports(void **state)
{
    (void)state;
    high->pd->ioports[3] = (struct ioport_range){.base = 0xfffe, .size = 2};
    fake_start();
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, 3, 0xfffe, 2), 0);
    assert_int_equal(high->frame.rdi, 0x10000);
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, 3, 0xffff, 1 | 8), 0);
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, 3, 0xffff, 2), -SKYSCOPE_NOT_PERMITTED);
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, 3, 0x10000, 1), -SKYSCOPE_NOT_PERMITTED);
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, 3, UINT64_MAX, 1), -SKYSCOPE_NOT_PERMITTED);
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, 3, 0xfffd, 1), -SKYSCOPE_NOT_PERMITTED);
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, 3, 0xfffe, 3), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, 3, 0xfffe, 1 | 16), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, 4, 0xfffe, 1), -SKYSCOPE_INVALID_CHANNEL);
    assert_int_equal(fake_call(high, SYSCALL_IOPORT, UINT64_MAX, 0xfffe, 1), -SKYSCOPE_INVALID_CHANNEL);
    assert_int_equal(fake_call(high, SYSCALL_DEBUG_WRITE, 0, 33, 0), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_SYSTEM, 0, 0, 0), -SKYSCOPE_NOT_PERMITTED);
}

static void test_fault_and_reply(void **state)
{
    (void)state;
    fake_parent(high, low, 7);
    fake_start();
    receive(high);
    receive(middle);
    fake_fault(0, FAULT_VM);
    assert_ptr_equal(fake_current(0), high);
    assert_true(high->frame.rdi == (FAULT_BADGE | 7));
    assert_int_equal(high->frame.rsi, info(FAULT_VM, 4));
    assert_int_equal(high->frame.r8, 0x1234);
    assert_int_equal(low->statistics->state, THREAD_FAULTED);
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(1, 0), 0); /* tried again, whatever the label */
    assert_ptr_equal(fake_current(0), low);
    fake_fault(0, FAULT_USER_EXCEPTION);
    assert_int_equal(high->message[4], 99);
    high->frame.r10 = 0x201000;
    high->frame.r8 = 0x5000;
    high->frame.r9 = UINT64_MAX; /* flags */
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(0, 3), 0);
    assert_ptr_equal(fake_current(0), low);
    assert_int_equal(low->frame.rip, 0x201000);
    assert_int_equal(low->frame.rsp, 0x5000);
    assert_true((low->frame.rflags & (3u << 12 | 1u << 14 | 1u << 17)) == 0);
    assert_true((low->frame.rflags & (1u << 9)) != 0);
    fake_fault(0, FAULT_USER_EXCEPTION);
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(1, 0), 0); /* does not go on */
    assert_null(fake_current(0));
    assert_int_equal(low->block, BLOCK_FAULT);
}

static void test_fault_reply_with_bad_address(void **state)
{
    (void)state;
    fake_parent(high, low, 7);
    fake_start();
    receive(high);
    receive(middle);
    fake_fault(0, FAULT_USER_EXCEPTION);
    high->frame.r10 = 0x800000000000;
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(0, 1), 0);
    assert_int_equal(low->block, BLOCK_FAULT);
    assert_int_equal(low->frame.rip, 0x200000);
}

static void test_fault_across_cpus(void **state)
{
    (void)state;
    fake_parent(high, far, 3);
    fake_start();
    receive(high);
    fake_fault(1, FAULT_VM);
    assert_null(fake_current(1));
    fake_deliver_interrupts(0);
    assert_true(high->frame.rdi == (FAULT_BADGE | 3));
    fake_call(high, SYSCALL_REPLY_RECV, 0, 0, 0);
    assert_null(fake_current(1));
    fake_deliver_interrupts(1);
    assert_ptr_equal(fake_current(1), far);
}

static void test_control_on_same_cpu(void **state)
{
    (void)state;
    fake_parent(high, low, 0);
    fake_start();
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 1, SKYSCOPE_PD_STOP, 0), -SKYSCOPE_INVALID_CHANNEL);
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 62, SKYSCOPE_PD_STOP, 0), -SKYSCOPE_INVALID_CHANNEL);
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 0, 3, 0), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESTART, 1ull << 47),
                     -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_PD_READ_REGISTERS, 0, 0, 0), -SKYSCOPE_WRONG_STATE);
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0), 0);
    assert_int_equal(low->statistics->state, THREAD_STOPPED);
    assert_int_equal(fake_call(high, SYSCALL_PD_READ_REGISTERS, 0, 1, 0), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_PD_READ_REGISTERS, 0, 0, 0), 0);
    assert_int_equal(high->message[0], 0x200000);
    high->message[0] = 0x200100;
    high->message[2] = UINT64_MAX;
    assert_int_equal(fake_call(high, SYSCALL_PD_WRITE_REGISTERS, 0, 0, 21), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_PD_WRITE_REGISTERS, 0, 0, 20), 0);
    assert_int_equal(low->frame.rip, 0x200100);
    assert_int_equal(low->frame.cs, SELECTOR_USER_CODE);
    assert_int_equal(low->frame.rflags & (3u << 12), 0);
    high->message[0] = 1ull << 63;
    assert_int_equal(fake_call(high, SYSCALL_PD_WRITE_REGISTERS, 0, 0, 1), -SKYSCOPE_INVALID_ARGUMENT);
    high->message[19] = 1;
    high->message[0] = 0;
    assert_int_equal(fake_call(high, SYSCALL_PD_WRITE_REGISTERS, 0, 0, 20), -SKYSCOPE_INVALID_ARGUMENT);
    receive(high);
    receive(middle);
    assert_null(fake_current(0)); /* low is stopped */
    fake_check_invariants();
}

static void test_stopped_thread_keeps_its_place(void **state)
{
    (void)state;
    fake_parent(high, low, 0);
    fake_start();
    receive(high);
    receive(middle);
    receive(low);
    fake_wake(high);
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0);
    fake_call(high, SYSCALL_NOTIFY, 2, 0, 0);
    assert_int_equal(low->block, BLOCK_RECEIVE);
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESUME, 0);
    receive(high);
    assert_ptr_equal(fake_current(0), low);
    assert_int_equal(low->frame.rdi, 1u << 1);
}

/* The server is stopped in the middle of a call, with another caller waiting. */
static void test_callers_of_a_stopped_server(void **state)
{
    (void)state;
    struct thread *boss = fake_thread("boss", 0, 50, 1000, 1000);
    fake_parent(boss, high, 0);
    high->pd->flags = PLAN_PD_PASSIVE;
    fake_start();
    receive(boss);
    fake_call(high, SYSCALL_GO_PASSIVE, 0, 0, 0);
    receive(high);
    receive(middle);
    fake_call(low, SYSCALL_CALL, 1, 0, 0);
    fake_wake(boss);
    assert_int_equal(fake_call(boss, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0), 0);
    assert_int_equal(low->frame.rax, (uint64_t)-SKYSCOPE_PEER_STOPPED);
    assert_int_equal(low->block, BLOCK_NONE);
    assert_ptr_equal(low->sc, &low->home);
    receive(boss);
    assert_ptr_equal(fake_current(0), low);
    /* And calls to it fail at once. */
    assert_int_equal(fake_call(low, SYSCALL_CALL, 1, 0, 0), -SKYSCOPE_PEER_STOPPED);
    fake_wake(boss);
    fake_call(boss, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESTART, 0x200800);
    receive(boss);
    assert_ptr_equal(fake_current(0), high);
    assert_int_equal(high->frame.rip, 0x200800);
    assert_ptr_equal(high->sc, &high->home);
    assert_false(high->passive);
}

/* The client is restarted while a passive server works for it. */
static void test_restart_of_a_client_in_a_call(void **state)
{
    (void)state;
    struct thread *boss = fake_thread("boss", 0, 50, 1000, 1000);
    fake_parent(boss, low, 0);
    high->pd->flags = PLAN_PD_PASSIVE;
    fake_start();
    receive(boss);
    fake_call(high, SYSCALL_GO_PASSIVE, 0, 0, 0);
    receive(high);
    receive(middle);
    fake_call(low, SYSCALL_CALL, 1, 0, 0);
    fake_wake(boss);
    assert_int_equal(fake_call(boss, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESTART, 0), 0);
    fake_check_invariants();
    receive(boss);
    assert_ptr_equal(fake_current(0), high); /* finishes what it began */
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(1, 1), 0);
    assert_ptr_equal(fake_current(0), low);
    assert_int_equal(low->frame.rip, 0x200000);
    assert_int_equal(low->frame.rsi, 0); /* no reply in its registers */
}

static void test_control_across_cpus(void **state)
{
    (void)state;
    fake_parent(high, far, 0);
    fake_start();
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0);
    assert_ptr_equal(fake_current(0), middle); /* high waits for the other CPU */
    assert_ptr_equal(fake_current(1), far);
    fake_check_invariants();
    fake_deliver_interrupts(1);
    assert_null(fake_current(1));
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(0), high);
    assert_int_equal(high->frame.rax, 0);
    assert_int_equal(far->pd->control_locked, 0);
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESTART, 0);
    fake_deliver_interrupts(1);
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(1), far);
    assert_ptr_equal(fake_current(0), high);
}

/* A parent is itself restarted while it waits for another CPU. */
static void test_restart_of_a_waiting_parent(void **state)
{
    (void)state;
    struct thread *boss = fake_thread("boss", 0, 50, 1000, 1000);
    fake_parent(boss, high, 1);
    fake_parent(high, far, 0);
    fake_start();
    receive(boss);
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0);
    fake_wake(boss);
    fake_call(boss, SYSCALL_PD_CONTROL, 1, SKYSCOPE_PD_RESTART, 0x201234);
    assert_int_equal(boss->block, BLOCK_CONTROL);
    fake_deliver_interrupts(1);
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(0), boss);
    assert_int_equal(high->frame.rip, 0x201234);
    assert_int_equal(far->pd->control_locked, 0);
    assert_int_equal(high->pd->control_locked, 0);
}

static void test_vcpu_run(void **state)
{
    (void)state;
    struct thread *vmm = fake_thread("vmm", 1, 40, 1000, 1000);
    fake_give_vcpu(vmm);
    fake_channel(low, 7, vmm, 8, false);
    fake_start();
    receive(high);
    receive(middle);
    assert_int_equal(fake_call(low, SYSCALL_VCPU_RUN, 0, 0, 0), -SKYSCOPE_NO_VCPU);
    assert_int_equal(fake_call(low, SYSCALL_VCPU_WAIT, 0, 0, 0), -SKYSCOPE_NO_VCPU);
    assert_int_equal(fake_call(low, SYSCALL_VCPU_READ, 0, 0, 0), -SKYSCOPE_NO_VCPU);
    assert_int_equal(fake_call(vmm, SYSCALL_TIMER, 1, 0, 0), -SKYSCOPE_NOT_PERMITTED);
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rax, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_EXIT);
    assert_int_equal(fake_vcpu_entries, 1);
    /* A notification that is there already: the guest is not entered. */
    fake_call(low, SYSCALL_NOTIFY, 7, 0, 0);
    fake_deliver_interrupts(1);
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_NOTIFIED);
    assert_int_equal(vmm->frame.rsi, 1u << 8);
    assert_int_equal(fake_vcpu_entries, 1);
    /* The same in VCPU_WAIT. */
    fake_call(vmm, SYSCALL_VCPU_WAIT, 0, 0, 0);
    assert_ptr_equal(fake_current(1), far);
    fake_call(low, SYSCALL_NOTIFY, 7, 0, 0);
    fake_deliver_interrupts(1);
    assert_ptr_equal(fake_current(1), vmm);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_NOTIFIED);
    assert_int_equal(vmm->frame.rsi, 1u << 8);
}

static void test_vcpu_deadline(void **state)
{
    (void)state;
    struct thread *vmm = fake_thread("vmm", 1, 40, 1000, 1000);
    fake_give_vcpu(vmm);
    fake_start();
    struct vcpu_control *control = &vmm->vcpu->page->control;
    control->deadline = fake_time_now() + 1000;
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_EXIT);
    assert_true(control->deadline != 0);
    fake_advance(2000);
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_NOTIFIED);
    assert_int_equal(vmm->frame.rdx, SKYSCOPE_EVENT_TIMER);
    assert_int_equal(control->deadline, 0);
    /* Passed before it was seen; then replaced before it was reported. */
    control->deadline = 5;
    fake_call(vmm, SYSCALL_VCPU_WAIT, 0, 0, 0);
    assert_int_equal(vmm->frame.rdx, SKYSCOPE_EVENT_TIMER);
    control->deadline = fake_time_now() + 100;
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    fake_advance(200); /* fires while the VMM runs */
    control->deadline = fake_time_now() + 5000;
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_EXIT);
    fake_call(vmm, SYSCALL_VCPU_WAIT, 0, 0, 0);
    assert_ptr_equal(fake_current(1), far);
    fake_advance(6000);
    assert_ptr_equal(fake_current(1), vmm);
    assert_int_equal(vmm->frame.rdx, SKYSCOPE_EVENT_TIMER);
}

static void test_stop_of_a_thread_in_its_guest(void **state)
{
    (void)state;
    struct thread *vmm = fake_thread("vmm", 1, 40, 1000, 1000);
    fake_give_vcpu(vmm);
    fake_parent(high, vmm, 2);
    fake_start();
    fake_call(high, SYSCALL_PD_CONTROL, 2, SKYSCOPE_PD_STOP, 0);
    /* The request's interrupt ends the guest's run. */
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_ptr_equal(fake_current(1), far);
    assert_true(vmm->in_guest);
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(0), high);
    fake_call(high, SYSCALL_PD_CONTROL, 2, SKYSCOPE_PD_RESUME, 0);
    fake_deliver_interrupts(1);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_EXIT); /* went on in the guest, until its exit */
    assert_ptr_equal(fake_current(1), vmm);
    fake_deliver_interrupts(0);
    fake_call(high, SYSCALL_PD_CONTROL, 2, SKYSCOPE_PD_RESTART, 0);
    fake_deliver_interrupts(1);
    fake_deliver_interrupts(0);
    assert_int_equal(fake_vcpu_resets, 1);
    assert_int_equal(vmm->frame.rip, 0x200000);
}

static void test_sibling_signal(void **state)
{
    (void)state;
    struct thread *first = fake_thread("two", 0, 60, 1000, 1000);
    struct thread *second = fake_sibling(1, 60);
    fake_start();
    receive(second);
    assert_int_equal(fake_call(first, SYSCALL_THREAD_SIGNAL, 2, 0, 0), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(first, SYSCALL_THREAD_SIGNAL, 1, 0, 0), 0);
    fake_deliver_interrupts(1);
    assert_ptr_equal(fake_current(1), second);
    assert_int_equal(second->frame.rdx, SKYSCOPE_EVENT_SIGNAL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_priorities),
        CASE(test_notification_up_and_down),
        CASE(test_notification_errors),
        CASE(test_notification_across_cpus),
        CASE(test_call_and_reply),
        CASE(test_callers_by_priority),
        CASE(test_passive_server_runs_on_callers_budget),
        CASE(test_only_passive_pds_go_passive),
        CASE(test_forgotten_caller_gets_its_budget_back),
        CASE(test_round_robin),
        CASE(test_budget),
        CASE(test_timer),
        CASE(test_interrupts),
        CASE(test_ports),
        CASE(test_fault_and_reply),
        CASE(test_fault_reply_with_bad_address),
        CASE(test_fault_across_cpus),
        CASE(test_control_on_same_cpu),
        CASE(test_stopped_thread_keeps_its_place),
        CASE(test_callers_of_a_stopped_server),
        CASE(test_restart_of_a_client_in_a_call),
        CASE(test_control_across_cpus),
        CASE(test_restart_of_a_waiting_parent),
        CASE(test_vcpu_run),
        CASE(test_vcpu_deadline),
        CASE(test_stop_of_a_thread_in_its_guest),
        CASE(test_sibling_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
