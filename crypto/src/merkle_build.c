/* SPDX-License-Identifier: BSD-2-Clause */
#include "merkle_nodes.h"

#include <base/memory.h>

bool merkle_build_start(struct merkle_builder *builder, uint64_t data_size, const uint8_t salt[MERKLE_SALT_SIZE],
                        merkle_write_fn *write, void *context)
{
    memset(builder, 0, sizeof(*builder));
    builder->failed = true;
    if (!merkle_shape_of(data_size, &builder->shape)) {
        return false;
    }
    memcpy(builder->salt, salt, MERKLE_SALT_SIZE);
    merkle_zero_leaf(salt, builder->zero_leaf);
    builder->write = write;
    builder->context = context;
    builder->failed = false;
    return true;
}

/* Writes the block of a level that is full, or the last one, and gives back its node. */
static bool finish_block(struct merkle_builder *builder, uint32_t level, uint8_t node[HASH_SHA512_SIZE])
{
    uint64_t block = (builder->hashes[level] - 1) / MERKLE_FAN_OUT;
    if (!builder->write(builder->context, builder->shape.level_start[level] + block, builder->blocks[level])) {
        builder->failed = true;
        return false;
    }
    merkle_node(builder->salt, builder->blocks[level], node);
    memset(builder->blocks[level], 0, MERKLE_BLOCK_SIZE);
    return true;
}

static bool level_complete(const struct merkle_builder *builder, uint32_t level)
{
    uint64_t all = level == 0 ? builder->shape.data_blocks : builder->shape.level_blocks[level - 1];
    return builder->hashes[level] == all;
}

bool merkle_build_add(struct merkle_builder *builder, const uint8_t block[MERKLE_BLOCK_SIZE])
{
    uint8_t hash[HASH_SHA512_SIZE];
    if (builder->failed || level_complete(builder, 0)) {
        builder->failed = true;
        return false;
    }
    if (merkle_block_is_zero(block)) {
        memcpy(hash, builder->zero_leaf, sizeof(hash));
    } else {
        merkle_leaf(builder->salt, block, hash);
    }
    /* The topmost block is finished by merkle_build_finish(). */
    for (uint32_t level = 0; level < builder->shape.level_count; level++) {
        uint64_t slot = builder->hashes[level]++ % MERKLE_FAN_OUT;
        memcpy(builder->blocks[level] + slot * HASH_SHA512_SIZE, hash, HASH_SHA512_SIZE);
        bool full = slot == MERKLE_FAN_OUT - 1 || level_complete(builder, level);
        if (!full || level + 1 == builder->shape.level_count) {
            return true;
        }
        if (!finish_block(builder, level, hash)) {
            return false;
        }
    }
    return true;
}

bool merkle_build_finish(struct merkle_builder *builder, uint8_t root[HASH_SHA512_SIZE])
{
    uint8_t top[HASH_SHA512_SIZE];
    uint32_t level = builder->shape.level_count - 1;
    if (builder->failed || !level_complete(builder, level) || !finish_block(builder, level, top)) {
        builder->failed = true;
        return false;
    }
    merkle_root(builder->salt, builder->shape.data_size, top, root);
    builder->failed = true; /* nothing can follow */
    return true;
}
