/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PRF_msg and H_msg of the SHAKE parameter sets (FIPS 205 section 11.1). PQClean's
 * take a message in one piece only.
 */
#pragma once

#include <params.h>

#include "../keccak.h"
#include "../message_pieces.h"

static void message_shake(uint8_t *output, size_t size, const uint8_t *first, size_t first_size, const uint8_t *second,
                          size_t second_size, const struct message_pieces *message)
{
    struct keccak_sponge sponge;
    keccak_start(&sponge);
    keccak_absorb_bytes(&sponge, KECCAK_RATE_SHAKE256, first, first_size);
    keccak_absorb_bytes(&sponge, KECCAK_RATE_SHAKE256, second, second_size);
    for (unsigned int i = 0; i < message->count; i++) {
        keccak_absorb_bytes(&sponge, KECCAK_RATE_SHAKE256, message->piece[i].data, message->piece[i].size);
    }
    keccak_finish(&sponge, KECCAK_RATE_SHAKE256, KECCAK_SUFFIX_SHAKE);
    keccak_squeeze(&sponge, KECCAK_RATE_SHAKE256, output, size);
    secret_wipe(&sponge, sizeof(sponge));
}

/* PRF_msg(SK.prf, opt_rand, M). */
static void message_randomizer(uint8_t output[SPX_N], const uint8_t *secret_prf, const uint8_t *random,
                               const struct message_pieces *message)
{
    message_shake(output, SPX_N, secret_prf, SPX_N, random, SPX_N, message);
}

/* H_msg(R, PK.seed, PK.root, M). */
static void message_digest(uint8_t *output, size_t size, const uint8_t *randomizer, const uint8_t *public_key,
                           const struct message_pieces *message)
{
    message_shake(output, size, randomizer, SPX_N, public_key, SPX_PK_BYTES, message);
}
