/* SPDX-License-Identifier: BSD-2-Clause */
/* Armoured text: known answers, round trips, and what terminals do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/armour.h>

struct text {
    char bytes[8192];
    size_t length;
};

static void add_line(void *context, const char *line)
{
    struct text *text = context;
    int added = snprintf(text->bytes + text->length, sizeof(text->bytes) - text->length, "%s\n", line);
    text->length += (size_t)added;
    assert_true(text->length < sizeof(text->bytes));
}

struct decoded {
    enum armour_result result; /* ENDED, an error, or NOTHING: no end */
    uint8_t data[4096];
    size_t size, skipped;
};

static struct decoded decode(const char *text)
{
    struct armour_decoder decoder;
    struct decoded decoded = {.result = ARMOUR_NOTHING};
    armour_decoder_start(&decoder);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n"), size;
        uint8_t data[ARMOUR_LINE_BYTES];
        enum armour_result result = armour_decode_line(&decoder, text, length, data, &size);
        if (result == ARMOUR_STARTED) {
            decoded.size = 0;
        }
        assert_true(decoded.size + size <= sizeof(decoded.data));
        memcpy(decoded.data + decoded.size, data, size);
        decoded.size += size;
        decoded.skipped = decoder.skipped;
        if (result >= ARMOUR_ENDED) {
            decoded.result = result;
            break;
        }
        text += length + (text[length] == '\n');
    }
    return decoded;
}

static void encode(struct text *text, const uint8_t *data, size_t size, size_t step)
{
    struct armour_encoder encoder;
    text->length = 0;
    armour_start(&encoder, add_line, text);
    for (size_t i = 0; i < size; i += step) {
        armour_add(&encoder, data + i, size - i < step ? size - i : step);
    }
    armour_finish(&encoder);
}

/* RFC 4648 section 10. */
static void known_answers(void **state)
{
    static const char *const answers[] = {"", "Zg==\n", "Zm8=\n", "Zm9v\n", "Zm9vYg==\n", "Zm9vYmE=\n", "Zm9vYmFy\n"};
    struct text text;
    char expected[200];
    (void)state;
    for (size_t i = 0; i <= 6; i++) {
        encode(&text, (const uint8_t *)"foobar", i, 2);
        snprintf(expected, sizeof(expected), ARMOUR_BEGIN "\n%s" ARMOUR_END "\n", answers[i]);
        assert_string_equal(text.bytes, expected);
        struct decoded decoded = decode(text.bytes);
        assert_int_equal(decoded.result, ARMOUR_ENDED);
        assert_int_equal(decoded.size, i);
        assert_memory_equal(decoded.data, "foobar", i);
    }
}

static void round_trips(void **state)
{
    static uint8_t data[600];
    struct text text;
    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * i * 31 + i);
    }
    for (size_t size = 0; size < sizeof(data); size++) {
        encode(&text, data, size, size % 80 + 1);
        for (const char *line = text.bytes; *line != '\0'; line += strcspn(line, "\n") + 1) {
            assert_true(strcspn(line, "\n") <= ARMOUR_LINE_LENGTH);
        }
        struct decoded decoded = decode(text.bytes);
        assert_int_equal(decoded.result, ARMOUR_ENDED);
        assert_int_equal(decoded.size, size);
        assert_memory_equal(decoded.data, data, size);
    }
}

#define LINE_A "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
#define LINE_B "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC"

static void assert_ab(const char *text, size_t skipped)
{
    uint8_t expected[117];
    memset(expected, 'A', 57);
    memset(expected + 57, 'B', 57);
    expected[114] = 'f';
    expected[115] = expected[116] = 'o';
    struct decoded decoded = decode(text);
    assert_int_equal(decoded.result, ARMOUR_ENDED);
    assert_int_equal(decoded.size, sizeof(expected));
    assert_memory_equal(decoded.data, expected, sizeof(expected));
    assert_int_equal(decoded.skipped, skipped);
}

/* What a capture of a console holds besides. */
static void noise(void **state)
{
    (void)state;
    assert_ab(ARMOUR_BEGIN "\n" LINE_A "\n" LINE_B "\nZm9v\n" ARMOUR_END "\n", 0);
    assert_ab("manager> export log\r\nblah\r\n" ARMOUR_BEGIN "\r\n" LINE_A "\r\n" LINE_B "\r\nZm9v\r\n" ARMOUR_END
              "\r\nmanager> \x01\xff",
              0);
    /* Blanks at the ends, escape sequences, empty lines, lines of others, words that could be a last line. */
    assert_ab("\x1b[2K" ARMOUR_BEGIN "  \n\n \x1b[1;31m" LINE_A "\x1b[0m\t\n\xe2\x9f\xa6skyscope\xe2\x9f\xa7 console "
              "1: manager\n\nfirst: its VMM has failed\ndone\n" LINE_B "\n\nZm9v\n\n\x1b[K" ARMOUR_END "\n",
              3);
    /* One that was broken off, and then a whole one. */
    assert_ab(ARMOUR_BEGIN "\n" LINE_B "\nZm9v\n" ARMOUR_BEGIN "\n" LINE_A "\n" LINE_B "\nZm9v\n" ARMOUR_END "\n", 0);
    /* A line that is far too long is nobody's. */
    struct text text;
    char longest[3000];
    memset(longest, 'A', sizeof(longest));
    snprintf(text.bytes, sizeof(text.bytes), ARMOUR_BEGIN "\n%.*s\n" LINE_A "\n" LINE_B "\nZm9v\n" ARMOUR_END "\n",
             3000, longest);
    assert_ab(text.bytes, 1);
}

static void damage(void **state)
{
    (void)state;
    assert_int_equal(decode(ARMOUR_BEGIN "\n" LINE_A "\n").result, ARMOUR_NOTHING);
    assert_int_equal(decode(LINE_A "\n" ARMOUR_END "\n").result, ARMOUR_NOTHING);
    assert_int_equal(decode("x" ARMOUR_BEGIN "\n" LINE_A "\n" ARMOUR_END "\n").result, ARMOUR_NOTHING);
    assert_int_equal(decode(ARMOUR_BEGIN "\n" LINE_A "\nZm9v\nZm9v\n" ARMOUR_END "\n").result, ARMOUR_AMBIGUOUS);
    /* Bits behind the last byte. */
    assert_int_equal(decode(ARMOUR_BEGIN "\nZh==\n" ARMOUR_END "\n").result, ARMOUR_BAD_PADDING);
    assert_int_equal(decode(ARMOUR_BEGIN "\nZm9=\n" ARMOUR_END "\n").result, ARMOUR_BAD_PADDING);
    /* Lines that are no base64 are left out; what is left is for the authentication to judge. */
    struct decoded decoded = decode(ARMOUR_BEGIN "\nZm9\nZ===\nZ=9v\n" ARMOUR_END "\n");
    assert_int_equal(decoded.result, ARMOUR_ENDED);
    assert_int_equal(decoded.size, 0);
    assert_int_equal(decoded.skipped, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(noise),
        cmocka_unit_test(damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
