/* SPDX-License-Identifier: BSD-2-Clause */
/* Merkle trees: what is built, and that nothing wrong in data or tree gets through a reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <crypto/merkle.h>

#define BLOCK MERKLE_BLOCK_SIZE

static const uint8_t salt[MERKLE_SALT_SIZE] = "salt of the tests";

/* Data and its tree in memory. */
struct image {
    struct merkle_shape shape;
    uint8_t *data, *tree;
    uint8_t root[HASH_SHA512_SIZE];
    uint64_t written;            /* blocks of the tree */
    uint64_t data_cut, tree_cut; /* blocks from here on cannot be read */
    uint64_t reads_of_data;
};

static bool write_tree(void *context, uint64_t index, const uint8_t *block)
{
    struct image *image = context;
    assert_true(index < image->shape.tree_blocks);
    memcpy(image->tree + index * BLOCK, block, BLOCK);
    image->written++;
    return true;
}

static bool read_image(void *context, bool tree, uint64_t index, uint8_t *block)
{
    struct image *image = context;
    if (index >= (tree ? image->tree_cut : image->data_cut)) {
        return false;
    }
    image->reads_of_data += !tree;
    memcpy(block, (tree ? image->tree : image->data) + index * BLOCK, BLOCK);
    return true;
}

static void make(struct image *image, uint64_t blocks)
{
    struct merkle_builder *builder = malloc(sizeof(*builder));
    memset(image, 0, sizeof(*image));
    assert_true(merkle_shape_of(blocks * BLOCK, &image->shape));
    image->data = calloc(blocks, BLOCK);
    image->tree = malloc(image->shape.tree_blocks * BLOCK);
    memset(image->tree, 0xee, image->shape.tree_blocks * BLOCK);
    image->data_cut = blocks;
    image->tree_cut = image->shape.tree_blocks;
    for (uint64_t i = 0; i < blocks; i++) {
        if (i % 5 != 3) { /* some blocks of zeros */
            for (size_t b = 0; b < BLOCK; b++) {
                image->data[i * BLOCK + b] = (uint8_t)(i * 31 + b * 7 + (b >> 8));
            }
        }
    }
    assert_true(merkle_build_start(builder, blocks * BLOCK, salt, write_tree, image));
    for (uint64_t i = 0; i < blocks; i++) {
        assert_true(merkle_build_add(builder, image->data + i * BLOCK));
    }
    assert_true(merkle_build_finish(builder, image->root));
    assert_int_equal(image->written, image->shape.tree_blocks);
    free(builder);
}

static void release(struct image *image)
{
    free(image->data);
    free(image->tree);
}

/* The first block that does not read well, data_blocks if all do; *result: how it fails. */
static uint64_t first_wrong(struct image *image, enum merkle_result *result)
{
    struct merkle_reader *reader = malloc(sizeof(*reader));
    uint8_t block[BLOCK], zeros[BLOCK] = {0};
    uint64_t index = 0;
    assert_true(merkle_reader_start(reader, image->shape.data_size, salt, image->root, read_image, image));
    for (*result = MERKLE_OK; index < image->shape.data_blocks; index++) {
        memset(block, 0x55, sizeof(block));
        *result = merkle_read_block(reader, index, block);
        if (*result != MERKLE_OK) {
            assert_memory_equal(block, zeros, sizeof(block));
            break;
        }
        assert_memory_equal(block, image->data + index * BLOCK, BLOCK);
    }
    free(reader);
    return index;
}

static void shapes(void **state)
{
    (void)state;
    static const struct {
        uint64_t blocks, tree_blocks;
        uint32_t levels;
    } cases[] = {
        {1, 1, 1},
        {2, 1, 1},
        {64, 1, 1},
        {65, 3, 2},
        {4096, 65, 2},
        {4097, 68, 3},
        {262144, 4161, 3},
        {262145, 4165, 4},
        {1ull << 42, (1ull << 36) + (1ull << 30) + (1 << 24) + (1 << 18) + (1 << 12) + 65, 7},
    };
    struct merkle_shape shape;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(merkle_shape_of(cases[i].blocks * BLOCK, &shape));
        assert_int_equal(shape.level_count, cases[i].levels);
        assert_int_equal(shape.tree_blocks, cases[i].tree_blocks);
        assert_int_equal(shape.level_blocks[shape.level_count - 1], 1);
        assert_int_equal(shape.level_start[shape.level_count - 1], shape.tree_blocks - 1);
    }
    assert_false(merkle_shape_of(0, &shape));
    assert_false(merkle_shape_of(1, &shape));
    assert_false(merkle_shape_of(BLOCK + 1, &shape));
    assert_false(merkle_shape_of(MERKLE_MAX_DATA_SIZE + BLOCK, &shape));
    assert_false(merkle_shape_of(UINT64_MAX - BLOCK + 1, &shape));
}

