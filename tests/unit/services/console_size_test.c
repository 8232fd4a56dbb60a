/* SPDX-License-Identifier: BSD-2-Clause */
/* The console multiplexer learns the terminal's size: whose answer is whose, and that nobody waits for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <multiplexer.h>

#define HOT_KEY  0x1d
#define QUESTION "\x1b[999;999H\x1b[6n"

struct fixture {
    struct multiplexer m;
    char history[3][4096];
    char screen[1 << 16];
    char keys[3][4096]; /* what each client was sent */
};

/* The terminal takes all that there is. */
static void show(struct fixture *f)
{
    uint32_t count;
    size_t length = strlen(f->screen);
    multiplexer_pump(&f->m);
    while ((count = multiplexer_take(&f->m, f->screen + length, 700)) > 0) {
        length += count;
        assert_true(length + 1000 < sizeof(f->screen));
        multiplexer_pump(&f->m);
    }
    f->screen[length] = '\0';
}

static void deliver(struct fixture *f, const char *keys, uint32_t count)
{
    strncat(f->keys[f->m.front], keys, count);
}

static void type(struct fixture *f, const char *text)
{
    char keys[REPORT_MAX_LENGTH];
    for (; *text != '\0'; text++) {
        uint32_t count = multiplexer_input(&f->m, *text, keys);
        deliver(f, keys, count);
    }
    show(f);
}

static void wait(struct fixture *f, uint64_t milliseconds)
{
    char keys[REPORT_MAX_LENGTH];
    f->m.now += milliseconds;
    uint32_t count = multiplexer_tick(&f->m, keys);
    deliver(f, keys, count);
}

static void say(struct fixture *f, uint32_t client, const char *text)
{
    multiplexer_receive(&f->m, client, text, (uint32_t)strlen(text));
    show(f);
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    multiplexer_initialise(&f->m, HOT_KEY);
    assert_true(multiplexer_add_client(&f->m, "alpha", f->history[0], 4096, false));
    assert_true(multiplexer_add_client(&f->m, "beta", f->history[1], 4096, false));
    assert_true(multiplexer_add_client(&f->m, "manager", f->history[2], 4096, true));
    f->m.now = 10000;
    multiplexer_start(&f->m);
    show(f);
    return 0;
}

static int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

static void is_size(const struct fixture *f, uint16_t columns, uint16_t rows)
{
    assert_int_equal(f->m.columns, columns);
    assert_int_equal(f->m.rows, rows);
}

/* The terminal answers the question of the start; client 0 is in front, and nobody is waiting. */
static void start_with_first(struct fixture *f)
{
    type(f, "\x1b[24;80R\x1d"
            "0\x1b[24;80R");
    is_size(f, 80, 24);
    assert_string_equal(f->keys[0], "");
    f->screen[0] = '\0';
}

static void the_size_is_asked_for_at_the_start(void **state)
{
    struct fixture *f = *state;
    assert_non_null(strstr(f->screen, QUESTION));
    is_size(f, 0, 0);
    type(f, "\x1b[50;132R");
    is_size(f, 132, 50);
    assert_string_equal(f->keys[2], "");
}

static void each_command_asks_again(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    type(f, "\x1dl");
    assert_non_null(strstr(f->screen, QUESTION));
    f->screen[0] = '\0';
    type(f, "\x1dl"); /* while the answer is waited for, a second question could be mistaken */
    assert_null(strstr(f->screen, QUESTION));
    type(f, "\x1b[30;100R");
    is_size(f, 100, 30);
    type(f, "\x1d"
            "1\x1b[31;101R");
    is_size(f, 101, 31);
    assert_string_equal(f->keys[0], "");
    assert_string_equal(f->keys[1], "");
}

static void keys_between_are_keys(void **state)
{
    struct fixture *f = *state;
    type(f, "ls\r\x1b[A\x1b[1;5D\x1b[0n\x1b[12;x\x1bOP\x1b\x1b[40;90R!\x1b[3~");
    is_size(f, 90, 40);
    assert_string_equal(f->keys[2], "ls\r\x1b[A\x1b[1;5D\x1b[0n\x1b[12;x\x1bOP\x1b!\x1b[3~");
}

