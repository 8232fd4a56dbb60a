/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread's registers on AArch64: system calls, seL4_UserContext, replies to exceptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arch/frame.h>

static struct user_frame frame;

/* Every register has a value of its own. */
static int setup(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 31; i++) {
        frame.x[i] = 0x100 + i;
    }
    frame.sp = 0x200;
    frame.pc = 0x201;
    frame.spsr = PSTATE_NZCV;
    frame.tpidr = 0x203;
    frame.tpidrro = 0x204;
    return 0;
}

static void test_start(void **state)
{
    (void)state;
    struct user_frame zero = {.sp = 0x7000, .pc = 0x200000, .x = {3}};
    frame_init(&frame, 0x200000, 0x7000, 3);
    assert_memory_equal(&frame, &zero, sizeof(zero));
}

static void test_system_call_registers(void **state)
{
    (void)state;
    assert_int_equal(frame_call_number(&frame), 0x107);
    assert_int_equal(frame_argument0(&frame), 0x100);
    assert_int_equal(frame_argument1(&frame), 0x101);
    assert_int_equal(frame_argument2(&frame), 0x106);
    assert_int_equal(frame_argument3(&frame), 0x102);
    assert_int_equal(frame_argument4(&frame), 0x103);
    frame_set_status(&frame, -4);
    frame_set_result0(&frame, 10);
    frame_set_result1(&frame, 11);
    frame_set_result2(&frame, 12);
    frame_set_result3(&frame, 13);
    assert_true(frame.x[7] == (uint64_t)-4);
    assert_int_equal(frame.x[0], 10);
    assert_int_equal(frame.x[1], 11);
    assert_int_equal(frame.x[6], 12);
    assert_int_equal(frame.x[2], 13);
    assert_int_equal(frame.x[8], 0x108);
}

static void test_message_registers(void **state)
{
    (void)state;
    for (uint32_t length = 0; length <= 5; length++) {
        struct user_frame to = {.x = {1, 1, 1, 1, 1, 1, 1, 1}};
        frame_copy_message_registers(&to, &frame, length);
        for (uint32_t i = 0; i < FRAME_MESSAGE_REGISTERS; i++) {
            assert_int_equal(to.x[2 + i], i < length ? 0x102 + i : 1);
        }
        assert_int_equal(to.x[0] + to.x[1] + to.x[6] + to.x[7], 4);
    }
    uint64_t words[4] = {5, 6, 7, 8};
    uint64_t back[4];
    frame_set_message_registers(&frame, words);
    frame_get_message_registers(&frame, back);
    assert_memory_equal(words, back, sizeof(words));
    assert_int_equal(frame.x[5], 8);
}

static void test_context_order(void **state)
{
    (void)state;
    /* seL4_UserContext on AArch64, as numbers of registers. */
    static const unsigned int order[31] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  16, 17, 18, 29, 30, 9, 10,
                                           11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28};
    uint64_t words[FRAME_CONTEXT_WORDS];
    frame_read_context(&frame, words);
    assert_int_equal(words[0], 0x201);
    assert_int_equal(words[1], 0x200);
    assert_true(words[2] == PSTATE_NZCV);
    for (unsigned int i = 0; i < 31; i++) {
        assert_int_equal(words[3 + i], 0x100 + order[i]);
    }
    assert_int_equal(words[34], 0x203);
    assert_int_equal(words[35], 0x204);

    struct user_frame copy = {0};
    assert_true(frame_write_context(&copy, words, FRAME_CONTEXT_WORDS));
    assert_memory_equal(&copy, &frame, sizeof(frame));
}

static void test_part_of_context(void **state)
{
    (void)state;
    uint64_t words[FRAME_CONTEXT_WORDS];
    memset(words, 0, sizeof(words));
    assert_true(frame_write_context(&frame, words, 4));
    assert_int_equal(frame.x[0], 0);
    assert_int_equal(frame.x[1], 0x101);
    assert_true(frame_write_context(&frame, words, 0));
    assert_false(frame_write_context(&frame, words, FRAME_CONTEXT_WORDS + 1));
}

static void test_no_privilege_by_context(void **state)
{
    (void)state;
    uint64_t words[3] = {0x200000, 0x7000, UINT64_MAX};
    assert_true(frame_write_context(&frame, words, 3));
    assert_true((frame.spsr & (PSTATE_MODE | PSTATE_DAIF)) == PSTATE_EL0T);
    assert_true((frame.spsr & (1ull << 20 | 1ull << 21)) == 0); /* IL, SS */
    assert_true((frame.spsr & PSTATE_NZCV) == PSTATE_NZCV);
}

static void test_address_of_context(void **state)
{
    (void)state;
    uint64_t words[3] = {USER_CANONICAL_END, 1, 0};
    struct user_frame before = frame;
    assert_false(frame_write_context(&frame, words, 3));
    assert_memory_equal(&before, &frame, sizeof(frame));
    words[0] = USER_CANONICAL_END - 4;
    assert_true(frame_write_context(&frame, words, 3));
}

static void test_reply_to_exception(void **state)
{
    (void)state;
    uint64_t words[5] = {0x300000, 0x8000, 0, 77, 78};
    assert_true(frame_write_exception_reply(&frame, words, 5));
    assert_int_equal(frame.pc, 0x300000);
    assert_int_equal(frame.sp, 0x8000);
    assert_int_equal(frame.spsr, 0);
    assert_int_equal(frame.x[0], 0x100);
    words[0] = 1ull << 39;
    assert_false(frame_write_exception_reply(&frame, words, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_start, setup),
        cmocka_unit_test_setup(test_system_call_registers, setup),
        cmocka_unit_test_setup(test_message_registers, setup),
        cmocka_unit_test_setup(test_context_order, setup),
        cmocka_unit_test_setup(test_part_of_context, setup),
        cmocka_unit_test_setup(test_no_privilege_by_context, setup),
        cmocka_unit_test_setup(test_address_of_context, setup),
        cmocka_unit_test_setup(test_reply_to_exception, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
