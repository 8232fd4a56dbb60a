/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of private keys, encrypted with a passphrase. Format, all integers
 * little-endian, nothing between the fields:
 *
 *   8   magic "SKYPRIVK"
 *   2   format version, 1
 *   2   kind: enum key_kind
 *   2   algorithm: enum signature_algorithm, or an id of its kind
 *   2   flags: enum key_flag
 *   4   size of the file in bytes
 *   8   creation time, seconds since 1970, 0: not recorded
 *   32  key id: the first bytes of SHA-512(algorithm as 2 bytes, public key)
 *   2   size of the public key; the public key
 *   2   key derivation: 1, Argon2id version 0x13 (RFC 9106)
 *   4   its memory in KiB,  4  its passes,  2  its lanes
 *   32  its salt
 *   2   cipher: 1, ChaCha20-Poly1305 (RFC 8439)
 *   12  its nonce
 *   2   size of the secret key; the secret key, encrypted
 *   16  authentication tag, over everything before the encrypted secret key too
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tool/arena.h>
#include <tool/file.h>
#include <tool/secret.h>

#define KEY_FILE_MAGIC      "SKYPRIVK"
#define KEY_FILE_VERSION    1u
#define KEY_FILE_MAX_PUBLIC 8192u /* bytes of a public key */
#define KEY_FILE_MAX_SECRET 8192u /* bytes of a secret key */
#define KEY_FILE_MAX_SIZE   (KEY_FILE_MAX_PUBLIC + KEY_FILE_MAX_SECRET + 256u)
#define KEY_FILE_ID_SIZE    32u
#define KEY_FILE_SALT_SIZE  32u
#define KEY_FILE_NONCE_SIZE 12u
#define KEY_FILE_TAG_SIZE   16u

enum key_kind {
    KEY_KIND_LATTICE = 1,    /* signs: ML-DSA */
    KEY_KIND_HASH_BASED = 2, /* signs: SLH-DSA */
    KEY_KIND_OPERATOR = 3,   /* opens what was sealed to its owner */
};

enum key_flag {
    KEY_FLAG_DEVELOPMENT = 1 << 0, /* not kept secret; may have an empty passphrase */
};

/* Cost of turning a passphrase into a key. */
struct key_derivation {
    uint32_t memory_kib; /* at least 8 per lane, at most KEY_DERIVATION_MAX_MEMORY */
    uint32_t passes;     /* 1 to KEY_DERIVATION_MAX_PASSES */
    uint32_t lanes;      /* 1 to KEY_DERIVATION_MAX_LANES */
};

/* Bounds on reading: whoever made the file cannot make us work for hours. */
#define KEY_DERIVATION_MAX_MEMORY 0x100000u /* KiB: 1 GiB */
#define KEY_DERIVATION_MAX_PASSES 16u
#define KEY_DERIVATION_MAX_LANES  16u

/* For real keys, and for those whose passphrase is empty anyway. */
extern const struct key_derivation key_derivation_default;
extern const struct key_derivation key_derivation_empty;

/* What is readable without the passphrase; points into the bytes it was parsed from. */
struct key_file {
    uint32_t kind, algorithm, flags;
    uint64_t creation_time;
    const uint8_t *id;
    const uint8_t *public_key;
    size_t public_key_size;
    struct key_derivation derivation;
    const uint8_t *salt, *nonce;
    const uint8_t *bytes; /* the file's begin */
    size_t header_size;   /* bytes before the encrypted secret key */
    const uint8_t *encrypted;
    size_t secret_key_size;
};

/* A key in the clear, to be written. */
struct key_material {
    uint32_t kind, algorithm, flags;
    uint64_t creation_time;
    const uint8_t *public_key;
    size_t public_key_size;
    const uint8_t *secret_key;
    size_t secret_key_size;
};

/* "lattice", "hash-based", "operator"; "?" for an unknown one. */
const char *key_kind_name(uint32_t kind);
/* "ML-DSA-87", "X25519 and ML-KEM-1024" and the like; for an unknown one, "algorithm 0x...". In the arena. */
const char *key_algorithm_name(struct arena *arena, uint32_t algorithm);

/* Key id of a public key of any kind. */
void key_file_id(uint32_t algorithm, const uint8_t *public_key, size_t size, uint8_t id[KEY_FILE_ID_SIZE]);

/* Parses exactly size bytes. Returns NULL, or what is wrong and what would be right. */
const char *key_file_parse(const void *bytes, size_t size, struct key_file *key);
/* The file of a key. NULL: *reason says why not. */
struct blob *key_file_seal(struct arena *arena, const struct key_material *key, const struct passphrase *passphrase,
                           const struct key_derivation *derivation, const char **reason);
/* Decrypts the secret key: secret_key_size bytes. Returns NULL, or what is wrong; then the buffer is zero. */
const char *key_file_unlock(const struct key_file *key, const struct passphrase *passphrase, uint8_t *secret_key);

/* Reads a key file and parses it. NULL: *reason says why not. One that others than its owner can read is
 * refused. */
struct blob *key_file_read(struct arena *arena, const char *path, struct key_file *key, const char **reason);
