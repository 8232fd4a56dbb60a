/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-3 and SHAKE (FIPS 202 section 6). */
#include <crypto/hash.h>

#include "keccak.h"

void hash_sha3_256(const void *data, size_t size, uint8_t digest[HASH_SHA3_256_SIZE])
{
    keccak_hash(KECCAK_RATE_SHA3_256, KECCAK_SUFFIX_SHA3, data, size, digest, HASH_SHA3_256_SIZE);
}

void hash_sha3_512(const void *data, size_t size, uint8_t digest[HASH_SHA3_512_SIZE])
{
    keccak_hash(KECCAK_RATE_SHA3_512, KECCAK_SUFFIX_SHA3, data, size, digest, HASH_SHA3_512_SIZE);
}

void hash_shake256(const void *data, size_t size, uint8_t *output, size_t output_size)
{
    keccak_hash(KECCAK_RATE_SHAKE256, KECCAK_SUFFIX_SHAKE, data, size, output, output_size);
}