static void without_a_terminal_nobody_waits(void **state)
{
    struct fixture *f = *state;
    type(f, "exit\r");
    assert_string_equal(f->keys[2], "exit\r");
    assert_int_equal(multiplexer_deadline(&f->m), 0);
    type(f, "\x1b");
    assert_string_equal(f->keys[2], "exit\r");
    assert_int_equal(multiplexer_deadline(&f->m), f->m.now + REPORT_HOLD_MILLISECONDS);
    wait(f, REPORT_HOLD_MILLISECONDS - 1);
    assert_string_equal(f->keys[2], "exit\r");
    wait(f, 1);
    assert_string_equal(f->keys[2], "exit\r\x1b");
    /* Later even that is over. */
    wait(f, REPORT_PATIENCE_MILLISECONDS);
    type(f, "\x1b");
    assert_string_equal(f->keys[2], "exit\r\x1b\x1b");
    is_size(f, 0, 0);
}

static void the_order_of_questions_says_whose_an_answer_is(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    say(f, 0, "\x1b[5;5H\x1b[6n");
    type(f, "\x1dl");
    type(f, "\x1b[5;5R");
    assert_string_equal(f->keys[0], "\x1b[5;5R");
    is_size(f, 80, 24);
    say(f, 0, "\x1b[7;7H\x1b[6n");
    type(f, "\x1b[25;81R\x1b[7;7R");
    is_size(f, 81, 25);
    assert_string_equal(f->keys[0], "\x1b[5;5R\x1b[7;7R");
}

static void an_answer_for_who_is_no_longer_in_front_is_dropped(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    say(f, 0, "\x1b[5;5H\x1b[6n");
    type(f, "\x1d"
            "1\x1b[5;5R\x1b[33;99R");
    is_size(f, 99, 33);
    assert_string_equal(f->keys[0], "");
    assert_string_equal(f->keys[1], "");
}

static void a_flood_of_questions_leaves_room_for_ours(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    for (int i = 0; i < 100; i++) {
        say(f, 0, "\x1b[6n");
    }
    type(f, "\x1dl");
    assert_non_null(strstr(f->screen, QUESTION));
    for (uint32_t i = 0; i < REPORT_MAX_ASKED - 1; i++) {
        type(f, "\x1b[9;9R");
    }
    is_size(f, 80, 24);
    type(f, "\x1b[60;200R");
    is_size(f, 200, 60);
}

static void shift_and_f3_is_no_answer(void **state)
{
    struct fixture *f = *state;
    type(f, "\x1b[1;2R");
    assert_string_equal(f->keys[2], "\x1b[1;2R");
    is_size(f, 0, 0);
    type(f, "\x1b[24;1R"); /* nor is a terminal of one column believed */
    is_size(f, 0, 0);
    assert_string_equal(f->keys[2], "\x1b[1;2R");
}

static void numbers_that_are_too_long_are_keys(void **state)
{
    struct fixture *f = *state;
    type(f, "\x1b[99999;80R\x1b[24;80000R");
    is_size(f, 0, 0);
    assert_string_equal(f->keys[2], "\x1b[99999;80R\x1b[24;80000R");
    type(f, "\x1b[24;80R");
    is_size(f, 80, 24);
}

static void the_hot_key_is_found_behind_an_escape(void **state)
{
    struct fixture *f = *state;
    type(f, "\x1b\x1d"
            "1");
    assert_int_equal(f->m.front, 1);
    assert_string_equal(f->keys[2], "\x1b");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_size_is_asked_for_at_the_start),
        TEST(each_command_asks_again),
        TEST(keys_between_are_keys),
        TEST(without_a_terminal_nobody_waits),
        TEST(the_order_of_questions_says_whose_an_answer_is),
        TEST(an_answer_for_who_is_no_longer_in_front_is_dropped),
        TEST(a_flood_of_questions_leaves_room_for_ours),
        TEST(shift_and_f3_is_no_answer),
        TEST(numbers_that_are_too_long_are_keys),
        TEST(the_hot_key_is_found_behind_an_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
