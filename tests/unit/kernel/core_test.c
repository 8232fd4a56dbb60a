/* SPDX-License-Identifier: BSD-2-Clause */
/* Scheduler, notifications, calls, budgets, timers, interrupts. */
#include "core_fixture.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
