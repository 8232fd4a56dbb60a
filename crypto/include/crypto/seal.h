/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sealed channel: data that only the owner of a key can read, and that nobody can
 * change unnoticed. Keys are agreed on by X25519 (RFC 7748) and ML-KEM (FIPS 203)
 * together, so that both must be broken; records are encrypted by
 * ChaCha20-Poly1305 (RFC 8439). docs/seal.md has the format byte by byte and says
 * what it gives and what not.
 *
 * Nothing is allocated. Stack: at most SEAL_STACK bytes to start or accept,
 * some KiB for records.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <crypto/kem.h>
#include <crypto/random.h>

/* All algorithms together. Ids in file formats; they never change. */
enum seal_suite {
    SEAL_X25519_ML_KEM_768 = 0x0401,
    SEAL_X25519_ML_KEM_1024 = 0x0402,
};

#define SEAL_MAGIC        "SKYSEALD"
#define SEAL_KEY_MAGIC    "SKYOPKEY"
#define SEAL_VERSION      1u
#define SEAL_X25519_SIZE  32u
#define SEAL_KEY_ID_SIZE  32u
#define SEAL_CONFIRM_SIZE 32u
#define SEAL_TAG_SIZE     16u

/* A secret key is what it is made from: X25519's private key, then ML-KEM's seed. */
#define SEAL_SECRET_KEY_SIZE (SEAL_X25519_SIZE + KEM_SEED_SIZE)
#define SEAL_MAX_PUBLIC_KEY  (SEAL_X25519_SIZE + KEM_MAX_PUBLIC_KEY)

/* Magic, version and suite: what tells how large a header or a public key file is. */
#define SEAL_PREFIX_SIZE 12u
#define SEAL_MAX_HEADER                                                                                                \
    (SEAL_PREFIX_SIZE + SEAL_KEY_ID_SIZE + SEAL_X25519_SIZE + KEM_MAX_CIPHERTEXT + SEAL_CONFIRM_SIZE)
#define SEAL_MAX_KEY_FILE (SEAL_PREFIX_SIZE + SEAL_MAX_PUBLIC_KEY)

/* A record: its kind and the length of its data, the data, a tag. */
#define SEAL_RECORD_PREFIX   3u
#define SEAL_RECORD_OVERHEAD (SEAL_RECORD_PREFIX + SEAL_TAG_SIZE)
#define SEAL_MAX_DATA        16384u /* bytes of data in a record */
#define SEAL_MAX_RECORD      (SEAL_MAX_DATA + SEAL_RECORD_OVERHEAD)

#define SEAL_STACK (KEM_STACK + 0x4000u)

enum seal_error {
    SEAL_OK = 0,
    SEAL_NO_ENTROPY,
    SEAL_UNKNOWN_SUITE,
    SEAL_BAD_PUBLIC_KEY, /* wrong size, numbers out of range, or a point of small order */
    SEAL_KEY_FILE_TRUNCATED,
    SEAL_KEY_FILE_WRONG_MAGIC,
    SEAL_KEY_FILE_WRONG_VERSION,
    SEAL_KEY_FILE_TRAILING_BYTES,
    SEAL_HEADER_TRUNCATED,
    SEAL_WRONG_MAGIC,
    SEAL_WRONG_VERSION,
    SEAL_OTHER_SUITE,        /* the key is for other algorithms */
    SEAL_OTHER_RECIPIENT,    /* sealed to another key */
    SEAL_ZERO_POINT,         /* the ephemeral key is a point of small order */
    SEAL_WRONG_CONFIRMATION, /* header altered, or other context */
    SEAL_RECORD_TRUNCATED,
    SEAL_UNKNOWN_RECORD,
    SEAL_RECORD_TOO_LARGE,
    SEAL_EMPTY_RECORD, /* no data, and not the last */
    SEAL_WRONG_TAG,    /* altered, out of order, repeated, or of another session */
    SEAL_AFTER_END,    /* something after the last record */
    SEAL_NO_END,       /* the last record is missing */
    SEAL_SESSION_DEAD, /* an error came before */
    SEAL_ERROR_COUNT,
};

