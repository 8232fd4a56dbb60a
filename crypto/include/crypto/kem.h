/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key encapsulation: ML-KEM (FIPS 203). Nothing is allocated. Randomness comes
 * from the caller. Stack: at most KEM_STACK bytes. For one thread of a program at
 * a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ids in file formats; they never change. */
enum kem_algorithm {
    KEM_ML_KEM_768 = 0x0301,
    KEM_ML_KEM_1024 = 0x0302,
};

#define KEM_MAX_PUBLIC_KEY  1568u
#define KEM_MAX_SECRET_KEY  3168u
#define KEM_MAX_CIPHERTEXT  1568u
#define KEM_SHARED_KEY_SIZE 32u
#define KEM_SEED_SIZE       64u /* d, then z */
#define KEM_RANDOM_SIZE     32u /* m */
#define KEM_STACK           0x8000u

struct kem_parameters {
    const char *name; /* "ML-KEM-768" */
    enum kem_algorithm id;
    size_t public_key_size, secret_key_size, ciphertext_size; /* bytes */
};

/* NULL for an unknown id. */
const struct kem_parameters *kem_parameters(uint32_t algorithm);

/* Whether a public key has the right size and its numbers are in range (FIPS 203
 * section 7.2). False for an unknown algorithm. */
bool kem_public_key_valid(uint32_t algorithm, const uint8_t *public_key, size_t public_key_size);
/* A key pair from a seed (FIPS 203 algorithm 16). False for an unknown algorithm. */
bool kem_make_key(uint32_t algorithm, const uint8_t seed[KEM_SEED_SIZE], uint8_t *public_key, uint8_t *secret_key);
/* A shared key and its ciphertext for the owner of public_key, which is checked
 * first (FIPS 203 section 7.2, algorithm 17). False for an unknown algorithm or a
 * malformed key. */
bool kem_encapsulate(uint32_t algorithm, const uint8_t *public_key, size_t public_key_size,
                     const uint8_t random[KEM_RANDOM_SIZE], uint8_t *ciphertext,
                     uint8_t shared_key[KEM_SHARED_KEY_SIZE]);
/* The shared key of a ciphertext (FIPS 203 section 7.3, algorithm 18); for a wrong
 * ciphertext of the right size a key that nobody knows. False for an unknown
 * algorithm, a wrong size or a secret key whose parts do not belong together. */
bool kem_decapsulate(uint32_t algorithm, const uint8_t *secret_key, size_t secret_key_size, const uint8_t *ciphertext,
                     size_t ciphertext_size, uint8_t shared_key[KEM_SHARED_KEY_SIZE]);
