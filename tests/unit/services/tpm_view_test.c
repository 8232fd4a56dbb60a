/* SPDX-License-Identifier: BSD-2-Clause */
/* The event log, right and wrong, and what the manager shows of it and the TPM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/format.h>
#include <crypto/hash.h>
#include <event_log.h>
#include <tpm_view.h>

/* By the host's C library. */
void format_to_sink(format_sink sink, void *context, const char *format, va_list arguments)
{
    char text[1024];
    int length = vsnprintf(text, sizeof(text), format, arguments);
    assert_true(length >= 0 && (size_t)length < sizeof(text));
    sink(context, text, (size_t)length);
}

/* --- Making logs --- */

struct maker {
    uint8_t bytes[8192];
    uint32_t size;
};

static void put(struct maker *m, uint64_t value, unsigned int bytes)
{
    for (unsigned int i = 0; i < bytes; i++) {
        m->bytes[m->size++] = (uint8_t)(value >> (8 * i));
    }
}

static void put_raw(struct maker *m, const void *bytes, size_t size)
{
    memcpy(m->bytes + m->size, bytes, size);
    m->size += (uint32_t)size;
}

static void put_first(struct maker *m)
{
    static const uint8_t zeros[20];
    put(m, 0, 4);
    put(m, EVENT_NO_ACTION, 4);
    put_raw(m, zeros, 20);
    put(m, 16 + 4 + 4 + 4 + 8 + 1, 4);
    put_raw(m, "Spec ID Event03", 16);
    put(m, 0, 4);
    put_raw(m, "\0\2\x69\2", 4);
    put(m, 2, 4);
    put(m, TPM_HASH_SHA256 | 32 << 16, 4);
    put(m, TPM_HASH_SHA384 | 48 << 16, 4);
    put(m, 0, 1);
}

static void put_event(struct maker *m, uint32_t pcr, uint32_t type, const char *data, uint32_t size)
{
    uint8_t digest[64];
    put(m, pcr, 4);
    put(m, type, 4);
    put(m, 2, 4);
    put(m, TPM_HASH_SHA384, 2); /* any order is right */
    hash_sha384(data, size, digest);
    put_raw(m, digest, 48);
    put(m, TPM_HASH_SHA256, 2);
    hash_sha256(data, size, digest);
    put_raw(m, digest, 32);
    put(m, size, 4);
    put_raw(m, data, size);
}

#define FIRST_SIZE 69u
static void make_log(struct maker *m)
{
    m->size = 0;
    put_first(m);
    assert_int_equal(m->size, FIRST_SIZE);
    put_event(m, 12, EVENT_IPL, "command", 7);
    put_event(m, 11, EVENT_IPL, "man\x1b[2Jifest", 12);
    put_event(m, 11, EVENT_NO_ACTION, "nothing", 7);
    put_event(m, 11, EVENT_SEPARATOR, "\0\0\0\0", 4);
}

/* Events in a log of exactly these bytes, -1 if it is wrong. */
static int count_events(const uint8_t *bytes, uint32_t size)
{
    struct event_log log;
    struct event event;
    uint8_t *copy = malloc(size + (size == 0)); /* its end is watched */
    int count = 0;
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    if (!event_log_open(&log, copy, size)) {
        assert_non_null(log.problem);
        free(copy);
        return -1;
    }
    while (event_log_next(&log, &event)) {
        count++;
        assert_true(event.data >= copy && event.data + event.data_size <= copy + size);
    }
    bool wrong = log.problem != NULL;
    free(copy);
    return wrong ? -1 : count;
}

/* --- The parser --- */

static void a_right_log(void **state)
{
    (void)state;
    struct maker m;
    struct event_log log;
    struct event event;
    make_log(&m);
    assert_int_equal(count_events(m.bytes, m.size), 4);
    assert_int_equal(count_events(m.bytes, FIRST_SIZE), 0);
    assert_true(event_log_open(&log, m.bytes, m.size));
    assert_true(event_log_next(&log, &event));
    assert_int_equal(event.pcr, 12);
    assert_int_equal(event.type, EVENT_IPL);
    assert_int_equal(event.data_size, 7);
    assert_memory_equal(event.data, "command", 7);
    uint8_t digest[32];
    hash_sha256("command", 7, digest);
    assert_memory_equal(event.digests[0], digest, 32);
}

static void cut_anywhere(void **state)
{
    (void)state;
    struct maker m;
    make_log(&m);
    uint32_t event = 12 + 2 + 48 + 2 + 32 + 4;
    uint32_t whole[] = {FIRST_SIZE, FIRST_SIZE + event + 7, FIRST_SIZE + 2 * event + 19, FIRST_SIZE + 3 * event + 26,
                        m.size};
    assert_int_equal(FIRST_SIZE + 4 * event + 30, m.size);
    for (uint32_t size = 0; size <= m.size; size++) {
        int expected = -1;
        for (int i = 0; i < 5; i++) {
            expected = size == whole[i] ? i : expected;
        }
        assert_int_equal(count_events(m.bytes, size), expected);
    }
}

