/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop that calls entry points; starting, and starting again. */
#include <string.h>

#include "program_fixture.h"

/* --- The loop --- */

static void entry_points_are_called_for_what_arrives(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {SYSCALL_RECV, 0, {.a0 = 1ull << 61 | 1 << 3 | 1}},
        {SYSCALL_RECV, 0, {.a0 = 0, .a2 = SKYSCOPE_EVENT_TIMER}},
        {SYSCALL_RECV, 0, {.a0 = 1 << 4, .a2 = SKYSCOPE_EVENT_TIMER}},
        {SYSCALL_RECV, 0, {.a0 = 1ull << 63 | 9, .a1 = 8 << 12 | 4, .m0 = 1, .m1 = 2, .m2 = 3, .m3 = 4}},
        {SYSCALL_REPLY_RECV, 0, {.a0 = 1ull << 62 | 17, .a1 = 5 << 12 | 4}},
        {SYSCALL_RECV, 0, {.a0 = 0}},
    };
    PLAY(answers);
    protected_answer = microkit_msginfo_new(6, 3);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_string_equal(story, "notified 0 notified 3 notified 61 event 0 1 notified 4 event 0 1 "
                               "protected 9 8:4 1 2 3 4 fault 17 5 ");
    const struct call_registers *reply = nth_call(SYSCALL_REPLY_RECV, 0);
    assert_int_equal(reply->a1, 6 << 12 | 3);
    assert_int_equal(reply->m0, 100);
    assert_int_equal(reply->m3, 103);
    assert_int_equal(count_of(SYSCALL_REPLY_RECV), 1);
}

static void a_fault_is_replied_to_if_wanted(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_RECV, 0, {.a0 = 1ull << 62 | 1, .a1 = 3 << 12, .m0 = 42}}};
    PLAY(answers);
    fault_answer = seL4_True;
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(nth_call(SYSCALL_REPLY_RECV, 0)->a1, 5 << 12 | 1);
    assert_int_equal(nth_call(SYSCALL_REPLY_RECV, 0)->m0, 42);
}

static void a_deferred_call_goes_with_the_next_wait(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_RECV, 0, {.a0 = 1}}};
    PLAY(answers);
    defer_in_notified = 3;
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(count_of(SYSCALL_NOTIFY), 0);
    assert_int_equal(nth_call(SYSCALL_SEND_RECV, 0)->a0, 3);
    assert_int_equal(nth_call(SYSCALL_SEND_RECV, 0)->a2, 0);
    assert_false(microkit_have_signal);

    set_up(NULL);
    PLAY(answers);
    defer_in_notified = 5;
    irq_in_notified = true;
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(nth_call(SYSCALL_SEND_RECV, 0)->a0, 5);
    assert_int_equal(nth_call(SYSCALL_SEND_RECV, 0)->a2, 1);
    irq_in_notified = false;
}

static void two_deferred_calls_lose_none(void **state)
{
    (void)state;
    microkit_deferred_notify(3);
    microkit_deferred_notify(61);
    assert_int_equal(nth_call(SYSCALL_NOTIFY, 0)->a0, 3);
    assert_int_equal(microkit_signal_cap, BASE_OUTPUT_NOTIFICATION_CAP + 61);
    /* Other threads share these variables: they do it at once. */
    thread_index = 1;
    microkit_deferred_notify(3);
    assert_int_equal(count_of(SYSCALL_NOTIFY), 2);
    assert_int_equal(microkit_signal_cap, BASE_OUTPUT_NOTIFICATION_CAP + 61);
    microkit_flush_deferred();
    assert_true(microkit_have_signal);
}

static void a_refused_deferred_call_still_waits(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_SEND_RECV, -SKYSCOPE_NOT_PERMITTED, {0}},
                                            {SYSCALL_RECV, 0, {.a0 = 2}}};
    PLAY(answers);
    microkit_deferred_notify(3);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_string_equal(story, "notified 1 ");
}

static void a_vcpu_runs_only_while_it_is_on(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {SYSCALL_VCPU_RUN, 0, {.a0 = VCPU_RUN_EXIT}},
        {SYSCALL_VCPU_RUN, 0, {.a0 = VCPU_RUN_NOTIFIED, .a1 = 1 << 3, .a2 = SKYSCOPE_EVENT_TIMER}},
        {SYSCALL_VCPU_RUN, 0, {.a0 = VCPU_RUN_EXIT}},
        {SYSCALL_VCPU_WAIT, 0, {.a0 = VCPU_RUN_NOTIFIED, .a1 = 1 << 4}},
    };
    PLAY(answers);
    has_vcpu = true;
    vcpu_off_after = 2;
    skyscope_vcpu_on(0);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_string_equal(story, "exit 0 notified 3 event 0 1 exit 0 notified 4 ");
    assert_int_equal(count_of(SYSCALL_RECV), 0);
}

static void a_deferred_call_goes_before_the_guest_runs(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_VCPU_RUN, 0, {.a0 = VCPU_RUN_NOTIFIED, .a1 = 1}}};
    PLAY(answers);
    has_vcpu = true;
    defer_in_notified = 3;
    skyscope_vcpu_on(0);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(nth_call(SYSCALL_NOTIFY, 0)->a0, 3);
}

