/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys and signatures; a program that only verifies leaves this file out. */
#include "signature_internal.h"

#include <crypto/wipe.h>

#include <ml-dsa-65/clean/api.h>
#include <ml-dsa-87/clean/api.h>

#include "pqclean_random.h"
#include "slh_dsa/slh_dsa.h"

/* PQClean leaves secrets on the stack. This overwrites the area that the call
 * before it used: SIGNATURE_SIGN_STACK but for what our callers have of it. */
static __attribute__((noinline)) void wipe_stack(void)
{
    uint8_t area[SIGNATURE_SIGN_STACK - 0x1000];
    secret_wipe(area, sizeof(area));
}

/* Whether the secret vectors of an ML-DSA secret key are in range: coefficients,
 * counted up from -eta, of bits bits each, at most 2 eta (FIPS 204 algorithm 25 asks
 * for this when keys may come from elsewhere). In constant time. */
static bool secret_vectors_good(const struct signature_parameters *parameters, const uint8_t *secret_key)
{
    /* rho, K and tr come first: 32, 32 and 64 bytes; t0 comes last. */
    bool larger = parameters->id == SIGNATURE_ML_DSA_87;
    const uint8_t *vectors = secret_key + 128;
    unsigned int bits = larger ? 3 : 4;
    unsigned int most = larger ? 4 : 8;
    unsigned int coefficients = 256 * (larger ? 7 + 8 : 5 + 6);
    unsigned int beyond = 0;
    for (unsigned int i = 0; i < coefficients; i++) {
        unsigned int bit = i * bits;
        unsigned int pair = vectors[bit / 8] | (unsigned int)vectors[bit / 8 + 1] << 8;
        unsigned int value = pair >> (bit % 8) & ((1u << bits) - 1);
        beyond |= most - value; /* the sign bit, if value is larger */
    }
    return beyond >> 31 == 0;
}

static bool make_key(const struct signature_parameters *parameters, const uint8_t *seed, uint8_t *public_key,
                     uint8_t *secret_key)
{
    switch (parameters->id) {
    case SIGNATURE_ML_DSA_65:
        pqclean_random_give(seed, parameters->seed_size);
        return PQCLEAN_MLDSA65_CLEAN_crypto_sign_keypair(public_key, secret_key) == 0;
    case SIGNATURE_ML_DSA_87:
        pqclean_random_give(seed, parameters->seed_size);
        return PQCLEAN_MLDSA87_CLEAN_crypto_sign_keypair(public_key, secret_key) == 0;
    case SIGNATURE_SLH_DSA_SHA2_128S:
        slh_dsa_sha2_128s_make_key(seed, public_key, secret_key);
        return true;
    case SIGNATURE_SLH_DSA_SHA2_192S:
        slh_dsa_sha2_192s_make_key(seed, public_key, secret_key);
        return true;
    case SIGNATURE_SLH_DSA_SHA2_256S:
        slh_dsa_sha2_256s_make_key(seed, public_key, secret_key);
        return true;
    case SIGNATURE_SLH_DSA_SHAKE_128S:
        slh_dsa_shake_128s_make_key(seed, public_key, secret_key);
        return true;
    case SIGNATURE_SLH_DSA_SHAKE_192S:
        slh_dsa_shake_192s_make_key(seed, public_key, secret_key);
        return true;
    case SIGNATURE_SLH_DSA_SHAKE_256S:
        slh_dsa_shake_256s_make_key(seed, public_key, secret_key);
        return true;
    }
    return false;
}

bool signature_make_key(uint32_t algorithm, const uint8_t *seed, uint8_t *public_key, uint8_t *secret_key)
{
    const struct signature_parameters *parameters = signature_parameters(algorithm);
    if (parameters == NULL) {
        return false;
    }
    bool made = make_key(parameters, seed, public_key, secret_key);
    made = pqclean_random_taken() && made;
    wipe_stack();
    if (!made) {
        secret_wipe(public_key, parameters->public_key_size);
        secret_wipe(secret_key, parameters->secret_key_size);
    }
    return made;
}

static bool sign(const struct signature_parameters *parameters, const uint8_t *secret_key, const void *context,
                 size_t context_size, const void *message, size_t message_size, const uint8_t *random,
                 uint8_t *signature)
{
    uint8_t prefix[2];
    struct message_pieces pieces;
    size_t size;
    signature_pure_message(&pieces, prefix, context, context_size, message, message_size);
    switch (parameters->id) {
    case SIGNATURE_ML_DSA_65:
        pqclean_random_give(random, parameters->random_size);
        return PQCLEAN_MLDSA65_CLEAN_crypto_sign_signature_ctx(signature, &size, message, message_size, context,
                                                               context_size, secret_key) == 0;
    case SIGNATURE_ML_DSA_87:
        pqclean_random_give(random, parameters->random_size);
        return PQCLEAN_MLDSA87_CLEAN_crypto_sign_signature_ctx(signature, &size, message, message_size, context,
                                                               context_size, secret_key) == 0;
    case SIGNATURE_SLH_DSA_SHA2_128S:
        slh_dsa_sha2_128s_sign(secret_key, &pieces, random, signature);
        return true;
    case SIGNATURE_SLH_DSA_SHA2_192S:
        slh_dsa_sha2_192s_sign(secret_key, &pieces, random, signature);
        return true;
    case SIGNATURE_SLH_DSA_SHA2_256S:
        slh_dsa_sha2_256s_sign(secret_key, &pieces, random, signature);
        return true;
    case SIGNATURE_SLH_DSA_SHAKE_128S:
        slh_dsa_shake_128s_sign(secret_key, &pieces, random, signature);
        return true;
    case SIGNATURE_SLH_DSA_SHAKE_192S:
        slh_dsa_shake_192s_sign(secret_key, &pieces, random, signature);
        return true;
    case SIGNATURE_SLH_DSA_SHAKE_256S:
        slh_dsa_shake_256s_sign(secret_key, &pieces, random, signature);
        return true;
    }
    return false;
}

bool signature_sign(uint32_t algorithm, const uint8_t *secret_key, const void *context, size_t context_size,
                    const void *message, size_t message_size, const uint8_t *random, uint8_t *signature)
{
    const struct signature_parameters *parameters = signature_parameters(algorithm);
    if (parameters == NULL || context_size > SIGNATURE_MAX_CONTEXT) {
        return false;
    }
    if (parameters->family == SIGNATURE_FAMILY_LATTICE && !secret_vectors_good(parameters, secret_key)) {
        return false;
    }
    bool made = sign(parameters, secret_key, context, context_size, message, message_size, random, signature);
    made = pqclean_random_taken() && made;
    wipe_stack();
    if (!made) {
        secret_wipe(signature, parameters->signature_size);
    }
    return made;
}
