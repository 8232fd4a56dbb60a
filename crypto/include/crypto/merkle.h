/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Merkle tree over data in blocks of 4096 bytes: from its root, which somebody
 * vouches for, each block can be checked by itself when it is read. Nodes are
 * SHA-512 hashes, with a salt, and with a first byte that sets leaves, inner
 * nodes and the root apart:
 *
 *   leaf  = SHA-512(0x00, salt, block of data)
 *   node  = SHA-512(0x01, salt, block of the tree)
 *   root  = SHA-512(0x02, salt, size of the data in bytes as 8 bytes little-endian, the topmost block's node)
 *
 * A block of the tree has 64 hashes: of 64 neighbouring blocks of data at level
 * 0, of as many blocks of the level below at the others; zeros after the last one.
 * The topmost level has one block. The blocks of level 0 come first, in their
 * order, then those of level 1, and so on: the tree of n blocks of data has
 * ceil(n / 64) + ceil(n / 64^2) + ... + 1 blocks.
 *
 * Nothing is allocated, nothing is recursive.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <crypto/hash.h>

#define MERKLE_BLOCK_SIZE    4096u
#define MERKLE_FAN_OUT       (MERKLE_BLOCK_SIZE / HASH_SHA512_SIZE)
#define MERKLE_SALT_SIZE     32u
#define MERKLE_MAX_LEVELS    7u
/* Bytes of data that MERKLE_MAX_LEVELS levels reach over. */
#define MERKLE_MAX_DATA_SIZE (1ull << 54)

/* What follows from the size of the data. */
struct merkle_shape {
    uint64_t data_size;                       /* bytes */
    uint64_t data_blocks;                     /* blocks of data */
    uint64_t tree_blocks;                     /* blocks of the tree */
    uint32_t level_count;                     /* 1 to MERKLE_MAX_LEVELS */
    uint64_t level_start[MERKLE_MAX_LEVELS];  /* index of a level's first block in the tree */
    uint64_t level_blocks[MERKLE_MAX_LEVELS]; /* blocks of a level */
};

/* data_size: bytes, not 0, a multiple of MERKLE_BLOCK_SIZE, at most MERKLE_MAX_DATA_SIZE; else false. */
bool merkle_shape_of(uint64_t data_size, struct merkle_shape *shape);

/* --- Building, block after block --- */

/* Takes a finished block of the tree. False ends the building. */
typedef bool merkle_write_fn(void *context, uint64_t tree_block, const uint8_t block[MERKLE_BLOCK_SIZE]);

struct merkle_builder {
    struct merkle_shape shape;
    uint8_t salt[MERKLE_SALT_SIZE];
    uint8_t zero_leaf[HASH_SHA512_SIZE]; /* of a block of zeros, of which images have many */
    merkle_write_fn *write;
    void *context;
    uint64_t hashes[MERKLE_MAX_LEVELS];                   /* put into a level so far */
    uint8_t blocks[MERKLE_MAX_LEVELS][MERKLE_BLOCK_SIZE]; /* being filled */
    bool failed;
};

/* False for a size that merkle_shape_of() refuses. */
bool merkle_build_start(struct merkle_builder *builder, uint64_t data_size, const uint8_t salt[MERKLE_SALT_SIZE],
                        merkle_write_fn *write, void *context);
/* The next block of data. False: one too many, or `write` failed. */
bool merkle_build_add(struct merkle_builder *builder, const uint8_t block[MERKLE_BLOCK_SIZE]);
/* After the last block. False: blocks are missing, or `write` failed. */
bool merkle_build_finish(struct merkle_builder *builder, uint8_t root[HASH_SHA512_SIZE]);

/* --- Checking --- */

/* Whether a block of data is the index-th. path: level_count blocks of the tree, from the one at level 0 that has
 * the block's hash to the topmost. */
bool merkle_verify_block(const struct merkle_shape *shape, const uint8_t salt[MERKLE_SALT_SIZE],
                         const uint8_t root[HASH_SHA512_SIZE], uint64_t index, const uint8_t block[MERKLE_BLOCK_SIZE],
                         const uint8_t (*path)[MERKLE_BLOCK_SIZE]);

/* --- Reading through the tree --- */

/* Reads the index-th block of the data or of the tree into `block`. False: it cannot. */
typedef bool merkle_read_fn(void *context, bool tree, uint64_t index, uint8_t block[MERKLE_BLOCK_SIZE]);

enum merkle_result {
    MERKLE_OK,
    MERKLE_OUT_OF_RANGE,    /* no such block */
    MERKLE_DATA_UNREADABLE, /* the source could not read the block */
    MERKLE_TREE_UNREADABLE, /* the source could not read a block of the tree */
    MERKLE_DATA_WRONG,      /* the block is not what the tree says */
    MERKLE_TREE_WRONG,      /* a block of the tree is not what the level above, or the root, says */
};

/* Keeps the last block of each level, which it has verified, so that reading in order hashes each once. The memory
 * must be the reader's alone. */
struct merkle_reader {
    struct merkle_shape shape;
    uint8_t salt[MERKLE_SALT_SIZE];
    uint8_t root[HASH_SHA512_SIZE];
    uint8_t zero_leaf[HASH_SHA512_SIZE];
    merkle_read_fn *read;
    void *context;
    uint64_t kept[MERKLE_MAX_LEVELS]; /* index within its level of the block that is kept */
    bool keeps[MERKLE_MAX_LEVELS];
    uint8_t blocks[MERKLE_MAX_LEVELS][MERKLE_BLOCK_SIZE];
    uint64_t wrong_tree_block; /* after MERKLE_TREE_WRONG and MERKLE_TREE_UNREADABLE: which */
};

/* False for a size that merkle_shape_of() refuses. */
bool merkle_reader_start(struct merkle_reader *reader, uint64_t data_size, const uint8_t salt[MERKLE_SALT_SIZE],
                         const uint8_t root[HASH_SHA512_SIZE], merkle_read_fn *read, void *context);
/* Reads a block of data once, checks what was read, and gives that out: MERKLE_OK, else `block` is zeros. */
enum merkle_result merkle_read_block(struct merkle_reader *reader, uint64_t index, uint8_t block[MERKLE_BLOCK_SIZE]);
