/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash functions against the published examples of FIPS 180-4, FIPS 202 and NIST's CAVP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/hash.h>

#include "../../../crypto/src/keccak.h"

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

typedef void hash_fn(const void *data, size_t size, uint8_t *digest);

static void expect(hash_fn *hash, size_t digest_size, const void *data, size_t size, const char *hexadecimal)
{
    uint8_t digest[HASH_SHA512_SIZE];
    char text[2 * HASH_SHA512_SIZE + 1];
    hash(data, size, digest);
    for (size_t i = 0; i < digest_size; i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(text, hexadecimal);
}

static void shake256_200(const void *data, size_t size, uint8_t *digest)
{
    /* Two blocks and more; the end of it. */
    uint8_t output[200];
    hash_shake256(data, size, output, sizeof(output));
    memcpy(digest, output + sizeof(output) - 32, 32);
}

static void test_published_examples_of_others(void **state)
{
    (void)state;
    expect(hash_sha256, 32, "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(hash_sha256, 32, "abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(hash_sha384, 48, "", 0,
           "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
           "274edebfe76f65fbd51ad2f14898b95b");
    expect(hash_sha384, 48, "abc", 3,
           "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
           "8086072ba1e7cc2358baeca134c825a7");
    expect(hash_sha3_256, 32, "", 0, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    expect(hash_sha3_256, 32, "abc", 3, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    expect(hash_sha3_512, 64, "", 0,
           "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
           "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26");
    expect(hash_sha3_512, 64, "abc", 3,
           "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
           "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0");
    expect(shake256_200, 32, "", 0, "b68ceab7a9e0c58d864e8efde4e1b9a46cbe854713672f5caaae314ed9083dab");
    expect(shake256_200, 32, "abc", 3, "9442b99903f4dcfd8559ed3950faf40fe6f3b5d710ed3b677513771af6bfe119");
}

/* The hash of the hashes of inputs of 0 to 299 bytes, one behind the other, as Python's hashlib has it. */
static void expect_all_lengths(hash_fn *hash, size_t digest_size, const char *hexadecimal)
{
    uint8_t data[300];
    uint8_t digests[sizeof(data) * HASH_SHA512_SIZE];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t size = 0; size < sizeof(data); size++) {
        hash(data, size, digests + size * digest_size);
    }
    expect(hash, digest_size, digests, sizeof(data) * digest_size, hexadecimal);
}

static void test_all_lengths(void **state)
{
    (void)state;
    expect_all_lengths(hash_sha256, 32, "5ebbf7b17a4f2bbb50cae3f26da221c90542499a6b4cbc177190a5e8cf00710d");
    expect_all_lengths(hash_sha384, 48,
                       "e285f42eb3afbb0495ea0192c79398f8b88b6db50e863264a835d5f2296cc68c"
                       "82be917d99c7ef81ef09e0aa18cdbeb5");
    expect_all_lengths(hash_sha3_256, 32, "c13c37e0ee0c6909dc7f6f3752c23db4436898b3b44a27f8f8a0e4a6cc422e32");
    expect_all_lengths(hash_sha3_512, 64,
                       "a837e87cd388a5edcdb1ed66bbec01085c0f74941dcf8390b1d23debbe8c5e18"
                       "a354f8cf84446a88ee0db2a6acc0d94f1824c15b6e414df27e6cd47bfcbf550e");
}

/* Input and output of a sponge may be cut anywhere. */
static void test_sponge_in_pieces(void **state)
{
    (void)state;
    uint8_t data[420], whole[420], cut[420];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 11 + 5);
    }
    for (size_t size = 0; size <= sizeof(data); size += 35) {
        hash_shake256(data, size, whole, sizeof(whole));
        for (size_t step = 1; step < 300; step = step * 2 + 1) {
            struct keccak_sponge sponge;
            keccak_start(&sponge);
            keccak_absorb_bytes(&sponge, KECCAK_RATE_SHAKE256, NULL, 0);
            for (size_t i = 0; i < size; i += step) {
                keccak_absorb_bytes(&sponge, KECCAK_RATE_SHAKE256, data + i, step < size - i ? step : size - i);
            }
            keccak_finish(&sponge, KECCAK_RATE_SHAKE256, KECCAK_SUFFIX_SHAKE);
            for (size_t i = 0; i < sizeof(cut); i += step) {
                keccak_squeeze(&sponge, KECCAK_RATE_SHAKE256, cut + i, step < sizeof(cut) - i ? step : sizeof(cut) - i);
            }
            assert_memory_equal(cut, whole, sizeof(cut));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_examples),
        cmocka_unit_test(test_million_letters),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_published_examples_of_others),
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_sponge_in_pieces),
    };
    return cmocka_run_group_tests_name("crypto_hash", tests, NULL, NULL);
}
