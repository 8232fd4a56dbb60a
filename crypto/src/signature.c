/* SPDX-License-Identifier: BSD-2-Clause */
/* The algorithms' facts, and verification. */
#include "signature_internal.h"

#include <string.h>

#include <crypto/hash.h>

#include <ml-dsa-65/clean/api.h>
#include <ml-dsa-87/clean/api.h>

#include "slh_dsa/slh_dsa.h"

#define ML_DSA(set)                                                                                                    \
    {                                                                                                                  \
        .name = "ML-DSA-" #set, .id = SIGNATURE_ML_DSA_##set, .family = SIGNATURE_FAMILY_LATTICE,                      \
        .public_key_size = PQCLEAN_MLDSA##set##_CLEAN_CRYPTO_PUBLICKEYBYTES,                                           \
        .secret_key_size = PQCLEAN_MLDSA##set##_CLEAN_CRYPTO_SECRETKEYBYTES,                                           \
        .signature_size = PQCLEAN_MLDSA##set##_CLEAN_CRYPTO_BYTES, .seed_size = 32, .random_size = 32                  \
    }
/* FIPS 205 table 2. */
#define SLH_DSA(label, symbol, n, size)                                                                                \
    {                                                                                                                  \
        .name = "SLH-DSA-" label, .id = SIGNATURE_SLH_DSA_##symbol, .family = SIGNATURE_FAMILY_HASH,                   \
        .public_key_size = 2 * (n), .secret_key_size = 4 * (n), .signature_size = (size), .seed_size = 3 * (n),        \
        .random_size = (n)                                                                                             \
    }

static const struct signature_parameters algorithms[] = {
    ML_DSA(65),
    ML_DSA(87),
    SLH_DSA("SHA2-128s", SHA2_128S, 16, 7856),
    SLH_DSA("SHA2-192s", SHA2_192S, 24, 16224),
    SLH_DSA("SHA2-256s", SHA2_256S, 32, 29792),
    SLH_DSA("SHAKE-128s", SHAKE_128S, 16, 7856),
    SLH_DSA("SHAKE-192s", SHAKE_192S, 24, 16224),
    SLH_DSA("SHAKE-256s", SHAKE_256S, 32, 29792),
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

const struct signature_parameters *signature_algorithm_at(unsigned int index)
{
    return index < ALGORITHMS ? &algorithms[index] : NULL;
}

const struct signature_parameters *signature_parameters(uint32_t algorithm)
{
    for (unsigned int i = 0; i < ALGORITHMS; i++) {
        if ((uint32_t)algorithms[i].id == algorithm) {
            return &algorithms[i];
        }
    }
    return NULL;
}

static char lower_case(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool same_name(const char *a, const char *b)
{
    while (*a != '\0' && lower_case(*a) == lower_case(*b)) {
        a++;
        b++;
    }
    return lower_case(*a) == lower_case(*b);
}

const struct signature_parameters *signature_algorithm_named(const char *name)
{
    for (unsigned int i = 0; i < ALGORITHMS; i++) {
        if (same_name(algorithms[i].name, name)) {
            return &algorithms[i];
        }
    }
    return NULL;
}

void signature_key_id(uint32_t algorithm, const uint8_t *public_key, uint8_t id[SIGNATURE_KEY_ID_SIZE])
{
    const struct signature_parameters *parameters = signature_parameters(algorithm);
    const uint8_t number[2] = {(uint8_t)algorithm, (uint8_t)(algorithm >> 8)};
    struct hash_sha512_state state;
    uint8_t digest[HASH_SHA512_SIZE];
    hash_sha512_start(&state);
    hash_sha512_add(&state, number, sizeof(number));
    if (parameters != NULL) {
        hash_sha512_add(&state, public_key, parameters->public_key_size);
    }
    hash_sha512_finish(&state, digest);
    memcpy(id, digest, SIGNATURE_KEY_ID_SIZE);
}

bool signature_verify(uint32_t algorithm, const uint8_t *public_key, size_t public_key_size, const void *context,
                      size_t context_size, const void *message, size_t message_size, const uint8_t *signature,
                      size_t signature_size)
{
    const struct signature_parameters *parameters = signature_parameters(algorithm);
    if (parameters == NULL || public_key_size != parameters->public_key_size ||
        signature_size != parameters->signature_size || context_size > SIGNATURE_MAX_CONTEXT) {
        return false;
    }
    uint8_t prefix[2];
    struct message_pieces pieces;
    signature_pure_message(&pieces, prefix, context, context_size, message, message_size);
    switch (parameters->id) {
    case SIGNATURE_ML_DSA_65:
        return PQCLEAN_MLDSA65_CLEAN_crypto_sign_verify_ctx(signature, signature_size, message, message_size, context,
                                                            context_size, public_key) == 0;
    case SIGNATURE_ML_DSA_87:
        return PQCLEAN_MLDSA87_CLEAN_crypto_sign_verify_ctx(signature, signature_size, message, message_size, context,
                                                            context_size, public_key) == 0;
    case SIGNATURE_SLH_DSA_SHA2_128S:
        return slh_dsa_sha2_128s_verify(public_key, &pieces, signature);
    case SIGNATURE_SLH_DSA_SHA2_192S:
        return slh_dsa_sha2_192s_verify(public_key, &pieces, signature);
    case SIGNATURE_SLH_DSA_SHA2_256S:
        return slh_dsa_sha2_256s_verify(public_key, &pieces, signature);
    case SIGNATURE_SLH_DSA_SHAKE_128S:
        return slh_dsa_shake_128s_verify(public_key, &pieces, signature);
    case SIGNATURE_SLH_DSA_SHAKE_192S:
        return slh_dsa_shake_192s_verify(public_key, &pieces, signature);
    case SIGNATURE_SLH_DSA_SHAKE_256S:
        return slh_dsa_shake_256s_verify(public_key, &pieces, signature);
    }
    return false;
}
