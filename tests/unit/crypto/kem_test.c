/* SPDX-License-Identifier: BSD-2-Clause */
/* ML-KEM: known answers, the checks of inputs, implicit rejection. Published vectors
 * and another implementation: tests/interop/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/hash.h>
#include <crypto/kem.h>

struct keys {
    uint8_t public_key[KEM_MAX_PUBLIC_KEY], secret_key[KEM_MAX_SECRET_KEY], ciphertext[KEM_MAX_CIPHERTEXT];
    uint8_t shared[KEM_SHARED_KEY_SIZE], opened[KEM_SHARED_KEY_SIZE];
    const struct kem_parameters *parameters;
};

static const uint32_t algorithms[] = {KEM_ML_KEM_768, KEM_ML_KEM_1024};

static void fill(uint8_t *bytes, size_t size, unsigned int step)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * step + 7);
    }
}

/* Keys from the seed 7, 10, 13 ..., a ciphertext from the random number 7, 12, 17 ... */
static void make(struct keys *keys, uint32_t algorithm)
{
    uint8_t seed[KEM_SEED_SIZE], random[KEM_RANDOM_SIZE];
    fill(seed, sizeof(seed), 3);
    fill(random, sizeof(random), 5);
    keys->parameters = kem_parameters(algorithm);
    assert_non_null(keys->parameters);
    assert_true(kem_make_key(algorithm, seed, keys->public_key, keys->secret_key));
    assert_true(kem_encapsulate(algorithm, keys->public_key, keys->parameters->public_key_size, random,
                                keys->ciphertext, keys->shared));
}

static bool open(struct keys *keys)
{
    return kem_decapsulate(keys->parameters->id, keys->secret_key, keys->parameters->secret_key_size, keys->ciphertext,
                           keys->parameters->ciphertext_size, keys->opened);
}

