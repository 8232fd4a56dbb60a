/* SPDX-License-Identifier: BSD-2-Clause */
/* Trust anchors: canonical, and every rule's violation is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/trust_anchor.h>

#define ML_DSA_65_KEY 1952u
#define SLH_DSA_KEY   32u
/* Offsets of fields, counted by hand from <crypto/trust_anchor.h>. */
#define OFFSET_FLAGS  10
#define OFFSET_SIZE   12
#define OFFSET_NAME   32
#define OFFSET_PAIRS  37 /* behind "unit" */
#define PAIR_SIZE     (2 + 4 + ML_DSA_65_KEY + 4 + SLH_DSA_KEY)

static uint8_t lattice_keys[2][ML_DSA_65_KEY], hash_keys[2][SLH_DSA_KEY], revoked[3 * SIGNATURE_KEY_ID_SIZE];

static struct trust_anchor sample(uint32_t pair_count)
{
    struct trust_anchor anchor = {
        .flags = TRUST_FLAG_DEVELOPMENT | TRUST_FLAG_REQUIRE_ROLLBACK_STORE,
        .serial = 7,
        .minimum_rollback_index = 0x0102030405060708,
        .system_name = "unit",
        .pair_count = pair_count,
        .revoked_count = 3,
        .revoked = revoked,
    };
    for (uint32_t i = 0; i < 2; i++) {
        memset(lattice_keys[i], 0x10 + (int)i, sizeof(lattice_keys[i]));
        memset(hash_keys[i], 0x20 + (int)i, sizeof(hash_keys[i]));
        anchor.pairs[i] = (struct trust_pair){
            .status = i == 0 ? TRUST_STATUS_PRIMARY : TRUST_STATUS_NEXT,
            .lattice = {.algorithm = SIGNATURE_ML_DSA_65, .size = ML_DSA_65_KEY, .public_key = lattice_keys[i]},
            .hash = {.algorithm = SIGNATURE_SLH_DSA_SHA2_128S, .size = SLH_DSA_KEY, .public_key = hash_keys[i]},
        };
    }
    for (unsigned int i = 0; i < sizeof(revoked); i++) {
        revoked[i] = (uint8_t)i;
    }
    return anchor;
}

static size_t write_sample(uint32_t pair_count, uint8_t bytes[TRUST_MAX_SIZE])
{
    struct trust_anchor anchor = sample(pair_count);
    size_t size = trust_anchor_write(&anchor, bytes, TRUST_MAX_SIZE);
    assert_int_equal(size, OFFSET_PAIRS + 2 + pair_count * PAIR_SIZE + 2 + sizeof(revoked));
    return size;
}

/* A copy of exactly its size, so that the sanitizer sees every access beyond it. */
static const char *parse(const uint8_t *bytes, size_t size)
{
    struct trust_anchor parsed;
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    const char *problem = trust_anchor_parse(copy, size, &parsed);
    free(copy);
    return problem;
}

