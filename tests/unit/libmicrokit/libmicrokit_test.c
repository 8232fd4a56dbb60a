/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the library: messages, channels, children, the debug console. */
#include <string.h>

#include <context_size.h>

#include "program_fixture.h"

/* --- Messages --- */

static void message_info_is_laid_out_as_on_sel4(void **state)
{
    (void)state;
    seL4_MessageInfo_t info = seL4_MessageInfo_new(0xfffffffffffffull, 0, 0, 127);
    assert_true(info.words[0] == 0xfffffffffffff07full);
    info = seL4_MessageInfo_new(0x123, 5, 2, 64);
    assert_int_equal(info.words[0], 0x123ull << 12 | 5u << 9 | 2u << 7 | 64);
    assert_int_equal(seL4_MessageInfo_get_label(info), 0x123);
    assert_int_equal(seL4_MessageInfo_get_length(info), 64);
    assert_int_equal(seL4_MessageInfo_get_extraCaps(info), 2);
    assert_int_equal(seL4_MessageInfo_get_capsUnwrapped(info), 5);
    assert_int_equal(offsetof(seL4_IPCBuffer, msg), 8);
    assert_int_equal(sizeof(seL4_UserContext), SEL4_USER_CONTEXT_SIZE);
    seL4_SetMR(120, 1);
    seL4_SetMR(-1, 1);
    assert_int_equal(ipc_buffer.userData, 0);
    assert_int_equal(ipc_buffer.tag.words[0], 0);
}

/* --- Channels --- */

static void notifications_name_their_channel(void **state)
{
    (void)state;
    microkit_notify(3);
    microkit_notify(61);
    assert_int_equal(count_of(SYSCALL_NOTIFY), 2);
    assert_int_equal(nth_call(SYSCALL_NOTIFY, 0)->a0, 3);
    assert_int_equal(nth_call(SYSCALL_NOTIFY, 1)->a0, 61);
    assert_string_equal(debug_text, "");
}

static void what_was_not_given_is_reported_only(void **state)
{
    (void)state;
    microkit_notify(4);
    microkit_notify(67); /* 3 + 64 */
    microkit_irq_ack(3);
    microkit_deferred_irq_ack(4294967295u);
    microkit_deferred_notify(62);
    microkit_msginfo answer = microkit_ppcall(3, microkit_msginfo_new(1, 1));
    assert_int_equal(answer.words[0], 0);
    assert_int_equal(call_count, 0);
    assert_false(microkit_have_signal);
    assert_string_equal(debug_text, "tested microkit_notify: invalid channel given '4'\n"
                                    "tested microkit_notify: invalid channel given '67'\n"
                                    "tested microkit_irq_ack: invalid channel given '3'\n"
                                    "tested microkit_deferred_irq_ack: invalid channel given '4294967295'\n"
                                    "tested microkit_deferred_notify: invalid channel given '62'\n"
                                    "tested microkit_ppcall: invalid channel given '3'\n");
}

static void a_call_carries_its_message(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {SYSCALL_CALL, 0, {.a1 = 7 << 12 | 2, .m0 = 11, .m1 = 12, .m2 = 13, .m3 = 14}}};
    PLAY(answers);
    for (seL4_Uint8 i = 0; i < 6; i++) {
        microkit_mr_set(i, i + 1u);
    }
    microkit_msginfo answer = microkit_ppcall(4, microkit_msginfo_new(9, 6));
    const struct call_registers *in = nth_call(SYSCALL_CALL, 0);
    assert_int_equal(in->a0, 4);
    assert_int_equal(in->a1, 9 << 12 | 6);
    assert_int_equal(in->m0, 1);
    assert_int_equal(in->m1, 2);
    assert_int_equal(in->m2, 3);
    assert_int_equal(in->m3, 4);
    assert_int_equal(microkit_msginfo_get_label(answer), 7);
    assert_int_equal(microkit_msginfo_get_count(answer), 2);
    assert_int_equal(microkit_mr_get(0), 11);
    assert_int_equal(microkit_mr_get(3), 14);
    assert_int_equal(microkit_mr_get(4), 5); /* left to the kernel */
}

static void a_call_to_one_that_stopped_is_told_apart(void **state)
{
    (void)state;
    status_of[SYSCALL_CALL] = -SKYSCOPE_PEER_STOPPED;
    microkit_mr_set(0, 77);
    microkit_msginfo answer = microkit_ppcall(4, microkit_msginfo_new(0, 0));
    assert_true(microkit_msginfo_get_label(answer) == SKYSCOPE_LABEL_PEER_STOPPED);
    assert_int_equal(microkit_mr_get(0), 77);
}

