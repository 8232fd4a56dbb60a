/* SPDX-License-Identifier: BSD-2-Clause */
/* The sealed channel: its parts by known answers, round trips, and everything that an attacker may do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bearssl_block.h>
#include <bearssl_ec.h>
#include <bearssl_kdf.h>
#include <crypto/seal.h>

static const uint32_t suites[] = {SEAL_X25519_ML_KEM_768, SEAL_X25519_ML_KEM_1024};
static const char context[] = "test context";
#define CONTEXT context, sizeof(context)

/* --- Fixture --- */

static bool counting(void *state, uint8_t *buffer, size_t size)
{
    uint8_t *next = state;
    for (size_t i = 0; i < size; i++) {
        buffer[i] = (*next)++;
    }
    return true;
}

static bool no_entropy(void *state, uint8_t *buffer, size_t size)
{
    (void)state;
    memset(buffer, 1, size);
    return false;
}

struct pair {
    uint32_t suite;
    size_t header_size;
    uint8_t secret_key[SEAL_SECRET_KEY_SIZE], public_key[SEAL_MAX_PUBLIC_KEY];
    uint8_t header[SEAL_MAX_HEADER];
    uint8_t counter;
    struct random_generator random;
    struct seal_session initiator, recipient;
};

/* Keys, and a header from the initiator. */
static void start(struct pair *pair, uint32_t suite, uint8_t key)
{
    memset(pair, 0, sizeof(*pair));
    pair->suite = suite;
    pair->header_size = seal_parameters(suite)->header_size;
    pair->counter = key;
    memset(pair->secret_key, key, sizeof(pair->secret_key));
    assert_true(seal_public_key(suite, pair->secret_key, pair->public_key));
    assert_true(random_start(&pair->random, counting, &pair->counter, "test"));
    assert_int_equal(seal_start(&pair->initiator, suite, pair->public_key, CONTEXT, &pair->random, pair->header),
                     SEAL_OK);
}

static enum seal_error accept(struct pair *pair)
{
    return seal_accept(&pair->recipient, pair->suite, pair->secret_key, pair->header, pair->header_size, CONTEXT);
}

static void connect(struct pair *pair, uint32_t suite)
{
    start(pair, suite, 0x11);
    assert_int_equal(accept(pair), SEAL_OK);
}

struct record {
    uint8_t bytes[SEAL_MAX_RECORD];
    size_t size;
};

static void send(struct seal_session *from, const char *text, bool last, struct record *record)
{
    record->size = strlen(text) + SEAL_RECORD_OVERHEAD;
    assert_int_equal(seal_write(from, text, strlen(text), last, record->bytes), SEAL_OK);
}

static enum seal_error receive(struct seal_session *to, const struct record *record, const char *expected, bool last)
{
    static uint8_t data[SEAL_MAX_DATA];
    size_t size = 99, record_size;
    bool was_last = !last;
    memset(data, 0, sizeof(data));
    enum seal_error error = seal_read(to, record->bytes, record->size, data, &size, &was_last);
    if (error != SEAL_OK) {
        assert_int_equal(size, 0);
        for (size_t i = 0; i < sizeof(data); i++) {
            assert_int_equal(data[i], 0);
        }
        return error;
    }
    assert_int_equal(seal_record_size(record->bytes, record->size, &record_size), SEAL_OK);
    assert_int_equal(record_size, record->size);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(data, expected, size);
    assert_int_equal(was_last, last);
    return SEAL_OK;
}

static void from_hex(const char *hex, uint8_t *bytes)
{
    for (; *hex != '\0'; hex += 2) {
        const char digits[] = {hex[0], hex[1], '\0'};
        char *end;
        *bytes++ = (uint8_t)strtoul(digits, &end, 16);
        assert_ptr_equal(end, digits + 2);
    }
}

/* --- Parts --- */

