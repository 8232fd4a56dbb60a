/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Post-quantum signatures: ML-DSA (FIPS 204, lattices) and SLH-DSA (FIPS 205,
 * hashes), in their pure variants (not pre-hashed), with a context string.
 * Nothing is allocated. Stack: at most SIGNATURE_VERIFY_STACK bytes to verify,
 * SIGNATURE_SIGN_STACK to sign or to make a key.
 *
 * Signing and making keys are for one thread of a program at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ids in file formats; they never change. */
enum signature_algorithm {
    SIGNATURE_ML_DSA_65 = 0x0102,
    SIGNATURE_ML_DSA_87 = 0x0103,
    SIGNATURE_SLH_DSA_SHA2_128S = 0x0201,
    SIGNATURE_SLH_DSA_SHA2_192S = 0x0202,
    SIGNATURE_SLH_DSA_SHA2_256S = 0x0203,
    SIGNATURE_SLH_DSA_SHAKE_128S = 0x0211,
    SIGNATURE_SLH_DSA_SHAKE_192S = 0x0212,
    SIGNATURE_SLH_DSA_SHAKE_256S = 0x0213,
};

/* What the security of an algorithm rests on. A manifest has one signature of each. */
enum signature_family {
    SIGNATURE_FAMILY_LATTICE = 1,
    SIGNATURE_FAMILY_HASH = 2,
};

/* Upper bounds over all algorithms, in bytes. */
#define SIGNATURE_MAX_PUBLIC_KEY 2592u
#define SIGNATURE_MAX_SECRET_KEY 4896u
#define SIGNATURE_MAX_SIZE       29792u
#define SIGNATURE_MAX_CONTEXT    255u
#define SIGNATURE_MAX_SEED       96u
#define SIGNATURE_MAX_RANDOM     32u
#define SIGNATURE_VERIFY_STACK   0x24000u
#define SIGNATURE_SIGN_STACK     0x30000u

/* Key id: the first bytes of SHA-512(algorithm id as 2 bytes, little-endian, then the public key). */
#define SIGNATURE_KEY_ID_SIZE 32u

struct signature_parameters {
    const char *name; /* as in the standard: "ML-DSA-87", "SLH-DSA-SHA2-128s" */
    enum signature_algorithm id;
    enum signature_family family;
    size_t public_key_size, secret_key_size, signature_size; /* bytes */
    size_t seed_size;   /* of key generation: 32 (ML-DSA: xi), 3 n (SLH-DSA: SK.seed, SK.prf, PK.seed) */
    size_t random_size; /* of signing: 32 (ML-DSA: rnd), n (SLH-DSA: addrnd) */
};

/* What an algorithm is made of; NULL for an unknown id. */
const struct signature_parameters *signature_parameters(uint32_t algorithm);
/* The index-th algorithm, NULL after the last. */
const struct signature_parameters *signature_algorithm_at(unsigned int index);
/* The algorithm of a name (letters in either case), NULL if unknown. */
const struct signature_parameters *signature_algorithm_named(const char *name);

void signature_key_id(uint32_t algorithm, const uint8_t *public_key, uint8_t id[SIGNATURE_KEY_ID_SIZE]);

/* A key pair from seed_size random bytes (FIPS 204 algorithm 6, FIPS 205
 * algorithm 18). False for an unknown algorithm. */
bool signature_make_key(uint32_t algorithm, const uint8_t *seed, uint8_t *public_key, uint8_t *secret_key);

/* Signs message with context (at most SIGNATURE_MAX_CONTEXT bytes; FIPS 204
 * algorithm 2, FIPS 205 algorithm 22). random: random_size bytes; all zero for
 * ML-DSA, or PK.seed for SLH-DSA, gives the deterministic variant. Writes
 * signature_size bytes. False for an unknown algorithm, too long a context or an
 * ML-DSA secret key with a number out of range. */
bool signature_sign(uint32_t algorithm, const uint8_t *secret_key, const void *context, size_t context_size,
                    const void *message, size_t message_size, const uint8_t *random, uint8_t *signature);

/* Whether a signature is right (FIPS 204 algorithm 3, FIPS 205 algorithm 24).
 * False for an unknown algorithm, a wrong public_key_size or signature_size, too
 * long a context. */
bool signature_verify(uint32_t algorithm, const uint8_t *public_key, size_t public_key_size, const void *context,
                      size_t context_size, const void *message, size_t message_size, const uint8_t *signature,
                      size_t signature_size);
