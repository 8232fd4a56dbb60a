/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signatures: published answers in short form, and what must be refused. All of the
 * published vectors, and an independent implementation, are in tests/interop.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/hash.h>
#include <crypto/signature.h>

#include "../../../crypto/src/pqclean/randombytes.h"
#include "../../../crypto/src/pqclean_random.h"

#define DIGEST_SIZE 32u

static uint8_t public_key[SIGNATURE_MAX_PUBLIC_KEY], secret_key[SIGNATURE_MAX_SECRET_KEY];
static uint8_t signature[SIGNATURE_MAX_SIZE];
static const uint8_t zeros[SIGNATURE_MAX_RANDOM];

static void decode(const char *hexadecimal, uint8_t *bytes, size_t size)
{
    assert_int_equal(strlen(hexadecimal), 2 * size);
    for (size_t i = 0; i < size; i++) {
        char pair[3] = {hexadecimal[2 * i], hexadecimal[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

/* The first DIGEST_SIZE bytes of SHA-512. */
static void expect_digest(const void *data, size_t size, const char *hexadecimal)
{
    uint8_t digest[HASH_SHA512_SIZE], expected[DIGEST_SIZE];
    hash_sha512(data, size, digest);
    decode(hexadecimal, expected, sizeof(expected));
    assert_memory_equal(digest, expected, DIGEST_SIZE);
}

static const struct signature_parameters *make_key(enum signature_algorithm id, const char *seed_text)
{
    const struct signature_parameters *parameters = signature_parameters(id);
    uint8_t seed[SIGNATURE_MAX_SEED];
    assert_non_null(parameters);
    decode(seed_text, seed, parameters->seed_size);
    assert_true(signature_make_key(id, seed, public_key, secret_key));
    return parameters;
}

static bool verify(const struct signature_parameters *parameters, const char *context, const void *message,
                   size_t message_size)
{
    return signature_verify(parameters->id, public_key, parameters->public_key_size, context, strlen(context), message,
                            message_size, signature, parameters->signature_size);
}

static void test_parameters(void **state)
{
    (void)state;
    unsigned int count = 0;
    const struct signature_parameters *parameters;
    while ((parameters = signature_algorithm_at(count)) != NULL) {
        char name[64];
        size_t length = strlen(parameters->name);
        assert_ptr_equal(signature_parameters(parameters->id), parameters);
        assert_ptr_equal(signature_algorithm_named(parameters->name), parameters);
        for (size_t i = 0; i <= length; i++) {
            name[i] = (char)tolower(parameters->name[i]);
        }
        assert_ptr_equal(signature_algorithm_named(name), parameters);
        name[length - 1] = '\0';
        assert_null(signature_algorithm_named(name));
        memcpy(name + length - 1, "55", 3);
        assert_null(signature_algorithm_named(name));
        assert_true(parameters->public_key_size <= SIGNATURE_MAX_PUBLIC_KEY);
        assert_true(parameters->secret_key_size <= SIGNATURE_MAX_SECRET_KEY);
        assert_true(parameters->signature_size <= SIGNATURE_MAX_SIZE);
        assert_true(parameters->seed_size <= SIGNATURE_MAX_SEED);
        assert_true(parameters->random_size <= SIGNATURE_MAX_RANDOM);
        count++;
    }
    assert_int_equal(count, 8);
    assert_null(signature_algorithm_at(UINT32_MAX));
    assert_null(signature_parameters(0));
    assert_null(signature_parameters(0x10102));
    assert_null(signature_algorithm_named(""));
}

/* Cases 26, 51, 1 and 21 of NIST's key generation vectors (revisions FIPS204 and FIPS205). */
static void test_published_keys(void **state)
{
    (void)state;
    const struct signature_parameters *parameters;
    parameters = make_key(SIGNATURE_ML_DSA_65, "70cefb9aed5b68e018b079da8284b9d5cad5499ed9c265ff73588005d85c225c");
    expect_digest(public_key, parameters->public_key_size,
                  "634d4a95f2e396ddf1457a30629837d7a306015b0643d49b18db41a413d9e95a");
    expect_digest(secret_key, parameters->secret_key_size,
                  "6b3567ab4ba1b2b1da810b03b439942f33e5a2c1a35549fd3acbfcbf291405f5");
    parameters = make_key(SIGNATURE_ML_DSA_87, "38359fbcd79582cffe609e137ee2efe8a8dbcbad18ba92bb433ab4f09b49299d");
    expect_digest(public_key, parameters->public_key_size,
                  "f7be5a51b21495afcf7309d72aa84caf8730f5d4a0854afc8ba7a70014ebc015");
    expect_digest(secret_key, parameters->secret_key_size,
                  "3b9894f815412ccada75b61b95bf563434d89eee2ba5de832f0085e1ef8639aa");

    uint8_t expected[48];
    make_key(SIGNATURE_SLH_DSA_SHA2_128S, "2f896d61d9cd9038ca303394fadaa22a"
                                          "24ac5ec1d86a989ca2196c3c8632419c"
                                          "1a05a42fe300e87b16aee116cb2e2363");
    decode("1a05a42fe300e87b16aee116cb2e236358e2c3e62632c9de03d08a535a0eb7e7", expected, 32);
    assert_memory_equal(public_key, expected, 32);
    assert_memory_equal(secret_key + 32, expected, 32);
    make_key(SIGNATURE_SLH_DSA_SHAKE_192S, "bc9543f91d3e83df793acc0bbcdf54810691c770f2dc5dad"
                                           "3acfa79732cdb71d4ef1e9b2eca1a490f977cb0cce3aaac5"
                                           "f6c64e2b662be5ddb6f9c28cc62c20c7697efedaab1c9028");
    decode("f6c64e2b662be5ddb6f9c28cc62c20c7697efedaab1c9028ac30c249f75b8b7f44730e5341698853b3f48b5d150c802e", expected,
           48);
    assert_memory_equal(public_key, expected, 48);
}

/* Cases 1, 3 and 109 of Wycheproof's mldsa_65_sign_seed_test. */
static void test_published_signatures(void **state)
{
    (void)state;
    const char message[] = {'H', 'e', 'l', 'l', 'o', ' ', 'w', 'o', 'r', 'l', 'd'};
    const struct signature_parameters *parameters =
        make_key(SIGNATURE_ML_DSA_65, "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a");
    assert_true(signature_sign(parameters->id, secret_key, NULL, 0, message, sizeof(message), zeros, signature));
    expect_digest(signature, parameters->signature_size,
                  "a1e40fda8ebe043f17ee3d04132c43deb8d05a67a1b618ce149b45e00e4b9daa");
    assert_true(verify(parameters, "", message, sizeof(message)));
    assert_true(signature_sign(parameters->id, secret_key, "Context", 7, message, sizeof(message), zeros, signature));
    expect_digest(signature, parameters->signature_size,
                  "6b4367fcd551fae57c21380012755c0355e745cba995805959690ac04d140140");
    assert_true(verify(parameters, "Context", message, sizeof(message)));
    uint8_t random[32];
    decode("60879ebd4f33a5d8e6238983cca4b03abfafa716d836f2ab3f500cde36b3b1e3", random, sizeof(random));
    assert_true(signature_sign(parameters->id, secret_key, NULL, 0, message, sizeof(message), random, signature));
    expect_digest(signature, parameters->signature_size,
                  "51417e84e9b4224b9d76b2fc64107cb9775c25a0ad6d57f0942c7f821c39b63d");
    assert_true(verify(parameters, "", message, sizeof(message)));
}

/* Deterministic signatures that noble-post-quantum makes with the same seeds. */
static void test_signatures_of_noble(void **state)
{
    (void)state;
    const struct signature_parameters *parameters =
        make_key(SIGNATURE_ML_DSA_87, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    assert_true(signature_sign(parameters->id, secret_key, "context", 7, "message", 7, zeros, signature));
    expect_digest(signature, parameters->signature_size,
                  "58369450a1185782c3dde7449e1d703930dc304a8c477f0f5cf7e3afd6ea85b7");

    parameters = make_key(SIGNATURE_SLH_DSA_SHA2_128S, "000102030405060708090a0b0c0d0e0f"
                                                       "101112131415161718191a1b1c1d1e1f"
                                                       "202122232425262728292a2b2c2d2e2f");
    assert_true(signature_sign(parameters->id, secret_key, "context", 7, "message", 7, public_key, signature));
    expect_digest(signature, parameters->signature_size,
                  "3856a670d407cbe52179dec7b2d608afd021ba1661022838bbc8ea5337f03863");
    assert_true(verify(parameters, "context", "message", 7));
    assert_false(verify(parameters, "Context", "message", 7));
    assert_false(verify(parameters, "context", "Message", 7));
    assert_false(verify(parameters, "context", "message", 6));
    assert_false(verify(parameters, "contextm", "essage", 6));
    for (size_t i = 0; i < parameters->signature_size; i += 29) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        signature[i] ^= bit;
        assert_false(verify(parameters, "context", "message", 7));
        signature[i] ^= bit;
    }
    for (size_t i = 0; i < parameters->public_key_size; i++) {
        public_key[i] ^= 0x10;
        assert_false(verify(parameters, "context", "message", 7));
        public_key[i] ^= 0x10;
    }
    assert_true(verify(parameters, "context", "message", 7));
}

static void test_every_byte_of_a_lattice_signature_counts(void **state)
{
    (void)state;
    const struct signature_parameters *parameters =
        make_key(SIGNATURE_ML_DSA_65, "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a");
    assert_true(signature_sign(parameters->id, secret_key, NULL, 0, "x", 1, zeros, signature));
    for (size_t i = 0; i < parameters->signature_size; i++) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        signature[i] ^= bit;
        assert_false(verify(parameters, "", "x", 1));
        signature[i] ^= bit;
    }
    for (size_t i = 0; i < parameters->public_key_size; i += 7) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        public_key[i] ^= bit;
        assert_false(verify(parameters, "", "x", 1));
        public_key[i] ^= bit;
    }
    assert_true(verify(parameters, "", "x", 1));
}

/* A right signature with sizes or a context that are not. */
static void refuse_right_signature(const struct signature_parameters *parameters)
{
    char message[SIGNATURE_MAX_CONTEXT + 2];
    size_t key_size = parameters->public_key_size;
    size_t size = parameters->signature_size;
    memset(message, 'c', sizeof(message));
    assert_true(signature_sign(parameters->id, secret_key, NULL, 0, message, sizeof(message), zeros, signature));
    assert_true(
        signature_verify(parameters->id, public_key, key_size, NULL, 0, message, sizeof(message), signature, size));
    for (size_t off = 1; off <= 8; off *= 8) {
        assert_false(signature_verify(parameters->id, public_key, key_size + off, NULL, 0, message, sizeof(message),
                                      signature, size));
        assert_false(signature_verify(parameters->id, public_key, key_size - off, NULL, 0, message, sizeof(message),
                                      signature, size));
        assert_false(signature_verify(parameters->id, public_key, key_size, NULL, 0, message, sizeof(message),
                                      signature, size + off));
        assert_false(signature_verify(parameters->id, public_key, key_size, NULL, 0, message, sizeof(message),
                                      signature, size - off));
    }
    /* 256 in one byte is 0: without a check this would be the same as no context. */
    assert_false(signature_verify(parameters->id, public_key, key_size, message, SIGNATURE_MAX_CONTEXT + 1, message, 1,
                                  signature, size));
}

static void test_right_signatures_with_wrong_sizes(void **state)
{
    (void)state;
    refuse_right_signature(
        make_key(SIGNATURE_ML_DSA_65, "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a"));
    refuse_right_signature(
        make_key(SIGNATURE_ML_DSA_87, "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a"));
    refuse_right_signature(make_key(SIGNATURE_SLH_DSA_SHA2_128S, "000102030405060708090a0b0c0d0e0f"
                                                                 "101112131415161718191a1b1c1d1e1f"
                                                                 "202122232425262728292a2b2c2d2e2f"));
}

/* An area of exactly this size, so that the sanitizer sees a read beyond it. */
static uint8_t *exact_area(size_t size)
{
    uint8_t *area = size > 0 ? malloc(size) : NULL;
    assert_true(area != NULL || size == 0);
    return area;
}

static void refuse_sizes(const struct signature_parameters *parameters, size_t key_size, size_t signature_size,
                         size_t context_size)
{
    uint8_t *key = exact_area(key_size);
    uint8_t *given = exact_area(signature_size);
    uint8_t *context = exact_area(context_size);
    for (size_t i = 0; i < key_size; i++) {
        key[i] = i < parameters->public_key_size ? public_key[i] : 0;
    }
    for (size_t i = 0; i < signature_size; i++) {
        given[i] = i < parameters->signature_size ? signature[i] : 0;
    }
    for (size_t i = 0; i < context_size; i++) {
        context[i] = 'c';
    }
    assert_false(signature_verify(parameters->id, key, key_size, context, context_size, "x", 1, given, signature_size));
    free(key);
    free(given);
    free(context);
}

static void test_sizes(void **state)
{
    (void)state;
    const struct signature_parameters *parameters;
    for (unsigned int i = 0; (parameters = signature_algorithm_at(i)) != NULL; i++) {
        size_t key = parameters->public_key_size;
        size_t size = parameters->signature_size;
        memset(public_key, 0x11 + (int)i, sizeof(public_key));
        memset(signature, 0x22 + (int)i, sizeof(signature));
        refuse_sizes(parameters, key, size, 0); /* nonsense of the right sizes */
        refuse_sizes(parameters, key, size, SIGNATURE_MAX_CONTEXT);
        refuse_sizes(parameters, key, size, SIGNATURE_MAX_CONTEXT + 1);
        refuse_sizes(parameters, key - 1, size, 0);
        refuse_sizes(parameters, key + 1, size, 0);
        refuse_sizes(parameters, 0, size, 0);
        refuse_sizes(parameters, key, size - 1, 0);
        refuse_sizes(parameters, key, size + 1, 0);
        refuse_sizes(parameters, key, 0, 0);
        memset(signature, 0, sizeof(signature));
        refuse_sizes(parameters, key, size, 0);
        memset(signature, 0xff, sizeof(signature));
        refuse_sizes(parameters, key, size, 0);
    }
    assert_false(signature_verify(0, public_key, 32, NULL, 0, "x", 1, signature, 7856));
    assert_false(signature_make_key(7, zeros, public_key, secret_key));
    assert_false(signature_sign(7, secret_key, NULL, 0, "x", 1, zeros, signature));
}

static void test_longest_context(void **state)
{
    (void)state;
    uint8_t context[SIGNATURE_MAX_CONTEXT + 1];
    memset(context, 'c', sizeof(context));
    const struct signature_parameters *parameters =
        make_key(SIGNATURE_ML_DSA_87, "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a");
    assert_true(signature_sign(parameters->id, secret_key, context, SIGNATURE_MAX_CONTEXT, NULL, 0, zeros, signature));
    assert_true(signature_verify(parameters->id, public_key, parameters->public_key_size, context,
                                 SIGNATURE_MAX_CONTEXT, NULL, 0, signature, parameters->signature_size));
    assert_false(signature_verify(parameters->id, public_key, parameters->public_key_size, context,
                                  SIGNATURE_MAX_CONTEXT - 1, NULL, 0, signature, parameters->signature_size));
    assert_false(signature_sign(parameters->id, secret_key, context, sizeof(context), NULL, 0, zeros, signature));
    assert_false(
        signature_sign(SIGNATURE_SLH_DSA_SHA2_128S, secret_key, context, sizeof(context), NULL, 0, zeros, signature));
}

/* Lengths around the blocks of SHAKE256. */
static void test_message_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 67, 68, 69, 70, 135, 136, 137, 271, 272, 273, 5000};
    uint8_t message[5000];
    const struct signature_parameters *parameters =
        make_key(SIGNATURE_ML_DSA_65, "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a");
    memset(message, 'm', sizeof(message));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        assert_true(signature_sign(parameters->id, secret_key, "c", 1, message, lengths[i], zeros, signature));
        assert_true(verify(parameters, "c", message, lengths[i]));
        assert_false(verify(parameters, "c", message, lengths[i] > 0 ? lengths[i] - 1 : 1));
    }
}

