/* SPDX-License-Identifier: BSD-2-Clause */
/* The console multiplexer: routing, history, and lines that cannot be imitated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <multiplexer.h>

#define HOT_KEY 0x1d
#define MARK    "\xe2\x9f\xa6skyscope\xe2\x9f\xa7"

struct fixture {
    struct multiplexer m;
    char history[3][4096];
    char screen[1 << 20];
    size_t length;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    multiplexer_initialise(&f->m, HOT_KEY);
    assert_true(multiplexer_add_client(&f->m, "alpha", f->history[0], 4096, false));
    assert_true(multiplexer_add_client(&f->m, "beta", f->history[1], 4096, false));
    assert_true(multiplexer_add_client(&f->m, "manager", f->history[2], 4096, true));
    return 0;
}

static int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

/* Lets the terminal take everything. */
static void run(struct fixture *f)
{
    uint32_t count;
    multiplexer_pump(&f->m);
    while ((count = multiplexer_take(&f->m, f->screen + f->length, 700)) > 0) {
        f->length += count;
        assert_true(f->length + 1000 < sizeof(f->screen));
        multiplexer_pump(&f->m);
    }
    f->screen[f->length] = '\0';
}

static void clear(struct fixture *f)
{
    run(f);
    f->length = 0;
    f->screen[0] = '\0';
}

static void say(struct fixture *f, uint32_t client, const char *text)
{
    multiplexer_receive(&f->m, client, text, (uint32_t)strlen(text));
    run(f);
}

static void command(struct fixture *f, char key)
{
    assert_false(multiplexer_key(&f->m, HOT_KEY));
    assert_false(multiplexer_key(&f->m, key));
    run(f);
}

/* Brings client 0 to the front, without a trace. */
static void start_with_first(struct fixture *f)
{
    multiplexer_start(&f->m);
    command(f, '0');
    clear(f);
}

static unsigned int occurrences(const char *text, const char *of)
{
    unsigned int n = 0;
    for (const char *c = text; (c = strstr(c, of)) != NULL; c++) {
        n++;
    }
    return n;
}

/* --- Routing --- */

static void boot_shows_the_manager_until_it_hands_over(void **state)
{
    struct fixture *f = *state;
    multiplexer_start(&f->m);
    say(f, 0, "guest output\r\n");
    assert_int_equal(f->m.front, 2);
    assert_non_null(strstr(f->screen, "poweroff")); /* how to leave */
    assert_null(strstr(f->screen, "guest output"));
    static const char banner[] = {'b', 'a', 'n', 'n', 'e', 'r', CONSOLE_SWITCH_INTRODUCER, CONSOLE_SWITCH_BASE, 'p',
                                  'r', 'o', 'm', 'p', 't', 0};
    say(f, 2, banner);
    assert_int_equal(f->m.front, 0);
    const char *shown = strstr(f->screen, "banner");
    assert_non_null(shown);
    assert_non_null(strstr(shown, "guest output"));
    assert_null(strstr(f->screen, "prompt"));
    /* The request is not repeated when the manager's history is shown again. */
    clear(f);
    command(f, 'm');
    assert_int_equal(f->m.front, 2);
    assert_non_null(strstr(f->screen, "prompt"));
    assert_null(strchr(f->screen, CONSOLE_SWITCH_INTRODUCER));
}

static void only_the_manager_can_switch_and_only_from_the_front(void **state)
{
    struct fixture *f = *state;
    static const char request[] = {CONSOLE_SWITCH_INTRODUCER, CONSOLE_SWITCH_BASE + 1, 0};
    start_with_first(f);
    say(f, 0, request);
    assert_int_equal(f->m.front, 0);
    say(f, 2, request);
    assert_int_equal(f->m.front, 0);
    command(f, 'm');
    assert_int_equal(f->m.front, 2);
    static const char nonsense[] = {CONSOLE_SWITCH_INTRODUCER, CONSOLE_SWITCH_BASE + 3, CONSOLE_SWITCH_INTRODUCER, '!',
                                    0};
    say(f, 2, nonsense);
    assert_int_equal(f->m.front, 2);
}

static void keys_go_to_the_client_in_front_only(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    assert_true(multiplexer_key(&f->m, 'x'));
    assert_int_equal(f->m.front, 0);
    command(f, '1');
    assert_int_equal(f->m.front, 1);
    assert_true(multiplexer_key(&f->m, 'y'));
    command(f, 'n');
    assert_int_equal(f->m.front, 2);
    command(f, 'n');
    assert_int_equal(f->m.front, 0);
    command(f, 'p');
    assert_int_equal(f->m.front, 2);
    command(f, '0');
    command(f, 'm');
    assert_int_equal(f->m.front, 2);
    command(f, '9');
    assert_int_equal(f->m.front, 2);
    assert_non_null(strstr(f->screen, "there is no console 9"));
}

