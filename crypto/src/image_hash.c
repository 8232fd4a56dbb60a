/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/image_hash.h>

#include <string.h>

#include "sha512_lanes.h"

#define BLOCK         128u
/* Where padding leaves room for the message's length, 16 bytes. */
#define LENGTH_OFFSET (BLOCK - 8)

_Static_assert(IMAGE_HASH_CHUNK % BLOCK == 0, "chunks are whole blocks");

static const uint8_t leaf_prefix[BLOCK] = IMAGE_HASH_LEAF;
static const uint8_t root_prefix[BLOCK] = IMAGE_HASH_ROOT;

static void start_with_prefix(struct hash_sha512_state *state, const uint8_t prefix[BLOCK])
{
    hash_sha512_start(state);
    hash_sha512_add(state, prefix, BLOCK);
}

/* --- Four chunks at once --- */

/* The hash value at the start of a message (FIPS 180-4 section 5.3.5). */
static const uint64_t initial_state[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static void compress_same(uint64_t state[8][SHA512_LANES], const uint8_t block[BLOCK])
{
    const uint8_t *const same[SHA512_LANES] = {block, block, block, block};
    sha512_lanes_compress(state, same, 1);
}

/* Leaves of four whole chunks that follow each other. */
static void hash_four_chunks(const uint8_t *data, uint8_t leaves[SHA512_LANES][HASH_SHA512_SIZE])
{
    const uint8_t *const chunks[SHA512_LANES] = {data, data + IMAGE_HASH_CHUNK, data + 2 * IMAGE_HASH_CHUNK,
                                                 data + 3 * IMAGE_HASH_CHUNK};
    uint64_t state[8][SHA512_LANES];
    uint8_t block[BLOCK] = {0x80}; /* padding */
    for (unsigned int word = 0; word < 8; word++) {
        for (unsigned int lane = 0; lane < SHA512_LANES; lane++) {
            state[word][lane] = initial_state[word];
        }
    }
    compress_same(state, leaf_prefix);
    sha512_lanes_compress(state, chunks, IMAGE_HASH_CHUNK / BLOCK);
    uint64_t bits = __builtin_bswap64((uint64_t)(BLOCK + IMAGE_HASH_CHUNK) * 8);
    memcpy(block + LENGTH_OFFSET, &bits, sizeof(bits));
    compress_same(state, block);
    for (unsigned int lane = 0; lane < SHA512_LANES; lane++) {
        for (unsigned int word = 0; word < 8; word++) {
            uint64_t big_endian = __builtin_bswap64(state[word][lane]);
            memcpy(leaves[lane] + 8 * word, &big_endian, sizeof(big_endian));
        }
    }
}

static void hash_tree(const uint8_t *data, size_t size, uint8_t digest[HASH_SHA512_SIZE])
{
    struct hash_sha512_state root, leaf;
    uint8_t size_field[8];
    bool lanes = sha512_lanes_usable();
    for (unsigned int i = 0; i < sizeof(size_field); i++) {
        size_field[i] = (uint8_t)((uint64_t)size >> (8 * i));
    }
    start_with_prefix(&root, root_prefix);
    hash_sha512_add(&root, size_field, sizeof(size_field));
    while (size > 0) {
        uint8_t leaves[SHA512_LANES][HASH_SHA512_SIZE];
        size_t step = size < IMAGE_HASH_CHUNK ? size : IMAGE_HASH_CHUNK;
        if (lanes && size >= SHA512_LANES * IMAGE_HASH_CHUNK) {
            step = SHA512_LANES * IMAGE_HASH_CHUNK;
            hash_four_chunks(data, leaves);
            hash_sha512_add(&root, leaves, sizeof(leaves));
        } else {
            start_with_prefix(&leaf, leaf_prefix);
            hash_sha512_add(&leaf, data, step);
            hash_sha512_finish(&leaf, leaves[0]);
            hash_sha512_add(&root, leaves[0], HASH_SHA512_SIZE);
        }
        data += step;
        size -= step;
    }
    hash_sha512_finish(&root, digest);
}

const char *image_hash_name(uint32_t algorithm)
{
    switch (algorithm) {
    case HASH_ALGORITHM_SHA512:
        return "SHA-512";
    case HASH_ALGORITHM_SHA512_TREE:
        return "SHA-512 tree";
    default:
        return NULL;
    }
}

bool image_hash(uint32_t algorithm, const void *data, size_t size, uint8_t digest[HASH_SHA512_SIZE])
{
    switch (algorithm) {
    case HASH_ALGORITHM_SHA512:
        hash_sha512(data, size, digest);
        return true;
    case HASH_ALGORITHM_SHA512_TREE:
        hash_tree(data, size, digest);
        return true;
    default:
        return false;
    }
}