static void expect(const uint8_t *bytes, size_t size, const char *part)
{
    const char *problem = parse(bytes, size);
    if (problem == NULL || strstr(problem, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", problem != NULL ? problem : "(accepted)", part);
    }
}

static void test_round_trip(void **state)
{
    static uint8_t bytes[TRUST_MAX_SIZE], again[TRUST_MAX_SIZE];
    (void)state;
    for (uint32_t pairs = 1; pairs <= 2; pairs++) {
        struct trust_anchor anchor = sample(pairs), parsed;
        size_t size = write_sample(pairs, bytes);
        assert_null(trust_anchor_parse(bytes, size, &parsed));
        assert_int_equal(parsed.flags, anchor.flags);
        assert_int_equal(parsed.serial, 7);
        assert_int_equal(parsed.minimum_rollback_index, anchor.minimum_rollback_index);
        assert_string_equal(parsed.system_name, "unit");
        assert_int_equal(parsed.pair_count, pairs);
        for (uint32_t i = 0; i < pairs; i++) {
            uint8_t id[SIGNATURE_KEY_ID_SIZE];
            signature_key_id(SIGNATURE_ML_DSA_65, lattice_keys[i], id);
            assert_memory_equal(parsed.pairs[i].lattice.id, id, sizeof(id));
            assert_memory_equal(parsed.pairs[i].lattice.public_key, lattice_keys[i], ML_DSA_65_KEY);
            signature_key_id(SIGNATURE_SLH_DSA_SHA2_128S, hash_keys[i], id);
            assert_memory_equal(parsed.pairs[i].hash.id, id, sizeof(id));
            assert_memory_equal(parsed.pairs[i].hash.public_key, hash_keys[i], SLH_DSA_KEY);
        }
        assert_int_equal(parsed.revoked_count, 3);
        assert_true(trust_anchor_revoked(&parsed, revoked + 64));
        assert_false(trust_anchor_revoked(&parsed, revoked + 1));
        assert_int_equal(trust_anchor_write(&parsed, again, sizeof(again)), size);
        assert_memory_equal(again, bytes, size);
        for (size_t capacity = 0; capacity < size; capacity += 13) {
            assert_int_equal(trust_anchor_write(&parsed, again, capacity), 0);
        }
    }
}

static void put_size(uint8_t *bytes, size_t size)
{
    for (int i = 0; i < 4; i++) {
        bytes[OFFSET_SIZE + i] = (uint8_t)(size >> (8 * i));
    }
}

static void test_truncated(void **state)
{
    static uint8_t bytes[TRUST_MAX_SIZE];
    (void)state;
    size_t whole = write_sample(2, bytes);
    for (size_t size = 0; size < whole; size++) {
        put_size(bytes, whole);
        expect(bytes, size, size < 16 ? "ends within a field" : "size field");
        put_size(bytes, size);
        expect(bytes, size, "ends within a field");
    }
    put_size(bytes, whole + 1);
    expect(bytes, whole + 1, "bytes follow");
}

static void test_fields(void **state)
{
    static uint8_t bytes[TRUST_MAX_SIZE];
    static const struct {
        size_t at;
        uint8_t value;
        const char *part;
    } changes[] = {
        {0, 'x', "mark of a trust anchor"},
        {7, 'x', "mark of a trust anchor"},
        {8, 2, "format version"},
        {9, 1, "format version"},
        {OFFSET_FLAGS, 8, "unknown flags"},
        {OFFSET_FLAGS + 1, 0x80, "unknown flags"},
        {OFFSET_SIZE, 1, "size field"},
        {OFFSET_SIZE + 2, 1, "larger than 16 KiB"},
        {OFFSET_NAME, 64, "name"},
        {OFFSET_NAME + 2, 0x1f, "name"},
        {OFFSET_PAIRS, 0, "neither one nor two"},
        {OFFSET_PAIRS, 3, "neither one nor two"},
        {OFFSET_PAIRS + 2, 2, "not marked primary"},
        {OFFSET_PAIRS + 2 + PAIR_SIZE, 1, "not marked next"},
        {OFFSET_PAIRS + 4, 0xff, "unknown signature algorithm"},
        {OFFSET_PAIRS + 5, 2, "first key is not for a lattice"}, /* 0x0202: SLH-DSA-SHA2-192s */
        {OFFSET_PAIRS + 6, 1, "wrong length"},
        {OFFSET_PAIRS + 2 + 2 + 4 + ML_DSA_65_KEY, 0x99, "unknown signature algorithm"},
        {OFFSET_PAIRS + 2 + 2 + 4 + ML_DSA_65_KEY + 2, 31, "wrong length"},
        {OFFSET_PAIRS + 2 + 2 * PAIR_SIZE, 65, "more than 64 revoked"},
        {OFFSET_PAIRS + 2 + 2 * PAIR_SIZE, 2, "bytes follow"},
        {OFFSET_PAIRS + 2 + 2 * PAIR_SIZE, 4, "ends within a field"},
    };
    (void)state;
    size_t size = write_sample(2, bytes);
    for (unsigned int i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        uint8_t before = bytes[changes[i].at];
        bytes[changes[i].at] = changes[i].value;
        expect(bytes, size, changes[i].part);
        bytes[changes[i].at] = before;
    }
    /* The second key's algorithm: 0x0102. */
    size_t at = OFFSET_PAIRS + 2 + 2 + 4 + ML_DSA_65_KEY;
    bytes[at] = 2;
    bytes[at + 1] = 1;
    expect(bytes, size, "second key is not for a hash");
}

static void test_duplicates(void **state)
{
    static uint8_t bytes[TRUST_MAX_SIZE];
    (void)state;
    size_t size = write_sample(2, bytes);
    size_t list = size - sizeof(revoked);
    memcpy(bytes + list + 64, bytes + list, SIGNATURE_KEY_ID_SIZE);
    expect(bytes, size, "revoked key twice");
    write_sample(2, bytes);
    size_t first = OFFSET_PAIRS + 2 + 2 + 4;
    memcpy(bytes + first + PAIR_SIZE, bytes + first, ML_DSA_65_KEY);
    expect(bytes, size, "the same key");
    write_sample(2, bytes);
    first += ML_DSA_65_KEY + 4;
    memcpy(bytes + first + PAIR_SIZE, bytes + first, SLH_DSA_KEY);
    expect(bytes, size, "the same key");
}

/* What could not be read again is not written. */
static void test_write_refuses(void **state)
{
    static uint8_t bytes[TRUST_MAX_SIZE];
    struct trust_anchor anchor;
    (void)state;
#define EXPECT_WITH(field, value)                                                                                      \
    do {                                                                                                               \
        anchor = sample(2);                                                                                            \
        anchor.field = (value);                                                                                        \
        assert_int_equal(trust_anchor_write(&anchor, bytes, sizeof(bytes)), 0);                                        \
    } while (0)
    EXPECT_WITH(flags, 8);
    EXPECT_WITH(flags, 0x10000);
    EXPECT_WITH(system_name[0], '\n');
    EXPECT_WITH(pair_count, 0);
    EXPECT_WITH(pair_count, 3);
    EXPECT_WITH(pairs[0].status, TRUST_STATUS_NEXT);
    EXPECT_WITH(pairs[1].lattice.public_key, lattice_keys[0]);
    EXPECT_WITH(pairs[1].hash.algorithm, 0);
    EXPECT_WITH(pairs[1].hash.size, 31);
    EXPECT_WITH(revoked_count, 65);
#undef EXPECT_WITH
    anchor = sample(1);
    anchor.revoked_count = 0;
    anchor.revoked = NULL;
    anchor.system_name[0] = '\0';
    assert_int_not_equal(trust_anchor_write(&anchor, bytes, sizeof(bytes)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_truncated),     cmocka_unit_test(test_fields),
        cmocka_unit_test(test_duplicates), cmocka_unit_test(test_write_refuses),
    };
    return cmocka_run_group_tests_name("crypto_trust_anchor", tests, NULL, NULL);
}
