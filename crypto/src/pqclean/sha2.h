/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SHA-2 interface that PQClean's algorithms call, on BearSSL, with states by
 * value: PQClean's own allocates them. Only what those algorithms use.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <bearssl_hash.h>

typedef br_sha256_context sha256ctx;
typedef br_sha512_context sha512ctx;

#define sha256_inc_init(state)                 br_sha256_init(state)
#define sha256_inc_blocks(state, blocks, n)    br_sha256_update(state, blocks, (n)*64u)
#define sha256_inc_ctx_clone(target, source)   ((void)(*(target) = *(source)))
#define sha256_inc_ctx_release(state)          ((void)(state))
#define sha256_inc_finalize(out, state, in, n) (br_sha256_update(state, in, n), br_sha256_out(state, out))
#define sha512_inc_init(state)                 br_sha512_init(state)
#define sha512_inc_blocks(state, blocks, n)    br_sha512_update(state, blocks, (n)*128u)
#define sha512_inc_ctx_clone(target, source)   ((void)(*(target) = *(source)))
#define sha512_inc_ctx_release(state)          ((void)(state))
#define sha512_inc_finalize(out, state, in, n) (br_sha512_update(state, in, n), br_sha512_out(state, out))

static inline void pqclean_sha256(uint8_t *digest, const uint8_t *data, size_t size)
{
    br_sha256_context state;
    br_sha256_init(&state);
    br_sha256_update(&state, data, size);
    br_sha256_out(&state, digest);
}

static inline void pqclean_sha512(uint8_t *digest, const uint8_t *data, size_t size)
{
    br_sha512_context state;
    br_sha512_init(&state);
    br_sha512_update(&state, data, size);
    br_sha512_out(&state, digest);
}

#define sha256(digest, data, size) pqclean_sha256(digest, data, size)
#define sha512(digest, data, size) pqclean_sha512(digest, data, size)
