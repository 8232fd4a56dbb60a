/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hash functions, for every program of the system: SHA-2 (FIPS 180-4), SHA-3
 * and SHAKE (FIPS 202). States live with the caller; nothing is allocated.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH_SHA256_SIZE   32u
#define HASH_SHA384_SIZE   48u
#define HASH_SHA512_SIZE   64u
#define HASH_SHA3_256_SIZE 32u
#define HASH_SHA3_512_SIZE 64u

/* Ids in file formats; they never change. */
enum hash_algorithm {
    HASH_ALGORITHM_SHA512 = 1,
    HASH_ALGORITHM_SHA512_TREE = 2, /* <crypto/image_hash.h> */
};

/* SHA-512 of data that comes in pieces. finish() leaves the state as it was, so
 * that more can be added. */
struct hash_sha512_state {
    uint64_t opaque[28];
};

void hash_sha512_start(struct hash_sha512_state *state);
void hash_sha512_add(struct hash_sha512_state *state, const void *data, size_t size);
void hash_sha512_finish(const struct hash_sha512_state *state, uint8_t digest[HASH_SHA512_SIZE]);

/* Each: the hash of size bytes in one go. */
void hash_sha256(const void *data, size_t size, uint8_t digest[HASH_SHA256_SIZE]);
void hash_sha384(const void *data, size_t size, uint8_t digest[HASH_SHA384_SIZE]);
void hash_sha512(const void *data, size_t size, uint8_t digest[HASH_SHA512_SIZE]);
void hash_sha3_256(const void *data, size_t size, uint8_t digest[HASH_SHA3_256_SIZE]);
void hash_sha3_512(const void *data, size_t size, uint8_t digest[HASH_SHA3_512_SIZE]);
/* output_size bytes of SHAKE256. */
void hash_shake256(const void *data, size_t size, uint8_t *output, size_t output_size);
