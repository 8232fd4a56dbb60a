/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SHA-3 interface that PQClean's algorithms call, with states by value: its
 * own allocates them. Only what those algorithms use.
 */
#pragma once

#include "../keccak.h"

#define SHAKE128_RATE KECCAK_RATE_SHAKE128
#define SHAKE256_RATE KECCAK_RATE_SHAKE256
#define SHA3_256_RATE KECCAK_RATE_SHA3_256
#define SHA3_512_RATE KECCAK_RATE_SHA3_512

typedef struct keccak_sponge shake128incctx, shake256incctx, shake128ctx, shake256ctx;

#define shake128_inc_init(state)                  keccak_start(state)
#define shake128_inc_absorb(state, data, size)    keccak_absorb_bytes(state, SHAKE128_RATE, data, size)
#define shake128_inc_finalize(state)              keccak_finish(state, SHAKE128_RATE, KECCAK_SUFFIX_SHAKE)
#define shake128_inc_squeeze(output, size, state) keccak_squeeze(state, SHAKE128_RATE, output, size)
#define shake128_inc_ctx_release(state)           ((void)(state))
#define shake128_absorb(state, data, size)        keccak_absorb_all(state, SHAKE128_RATE, KECCAK_SUFFIX_SHAKE, data, size)
#define shake128_squeezeblocks(output, n, state)  keccak_squeeze(state, SHAKE128_RATE, output, (n)*SHAKE128_RATE)
#define shake128_ctx_release(state)               ((void)(state))
#define shake128_ctx_clone(target, source)        ((void)(*(target) = *(source)))

#define shake256_inc_init(state)                  keccak_start(state)
#define shake256_inc_absorb(state, data, size)    keccak_absorb_bytes(state, SHAKE256_RATE, data, size)
#define shake256_inc_finalize(state)              keccak_finish(state, SHAKE256_RATE, KECCAK_SUFFIX_SHAKE)
#define shake256_inc_squeeze(output, size, state) keccak_squeeze(state, SHAKE256_RATE, output, size)
#define shake256_inc_ctx_release(state)           ((void)(state))

#define shake256(output, output_size, data, size)                                                                      \
    keccak_hash(SHAKE256_RATE, KECCAK_SUFFIX_SHAKE, data, size, output, output_size)
#define sha3_256(output, data, size) keccak_hash(SHA3_256_RATE, KECCAK_SUFFIX_SHA3, data, size, output, 32)
#define sha3_512(output, data, size) keccak_hash(SHA3_512_RATE, KECCAK_SUFFIX_SHA3, data, size, output, 64)
