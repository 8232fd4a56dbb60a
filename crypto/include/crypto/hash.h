/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash functions, for every program of the system. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH_SHA512_SIZE 64u

/* SHA-512 (FIPS 180-4) of data that comes in pieces. */
struct hash_sha512_state {
    uint64_t opaque[28];
};

void hash_sha512_start(struct hash_sha512_state *state);
void hash_sha512_add(struct hash_sha512_state *state, const void *data, size_t size);
void hash_sha512_finish(const struct hash_sha512_state *state, uint8_t digest[HASH_SHA512_SIZE]);

/* SHA-512 of size bytes in one go. */
void hash_sha512(const void *data, size_t size, uint8_t digest[HASH_SHA512_SIZE]);
