/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-512 against the published examples of FIPS 180-4 and NIST's CAVP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/hash.h>

static void expect_digest(const void *data, size_t size, const char *hexadecimal)
{
    uint8_t digest[HASH_SHA512_SIZE];
    char text[2 * HASH_SHA512_SIZE + 1];
    hash_sha512(data, size, digest);
    for (size_t i = 0; i < sizeof(digest); i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(text, hexadecimal);
}

static void test_published_examples(void **state)
{
    (void)state;
    expect_digest("", 0,
                  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                  "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
    expect_digest("abc", 3,
                  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    const char *two_blocks = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                             "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    expect_digest(two_blocks, strlen(two_blocks),
                  "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
                  "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
}

static void test_million_letters(void **state)
{
    (void)state;
    size_t size = 1000000;
    char *letters = malloc(size);
    assert_non_null(letters);
    memset(letters, 'a', size);
    expect_digest(letters, size,
                  "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                  "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
    free(letters);
}

/* Every way to cut the input gives the same digest, at block borders too. */
static void test_pieces(void **state)
{
    (void)state;
    uint8_t data[300];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t size = 0; size <= sizeof(data); size += 1) {
        uint8_t whole[HASH_SHA512_SIZE];
        hash_sha512(data, size, whole);
        for (size_t cut = 0; cut <= size; cut += 13) {
            struct hash_sha512_state pieces;
            uint8_t digest[HASH_SHA512_SIZE];
            hash_sha512_start(&pieces);
            hash_sha512_add(&pieces, data, cut);
            hash_sha512_add(&pieces, data + cut, size - cut);
            hash_sha512_finish(&pieces, digest);
            assert_memory_equal(digest, whole, sizeof(whole));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_examples),
        cmocka_unit_test(test_million_letters),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests_name("crypto_hash", tests, NULL, NULL);
}