static void test_malformed_secret_key(void **state)
{
    (void)state;
    const struct signature_parameters *parameters =
        make_key(SIGNATURE_ML_DSA_65, "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a");
    /* A coefficient is 4 bits, at most 8: the first of s1, the last of s2, and what follows that (t0). */
    size_t last = 128 + 11 * 128 - 1;
    uint8_t kept = secret_key[128];
    secret_key[128] = (uint8_t)((kept & 0xf0) | 9);
    assert_false(signature_sign(parameters->id, secret_key, NULL, 0, "x", 1, zeros, signature));
    secret_key[128] = kept;
    kept = secret_key[last];
    secret_key[last] = (uint8_t)((kept & 0x0f) | 0xf0);
    assert_false(signature_sign(parameters->id, secret_key, NULL, 0, "x", 1, zeros, signature));
    secret_key[last] = kept;
    secret_key[last + 1] ^= 0xff;
    assert_true(signature_sign(parameters->id, secret_key, NULL, 0, "x", 1, zeros, signature));

    /* ML-DSA-87: 3 bits, at most 4. */
    parameters = make_key(SIGNATURE_ML_DSA_87, "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a");
    last = 128 + 15 * 96 - 1;
    assert_true(signature_sign(parameters->id, secret_key, NULL, 0, "x", 1, zeros, signature));
    kept = secret_key[last];
    secret_key[last] = (uint8_t)((kept & 0x1f) | 0xa0);
    assert_false(signature_sign(parameters->id, secret_key, NULL, 0, "x", 1, zeros, signature));
    secret_key[last] = kept;
    secret_key[128] = (uint8_t)((secret_key[128] & 0xf8) | 5);
    assert_false(signature_sign(parameters->id, secret_key, NULL, 0, "x", 1, zeros, signature));
}

