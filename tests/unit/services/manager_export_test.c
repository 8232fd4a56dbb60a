/* SPDX-License-Identifier: BSD-2-Clause */
/* `export log`: what the manager seals to the operator. */
#include <stdio.h>
#include <string.h>

#include <microkit.h>

#include "manager_fixture.h"

/* --- export log --- */

/* Gives the manager an operator's key. */
static void give_key(struct fixture *f)
{
    uint8_t key[SEAL_MAX_PUBLIC_KEY];
    memset(f->operator_secret, 0x17, sizeof(f->operator_secret));
    assert_true(seal_public_key(SEAL_X25519_ML_KEM_1024, f->operator_secret, key));
    f->config.operator_key = (uintptr_t)f->operator_key;
    f->config.operator_key_size = seal_key_file_write(SEAL_X25519_ML_KEM_1024, key, f->operator_key);
    assert_true(manager_initialise(&f->manager, &operations, &f->config, 1000000));
    clear(f);
    entropy_there = true;
}

/* What the operator gets from the text on the console. NULL: it is not whole. In memory of test_calloc(). */
static char *open_export(struct fixture *f, const char *console)
{
    struct armour_decoder decoder;
    struct seal_session session;
    uint8_t *sealed = test_calloc(1, 0x80000);
    char *text = test_calloc(1, 0x80000);
    size_t size = 0, at, length = 0;
    bool ended = false, last = false;
    armour_decoder_start(&decoder);
    while (*console != '\0' && !ended) {
        size_t line = strcspn(console, "\n"), piece;
        ended = armour_decode_line(&decoder, console, line, sealed + size, &piece) == ARMOUR_ENDED;
        size += piece;
        console += line + (console[line] == '\n');
    }
    assert_true(ended);
    assert_int_equal(seal_header_size(sealed, size, &at), SEAL_OK);
    assert_int_equal(seal_accept(&session, SEAL_X25519_ML_KEM_1024, f->operator_secret, sealed, at, LOG_EXPORT_CONTEXT,
                                 strlen(LOG_EXPORT_CONTEXT)),
                     SEAL_OK);
    while (!last) {
        size_t record, data;
        assert_int_equal(seal_record_size(sealed + at, size - at, &record), SEAL_OK);
        assert_true(record <= size - at);
        assert_int_equal(seal_read(&session, sealed + at, record, (uint8_t *)text + length, &data, &last), SEAL_OK);
        at += record;
        length += data;
    }
    assert_int_equal(at, size);
    test_free(sealed);
    return text;
}

static void logs_are_exported_to_the_operator(void **state)
{
    struct fixture *f = *state;
    give_key(f);
    write_log(f, "a line of the log\n\033[31mand another\n");
    type(f, "export log\r");
    assert_true(f->manager.busy);
    assert_false(manager_poll(&f->manager));
    assert_false(f->manager.busy);
    const char *console = screen(f);
    assert_null(strstr(console, "a line of the log"));
    assert_non_null(strstr(console, "sealed records\r\nmanager> "));
    char *text = open_export(f, console);
    assert_ptr_equal(strstr(text, "Skyscope log export\n"), text);
    static const char *const parts[] = {"\n=== hardware ===\n",
                                        "alpha",
                                        "\n=== statistics ===\n",
                                        "kernel.tick_frequency 1000000\n",
                                        "\n=== kernel: log ===\na line of the log\n?[31mand another\n",
                                        "\n=== VM alpha: faults of its VMM ===\nnone\n",
                                        "\n=== VM beta: log of its VMM ===\na line of the log\n?[31mand another\n"};
    const char *at = text;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        at = strstr(at, parts[i]);
        assert_non_null(at);
    }
    assert_null(strchr(text, '\r'));
    test_free(text);
}

/* A console that takes its time: nothing is lost, and what others say in between does no harm. */
static void an_export_waits_for_the_console(void **state)
{
    struct fixture *f = *state;
    static char console[0x100000];
    size_t length = 0, large = 0x30000;
    unsigned int polls = 0;
    give_key(f);
    struct log_ring *ring = test_calloc(1, sizeof(struct log_ring) + large);
    *ring = (struct log_ring){.magic = LOG_RING_MAGIC, .capacity = (uint32_t)large, .written = 5 * large + 100};
    for (size_t i = 0; i < large; i++) {
        ring->text[i] = i % 50 == 49 ? '\n' : (char)('a' + i % 26);
    }
    f->manager.vms[0].config.log = (uintptr_t)ring;
    f->manager.vms[0].config.log_size = (uint32_t)(sizeof(*ring) + large);
    f->manager.vms[1].config.log = (uintptr_t)ring;
    f->manager.vms[1].config.log_size = (uint32_t)(sizeof(*ring) + large);
    type(f, "export log\r");
    bool more = true;
    while (more) {
        more = manager_poll(&f->manager);
        if (++polls == 3) {
            seL4_SetMR(0, 0);
            manager_child_faulted(&f->manager, 10, 0);
        }
        for (unsigned int i = 0; i < 40; i++) {
            length += text_output_take(&f->manager.out, console + length, 1000);
        }
    }
    assert_int_equal(f->manager.out.dropped, 0);
    assert_true(polls > 5);
    text_output_take(&f->manager.out, console + length, MANAGER_OUTPUT_SIZE);
    assert_non_null(strstr(console, "alpha: its VMM has failed"));
    char *text = open_export(f, console);
    char *first = strstr(text, "=== VM alpha: log of its VMM ===\n"), *second = strstr(text, "=== VM beta: f");
    assert_true(first != NULL && second != NULL);
    assert_true((size_t)(second - first) > large);
    assert_true(strlen(second) > large);
    test_free(text);
    test_free(ring);
}

static void nothing_is_exported_without_key_or_entropy(void **state)
{
    struct fixture *f = *state;
    type(f, "export log\r");
    assert_non_null(strstr(screen(f), "this system has no operator's key"));
    assert_false(f->manager.busy);
    type(f, "export\rexport logs\rexport log now\r");
    assert_non_null(strstr(screen(f), "usage: export log"));
    give_key(f);
    entropy_there = false;
    type(f, "export log\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, "no source of random numbers"));
    assert_null(strstr(text, "BEGIN"));
    assert_false(f->manager.busy);
    /* A key that is none. */
    f->operator_key[0] ^= 1;
    entropy_there = true;
    assert_true(manager_initialise(&f->manager, &operations, &f->config, 1000000));
    clear(f);
    type(f, "export log\r");
    text = screen(f);
    assert_non_null(strstr(text, "the operator's key is not usable: this is not an operator's public key file"));
    assert_null(strstr(text, "BEGIN"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(logs_are_exported_to_the_operator),
        TEST(an_export_waits_for_the_console),
        TEST(nothing_is_exported_without_key_or_entropy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
