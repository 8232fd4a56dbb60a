/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes of images: four chunks at once give what one after the other gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/image_hash.h>

#include "../../../crypto/src/sha512_lanes.h"

/* The tree as its header states it, by plain SHA-512. */
static void tree_by_the_book(const uint8_t *data, size_t size, uint8_t digest[HASH_SHA512_SIZE])
{
    size_t leaves = (size + IMAGE_HASH_CHUNK - 1) / IMAGE_HASH_CHUNK;
    uint8_t *root = calloc(1, 128 + 8 + leaves * HASH_SHA512_SIZE);
    uint8_t *leaf = calloc(1, 128 + IMAGE_HASH_CHUNK);
    assert_non_null(root);
    assert_non_null(leaf);
    memcpy(root, IMAGE_HASH_ROOT, sizeof(IMAGE_HASH_ROOT));
    memcpy(leaf, IMAGE_HASH_LEAF, sizeof(IMAGE_HASH_LEAF));
    uint64_t size64 = size;
    memcpy(root + 128, &size64, 8);
    for (size_t i = 0; i < leaves; i++) {
        size_t rest = size - i * IMAGE_HASH_CHUNK;
        size_t length = rest < IMAGE_HASH_CHUNK ? rest : IMAGE_HASH_CHUNK;
        memcpy(leaf + 128, data + i * IMAGE_HASH_CHUNK, length);
        hash_sha512(leaf, 128 + length, root + 136 + i * HASH_SHA512_SIZE);
    }
    hash_sha512(root, 136 + leaves * HASH_SHA512_SIZE, digest);
    free(root);
    free(leaf);
}

static uint8_t *make_data(size_t size)
{
    uint8_t *data = malloc(size + 1);
    assert_non_null(data);
    uint32_t x = 0x12345678;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (uint8_t)(x >> 24);
    }
    return data;
}

static void tree_is_as_stated(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        0,
        1,
        IMAGE_HASH_CHUNK - 1,
        IMAGE_HASH_CHUNK,
        IMAGE_HASH_CHUNK + 1,
        4 * IMAGE_HASH_CHUNK - 1,
        4 * IMAGE_HASH_CHUNK,
        4 * IMAGE_HASH_CHUNK + 1,
        9 * IMAGE_HASH_CHUNK + 77,
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t *data = make_data(sizes[i]), expected[HASH_SHA512_SIZE], digest[HASH_SHA512_SIZE];
        tree_by_the_book(data, sizes[i], expected);
        assert_true(image_hash(HASH_ALGORITHM_SHA512_TREE, data, sizes[i], digest));
        assert_memory_equal(digest, expected, sizeof(digest));
        /* Wherever the data lies. */
        memmove(data + 1, data, sizes[i]);
        assert_true(image_hash(HASH_ALGORITHM_SHA512_TREE, data + 1, sizes[i], digest));
        assert_memory_equal(digest, expected, sizeof(digest));
        free(data);
    }
}

static void every_byte_counts(void **state)
{
    (void)state;
    size_t size = 5 * IMAGE_HASH_CHUNK + 3;
    uint8_t *data = make_data(size), expected[HASH_SHA512_SIZE], digest[HASH_SHA512_SIZE];
    assert_true(image_hash(HASH_ALGORITHM_SHA512_TREE, data, size, expected));
    for (size_t i = 0; i < size; i += 1021) {
        data[i] ^= 0x10;
        assert_true(image_hash(HASH_ALGORITHM_SHA512_TREE, data, size, digest));
        assert_memory_not_equal(digest, expected, sizeof(digest));
        data[i] ^= 0x10;
    }
    /* Chunks in another order. */
    for (size_t i = 0; i < IMAGE_HASH_CHUNK; i++) {
        uint8_t byte = data[i];
        data[i] = data[IMAGE_HASH_CHUNK + i];
        data[IMAGE_HASH_CHUNK + i] = byte;
    }
    assert_true(image_hash(HASH_ALGORITHM_SHA512_TREE, data, size, digest));
    assert_memory_not_equal(digest, expected, sizeof(digest));
    free(data);
}

static void plain_hash_and_names(void **state)
{
    (void)state;
    uint8_t expected[HASH_SHA512_SIZE], digest[HASH_SHA512_SIZE];
    hash_sha512("abc", 3, expected);
    assert_true(image_hash(HASH_ALGORITHM_SHA512, "abc", 3, digest));
    assert_memory_equal(digest, expected, sizeof(digest));
    assert_string_equal(image_hash_name(HASH_ALGORITHM_SHA512), "SHA-512");
    assert_string_equal(image_hash_name(HASH_ALGORITHM_SHA512_TREE), "SHA-512 tree");
    assert_null(image_hash_name(0));
    assert_false(image_hash(3, "abc", 3, digest));
}

static void lanes_were_tested(void **state)
{
    (void)state;
    if (!sha512_lanes_usable()) {
        print_message("this processor has no AVX2: the four lanes were not tested\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_is_as_stated),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(plain_hash_and_names),
        cmocka_unit_test(lanes_were_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
