/* SPDX-License-Identifier: BSD-2-Clause */
#include "merkle_nodes.h"

#include <base/memory.h>

enum node_kind { NODE_LEAF = 0, NODE_INNER = 1, NODE_ROOT = 2 };

static void node_start(struct hash_sha512_state *state, enum node_kind kind, const uint8_t *salt)
{
    uint8_t first = (uint8_t)kind;
    hash_sha512_start(state);
    hash_sha512_add(state, &first, 1);
    hash_sha512_add(state, salt, MERKLE_SALT_SIZE);
}

static void hash_block(enum node_kind kind, const uint8_t *salt, const uint8_t *block, uint8_t *hash)
{
    struct hash_sha512_state state;
    node_start(&state, kind, salt);
    hash_sha512_add(&state, block, MERKLE_BLOCK_SIZE);
    hash_sha512_finish(&state, hash);
}

void merkle_leaf(const uint8_t *salt, const uint8_t *block, uint8_t hash[HASH_SHA512_SIZE])
{
    hash_block(NODE_LEAF, salt, block, hash);
}

void merkle_node(const uint8_t *salt, const uint8_t *block, uint8_t hash[HASH_SHA512_SIZE])
{
    hash_block(NODE_INNER, salt, block, hash);
}

void merkle_root(const uint8_t *salt, uint64_t data_size, const uint8_t *top, uint8_t hash[HASH_SHA512_SIZE])
{
    struct hash_sha512_state state;
    uint8_t size[8];
    for (unsigned int i = 0; i < sizeof(size); i++) {
        size[i] = (uint8_t)(data_size >> (8 * i));
    }
    node_start(&state, NODE_ROOT, salt);
    hash_sha512_add(&state, size, sizeof(size));
    hash_sha512_add(&state, top, HASH_SHA512_SIZE);
    hash_sha512_finish(&state, hash);
}

void merkle_zero_leaf(const uint8_t *salt, uint8_t hash[HASH_SHA512_SIZE])
{
    static const uint8_t zeros[MERKLE_BLOCK_SIZE];
    merkle_leaf(salt, zeros, hash);
}

bool merkle_block_is_zero(const uint8_t *block)
{
    /* All bytes are equal to the one before them, and the first is zero. */
    return block[0] == 0 && memcmp(block, block + 1, MERKLE_BLOCK_SIZE - 1) == 0;
}

bool merkle_shape_of(uint64_t data_size, struct merkle_shape *shape)
{
    if (data_size == 0 || data_size % MERKLE_BLOCK_SIZE != 0 || data_size > MERKLE_MAX_DATA_SIZE) {
        return false;
    }
    *shape = (struct merkle_shape){.data_size = data_size, .data_blocks = data_size / MERKLE_BLOCK_SIZE};
    uint64_t below = shape->data_blocks;
    do {
        uint64_t blocks = (below + MERKLE_FAN_OUT - 1) / MERKLE_FAN_OUT;
        shape->level_start[shape->level_count] = shape->tree_blocks;
        shape->level_blocks[shape->level_count] = blocks;
        shape->level_count++;
        shape->tree_blocks += blocks;
        below = blocks;
    } while (below > 1);
    return true;
}