static void an_invalid_capability_stops_the_program(void **state)
{
    (void)state;
    CRASHES(seL4_Signal(BASE_OUTPUT_NOTIFICATION_CAP + 62));
    assert_int_equal(crashed_with, seL4_InvalidCapability);
    CRASHES(seL4_Signal(0));
    CRASHES((void)seL4_Call(BASE_ENDPOINT_CAP - 1, microkit_msginfo_new(0, 0)));
    status_of[SYSCALL_NOTIFY] = -SKYSCOPE_NOT_PERMITTED;
    CRASHES(seL4_Signal(BASE_OUTPUT_NOTIFICATION_CAP + 3));
    assert_int_equal(seL4_IRQHandler_Ack(BASE_IRQ_CAP + 62), seL4_InvalidCapability);
    assert_int_equal(seL4_IRQHandler_Ack(BASE_IRQ_CAP - 1), seL4_InvalidCapability);
}

/* --- Children --- */

static void a_restart_stops_first(void **state)
{
    (void)state;
    microkit_pd_restart(6, 0x200000);
    const struct call_registers *first = nth_call(SYSCALL_PD_CONTROL, 0);
    const struct call_registers *second = nth_call(SYSCALL_PD_CONTROL, 1);
    assert_int_equal(first->a0, 6);
    assert_int_equal(first->a1, SKYSCOPE_PD_STOP);
    assert_int_equal(second->a0, 6);
    assert_int_equal(second->a1, SKYSCOPE_PD_RESTART);
    assert_int_equal(second->a2, 0x200000);
    microkit_pd_resume(6);
    assert_int_equal(nth_call(SYSCALL_PD_CONTROL, 2)->a1, SKYSCOPE_PD_RESUME);
}

#define CONTEXT_WORDS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

static void registers_are_copied_within_bounds(void **state)
{
    (void)state;
    seL4_UserContext registers = {0};
    seL4_Word *words = (seL4_Word *)&registers; /* whatever they are called on this architecture */
    for (int i = 0; i < 60; i++) {
        ipc_buffer.msg[i] = (seL4_Word)i + 1;
    }
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_False, 0, 3, &registers), seL4_NoError);
    assert_int_equal(words[0], 1);
    assert_int_equal(words[2], 3);
    assert_int_equal(words[3], 0);
    assert_int_equal(count_of(SYSCALL_PD_CONTROL), 0);
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_True, 0, CONTEXT_WORDS, &registers), seL4_NoError);
    assert_int_equal(words[CONTEXT_WORDS - 1], CONTEXT_WORDS);
    assert_int_equal(nth_call(SYSCALL_PD_CONTROL, 0)->a1, SKYSCOPE_PD_STOP);
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_False, 0, 0, &registers), seL4_RangeError);
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_False, 0, CONTEXT_WORDS + 1, &registers),
                     seL4_RangeError);
    assert_int_equal(seL4_TCB_WriteRegisters(BASE_TCB_CAP + 2, seL4_False, 0, CONTEXT_WORDS + 1, &registers),
                     seL4_RangeError);
    assert_int_equal(seL4_TCB_WriteRegisters(BASE_TCB_CAP + 62, seL4_False, 0, 1, &registers), seL4_InvalidCapability);
    words[0] = 0x1234;
    assert_int_equal(seL4_TCB_WriteRegisters(BASE_TCB_CAP + 2, seL4_True, 0, 5, &registers), seL4_NoError);
    assert_int_equal(ipc_buffer.msg[0], 0x1234);
    assert_int_equal(nth_call(SYSCALL_PD_WRITE_REGISTERS, 0)->a2, 5);
    assert_int_equal(calls[call_count - 1].number, SYSCALL_PD_CONTROL);
    assert_int_equal(calls[call_count - 1].in.a1, SKYSCOPE_PD_RESUME);
    status_of[SYSCALL_PD_READ_REGISTERS] = -SKYSCOPE_WRONG_STATE;
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_False, 0, 1, &registers), seL4_IllegalOperation);
}

/* --- Debug console --- */

static void debug_output_is_cut_into_calls(void **state)
{
    (void)state;
    char text[101];
    memset(text, 'x', 100);
    text[100] = '\0';
    microkit_dbg_puts(text);
    assert_string_equal(debug_text, text);
    debug_text[0] = '\0';
    microkit_dbg_puts("");
    microkit_dbg_put8(0);
    microkit_dbg_putc(' ');
    microkit_dbg_put8(255);
    microkit_dbg_putc(' ');
    microkit_dbg_put32(4294967295u);
    seL4_DebugPutChar('!');
    assert_string_equal(debug_text, "0 255 4294967295!");
}

static void time_is_returned_whole(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_TIME, 0, {.a0 = 2600000000u, .a2 = 1795243750, .m0 = 77}}};
    PLAY(answers);
    struct skyscope_time time = skyscope_time();
    assert_int_equal(time.tick_frequency, 2600000000u);
    assert_int_equal(time.wall_clock, 1795243750);
    assert_int_equal(time.wall_clock_ticks, 77);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(message_info_is_laid_out_as_on_sel4),
        TEST(notifications_name_their_channel),
        TEST(what_was_not_given_is_reported_only),
        TEST(a_call_carries_its_message),
        TEST(a_call_to_one_that_stopped_is_told_apart),
        TEST(an_invalid_capability_stops_the_program),
        TEST(a_restart_stops_first),
        TEST(registers_are_copied_within_bounds),
        TEST(debug_output_is_cut_into_calls),
        TEST(time_is_returned_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