/* The format, computed here from its description. */
static void format(void **state)
{
    (void)state;
    struct image image;
    uint8_t bytes[1 + MERKLE_SALT_SIZE + BLOCK], hash[HASH_SHA512_SIZE];
    make(&image, 66);
    memcpy(bytes + 1, salt, MERKLE_SALT_SIZE);
    for (unsigned int i = 0; i < 66; i++) { /* leaves */
        bytes[0] = 0;
        memcpy(bytes + 33, image.data + (size_t)i * BLOCK, BLOCK);
        hash_sha512(bytes, sizeof(bytes), hash);
        assert_memory_equal(image.tree + (size_t)i * 64, hash, 64);
    }
    for (unsigned int i = 0; i < 2; i++) { /* nodes */
        bytes[0] = 1;
        memcpy(bytes + 33, image.tree + (size_t)i * BLOCK, BLOCK);
        hash_sha512(bytes, sizeof(bytes), hash);
        assert_memory_equal(image.tree + 2 * BLOCK + (size_t)i * 64, hash, 64);
    }
    bytes[0] = 1;
    memcpy(bytes + 33, image.tree + 2 * BLOCK, BLOCK);
    hash_sha512(bytes, sizeof(bytes), hash);
    uint8_t root[1 + MERKLE_SALT_SIZE + 8 + 64] = {2};
    memcpy(root + 1, salt, MERKLE_SALT_SIZE);
    root[33 + 0] = (uint8_t)(66 * BLOCK & 0xff);
    root[33 + 1] = (uint8_t)(66 * BLOCK >> 8 & 0xff);
    root[33 + 2] = (uint8_t)(66 * BLOCK >> 16 & 0xff);
    memcpy(root + 41, hash, 64);
    hash_sha512(root, sizeof(root), hash);
    assert_memory_equal(image.root, hash, 64);
    /* Zeros behind the last hash of a level. */
    for (size_t i = 2 * 64; i < BLOCK; i++) {
        assert_int_equal(image.tree[BLOCK + i], 0);
        assert_int_equal(image.tree[2 * BLOCK + i], 0);
    }
    release(&image);
}

static void good_images(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 63, 64, 65, 128, 4095, 4096, 4097};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct image image;
        enum merkle_result result;
        make(&image, sizes[i]);
        assert_int_equal(first_wrong(&image, &result), sizes[i]);
        assert_int_equal(image.reads_of_data, sizes[i]); /* each once: what was checked is what is given out */
        release(&image);
    }
}