static void assert_hex(const uint8_t *bytes, const char *hex)
{
    char text[65];
    for (size_t i = 0; i < 32; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    assert_string_equal(text, hex);
}

static void assert_hash(const uint8_t *bytes, size_t size, const char *hex)
{
    uint8_t digest[HASH_SHA512_SIZE];
    hash_sha512(bytes, size, digest);
    assert_hex(digest, hex);
}

/* What noble-post-quantum makes of the same seed: first halves of SHA-512 of the two keys and the ciphertext; the
 * shared key; the key for the ciphertext with its first bit flipped. */
static void known_answers(void **state)
{
    static const char *const answers[][5] = {
        {"80ca587050f330091ddb8274bb670a1087ef16c7709df200adc85b6e26c28546",
         "900f62b8b54197a27123bfb2e3ed52f53d4d22a4375058d32dece7e32d285788",
         "4a97a6658eabbcbe2331ec7896c96dfb4620782e67a5eccf919be38814c56c22",
         "153a13abe516baf090d000c8e09860f348bdc59988a6450eca71535eb6c41753",
         "c64223e7665afe25a21f0d3cda94fc69afacbd26e8b410a335a9bfc74f4c47e2"},
        {"8cab73ab4ad7120a73a76f09a5d3e3f02c97d594f03d56fffe72c3da4c720003",
         "0d29ef8b3b13a769b5673bc1281879ae50d9017b56ca91bb2e2f26ee429ad91d",
         "576924ba2d3a34e5bc12c0298c9936f64eba1d774338f1afea15386e4fa7639d",
         "3cfd90ae85ed9aef1e259936f2e51ab9d069840d7e57bc824c7687b629faae20",
         "62b4afb7a1d5bcb17c993929b195f8efcc95e81ba7dd742556ddb67ef0ad6ecd"},
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct keys keys;
        make(&keys, algorithms[i]);
        assert_hash(keys.public_key, keys.parameters->public_key_size, answers[i][0]);
        assert_hash(keys.secret_key, keys.parameters->secret_key_size, answers[i][1]);
        assert_hash(keys.ciphertext, keys.parameters->ciphertext_size, answers[i][2]);
        assert_hex(keys.shared, answers[i][3]);
        assert_true(open(&keys));
        assert_memory_equal(keys.opened, keys.shared, KEM_SHARED_KEY_SIZE);
        keys.ciphertext[0] ^= 1;
        assert_true(open(&keys));
        assert_hex(keys.opened, answers[i][4]);
    }
}

/* FIPS 203 section 7.2: each of the numbers in turn is 3328, then 3329. */
static void modulus_check(void **state)
{
    (void)state;
    for (size_t a = 0; a < 2; a++) {
        struct keys keys;
        uint8_t random[KEM_RANDOM_SIZE] = {0};
        make(&keys, algorithms[a]);
        size_t size = keys.parameters->public_key_size;
        size_t vector = size - 32;
        for (size_t i = 0; i < vector; i += 3) {
            for (unsigned int second = 0; second < 2; second++) {
                uint8_t saved[3];
                memcpy(saved, keys.public_key + i, 3);
                for (unsigned int number = 3328; number <= 4095; number += number == 3329 ? 766 : 1) {
                    uint8_t *at = keys.public_key + i;
                    if (second == 0) {
                        at[0] = (uint8_t)number;
                        at[1] = (uint8_t)((at[1] & 0xf0) | number >> 8);
                    } else {
                        at[1] = (uint8_t)((at[1] & 0x0f) | number << 4);
                        at[2] = (uint8_t)(number >> 4);
                    }
                    assert_int_equal(kem_public_key_valid(algorithms[a], keys.public_key, size), number == 3328);
                }
                assert_false(
                    kem_encapsulate(algorithms[a], keys.public_key, size, random, keys.ciphertext, keys.shared));
                memcpy(keys.public_key + i, saved, 3);
            }
        }
        assert_true(kem_public_key_valid(algorithms[a], keys.public_key, size));
        memset(keys.public_key + vector, 0xff, 32); /* the seed may be anything */
        assert_true(kem_public_key_valid(algorithms[a], keys.public_key, size));
    }
}

/* FIPS 203 section 7.3: public key or its hash changed in the secret key. */
static void hash_check(void **state)
{
    (void)state;
    for (size_t a = 0; a < 2; a++) {
        struct keys keys;
        make(&keys, algorithms[a]);
        size_t size = keys.parameters->secret_key_size;
        size_t first = size - 64 - keys.parameters->public_key_size;
        for (size_t i = first; i < size - 32; i += 13) {
            keys.secret_key[i] ^= 0x10;
            assert_false(open(&keys));
            keys.secret_key[i] ^= 0x10;
        }
        /* z is the last, and random. */
        keys.secret_key[size - 1] ^= 1;
        assert_true(open(&keys));
        assert_memory_equal(keys.opened, keys.shared, KEM_SHARED_KEY_SIZE);
    }
}

static void sizes(void **state)
{
    (void)state;
    assert_null(kem_parameters(0));
    assert_null(kem_parameters(0x0300));
    assert_false(kem_make_key(0, NULL, NULL, NULL));
    for (size_t a = 0; a < 2; a++) {
        struct keys keys;
        uint8_t random[KEM_RANDOM_SIZE] = {0};
        make(&keys, algorithms[a]);
        const struct kem_parameters *p = keys.parameters;
        assert_false(
            kem_encapsulate(p->id, keys.public_key, p->public_key_size - 1, random, keys.ciphertext, keys.shared));
        assert_false(
            kem_encapsulate(p->id + 7, keys.public_key, p->public_key_size, random, keys.ciphertext, keys.shared));
        assert_false(kem_decapsulate(p->id, keys.secret_key, p->secret_key_size - 1, keys.ciphertext,
                                     p->ciphertext_size, keys.opened));
        assert_false(kem_decapsulate(p->id, keys.secret_key, p->secret_key_size, keys.ciphertext,
                                     p->ciphertext_size - 1, keys.opened));
        assert_false(kem_decapsulate(algorithms[1 - a], keys.secret_key, p->secret_key_size, keys.ciphertext,
                                     p->ciphertext_size, keys.opened));
    }
}

/* Every changed ciphertext gives another key, without an error. */
static void implicit_rejection(void **state)
{
    (void)state;
    for (size_t a = 0; a < 2; a++) {
        struct keys keys;
        make(&keys, algorithms[a]);
        for (size_t i = 0; i < keys.parameters->ciphertext_size; i += 97) {
            keys.ciphertext[i] ^= 0x80;
            assert_true(open(&keys));
            assert_memory_not_equal(keys.opened, keys.shared, KEM_SHARED_KEY_SIZE);
            keys.ciphertext[i] ^= 0x80;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers), cmocka_unit_test(modulus_check),      cmocka_unit_test(hash_check),
        cmocka_unit_test(sizes),         cmocka_unit_test(implicit_rejection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
