/* SPDX-License-Identifier: BSD-2-Clause */
/* The hashes that a Merkle tree is made of. */
#pragma once

#include <crypto/merkle.h>

void merkle_leaf(const uint8_t *salt, const uint8_t *block, uint8_t hash[HASH_SHA512_SIZE]);
void merkle_node(const uint8_t *salt, const uint8_t *block, uint8_t hash[HASH_SHA512_SIZE]);
void merkle_root(const uint8_t *salt, uint64_t data_size, const uint8_t *top, uint8_t hash[HASH_SHA512_SIZE]);

/* The hash of a block of zeros, and whether a block is one: comparing is many times faster than hashing. */
void merkle_zero_leaf(const uint8_t *salt, uint8_t hash[HASH_SHA512_SIZE]);
bool merkle_block_is_zero(const uint8_t *block);