/* One sentence in English: what is wrong, and what would be right where one can say. Never NULL. */
const char *seal_error_text(enum seal_error error);

struct seal_parameters {
    const char *name; /* "X25519 and ML-KEM-1024" */
    enum seal_suite id;
    uint32_t kem;           /* enum kem_algorithm */
    size_t public_key_size; /* bytes: X25519's, then ML-KEM's */
    size_t header_size;     /* bytes */
};

/* NULL for an unknown id. */
const struct seal_parameters *seal_parameters(uint32_t suite);

/* --- Keys --- */

/* The public key of a secret key, which is SEAL_SECRET_KEY_SIZE random bytes. False for an unknown suite. */
bool seal_public_key(uint32_t suite, const uint8_t secret_key[SEAL_SECRET_KEY_SIZE], uint8_t *public_key);
/* First bytes of SHA-512(suite as 2 bytes, little-endian, then the public key). */
void seal_key_id(uint32_t suite, const uint8_t *public_key, uint8_t id[SEAL_KEY_ID_SIZE]);
/* A public key in a file: prefix with SEAL_KEY_MAGIC, then the key. Returns its size, 0 for an unknown suite. */
size_t seal_key_file_write(uint32_t suite, const uint8_t *public_key, uint8_t *file);
/* Takes exactly size bytes apart and checks the key as far as that can be done. *public_key: in the bytes given. */
enum seal_error seal_key_file_parse(const uint8_t *file, size_t size, uint32_t *suite, const uint8_t **public_key);

/* --- Sessions --- */

struct seal_direction {
    uint8_t key[32];
    uint64_t sequence; /* of the next record */
    bool ended;
};

struct seal_session {
    struct seal_direction send, receive;
    bool alive;
};

/* Starts a session with the owner of a public key and writes the header (header_size
 * bytes) that has to be sent before the first record. context: what the session is
 * for; both sides must name the same. */
enum seal_error seal_start(struct seal_session *session, uint32_t suite, const uint8_t *public_key, const void *context,
                           size_t context_size, struct random_generator *random, uint8_t *header);
/* How large a header is, from its first SEAL_PREFIX_SIZE bytes. */
enum seal_error seal_header_size(const uint8_t *header, size_t size, size_t *header_size);
/* The other side of seal_start(). header: exactly as long as seal_header_size() says. */
enum seal_error seal_accept(struct seal_session *session, uint32_t suite,
                            const uint8_t secret_key[SEAL_SECRET_KEY_SIZE], const uint8_t *header, size_t size,
                            const void *context, size_t context_size);
/* Forgets the keys. */
void seal_end(struct seal_session *session);

/* --- Records; each direction has its own order and its own end --- */

/* Writes size + SEAL_RECORD_OVERHEAD bytes. last: nothing follows in this
 * direction; only then size may be 0. data and record may not overlap. */
enum seal_error seal_write(struct seal_session *session, const void *data, size_t size, bool last, uint8_t *record);
/* How large a record is, from its first SEAL_RECORD_PREFIX bytes. */
enum seal_error seal_record_size(const uint8_t *record, size_t size, size_t *record_size);
/* Takes the next record apart, which is exactly size bytes, as seal_record_size()
 * says. data: room for size - SEAL_RECORD_OVERHEAD bytes, which may be where the
 * record lies. After any error nothing of data may be used, and the session is
 * over. */
enum seal_error seal_read(struct seal_session *session, const uint8_t *record, size_t size, uint8_t *data,
                          size_t *data_size, bool *last);
/* To be asked where the stream ends: SEAL_OK if the last record has come. */
enum seal_error seal_finish(const struct seal_session *session);