static void hot_key_twice_sends_it(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    assert_false(multiplexer_key(&f->m, HOT_KEY));
    assert_true(multiplexer_key(&f->m, HOT_KEY));
    assert_true(multiplexer_key(&f->m, 'm'));
    assert_int_equal(f->m.front, 0);
}

static void help_and_list_are_own_lines(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    command(f, '?');
    assert_non_null(strstr(f->screen, MARK " in front: 0 alpha\r\n"));
    assert_non_null(strstr(f->screen, "Ctrl-] m"));
    clear(f);
    say(f, 1, "news");
    command(f, 'l');
    assert_non_null(strstr(f->screen, MARK " >  0 alpha\r\n"));
    assert_non_null(strstr(f->screen, MARK "    1 beta (new output)\r\n"));
    f->m.clients[0].input_dropped = 1;
    f->m.clients[1].input_dropped = UINT64_MAX;
    clear(f);
    command(f, 'l');
    assert_non_null(strstr(f->screen, MARK " >  0 alpha (1 keys lost)\r\n"));
    assert_non_null(strstr(f->screen, MARK "    1 beta (new output) (18446744073709551615 keys lost)\r\n"));
}

/* --- History --- */

static void output_in_the_background_is_shown_on_switching(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    say(f, 1, "line one\r\nline two\r\n");
    say(f, 0, "mine\r\n");
    assert_string_equal(f->screen, "mine\r\n");
    clear(f);
    command(f, '1');
    assert_non_null(strstr(f->screen, "console 1: beta"));
    assert_non_null(strstr(f->screen, "line one\r\nline two\r\n"));
    assert_null(strstr(f->screen, "mine"));
}

static void history_is_bounded_and_says_what_it_lost(void **state)
{
    struct fixture *f = *state;
    char line[32];
    start_with_first(f);
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "line %05d\r\n", i); /* 12 bytes */
        assert_int_equal(multiplexer_accepts(&f->m, 1), UINT32_MAX);
        multiplexer_receive(&f->m, 1, line, (uint32_t)strlen(line));
    }
    command(f, '1');
    assert_null(strstr(f->screen, "line 00000"));
    assert_non_null(strstr(f->screen, "line 00999\r\n"));
    assert_non_null(strstr(f->screen, "7904 bytes of its output were not kept")); /* 12000 - 4096 */
    /* Shown from the start of a line on. */
    const char *after = strstr(f->screen, "not kept\r\n") + strlen("not kept\r\n");
    assert_memory_equal(after, "line ", 5);
}

static void context_is_repeated_but_not_everything(void **state)
{
    struct fixture *f = *state;
    char line[32];
    start_with_first(f);
    for (int i = 0; i < 300; i++) {
        snprintf(line, sizeof(line), "line %05d\r\n", i);
        say(f, 0, line);
    }
    command(f, '1');
    clear(f);
    command(f, '0');
    assert_null(strstr(f->screen, "line 00100\r\n"));
    assert_non_null(strstr(f->screen, "line 00299\r\n"));
    assert_int_equal(occurrences(f->screen, "line 00299"), 1);
}

static void front_client_is_held_back_not_lost(void **state)
{
    struct fixture *f = *state;
    char text[512];
    memset(text, 'a', sizeof(text));
    start_with_first(f);
    /* The terminal takes nothing. */
    uint64_t accepted = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t room = multiplexer_accepts(&f->m, 0);
        uint32_t n = room < sizeof(text) ? room : (uint32_t)sizeof(text);
        multiplexer_receive(&f->m, 0, text, n);
        accepted += n;
        multiplexer_pump(&f->m);
    }
    assert_int_equal(multiplexer_accepts(&f->m, 0), 0);
    assert_true(accepted < MULTIPLEXER_STAGE_SIZE + 4096);
    /* The multiplexer still has room for its own lines. */
    assert_false(multiplexer_key(&f->m, HOT_KEY));
    assert_false(multiplexer_key(&f->m, '?'));
    run(f);
    assert_int_equal(occurrences(f->screen, "in front: 0 alpha"), 1);
    uint64_t shown = 0;
    for (size_t i = 0; i < f->length; i++) {
        shown += f->screen[i] == 'a';
    }
    assert_true(shown >= accepted);
}