/* RFC 7748 section 5.2, and the iterated test after one and 1000 rounds. */
static void x25519(void **state)
{
    static const char *const vectors[][3] = {
        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
         "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
         "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
        {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
         "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
         "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    };
    uint8_t k[32], u[32], right[32], saved[32];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        from_hex(vectors[i][0], k);
        from_hex(vectors[i][1], u);
        from_hex(vectors[i][2], right);
        assert_int_equal(br_ec_c25519_m31.mul(u, 32, k, 32, BR_EC_curve25519), 1);
        assert_memory_equal(u, right, 32);
    }
    memset(k, 0, 32);
    k[0] = 9;
    memcpy(u, k, 32);
    for (unsigned int i = 1; i <= 1000; i++) {
        memcpy(saved, k, 32);
        br_ec_c25519_m31.mul(u, 32, k, 32, BR_EC_curve25519);
        memcpy(k, u, 32);
        memcpy(u, saved, 32);
        if (i == 1) {
            from_hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", right);
            assert_memory_equal(k, right, 32);
        }
    }
    from_hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", right);
    assert_memory_equal(k, right, 32);
}

/* RFC 8439 section 2.8.2. */
static void chacha20_poly1305(void **state)
{
    static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
                               "future, sunscreen would be it.";
    uint8_t key[32], nonce[12], aad[12], right_tag[16], tag[16], data[sizeof(text)], right[16];
    (void)state;
    for (size_t i = 0; i < 32; i++) {
        key[i] = (uint8_t)(0x80 + i);
    }
    from_hex("070000004041424344454647", nonce);
    from_hex("50515253c0c1c2c3c4c5c6c7", aad);
    from_hex("1ae10b594f09e26a7e902ecbd0600691", right_tag);
    from_hex("d31a8d34648e60db7b86afbc53ef7ec2", right);
    memcpy(data, text, sizeof(text));
    br_poly1305_ctmulq_run(key, nonce, data, sizeof(text) - 1, aad, 12, tag, br_chacha20_ct_run, 1);
    assert_memory_equal(data, right, 16);
    assert_memory_equal(tag, right_tag, 16);
}

/* HKDF with SHA-512 of RFC 5869's first test inputs; what other implementations make of them. */
static void hkdf(void **state)
{
    br_hkdf_context hkdf_context;
    uint8_t ikm[22], salt[13], info[10], okm[42], right[42];
    (void)state;
    memset(ikm, 0x0b, sizeof(ikm));
    for (size_t i = 0; i < sizeof(salt); i++) {
        salt[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof(info); i++) {
        info[i] = (uint8_t)(0xf0 + i);
    }
    br_hkdf_init(&hkdf_context, &br_sha512_vtable, salt, sizeof(salt));
    br_hkdf_inject(&hkdf_context, ikm, sizeof(ikm));
    br_hkdf_flip(&hkdf_context);
    assert_int_equal(br_hkdf_produce(&hkdf_context, info, sizeof(info), okm, sizeof(okm)), sizeof(okm));
    from_hex("832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb", right);
    assert_memory_equal(okm, right, sizeof(okm));
}

/* --- Good use --- */

static void round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair pair;
        struct record record;
        connect(&pair, suites[i]);
        send(&pair.initiator, "one", false, &record);
        assert_int_equal(receive(&pair.recipient, &record, "one", false), SEAL_OK);
        send(&pair.recipient, "answer", false, &record);
        assert_int_equal(receive(&pair.initiator, &record, "answer", false), SEAL_OK);
        send(&pair.initiator, "two", false, &record);
        assert_int_equal(receive(&pair.recipient, &record, "two", false), SEAL_OK);
        assert_int_equal(seal_finish(&pair.recipient), SEAL_NO_END);
        send(&pair.initiator, "", true, &record);
        assert_int_equal(receive(&pair.recipient, &record, "", true), SEAL_OK);
        assert_int_equal(seal_finish(&pair.recipient), SEAL_OK);
        /* The other direction goes on. */
        send(&pair.recipient, "last answer", true, &record);
        assert_int_equal(receive(&pair.initiator, &record, "last answer", true), SEAL_OK);
        assert_int_equal(seal_finish(&pair.initiator), SEAL_OK);
        assert_int_equal(seal_write(&pair.initiator, "x", 1, true, record.bytes), SEAL_AFTER_END);
    }
}

static void largest_record_in_place(void **state)
{
    static uint8_t data[SEAL_MAX_DATA + 1], record[SEAL_MAX_RECORD];
    struct pair pair;
    size_t size;
    bool last;
    (void)state;
    connect(&pair, suites[1]);
    memset(data, 'x', sizeof(data));
    assert_int_equal(seal_write(&pair.initiator, data, SEAL_MAX_DATA + 1, false, record), SEAL_RECORD_TOO_LARGE);
    assert_int_equal(seal_write(&pair.initiator, data, 0, false, record), SEAL_EMPTY_RECORD);
    assert_int_equal(seal_write(&pair.initiator, data, SEAL_MAX_DATA, false, record), SEAL_OK);
    assert_memory_not_equal(record + SEAL_RECORD_PREFIX, data, 64);
    assert_int_equal(seal_read(&pair.recipient, record, sizeof(record), record + 1, &size, &last), SEAL_OK);
    assert_int_equal(size, SEAL_MAX_DATA);
    assert_memory_equal(record + 1, data, SEAL_MAX_DATA);
}