static void wrong_in_one_byte(void **state)
{
    (void)state;
    struct maker m;
    static const uint8_t values[] = {0, 1, 3, 0x7f, 0x80, 0xff};
    for (uint32_t at = 0; at < 400; at++) {
        for (unsigned int v = 0; v < sizeof(values); v++) {
            make_log(&m);
            m.bytes[at] = values[v];
            (void)count_events(m.bytes, m.size); /* the sanitizers watch */
        }
    }
    struct {
        uint32_t at;
        uint8_t value;
    } refused[] = {
        {0, 1}, /* PCR of the first event */
        {4, 4}, /* its type */
        {28, 38},
        {28, 36},
        {31, 0xff}, /* its size */
        {32, 's'},
        {47, 1}, /* signature */
        {53, 1}, /* version */
        {56, 0},
        {56, 9},
        {56, 3},    /* number of algorithms */
        {60, 0x0c}, /* the second algorithm twice */
        {62, 31},
        {62, 0},
        {62, 65},                /* size of a digest */
        {68, 1},                 /* vendor information */
        {FIRST_SIZE + 8, 3},     /* number of digests */
        {FIRST_SIZE + 11, 0x80}, /* ditto */
        {FIRST_SIZE + 12, 4},    /* an algorithm that was not named */
        {FIRST_SIZE + 12, 0x0b}, /* one that comes twice */
        {FIRST_SIZE + 99, 0x80}, /* size of the event data */
    };
    for (unsigned int i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        make_log(&m);
        m.bytes[refused[i].at] = refused[i].value;
        if (count_events(m.bytes, m.size) != -1) {
            fail_msg("byte %u: %u passes", refused[i].at, refused[i].value);
        }
    }
}

static void a_digest_twice(void **state)
{
    (void)state;
    static const uint8_t digest[32] = {1};
    struct maker m = {.size = 0};
    put_first(&m);
    put(&m, 11, 4);
    put(&m, EVENT_IPL, 4);
    put(&m, 2, 4);
    for (int i = 0; i < 2; i++) {
        put(&m, TPM_HASH_SHA256, 2);
        put_raw(&m, digest, sizeof(digest));
    }
    put(&m, 0, 4);
    assert_int_equal(count_events(m.bytes, m.size), -1);
    m.bytes[FIRST_SIZE + 8] = 1; /* one digest, and then rubbish */
    assert_int_equal(count_events(m.bytes, m.size - 34 - 4), -1);
}

static void replayed(void **state)
{
    (void)state;
    struct maker m;
    struct event_log log;
    uint8_t value[64], expected[64] = {0}, pair[96];
    make_log(&m);
    assert_true(event_log_open(&log, m.bytes, m.size));
    static const char *const data[] = {"man\x1b[2Jifest", "\0\0\0\0"};
    static const size_t sizes[] = {12, 4};
    for (int i = 0; i < 2; i++) { /* nothing is extended by EV_NO_ACTION */
        memcpy(pair, expected, 48);
        hash_sha384(data[i], sizes[i], pair + 48);
        hash_sha384(pair, 96, expected);
    }
    assert_true(event_log_replay(&log, 11, TPM_HASH_SHA384, value));
    assert_memory_equal(value, expected, 48);
    assert_true(event_log_replay(&log, 13, TPM_HASH_SHA256, value));
    memset(expected, 0, 32);
    assert_memory_equal(value, expected, 32);
    assert_false(event_log_replay(&log, 11, TPM_HASH_SHA1, value));
    assert_false(event_log_replay(&log, 11, TPM_HASH_SHA512, value)); /* not in this log */
}

/* --- What is shown --- */

static union {
    struct hardware_info info;
    uint8_t bytes[HARDWARE_INFO_REGION_SIZE];
} region;
static char buffer[0x20000], screen[0x20000 + 1];
static struct text_output out;

static const char *shown(void (*show)(struct text_output *, const struct hardware_info *))
{
    out = (struct text_output){.buffer = buffer, .size = sizeof(buffer)};
    show(&out, &region.info);
    screen[text_output_take(&out, screen, sizeof(screen) - 1)] = '\0';
    return screen;
}

#define ASSERT_SHOWS(show, text) assert_non_null(strstr(shown(show), text))

static int set_up(void **state)
{
    (void)state;
    struct maker m;
    struct event_log log;
    make_log(&m);
    memset(&region, 0, sizeof(region));
    memcpy(region.bytes + sizeof(region.info), m.bytes, m.size);
    struct hardware_verification *v = &region.info.verification;
    v->tpm_interface = HARDWARE_TPM_CRB;
    v->measurement = HARDWARE_MEASUREMENT_COMPLETE;
    v->event_log_offset = sizeof(region.info);
    v->event_log_size = m.size;
    memcpy(v->tpm_manufacturer, "AB\x1b", 3);
    v->rollback_store = HARDWARE_ROLLBACK_TPM_NV;
    v->rollback_handle = 0x1a53900;
    v->rollback_index = 7;
    v->stored_rollback_index = 6;
    v->pcr_value_count = 2;
    v->pcr_values[0] = (struct hardware_pcr_value){.pcr = 11, .algorithm = TPM_HASH_SHA256, .size = 32};
    v->pcr_values[1] = (struct hardware_pcr_value){.pcr = 12, .algorithm = TPM_HASH_SHA1, .size = 20};
    assert_true(event_log_open(&log, m.bytes, m.size));
    assert_true(event_log_replay(&log, 11, TPM_HASH_SHA256, v->pcr_values[0].value));
    return 0;
}

