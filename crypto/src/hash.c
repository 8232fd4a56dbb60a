/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-2 by BearSSL. */
#include <crypto/hash.h>

#include <bearssl_hash.h>

_Static_assert(sizeof(br_sha512_context) <= sizeof(struct hash_sha512_state), "state too small");
_Static_assert(_Alignof(br_sha512_context) <= _Alignof(struct hash_sha512_state), "state not aligned");
_Static_assert(br_sha512_SIZE == HASH_SHA512_SIZE, "digest size");
_Static_assert(br_sha384_SIZE == HASH_SHA384_SIZE, "digest size");
_Static_assert(br_sha256_SIZE == HASH_SHA256_SIZE, "digest size");

void hash_sha512_start(struct hash_sha512_state *state)
{
    br_sha512_init((br_sha512_context *)state);
}

void hash_sha512_add(struct hash_sha512_state *state, const void *data, size_t size)
{
    br_sha512_update((br_sha512_context *)state, data, size);
}

void hash_sha512_finish(const struct hash_sha512_state *state, uint8_t digest[HASH_SHA512_SIZE])
{
    br_sha512_out((const br_sha512_context *)state, digest);
}

void hash_sha512(const void *data, size_t size, uint8_t digest[HASH_SHA512_SIZE])
{
    struct hash_sha512_state state;
    hash_sha512_start(&state);
    hash_sha512_add(&state, data, size);
    hash_sha512_finish(&state, digest);
}

void hash_sha384(const void *data, size_t size, uint8_t digest[HASH_SHA384_SIZE])
{
    br_sha384_context state;
    br_sha384_init(&state);
    br_sha384_update(&state, data, size);
    br_sha384_out(&state, digest);
}

void hash_sha256(const void *data, size_t size, uint8_t digest[HASH_SHA256_SIZE])
{
    br_sha256_context state;
    br_sha256_init(&state);
    br_sha256_update(&state, data, size);
    br_sha256_out(&state, digest);
}