/* Nothing but what the header says may be the same in two sessions. */
static void sessions_differ(void **state)
{
    struct pair pair;
    struct record first, second;
    uint8_t header[SEAL_MAX_HEADER];
    (void)state;
    connect(&pair, suites[1]);
    send(&pair.initiator, "the same text", true, &first);
    memcpy(header, pair.header, sizeof(header));
    assert_int_equal(seal_start(&pair.initiator, pair.suite, pair.public_key, CONTEXT, &pair.random, pair.header),
                     SEAL_OK);
    send(&pair.initiator, "the same text", true, &second);
    assert_memory_equal(header, pair.header, 44);
    assert_memory_not_equal(header + 44, pair.header + 44, 32);
    assert_memory_not_equal(header + 76, pair.header + 76, 32);
    assert_memory_not_equal(first.bytes + 3, second.bytes + 3, 13);
    /* A record of the one does not open in the other. */
    assert_int_equal(receive(&pair.recipient, &second, "", false), SEAL_WRONG_TAG);
}

static void key_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t secret_key[SEAL_SECRET_KEY_SIZE], key[SEAL_MAX_PUBLIC_KEY], file[SEAL_MAX_KEY_FILE + 1];
        uint32_t suite = 0;
        const uint8_t *found = NULL;
        memset(secret_key, 7, sizeof(secret_key));
        assert_true(seal_public_key(suites[i], secret_key, key));
        size_t size = seal_key_file_write(suites[i], key, file);
        assert_int_equal(size, 12 + seal_parameters(suites[i])->public_key_size);
        assert_int_equal(seal_key_file_parse(file, size, &suite, &found), SEAL_OK);
        assert_int_equal(suite, suites[i]);
        assert_ptr_equal(found, file + 12);
        for (size_t cut = 0; cut < size; cut++) {
            assert_int_equal(seal_key_file_parse(file, cut, &suite, &found), SEAL_KEY_FILE_TRUNCATED);
        }
        assert_int_equal(seal_key_file_parse(file, size + 1, &suite, &found), SEAL_KEY_FILE_TRAILING_BYTES);
        file[7]++;
        assert_int_equal(seal_key_file_parse(file, size, &suite, &found), SEAL_KEY_FILE_WRONG_MAGIC);
        file[7]--;
        file[8]++;
        assert_int_equal(seal_key_file_parse(file, size, &suite, &found), SEAL_KEY_FILE_WRONG_VERSION);
        file[8]--;
        file[10] = 9;
        assert_int_equal(seal_key_file_parse(file, size, &suite, &found), SEAL_UNKNOWN_SUITE);
        file[10] = (uint8_t)suites[i];
        memset(file + 12 + 32, 0xff, 3); /* a number that is too large */
        assert_int_equal(seal_key_file_parse(file, size, &suite, &found), SEAL_BAD_PUBLIC_KEY);
        seal_key_file_write(suites[i], key, file);
        memset(file + 12, 0, 32); /* a point of order 4 */
        assert_int_equal(seal_key_file_parse(file, size, &suite, &found), SEAL_BAD_PUBLIC_KEY);
    }
    assert_int_equal(seal_key_file_write(1, NULL, NULL), 0);
    assert_null(seal_parameters(0x0400));
}

/* --- Hostile use --- */