static void the_tpm_is_shown(void **state)
{
    (void)state;
    ASSERT_SHOWS(show_tpm, "(CRB) interface, manufacturer AB?,");
    ASSERT_SHOWS(show_tpm, "rollback index   7, kept in NV index 0x1a53900; 6 when this start began");
    ASSERT_SHOWS(show_tpm, "measured boot    complete");
    ASSERT_SHOWS(show_tpm, "as the log says");
    ASSERT_SHOWS(show_tpm, "not compared with the log here");
    assert_null(strstr(shown(show_tpm), "NOT"));
    region.info.verification.pcr_values[0].value[31] ^= 1;
    ASSERT_SHOWS(show_tpm, "NOT what the log says");
    region.info.verification.rollback_store = HARDWARE_ROLLBACK_NONE;
    ASSERT_SHOWS(show_tpm, "rollback index   none is kept\r\n");
    region.info.verification.measurement = HARDWARE_MEASUREMENT_FAILED;
    ASSERT_SHOWS(show_tpm, "measured boot    FAILED");
    region.info.verification.tpm_interface = HARDWARE_TPM_NONE;
    ASSERT_SHOWS(show_tpm, "no TPM 2.0 that can be used");
}

static void the_log_is_shown(void **state)
{
    (void)state;
    ASSERT_SHOWS(show_event_log, "  1  PCR 12  EV_IPL        command\r\n     SHA-256   ");
    ASSERT_SHOWS(show_event_log, "  2  PCR 11  EV_IPL        man?[2Jifest\r\n"); /* no escape sequences */
    ASSERT_SHOWS(show_event_log, "  3  PCR 11  EV_NO_ACTION  nothing\r\n  4  PCR 11  EV_SEPARATOR  end\r\n");
    region.info.verification.event_log_size--;
    ASSERT_SHOWS(show_event_log, "the event log is wrong from here on: it ends within an event");
}

static void the_raw_log_is_base64(void **state)
{
    (void)state;
    region.info.verification.event_log_size = 100;
    memset(region.bytes + sizeof(region.info), 0, 100);
    memcpy(region.bytes + sizeof(region.info), "Man", 3);
    const char *text = shown(show_raw_event_log);
    assert_memory_equal(text, "-----BEGIN TCG EVENT LOG-----\r\nTWFuAAAA", 39);
    assert_non_null(strstr(text, "\r\nAAAAAA==\r\n-----END TCG EVENT LOG-----\r\n"));
    region.info.verification.event_log_size = 98;
    assert_non_null(strstr(shown(show_raw_event_log), "\r\nAAA=\r\n-----END"));
    /* The largest log fits the manager's buffer. */
    region.info.verification.event_log_size = HARDWARE_INFO_REGION_SIZE - sizeof(region.info);
    (void)shown(show_raw_event_log);
    assert_int_equal(out.dropped, 0);
}

static void a_log_elsewhere_is_no_log(void **state)
{
    (void)state;
    static const uint32_t places[][2] = {
        {0, 100},
        {sizeof(struct hardware_info) - 1, 100},
        {HARDWARE_INFO_REGION_SIZE, 1},
        {HARDWARE_INFO_REGION_SIZE - 99, 100},
        {0xffffffff, 100},
        {sizeof(struct hardware_info), 0xffffffff},
        {0x80000000, 0x80000000},
    };
    for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        region.info.verification.event_log_offset = places[i][0];
        region.info.verification.event_log_size = places[i][1];
        ASSERT_SHOWS(show_event_log, "there is no event log");
        ASSERT_SHOWS(show_raw_event_log, "there is no event log");
        ASSERT_SHOWS(show_tpm, "not compared");
    }
}

static void wrong_pcr_values_are_not_shown(void **state)
{
    (void)state;
    region.info.verification.pcr_value_count = 0xffffffff;
    region.info.verification.pcr_values[0].size = 0xffff;
    region.info.verification.pcr_values[1].algorithm = 0x99;
    assert_null(strstr(shown(show_tpm), "PCR"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_log),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(wrong_in_one_byte),
        cmocka_unit_test(a_digest_twice),
        cmocka_unit_test(replayed),
        cmocka_unit_test_setup(the_tpm_is_shown, set_up),
        cmocka_unit_test_setup(the_log_is_shown, set_up),
        cmocka_unit_test_setup(the_raw_log_is_base64, set_up),
        cmocka_unit_test_setup(a_log_elsewhere_is_no_log, set_up),
        cmocka_unit_test_setup(wrong_pcr_values_are_not_shown, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
