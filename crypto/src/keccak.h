/* SPDX-License-Identifier: BSD-2-Clause */
/* Keccak's sponge (FIPS 202 section 4), by PQClean's permutation, with its state by value. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes that a block takes or gives. */
#define KECCAK_RATE_SHAKE128 168u
#define KECCAK_RATE_SHAKE256 136u
#define KECCAK_RATE_SHA3_256 136u
#define KECCAK_RATE_SHA3_384 104u
#define KECCAK_RATE_SHA3_512 72u

/* Bits behind the message, with the first bit of the padding. */
#define KECCAK_SUFFIX_SHA3  0x06u
#define KECCAK_SUFFIX_SHAKE 0x1fu

/* The state, then the number of bytes absorbed into, or not yet squeezed out of, the block. */
struct keccak_sponge {
    uint64_t words[26];
};

/* start(), absorb() any number of times, finish(), squeeze() any number of times;
 * all with the same rate. */
void keccak_start(struct keccak_sponge *sponge);
void keccak_absorb_bytes(struct keccak_sponge *sponge, uint32_t rate, const void *data, size_t size);
void keccak_finish(struct keccak_sponge *sponge, uint32_t rate, uint8_t suffix);
void keccak_squeeze(struct keccak_sponge *sponge, uint32_t rate, uint8_t *output, size_t size);

/* All of that in one go, faster. */
void keccak_hash(uint32_t rate, uint8_t suffix, const void *data, size_t size, uint8_t *output, size_t output_size);
/* The first half of it: what keccak_squeeze() can follow. */
void keccak_absorb_all(struct keccak_sponge *sponge, uint32_t rate, uint8_t suffix, const void *data, size_t size);