/* A bit of each block of the tree, and of some blocks of data; in the middle, at the ends, in unused slots. */
static void flipped_bits(void **state)
{
    (void)state;
    struct image image;
    enum merkle_result result;
    make(&image, 4097);
    for (uint64_t block = 0; block < image.shape.tree_blocks; block += block < 56 ? 7 : 1) {
        static const size_t places[] = {0, 63, 64, BLOCK - 1};
        uint8_t *bytes = image.tree + block * BLOCK;
        size_t place = places[block % 4];
        bytes[place] ^= 0x10;
        uint64_t wrong = first_wrong(&image, &result);
        assert_int_equal(result, MERKLE_TREE_WRONG);
        /* The first block of data below it. */
        uint64_t expected = block < 65 ? block * 64 : block == 66 ? 4096 : 0;
        assert_int_equal(wrong, expected);
        bytes[place] ^= 0x10;
    }
    for (uint64_t block = 0; block < 4097; block += 241) {
        image.data[block * BLOCK + block % BLOCK] ^= 1;
        assert_int_equal(first_wrong(&image, &result), block);
        assert_int_equal(result, MERKLE_DATA_WRONG);
        image.data[block * BLOCK + block % BLOCK] ^= 1;
    }
    for (unsigned int bit = 0; bit < 8 * HASH_SHA512_SIZE; bit += 37) {
        image.root[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(first_wrong(&image, &result), 0);
        assert_int_equal(result, MERKLE_TREE_WRONG);
        image.root[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    release(&image);
}

static void exchange(uint8_t *a, uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

static void swapped_blocks(void **state)
{
    (void)state;
    struct image image;
    enum merkle_result result;
    make(&image, 200);
    exchange(image.data + 5 * BLOCK, image.data + 7 * BLOCK, BLOCK);
    assert_int_equal(first_wrong(&image, &result), 5);
    assert_int_equal(result, MERKLE_DATA_WRONG);
    /* With their hashes. */
    exchange(image.tree + 5 * 64, image.tree + 7 * 64, 64);
    assert_int_equal(first_wrong(&image, &result), 0);
    assert_int_equal(result, MERKLE_TREE_WRONG);
    exchange(image.tree + 5 * 64, image.tree + 7 * 64, 64);
    exchange(image.data + 5 * BLOCK, image.data + 7 * BLOCK, BLOCK);
    /* 64 blocks with the block of the tree above them. */
    exchange(image.data, image.data + 64 * BLOCK, 64 * BLOCK);
    exchange(image.tree, image.tree + BLOCK, BLOCK);
    assert_int_equal(first_wrong(&image, &result), 0);
    assert_int_equal(result, MERKLE_TREE_WRONG);
    release(&image);
}

/* A block of the tree offered as data, where a leaf without a kind would have the node's hash. */
static void levels_do_not_mix(void **state)
{
    (void)state;
    struct image image, small;
    enum merkle_result result;
    make(&image, 128);
    /* The upper level of the tree as the tree over two "blocks of data", which are the lower one. */
    make(&small, 2);
    memcpy(small.data, image.tree, 2 * BLOCK);
    memcpy(small.tree, image.tree + 2 * BLOCK, BLOCK);
    memcpy(small.root, image.root, sizeof(small.root));
    assert_int_equal(first_wrong(&small, &result), 0);
    assert_int_equal(result, MERKLE_TREE_WRONG); /* the size is in the root */
    release(&small);
    release(&image);
}

static void other_size_or_salt(void **state)
{
    (void)state;
    struct image image;
    enum merkle_result result;
    struct merkle_reader *reader = malloc(sizeof(*reader));
    uint8_t block[BLOCK], other[MERKLE_SALT_SIZE];
    make(&image, 100);
    static const uint64_t sizes[] = {99, 101, 65, 128}; /* all with two levels and three blocks of tree */
    for (size_t i = 0; i < 4; i++) {
        assert_true(merkle_reader_start(reader, sizes[i] * BLOCK, salt, image.root, read_image, &image));
        assert_int_equal(merkle_read_block(reader, 0, block), MERKLE_TREE_WRONG);
    }
    memcpy(other, salt, sizeof(other));
    other[31] ^= 1;
    assert_true(merkle_reader_start(reader, 100 * BLOCK, other, image.root, read_image, &image));
    assert_int_equal(merkle_read_block(reader, 0, block), MERKLE_TREE_WRONG);
    assert_true(merkle_reader_start(reader, 100 * BLOCK, salt, image.root, read_image, &image));
    assert_int_equal(merkle_read_block(reader, 100, block), MERKLE_OUT_OF_RANGE);
    assert_int_equal(merkle_read_block(reader, UINT64_MAX, block), MERKLE_OUT_OF_RANGE);
    assert_false(merkle_reader_start(reader, 100 * BLOCK + 1, salt, image.root, read_image, &image));
    assert_int_equal(merkle_read_block(reader, 0, block), MERKLE_OUT_OF_RANGE);
    image.data_cut = 70; /* truncated */
    assert_int_equal(first_wrong(&image, &result), 70);
    assert_int_equal(result, MERKLE_DATA_UNREADABLE);
    image.tree_cut = 2;
    assert_int_equal(first_wrong(&image, &result), 0);
    assert_int_equal(result, MERKLE_TREE_UNREADABLE);
    release(&image);
    free(reader);
}

/* A reader that met something wrong does not believe it later, and reads well again once it is right. */
static void after_an_error(void **state)
{
    (void)state;
    struct image image;
    uint8_t block[BLOCK];
    struct merkle_reader *reader = malloc(sizeof(*reader));
    make(&image, 4200);
    assert_true(merkle_reader_start(reader, image.shape.data_size, salt, image.root, read_image, &image));
    image.tree[BLOCK] ^= 1; /* level 0, blocks 64 to 127 */
    assert_int_equal(merkle_read_block(reader, 0, block), MERKLE_OK);
    assert_int_equal(merkle_read_block(reader, 70, block), MERKLE_TREE_WRONG);
    assert_int_equal(reader->wrong_tree_block, 1);
    assert_int_equal(merkle_read_block(reader, 70, block), MERKLE_TREE_WRONG);
    assert_int_equal(merkle_read_block(reader, 4199, block), MERKLE_OK);
    image.tree[BLOCK] ^= 1;
    assert_int_equal(merkle_read_block(reader, 70, block), MERKLE_OK);
    for (uint64_t i = 0, at = 1; i < 2000; i++, at = (at * 1103515245 + 12345) % 4200) { /* in no order */
        assert_int_equal(merkle_read_block(reader, at, block), MERKLE_OK);
        assert_memory_equal(block, image.data + at * BLOCK, BLOCK);
    }
    release(&image);
    free(reader);
}

static void one_block_with_its_path(void **state)
{
    (void)state;
    struct image image;
    uint8_t path[3][BLOCK];
    make(&image, 4100);
    for (uint64_t index = 0; index < 4100; index += 41) {
        const uint64_t way[3] = {index / 64, 65 + index / 4096, 67};
        for (unsigned int i = 0; i < 3; i++) {
            memcpy(path[i], image.tree + way[i] * BLOCK, BLOCK);
        }
        const uint8_t(*blocks)[BLOCK] = (const uint8_t(*)[BLOCK])path;
        const uint8_t *data = image.data + index * BLOCK;
        assert_true(merkle_verify_block(&image.shape, salt, image.root, index, data, blocks));
        assert_false(merkle_verify_block(&image.shape, salt, image.root, index ^ 1, data, blocks));
        assert_false(merkle_verify_block(&image.shape, salt, image.root, index + 4100, data, blocks));
        for (unsigned int i = 0; i < 3; i++) {
            path[i][index % BLOCK] ^= 0x80;
            assert_false(merkle_verify_block(&image.shape, salt, image.root, index, data, blocks));
            path[i][index % BLOCK] ^= 0x80;
        }
    }
    release(&image);
}

static bool refuse(void *context, uint64_t index, const uint8_t *block)
{
    (void)context;
    (void)index;
    (void)block;
    return false;
}

static void building_goes_wrong(void **state)
{
    (void)state;
    struct image image;
    uint8_t block[BLOCK] = {1}, root[HASH_SHA512_SIZE];
    struct merkle_builder *builder = malloc(sizeof(*builder));
    memset(&image, 0, sizeof(image));
    assert_false(merkle_build_start(builder, 5, salt, write_tree, &image));
    assert_false(merkle_build_add(builder, block));
    assert_true(merkle_build_start(builder, 2 * BLOCK, salt, refuse, NULL));
    assert_true(merkle_build_add(builder, block));
    assert_false(merkle_build_finish(builder, root)); /* a block is missing */
    assert_true(merkle_build_start(builder, BLOCK, salt, refuse, NULL));
    assert_true(merkle_build_add(builder, block));
    assert_false(merkle_build_finish(builder, root)); /* not written */
    assert_true(merkle_build_start(builder, BLOCK, salt, refuse, NULL));
    assert_true(merkle_build_add(builder, block));
    assert_false(merkle_build_add(builder, block)); /* one too many */
    free(builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(format),
        cmocka_unit_test(good_images),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(swapped_blocks),
        cmocka_unit_test(levels_do_not_mix),
        cmocka_unit_test(other_size_or_salt),
        cmocka_unit_test(after_an_error),
        cmocka_unit_test(one_block_with_its_path),
        cmocka_unit_test(building_goes_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
