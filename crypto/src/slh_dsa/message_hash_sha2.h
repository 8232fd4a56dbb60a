/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PRF_msg and H_msg of the SHA-2 parameter sets (FIPS 205 section 11.2): SHA-256
 * in security category 1, SHA-512 in 3 and 5. PQClean's take a message in one
 * piece only.
 */
#pragma once

#include <bearssl_hash.h>
#include <bearssl_hmac.h>

#include <params.h>

#include <hash.h>

#include "../message_pieces.h"

#if SPX_SHA512
#define MESSAGE_HASH_SIZE   br_sha512_SIZE
#define MESSAGE_HASH_VTABLE br_sha512_vtable
#define message_hash_mgf1   mgf1_512
#else
#define MESSAGE_HASH_SIZE   br_sha256_SIZE
#define MESSAGE_HASH_VTABLE br_sha256_vtable
#define message_hash_mgf1   mgf1_256
#endif

/* PRF_msg(SK.prf, opt_rand, M): the first n bytes of HMAC(SK.prf, opt_rand || M). */
static void message_randomizer(uint8_t output[SPX_N], const uint8_t *secret_prf, const uint8_t *random,
                               const struct message_pieces *message)
{
    br_hmac_key_context key;
    br_hmac_context hmac;
    uint8_t digest[MESSAGE_HASH_SIZE];
    br_hmac_key_init(&key, &MESSAGE_HASH_VTABLE, secret_prf, SPX_N);
    br_hmac_init(&hmac, &key, 0);
    br_hmac_update(&hmac, random, SPX_N);
    for (unsigned int i = 0; i < message->count; i++) {
        br_hmac_update(&hmac, message->piece[i].data, message->piece[i].size);
    }
    br_hmac_out(&hmac, digest);
    memcpy(output, digest, SPX_N);
    secret_wipe(&key, sizeof(key));
    secret_wipe(&hmac, sizeof(hmac));
    secret_wipe(digest, sizeof(digest));
}

/* H_msg(R, PK.seed, PK.root, M): MGF1(R || PK.seed || hash(R || PK.seed || PK.root || M), size). */
static void message_digest(uint8_t *output, size_t size, const uint8_t *randomizer, const uint8_t *public_key,
                           const struct message_pieces *message)
{
    uint8_t mask_seed[2 * SPX_N + MESSAGE_HASH_SIZE];
    br_hash_compat_context hash;
    MESSAGE_HASH_VTABLE.init(&hash.vtable);
    hash.vtable->update(&hash.vtable, randomizer, SPX_N);
    hash.vtable->update(&hash.vtable, public_key, SPX_PK_BYTES);
    for (unsigned int i = 0; i < message->count; i++) {
        hash.vtable->update(&hash.vtable, message->piece[i].data, message->piece[i].size);
    }
    memcpy(mask_seed, randomizer, SPX_N);
    memcpy(mask_seed + SPX_N, public_key, SPX_N);
    hash.vtable->out(&hash.vtable, mask_seed + 2 * SPX_N);
    message_hash_mgf1(output, size, mask_seed, sizeof(mask_seed));
}