static void a_kernel_that_refuses_the_vcpu_ends_the_program(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_VCPU_RUN, -SKYSCOPE_NO_VCPU, {0}}};
    PLAY(answers);
    has_vcpu = true;
    skyscope_vcpu_on(0);
    CRASHES(microkit_main_loop(0, 0, 0));
}

/* --- Starting --- */

static void the_first_thread_starts_the_others(void **state)
{
    (void)state;
    thread_count = 3;
    restores = 0;
    UNTIL_IT_WAITS(microkit_thread_main(0));
    assert_string_equal(story, "init ");
    assert_int_equal(restores, 1);
    assert_int_equal(nth_call(SYSCALL_THREAD_SIGNAL, 0)->a0, 1);
    assert_int_equal(nth_call(SYSCALL_THREAD_SIGNAL, 1)->a0, 2);
    assert_int_equal(nth_call(SYSCALL_IRQ_ACK, 0)->a0, 5);
    assert_int_equal(count_of(SYSCALL_IRQ_ACK), 1);
    assert_int_equal(count_of(SYSCALL_GO_PASSIVE), 0);

    /* One of them began later, and asks. */
    call_count = 0;
    static const struct answer ask[] = {{SYSCALL_RECV, 0, {.a2 = SKYSCOPE_EVENT_SIGNAL}}};
    PLAY(ask);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(nth_call(SYSCALL_THREAD_SIGNAL, 0)->a0, 1);

    /* It starts, keeping what came before. */
    set_up(NULL);
    thread_count = 3;
    thread_index = 1;
    static const struct answer start[] = {{SYSCALL_RECV, 0, {.a0 = 1 << 7, .a2 = SKYSCOPE_EVENT_TIMER}},
                                          {SYSCALL_RECV, 0, {.a0 = 1 << 8}},
                                          {SYSCALL_RECV, 0, {.a2 = SKYSCOPE_EVENT_SIGNAL}}};
    PLAY(start);
    UNTIL_IT_WAITS(microkit_thread_main(1));
    assert_int_equal(nth_call(SYSCALL_THREAD_SIGNAL, 0)->a0, 0);
    assert_string_equal(story, "thread_init 1 notified 7 notified 8 event 1 1 ");
    assert_int_equal(restores, 1); /* the first thread's business */
}

static void a_passive_program_says_so_after_init(void **state)
{
    (void)state;
    microkit_passive = true;
    UNTIL_IT_WAITS(microkit_thread_main(0));
    assert_int_equal(count_of(SYSCALL_GO_PASSIVE), 1);
    assert_int_equal(calls[call_count - 1].number, SYSCALL_RECV);
}

/* --- Data of a program that is restarted --- */

extern char test_data_start[], test_bss_start[];
void test_forget_start(void);
void __real_microkit_restore_data(void);

static void a_restart_finds_data_as_loaded(void **state)
{
    (void)state;
    uint64_t *bss = (uint64_t *)(void *)test_bss_start;
    test_forget_start();
    memset(test_data_start, 0x11, 64);
    memset(bss, 0, 8192);
    bss[5] = 0xfeed; /* written by the tool */
    bss[1023] = 1;
    __real_microkit_restore_data();
    assert_int_equal(test_data_start[63], 0x11);
    memset(test_data_start, 0x22, 64);
    memset(bss, 0x33, 8192);
    __real_microkit_restore_data();
    for (int i = 0; i < 64; i++) {
        assert_int_equal(test_data_start[i], 0x11);
    }
    for (int i = 0; i < 1024; i++) {
        assert_int_equal(bss[i], i == 5 ? 0xfeed : (i == 1023 ? 1 : 0));
    }
    /* And again. */
    memset(test_data_start, 0x44, 64);
    bss[5] = 3;
    __real_microkit_restore_data();
    assert_int_equal(test_data_start[0], 0x11);
    assert_int_equal(bss[5], 0xfeed);
}

static void too_many_written_words_forbid_a_restart(void **state)
{
    (void)state;
    test_forget_start();
    memset(test_bss_start, 1, 8192); /* 1024 words */
    __real_microkit_restore_data();
    CRASHES(__real_microkit_restore_data());
    assert_non_null(strstr(debug_text, "cannot be restarted"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(entry_points_are_called_for_what_arrives),
        TEST(a_fault_is_replied_to_if_wanted),
        TEST(a_deferred_call_goes_with_the_next_wait),
        TEST(two_deferred_calls_lose_none),
        TEST(a_refused_deferred_call_still_waits),
        TEST(a_vcpu_runs_only_while_it_is_on),
        TEST(a_deferred_call_goes_before_the_guest_runs),
        TEST(a_kernel_that_refuses_the_vcpu_ends_the_program),
        TEST(the_first_thread_starts_the_others),
        TEST(a_passive_program_says_so_after_init),
        TEST(a_restart_finds_data_as_loaded),
        TEST(too_many_written_words_forbid_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
