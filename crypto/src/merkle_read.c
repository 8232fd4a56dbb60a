/* SPDX-License-Identifier: BSD-2-Clause */
#include "merkle_nodes.h"

#include <base/memory.h>

/* Whether the slot for the index-th thing of the level below has this hash. */
static bool slot_is(const uint8_t *block, uint64_t index, const uint8_t *hash)
{
    return memcmp(block + index % MERKLE_FAN_OUT * HASH_SHA512_SIZE, hash, HASH_SHA512_SIZE) == 0;
}

/* Whether the topmost block is what the root says. */
static bool top_is_right(const struct merkle_shape *shape, const uint8_t *salt, const uint8_t *root, const uint8_t *top)
{
    uint8_t node[HASH_SHA512_SIZE], hash[HASH_SHA512_SIZE];
    merkle_node(salt, top, node);
    merkle_root(salt, shape->data_size, node, hash);
    return memcmp(hash, root, sizeof(hash)) == 0;
}

bool merkle_verify_block(const struct merkle_shape *shape, const uint8_t salt[MERKLE_SALT_SIZE],
                         const uint8_t root[HASH_SHA512_SIZE], uint64_t index, const uint8_t block[MERKLE_BLOCK_SIZE],
                         const uint8_t (*path)[MERKLE_BLOCK_SIZE])
{
    uint8_t hash[HASH_SHA512_SIZE];
    if (index >= shape->data_blocks) {
        return false;
    }
    merkle_leaf(salt, block, hash);
    for (uint32_t level = 0; level < shape->level_count; level++) {
        if (!slot_is(path[level], index, hash)) {
            return false;
        }
        merkle_node(salt, path[level], hash);
        index /= MERKLE_FAN_OUT;
    }
    return top_is_right(shape, salt, root, path[shape->level_count - 1]);
}

bool merkle_reader_start(struct merkle_reader *reader, uint64_t data_size, const uint8_t salt[MERKLE_SALT_SIZE],
                         const uint8_t root[HASH_SHA512_SIZE], merkle_read_fn *read, void *context)
{
    memset(reader, 0, sizeof(*reader));
    if (!merkle_shape_of(data_size, &reader->shape)) {
        return false;
    }
    memcpy(reader->salt, salt, MERKLE_SALT_SIZE);
    memcpy(reader->root, root, HASH_SHA512_SIZE);
    merkle_zero_leaf(salt, reader->zero_leaf);
    reader->read = read;
    reader->context = context;
    return true;
}

/* Index within its level of the tree's block on the way to a block of data. */
static uint64_t block_at(uint64_t index, uint32_t level)
{
    for (uint32_t i = 0; i <= level; i++) {
        index /= MERKLE_FAN_OUT;
    }
    return index;
}

/* Reads the tree's block for a level and checks it against the one above, which is kept and right. */
static enum merkle_result load_level(struct merkle_reader *reader, uint32_t level, uint64_t block)
{
    uint8_t *bytes = reader->blocks[level];
    uint8_t hash[HASH_SHA512_SIZE];
    bool right;
    reader->keeps[level] = false;
    reader->wrong_tree_block = reader->shape.level_start[level] + block;
    if (!reader->read(reader->context, true, reader->wrong_tree_block, bytes)) {
        return MERKLE_TREE_UNREADABLE;
    }
    if (level + 1 == reader->shape.level_count) {
        right = top_is_right(&reader->shape, reader->salt, reader->root, bytes);
    } else {
        merkle_node(reader->salt, bytes, hash);
        right = slot_is(reader->blocks[level + 1], block, hash);
    }
    reader->keeps[level] = right;
    reader->kept[level] = block;
    return right ? MERKLE_OK : MERKLE_TREE_WRONG;
}

/* Has all blocks of the tree on the way to a block of data. */
static enum merkle_result load_path(struct merkle_reader *reader, uint64_t index)
{
    uint32_t level = 0;
    while (level < reader->shape.level_count &&
           !(reader->keeps[level] && reader->kept[level] == block_at(index, level))) {
        level++;
    }
    while (level > 0) {
        level--;
        enum merkle_result result = load_level(reader, level, block_at(index, level));
        if (result != MERKLE_OK) {
            return result;
        }
    }
    return MERKLE_OK;
}

enum merkle_result merkle_read_block(struct merkle_reader *reader, uint64_t index, uint8_t block[MERKLE_BLOCK_SIZE])
{
    uint8_t hash[HASH_SHA512_SIZE];
    if (index >= reader->shape.data_blocks) {
        memset(block, 0, MERKLE_BLOCK_SIZE);
        return MERKLE_OUT_OF_RANGE;
    }
    enum merkle_result result = load_path(reader, index);
    if (result == MERKLE_OK && !reader->read(reader->context, false, index, block)) {
        result = MERKLE_DATA_UNREADABLE;
    }
    if (result == MERKLE_OK) {
        if (merkle_block_is_zero(block)) {
            memcpy(hash, reader->zero_leaf, sizeof(hash));
        } else {
            merkle_leaf(reader->salt, block, hash);
        }
        if (!slot_is(reader->blocks[0], index, hash)) {
            result = MERKLE_DATA_WRONG;
        }
    }
    if (result != MERKLE_OK) {
        memset(block, 0, MERKLE_BLOCK_SIZE);
    }
    return result;
}