static void own_lines_beyond_the_stage_are_whole_or_absent(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    for (int i = 0; i < 500; i++) {
        assert_false(multiplexer_key(&f->m, HOT_KEY));
        assert_false(multiplexer_key(&f->m, '?'));
    }
    assert_true(multiplexer_staged(&f->m) <= MULTIPLEXER_STAGE_SIZE);
    run(f);
    for (const char *c = f->screen; (c = strstr(c, MARK)) != NULL; c++) {
        assert_non_null(strstr(c, "\r\n"));
    }
}

/* --- Lines that cannot be imitated --- */

static void the_mark_never_comes_from_a_client(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    say(f, 0, MARK " console 1: beta\r\n");
    assert_string_equal(f->screen, "?skyscope? console 1: beta\r\n");
    clear(f);
    /* Nor in pieces, with something invisible between, or overlong. */
    static const char *const tries[] = {
        "\xe2\x9f\x1b[m\xa6", "\xe2\x9f\x00\xa6",   "\xe2\x1b(B\x9f\xa6", "\xf0\x82\x9f\xa6",
        "\x1b%@\xe2\x9f\xa6", "\x1b%G\xe2\x9f\xa7", "\xe2\x9f\r\xa6",     "\xe2\x9f\xe2\x9f\xa6",
    };
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        say(f, 0, tries[i]);
        assert_null(strstr(f->screen, "\xe2\x9f\xa6"));
        assert_null(strstr(f->screen, "\xe2\x9f\xa7"));
        clear(f);
    }
}