static void test_key_id(void **state)
{
    (void)state;
    uint8_t data[2 + 32] = {0x01, 0x02}; /* the algorithm's id, little-endian, then the key */
    uint8_t digest[HASH_SHA512_SIZE], id[SIGNATURE_KEY_ID_SIZE], other[SIGNATURE_KEY_ID_SIZE];
    for (unsigned int i = 2; i < sizeof(data); i++) {
        data[i] = (uint8_t)i;
    }
    hash_sha512(data, sizeof(data), digest);
    signature_key_id(SIGNATURE_SLH_DSA_SHA2_128S, data + 2, id);
    assert_memory_equal(id, digest, sizeof(id));
    signature_key_id(SIGNATURE_SLH_DSA_SHAKE_128S, data + 2, other);
    assert_memory_not_equal(id, other, sizeof(id));
}

static void test_random_bytes_are_given_exactly(void **state)
{
    (void)state;
    const uint8_t given[4] = {1, 2, 3, 4};
    uint8_t taken[5];
    pqclean_random_give(given, 4);
    assert_int_equal(pqclean_randombytes(taken, 1), 0);
    assert_int_equal(pqclean_randombytes(taken + 1, 3), 0);
    assert_memory_equal(taken, given, 4);
    assert_true(pqclean_random_taken());

    pqclean_random_give(given, 4);
    assert_int_equal(pqclean_randombytes(taken, 3), 0);
    assert_false(pqclean_random_taken()); /* one is left */
    assert_true(pqclean_random_taken());  /* and it is gone */

    pqclean_random_give(given, 4);
    assert_int_not_equal(pqclean_randombytes(taken, 5), 0);
    assert_int_equal(pqclean_randombytes(taken, 4), 0);
    assert_false(pqclean_random_taken()); /* more was asked for */
    assert_true(pqclean_random_taken());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_published_keys),
        cmocka_unit_test(test_published_signatures),
        cmocka_unit_test(test_signatures_of_noble),
        cmocka_unit_test(test_every_byte_of_a_lattice_signature_counts),
        cmocka_unit_test(test_right_signatures_with_wrong_sizes),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_longest_context),
        cmocka_unit_test(test_message_lengths),
        cmocka_unit_test(test_malformed_secret_key),
        cmocka_unit_test(test_key_id),
        cmocka_unit_test(test_random_bytes_are_given_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
