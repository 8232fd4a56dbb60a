/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ML-KEM by PQClean. Upstream computes; the checks of inputs that FIPS 203
 * demands around its algorithms (7.2 and 7.3) are here, for upstream has none.
 */
#include <crypto/kem.h>

#include <string.h>

#include <crypto/hash.h>
#include <crypto/wipe.h>

/* A coefficient of a public key is a number below this, in 12 bits. */
#define MODULUS 3329u

/* A secret key is the decryption key, the public key, its hash and z (FIPS 203 algorithm 16). */
#define HASH_SIZE 32u
#define Z_SIZE    32u
/* A public key is vectors of 12-bit numbers and the seed of the matrix. */
#define RHO_SIZE  32u

/* Upstream's calls leave secrets on the stack, this deep at most (tests/interop/seal_stack.c). */
#define STACK_TO_WIPE 0x6000u

typedef int make_key_fn(uint8_t *public_key, uint8_t *secret_key, const uint8_t *seed);
typedef int encapsulate_fn(uint8_t *ciphertext, uint8_t *shared_key, const uint8_t *public_key, const uint8_t *random);
typedef int decapsulate_fn(uint8_t *shared_key, const uint8_t *ciphertext, const uint8_t *secret_key);

/* Upstream's headers for two sets of parameters cannot be included together. */
make_key_fn PQCLEAN_MLKEM768_CLEAN_crypto_kem_keypair_derand, PQCLEAN_MLKEM1024_CLEAN_crypto_kem_keypair_derand;
encapsulate_fn PQCLEAN_MLKEM768_CLEAN_crypto_kem_enc_derand, PQCLEAN_MLKEM1024_CLEAN_crypto_kem_enc_derand;
decapsulate_fn PQCLEAN_MLKEM768_CLEAN_crypto_kem_dec, PQCLEAN_MLKEM1024_CLEAN_crypto_kem_dec;

struct implementation {
    struct kem_parameters parameters;
    make_key_fn *make_key;
    encapsulate_fn *encapsulate;
    decapsulate_fn *decapsulate;
};

static const struct implementation implementations[] = {
    {
        .parameters = {"ML-KEM-768", KEM_ML_KEM_768, 1184, 2400, 1088},
        .make_key = PQCLEAN_MLKEM768_CLEAN_crypto_kem_keypair_derand,
        .encapsulate = PQCLEAN_MLKEM768_CLEAN_crypto_kem_enc_derand,
        .decapsulate = PQCLEAN_MLKEM768_CLEAN_crypto_kem_dec,
    },
    {
        .parameters = {"ML-KEM-1024", KEM_ML_KEM_1024, KEM_MAX_PUBLIC_KEY, KEM_MAX_SECRET_KEY, KEM_MAX_CIPHERTEXT},
        .make_key = PQCLEAN_MLKEM1024_CLEAN_crypto_kem_keypair_derand,
        .encapsulate = PQCLEAN_MLKEM1024_CLEAN_crypto_kem_enc_derand,
        .decapsulate = PQCLEAN_MLKEM1024_CLEAN_crypto_kem_dec,
    },
};

static const struct implementation *find(uint32_t algorithm)
{
    for (size_t i = 0; i < sizeof(implementations) / sizeof(implementations[0]); i++) {
        if (implementations[i].parameters.id == algorithm) {
            return &implementations[i];
        }
    }
    return NULL;
}

const struct kem_parameters *kem_parameters(uint32_t algorithm)
{
    const struct implementation *implementation = find(algorithm);
    return implementation == NULL ? NULL : &implementation->parameters;
}

static __attribute__((noinline)) void wipe_stack(void)
{
    uint8_t area[STACK_TO_WIPE];
    secret_wipe(area, sizeof(area));
}

/* The key is public, so time may depend on it. */
bool kem_public_key_valid(uint32_t algorithm, const uint8_t *public_key, size_t public_key_size)
{
    const struct implementation *implementation = find(algorithm);
    if (implementation == NULL || public_key_size != implementation->parameters.public_key_size) {
        return false;
    }
    for (size_t i = 0; i < public_key_size - RHO_SIZE; i += 3) {
        uint32_t pair = public_key[i] | (uint32_t)public_key[i + 1] << 8 | (uint32_t)public_key[i + 2] << 16;
        if ((pair & 0xfff) >= MODULUS || pair >> 12 >= MODULUS) {
            return false;
        }
    }
    return true;
}

/* FIPS 203 section 7.3: the hash check. */
static bool parts_belong_together(const struct kem_parameters *parameters, const uint8_t *secret_key)
{
    const uint8_t *hash = secret_key + parameters->secret_key_size - Z_SIZE - HASH_SIZE;
    uint8_t right[HASH_SIZE];
    hash_sha3_256(hash - parameters->public_key_size, parameters->public_key_size, right);
    return memcmp(hash, right, sizeof(right)) == 0;
}

bool kem_make_key(uint32_t algorithm, const uint8_t seed[KEM_SEED_SIZE], uint8_t *public_key, uint8_t *secret_key)
{
    const struct implementation *implementation = find(algorithm);
    if (implementation == NULL) {
        return false;
    }
    (void)implementation->make_key(public_key, secret_key, seed);
    wipe_stack();
    return true;
}

bool kem_encapsulate(uint32_t algorithm, const uint8_t *public_key, size_t public_key_size,
                     const uint8_t random[KEM_RANDOM_SIZE], uint8_t *ciphertext,
                     uint8_t shared_key[KEM_SHARED_KEY_SIZE])
{
    const struct implementation *implementation = find(algorithm);
    if (implementation == NULL || !kem_public_key_valid(algorithm, public_key, public_key_size)) {
        return false;
    }
    (void)implementation->encapsulate(ciphertext, shared_key, public_key, random);
    wipe_stack();
    return true;
}

bool kem_decapsulate(uint32_t algorithm, const uint8_t *secret_key, size_t secret_key_size, const uint8_t *ciphertext,
                     size_t ciphertext_size, uint8_t shared_key[KEM_SHARED_KEY_SIZE])
{
    const struct implementation *implementation = find(algorithm);
    if (implementation == NULL || secret_key_size != implementation->parameters.secret_key_size ||
        ciphertext_size != implementation->parameters.ciphertext_size ||
        !parts_belong_together(&implementation->parameters, secret_key)) {
        return false;
    }
    (void)implementation->decapsulate(shared_key, ciphertext, secret_key);
    wipe_stack();
    return true;
}