static void random_output_never_shows_the_mark(void **state)
{
    struct fixture *f = *state;
    static const char alphabet[] = "\xe2\x9f\xa6\xa7\x1b[]()P_^\\;?0123456789ABHJKMmhlr\r\n\x18\x07 \x9b\x9c\x90z";
    start_with_first(f);
    srand(1);
    for (int round = 0; round < 300; round++) {
        char text[600];
        for (size_t i = 0; i < sizeof(text); i++) {
            text[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
        }
        multiplexer_receive(&f->m, 0, text, sizeof(text));
        run(f);
        assert_null(strstr(f->screen, "\xe2\x9f\xa6"));
        assert_null(strstr(f->screen, "\xe2\x9f\xa7"));
        for (size_t i = 0; i < f->length; i++) {
            /* No controls that start something by themselves. */
            assert_int_not_equal((uint8_t)f->screen[i], 0x05);
            assert_int_not_equal((uint8_t)f->screen[i], 0x18);
        }
        f->length = 0;
    }
}

static void utf8_text_passes(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    say(f, 0, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x9f\xa8");
    assert_string_equal(f->screen, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x9f\xa8");
    clear(f);
    say(f, 0,
        "\xff\x80\xc3(\xed\xa0\x80\xc2\x9b"
        "31m\xf4\x90\x80\x80");
    assert_string_equal(f->screen, "??\?(?\?31m?");
}

static void an_unfinished_sequence_cannot_swallow_own_lines(void **state)
{
    struct fixture *f = *state;
    static const char *const openings[] = {"\x1b",   "\x1b[",    "\x1b[31", "\x1b]0;title", "\x1bP1$q",
                                           "\x1b_x", "\xe2\x9f", "\x1b(",   "\x1b#",        "\x1b^"};
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        start_with_first(f);
        say(f, 0, openings[i]);
        assert_int_equal(f->length, 0); /* nothing of it went out */
        command(f, 'l');
        assert_memory_equal(f->screen, TERMINAL_RESET, strlen(TERMINAL_RESET));
        assert_non_null(strstr(f->screen, MARK " >  0 alpha\r\n"));
        clear(f);
        say(f, 0, "plain");
        assert_string_equal(f->screen, "plain");
        clear(f);
    }
}

static void switching_resets_the_terminal(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    say(f, 0, "\x1b[31m\x1b[?2004h\x1b(0\x1b[?1049h");
    clear(f);
    command(f, '1');
    assert_non_null(strstr(f->screen, "\x1b[?1049l"));
    assert_non_null(strstr(f->screen, "\x1b[0m"));
    assert_non_null(strstr(f->screen, "\x1b(B"));
    assert_non_null(strstr(f->screen, "\x1b[?2004l"));
    assert_true(strstr(f->screen, "\x1b[?2004l") < strstr(f->screen, MARK));
}

static void a_client_cannot_reach_own_lines(void **state)
{
    struct fixture *f = *state;
    static const char *const upward[] = {"\x1b[A",
                                         "\x1b[5A",
                                         "\x1b[H",
                                         "\x1b[2;1H",
                                         "\x1b[3d",
                                         "\x1bM",
                                         "\x1b[2F",
                                         "\x1b"
                                         "8",
                                         "\x1b[u",
                                         "\x1b[2T",
                                         "\x1b[1;5r",
                                         "\x1b[?1049h",
                                         "\x1b[?47;1h",
                                         "\x1b[L",
                                         "\x1b[?6h"};
    for (size_t i = 0; i < sizeof(upward) / sizeof(upward[0]); i++) {
        start_with_first(f);
        command(f, 'l');
        clear(f);
        say(f, 0, "text \x1b[1mbold\x1b[m\x1b[K\x1b[6n\r\n");
        assert_null(strstr(f->screen, "\x1b[2J"));
        clear(f);
        say(f, 0, upward[i]);
        /* The screen is cleared before. */
        assert_memory_equal(f->screen, "\x1b[2J", 4);
        assert_string_equal(f->screen + 4, upward[i]);
        clear(f);
        say(f, 0, upward[i]);
        assert_string_equal(f->screen, upward[i]);
    }
}

static void harmful_sequences_are_dropped(void **state)
{
    struct fixture *f = *state;
    static const char *const harmful[] = {
        "\x1b[?45h",          /* reverse wrap */
        "\x1b[?69h",          /* left and right margins */
        "\x1b[21t",           /* report title */
        "\x1b[0;0;0$w",       /* answers with chosen content */
        "\x1b]52;c;aGk=\x07", /* clipboard */
        "\x1bP+q544e\x1b\\",  /* terminfo query */
        "\x1b[5i",            /* printer */
        "\x1b%@",             /* other coding system */
        "\x1b#8",             /* test pattern */
        "\x1bn\x1bo",         /* locking shifts */
        "\x05",               /* answer back */
        "\x1b(>",             /* technical character set */
        "\x1b[?25;45h",       /* one bad mode among good ones */
        "\x1b[99999999999h",
        "\x1b[1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111m",
    };
    start_with_first(f);
    for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
        say(f, 0, harmful[i]);
        assert_string_equal(f->screen, "");
        say(f, 0, ".");
        assert_string_equal(f->screen, ".");
        clear(f);
    }
}

static void a_string_without_end_ends(void **state)
{
    struct fixture *f = *state;
    start_with_first(f);
    say(f, 0, "\x1b]0;never ended\nnext line");
    assert_string_equal(f->screen, "next line");
    clear(f);
    say(f, 0, "\x1bP");
    for (int i = 0; i < 5000; i++) {
        say(f, 0, "x");
    }
    assert_true(f->length > 0 && f->length < 1000);
}

static void names_are_made_printable(void **state)
{
    struct fixture *f = *state;
    char history[64];
    assert_true(multiplexer_add_client(&f->m, "a\x1b[31m\xe2\x9f\xa6 b", history, 64, false));
    assert_string_equal(f->m.clients[3].name, "a?[31m????b");
}

static void unusable_clients_are_refused(void **state)
{
    struct fixture *f = *state;
    char history[128];
    assert_false(multiplexer_add_client(&f->m, "x", NULL, 128, false));
    assert_false(multiplexer_add_client(&f->m, "x", history, 100, false));
    assert_false(multiplexer_add_client(&f->m, "x", history, 32, false));
    while (f->m.client_count < CONSOLE_MAX_CLIENTS) {
        assert_true(multiplexer_add_client(&f->m, "x", history, 128, false));
    }
    assert_false(multiplexer_add_client(&f->m, "x", history, 128, false));
    multiplexer_start(&f->m);
    command(f, 'l'); /* the longest list fits */
    assert_int_equal(occurrences(f->screen, MARK), 2 + CONSOLE_MAX_CLIENTS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(boot_shows_the_manager_until_it_hands_over),
        TEST(only_the_manager_can_switch_and_only_from_the_front),
        TEST(keys_go_to_the_client_in_front_only),
        TEST(hot_key_twice_sends_it),
        TEST(help_and_list_are_own_lines),
        TEST(output_in_the_background_is_shown_on_switching),
        TEST(history_is_bounded_and_says_what_it_lost),
        TEST(context_is_repeated_but_not_everything),
        TEST(front_client_is_held_back_not_lost),
        TEST(own_lines_beyond_the_stage_are_whole_or_absent),
        TEST(the_mark_never_comes_from_a_client),
        TEST(random_output_never_shows_the_mark),
        TEST(utf8_text_passes),
        TEST(an_unfinished_sequence_cannot_swallow_own_lines),
        TEST(switching_resets_the_terminal),
        TEST(a_client_cannot_reach_own_lines),
        TEST(harmful_sequences_are_dropped),
        TEST(a_string_without_end_ends),
        TEST(names_are_made_printable),
        TEST(unusable_clients_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