static void every_bit_of_the_header(void **state)
{
    struct pair pair;
    unsigned int counts[SEAL_ERROR_COUNT] = {0};
    (void)state;
    start(&pair, suites[0], 0x11);
    for (size_t bit = 0; bit < 8 * pair.header_size; bit++) {
        /* The key's and the ciphertext's bits are all alike: some of them. */
        if (bit / 8 >= 48 && bit / 8 < pair.header_size - 32 && bit % 61 != 0) {
            continue;
        }
        pair.header[bit / 8] ^= (uint8_t)(1 << bit % 8);
        size_t size = pair.header_size;
        enum seal_error error = seal_header_size(pair.header, pair.header_size, &size);
        error = error == SEAL_OK
                    ? seal_accept(&pair.recipient, pair.suite, pair.secret_key, pair.header, pair.header_size, CONTEXT)
                    : error;
        assert_int_not_equal(error, SEAL_OK);
        assert_false(pair.recipient.alive);
        counts[error]++;
        pair.header[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(counts[SEAL_WRONG_MAGIC], 64);
    assert_int_equal(counts[SEAL_WRONG_VERSION], 16);
    assert_int_equal(counts[SEAL_UNKNOWN_SUITE] + counts[SEAL_OTHER_SUITE], 16);
    assert_int_equal(counts[SEAL_OTHER_RECIPIENT], 256);
    assert_true(counts[SEAL_WRONG_CONFIRMATION] > 256);
    assert_int_equal(accept(&pair), SEAL_OK);
}

static void every_bit_of_a_record(void **state)
{
    struct pair pair;
    struct record record;
    unsigned int refused = 0;
    (void)state;
    connect(&pair, suites[1]);
    send(&pair.initiator, "some text", false, &record);
    for (size_t bit = 0; bit < 8 * record.size; bit++) {
        struct seal_session copy = pair.recipient;
        record.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum seal_error error = receive(&copy, &record, "", false);
        assert_int_not_equal(error, SEAL_OK);
        refused++;
        assert_int_equal(receive(&copy, &record, "", false), SEAL_SESSION_DEAD);
        assert_int_equal(seal_finish(&copy), SEAL_SESSION_DEAD);
        record.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(refused, 8 * (9 + 19));
    assert_int_equal(receive(&pair.recipient, &record, "some text", false), SEAL_OK);
}

static void truncation(void **state)
{
    struct pair pair;
    struct record record;
    size_t size;
    (void)state;
    connect(&pair, suites[1]);
    for (size_t cut = 0; cut < pair.header_size; cut++) {
        struct seal_session session;
        assert_int_equal(seal_accept(&session, pair.suite, pair.secret_key, pair.header, cut, CONTEXT),
                         SEAL_HEADER_TRUNCATED);
    }
    assert_int_equal(seal_header_size(pair.header, 11, &size), SEAL_HEADER_TRUNCATED);
    send(&pair.initiator, "some text", false, &record);
    for (size_t cut = 0; cut < record.size; cut++) {
        struct seal_session copy = pair.recipient;
        struct record part = record;
        part.size = cut;
        assert_int_equal(receive(&copy, &part, "", false), SEAL_RECORD_TRUNCATED);
    }
    /* At a record's end, and the last record left out. */
    assert_int_equal(receive(&pair.recipient, &record, "some text", false), SEAL_OK);
    assert_int_equal(seal_finish(&pair.recipient), SEAL_NO_END);
}

static void order(void **state)
{
    struct pair pair;
    struct record records[3], other;
    (void)state;
    connect(&pair, suites[1]);
    send(&pair.initiator, "first", false, &records[0]);
    send(&pair.initiator, "second", false, &records[1]);
    send(&pair.initiator, "third", true, &records[2]);
    send(&pair.recipient, "first", false, &other);
    struct seal_session copy = pair.recipient;
    assert_int_equal(receive(&copy, &records[1], "", false), SEAL_WRONG_TAG); /* one left out */
    copy = pair.recipient;
    assert_int_equal(receive(&copy, &records[2], "", false), SEAL_WRONG_TAG); /* the last too early */
    copy = pair.recipient;
    assert_int_equal(receive(&copy, &records[0], "first", false), SEAL_OK);
    assert_int_equal(receive(&copy, &records[0], "", false), SEAL_WRONG_TAG); /* again */
    copy = pair.recipient;
    assert_int_equal(receive(&copy, &other, "", false), SEAL_WRONG_TAG); /* its own sent back */
    copy = pair.recipient;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(receive(&copy, &records[i], i == 0 ? "first" : i == 1 ? "second" : "third", i == 2), SEAL_OK);
    }
    assert_int_equal(receive(&copy, &records[2], "", true), SEAL_AFTER_END);
}

/* A record that says of itself that it is the last, or no longer is. */
static void forged_end(void **state)
{
    struct pair pair;
    struct record record;
    (void)state;
    connect(&pair, suites[1]);
    send(&pair.initiator, "some text", false, &record);
    struct seal_session copy = pair.recipient;
    record.bytes[0] = 2;
    assert_int_equal(receive(&copy, &record, "", false), SEAL_WRONG_TAG);
    record.bytes[0] = 3;
    copy = pair.recipient;
    assert_int_equal(receive(&copy, &record, "", false), SEAL_UNKNOWN_RECORD);
    record.bytes[0] = 1;
    record.bytes[2] = 0x40;
    copy = pair.recipient;
    assert_int_equal(receive(&copy, &record, "", false), SEAL_RECORD_TOO_LARGE);
    record.bytes[1] = record.bytes[2] = 0;
    copy = pair.recipient;
    assert_int_equal(receive(&copy, &record, "", false), SEAL_EMPTY_RECORD);
}

static void wrong_recipient_and_context(void **state)
{
    struct pair pair, other;
    struct seal_session session;
    (void)state;
    start(&pair, suites[1], 0x11);
    start(&other, suites[1], 0x22);
    assert_int_equal(seal_accept(&session, pair.suite, other.secret_key, pair.header, pair.header_size, CONTEXT),
                     SEAL_OTHER_RECIPIENT);
    assert_int_equal(seal_accept(&session, suites[0], pair.secret_key, pair.header, pair.header_size, CONTEXT),
                     SEAL_OTHER_SUITE);
    assert_int_equal(seal_accept(&session, pair.suite, pair.secret_key, pair.header, pair.header_size, "", 0),
                     SEAL_WRONG_CONFIRMATION);
    assert_int_equal(
        seal_accept(&session, pair.suite, pair.secret_key, pair.header, pair.header_size, context, sizeof(context) - 1),
        SEAL_WRONG_CONFIRMATION);
    assert_int_equal(seal_accept(&session, pair.suite, pair.secret_key, pair.header, pair.header_size, "Test context",
                                 sizeof(context)),
                     SEAL_WRONG_CONFIRMATION);
    /* Sealed to one, relabelled for the other. */
    memcpy(pair.header + 12, other.header + 12, 32);
    assert_int_equal(seal_accept(&session, pair.suite, other.secret_key, pair.header, pair.header_size, CONTEXT),
                     SEAL_WRONG_CONFIRMATION);
}

/* Points of small order (RFC 7748 section 6.1), as the other side's key, on both sides. */
static void small_order(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct pair pair;
    (void)state;
    start(&pair, suites[1], 0x11);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        uint8_t key[SEAL_MAX_PUBLIC_KEY], header[SEAL_MAX_HEADER];
        from_hex(points[i], pair.header + 44);
        assert_int_equal(accept(&pair), SEAL_ZERO_POINT);
        memcpy(key, pair.public_key, sizeof(key));
        memcpy(key, pair.header + 44, 32);
        assert_int_equal(seal_start(&pair.initiator, pair.suite, key, CONTEXT, &pair.random, header),
                         SEAL_BAD_PUBLIC_KEY);
        assert_false(pair.initiator.alive);
    }
}

static void nothing_without_entropy(void **state)
{
    struct pair pair;
    struct record record;
    (void)state;
    start(&pair, suites[1], 0x11);
    assert_false(random_start(&pair.random, no_entropy, NULL, "test"));
    assert_int_equal(seal_start(&pair.initiator, pair.suite, pair.public_key, CONTEXT, &pair.random, pair.header),
                     SEAL_NO_ENTROPY);
    assert_int_equal(seal_write(&pair.initiator, "x", 1, true, record.bytes), SEAL_SESSION_DEAD);
    for (size_t i = 0; i < pair.header_size; i++) {
        assert_int_equal(pair.header[i], 0);
    }
    assert_int_equal(seal_start(&pair.initiator, 5, pair.public_key, CONTEXT, &pair.random, pair.header),
                     SEAL_UNKNOWN_SUITE);
}

static void texts(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < SEAL_ERROR_COUNT; i++) {
        assert_true(strlen(seal_error_text((enum seal_error)i)) > 5);
        assert_string_not_equal(seal_error_text((enum seal_error)i), "unknown error");
        for (unsigned int j = 0; j < i; j++) {
            assert_string_not_equal(seal_error_text((enum seal_error)i), seal_error_text((enum seal_error)j));
        }
    }
    assert_string_equal(seal_error_text(SEAL_ERROR_COUNT), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x25519),
        cmocka_unit_test(chacha20_poly1305),
        cmocka_unit_test(hkdf),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(largest_record_in_place),
        cmocka_unit_test(sessions_differ),
        cmocka_unit_test(key_files),
        cmocka_unit_test(every_bit_of_the_header),
        cmocka_unit_test(every_bit_of_a_record),
        cmocka_unit_test(truncation),
        cmocka_unit_test(order),
        cmocka_unit_test(forged_end),
        cmocka_unit_test(wrong_recipient_and_context),
        cmocka_unit_test(small_order),
        cmocka_unit_test(nothing_without_entropy),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
