/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions of the sealed channel: the header and the keys (docs/seal.md). */
#include <crypto/seal.h>

#include <string.h>

#include <bearssl_ec.h>
#include <bearssl_kdf.h>
#include <crypto/hash.h>
#include <crypto/wipe.h>

/* In front of whatever is hashed or derived here. */
#define LABEL "skyscope sealed channel 1"

/* Offsets in a header. */
#define SUITE_OFFSET      10u
#define RECIPIENT_OFFSET  SEAL_PREFIX_SIZE
#define EPHEMERAL_OFFSET  (RECIPIENT_OFFSET + SEAL_KEY_ID_SIZE)
#define CIPHERTEXT_OFFSET (EPHEMERAL_OFFSET + SEAL_X25519_SIZE)

#define HEADER_SIZE(ciphertext) (CIPHERTEXT_OFFSET + (ciphertext) + SEAL_CONFIRM_SIZE)

static const struct seal_parameters suites[] = {
    {"X25519 and ML-KEM-768", SEAL_X25519_ML_KEM_768, KEM_ML_KEM_768, SEAL_X25519_SIZE + 1184, HEADER_SIZE(1088)},
    {"X25519 and ML-KEM-1024", SEAL_X25519_ML_KEM_1024, KEM_ML_KEM_1024, SEAL_MAX_PUBLIC_KEY, SEAL_MAX_HEADER},
};

_Static_assert(HEADER_SIZE(KEM_MAX_CIPHERTEXT) == SEAL_MAX_HEADER, "header size");

const struct seal_parameters *seal_parameters(uint32_t suite)
{
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        if (suites[i].id == suite) {
            return &suites[i];
        }
    }
    return NULL;
}

static void put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static uint32_t get16(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8;
}

static void put_prefix(uint8_t *to, const char *magic, uint32_t suite)
{
    memcpy(to, magic, 8);
    put16(to + 8, SEAL_VERSION);
    put16(to + SUITE_OFFSET, suite);
}

/* --- X25519 --- */

static const uint8_t base_point[SEAL_X25519_SIZE] = {9};

/* RFC 7748 section 6.1. False if the result is zero: the point's order is small. */
static bool x25519(const uint8_t scalar[SEAL_X25519_SIZE], const uint8_t point[SEAL_X25519_SIZE],
                   uint8_t result[SEAL_X25519_SIZE])
{
    uint8_t bits = 0;
    memcpy(result, point, SEAL_X25519_SIZE);
    uint32_t done = br_ec_c25519_m31.mul(result, SEAL_X25519_SIZE, scalar, SEAL_X25519_SIZE, BR_EC_curve25519);
    for (size_t i = 0; i < SEAL_X25519_SIZE; i++) {
        bits |= result[i];
    }
    return done == 1 && bits != 0;
}

/* --- Keys of recipients --- */

bool seal_public_key(uint32_t suite, const uint8_t secret_key[SEAL_SECRET_KEY_SIZE], uint8_t *public_key)
{
    const struct seal_parameters *parameters = seal_parameters(suite);
    if (parameters == NULL) {
        return false;
    }
    uint8_t kem_secret_key[KEM_MAX_SECRET_KEY];
    (void)x25519(secret_key, base_point, public_key);
    bool made =
        kem_make_key(parameters->kem, secret_key + SEAL_X25519_SIZE, public_key + SEAL_X25519_SIZE, kem_secret_key);
    secret_wipe(kem_secret_key, sizeof(kem_secret_key));
    return made;
}

void seal_key_id(uint32_t suite, const uint8_t *public_key, uint8_t id[SEAL_KEY_ID_SIZE])
{
    const struct seal_parameters *parameters = seal_parameters(suite);
    uint8_t digest[HASH_SHA512_SIZE], number[2];
    struct hash_sha512_state state;
    put16(number, suite);
    hash_sha512_start(&state);
    hash_sha512_add(&state, number, sizeof(number));
    hash_sha512_add(&state, public_key, parameters == NULL ? 0 : parameters->public_key_size);
    hash_sha512_finish(&state, digest);
    memcpy(id, digest, SEAL_KEY_ID_SIZE);
}

size_t seal_key_file_write(uint32_t suite, const uint8_t *public_key, uint8_t *file)
{
    const struct seal_parameters *parameters = seal_parameters(suite);
    if (parameters == NULL) {
        return 0;
    }
    put_prefix(file, SEAL_KEY_MAGIC, suite);
    memcpy(file + SEAL_PREFIX_SIZE, public_key, parameters->public_key_size);
    return SEAL_PREFIX_SIZE + parameters->public_key_size;
}

enum seal_error seal_key_file_parse(const uint8_t *file, size_t size, uint32_t *suite, const uint8_t **public_key)
{
    static const uint8_t some_scalar[SEAL_X25519_SIZE] = {8};
    uint8_t product[SEAL_X25519_SIZE];
    if (size < SEAL_PREFIX_SIZE) {
        return SEAL_KEY_FILE_TRUNCATED;
    }
    if (memcmp(file, SEAL_KEY_MAGIC, 8) != 0) {
        return SEAL_KEY_FILE_WRONG_MAGIC;
    }
    if (get16(file + 8) != SEAL_VERSION) {
        return SEAL_KEY_FILE_WRONG_VERSION;
    }
    const struct seal_parameters *parameters = seal_parameters(get16(file + SUITE_OFFSET));
    if (parameters == NULL) {
        return SEAL_UNKNOWN_SUITE;
    }
    if (size < SEAL_PREFIX_SIZE + parameters->public_key_size) {
        return SEAL_KEY_FILE_TRUNCATED;
    }
    if (size > SEAL_PREFIX_SIZE + parameters->public_key_size) {
        return SEAL_KEY_FILE_TRAILING_BYTES;
    }
    *suite = parameters->id;
    *public_key = file + SEAL_PREFIX_SIZE;
    if (!x25519(some_scalar, *public_key, product) ||
        !kem_public_key_valid(parameters->kem, *public_key + SEAL_X25519_SIZE,
                              parameters->public_key_size - SEAL_X25519_SIZE)) {
        return SEAL_BAD_PUBLIC_KEY;
    }
    return SEAL_OK;
}

/* --- Keys of sessions --- */

/* What both sides know: header without confirmation, recipient's public key, context. */
static void hash_transcript(const struct seal_parameters *parameters, const uint8_t *header, const uint8_t *public_key,
                            const void *context, size_t context_size, uint8_t transcript[HASH_SHA512_SIZE])
{
    struct hash_sha512_state state;
    uint8_t length[8];
    for (unsigned int i = 0; i < sizeof(length); i++) {
        length[i] = (uint8_t)((uint64_t)context_size >> 8 * i);
    }
    hash_sha512_start(&state);
    hash_sha512_add(&state, LABEL, sizeof(LABEL)); /* with its NUL */
    hash_sha512_add(&state, header, parameters->header_size - SEAL_CONFIRM_SIZE);
    hash_sha512_add(&state, public_key, parameters->public_key_size);
    hash_sha512_add(&state, length, sizeof(length));
    hash_sha512_add(&state, context, context_size);
    hash_sha512_finish(&state, transcript);
}

/* HKDF-Expand (RFC 5869) with info = label, its NUL, the transcript. */
static void derive(const br_hkdf_context *extracted, const char *label, const uint8_t transcript[HASH_SHA512_SIZE],
                   uint8_t key[32])
{
    br_hkdf_context expand = *extracted;
    uint8_t info[64 + HASH_SHA512_SIZE];
    size_t length = strlen(label) + 1;
    memcpy(info, label, length);
    memcpy(info + length, transcript, HASH_SHA512_SIZE);
    br_hkdf_produce(&expand, info, length + HASH_SHA512_SIZE, key, 32);
    secret_wipe(&expand, sizeof(expand));
}

struct session_keys {
    uint8_t forth[32], back[32]; /* initiator to recipient, recipient to initiator */
    uint8_t confirmation[SEAL_CONFIRM_SIZE];
};

/* secrets: ML-KEM's, then X25519's (NIST SP 800-56C section 2: the approved one first). */
static void derive_keys(const uint8_t secrets[KEM_SHARED_KEY_SIZE + SEAL_X25519_SIZE],
                        const uint8_t transcript[HASH_SHA512_SIZE], struct session_keys *keys)
{
    br_hkdf_context context;
    br_hkdf_init(&context, &br_sha512_vtable, LABEL, sizeof(LABEL) - 1);
    br_hkdf_inject(&context, secrets, KEM_SHARED_KEY_SIZE + SEAL_X25519_SIZE);
    br_hkdf_flip(&context);
    derive(&context, "initiator to recipient", transcript, keys->forth);
    derive(&context, "recipient to initiator", transcript, keys->back);
    derive(&context, "confirmation", transcript, keys->confirmation);
    secret_wipe(&context, sizeof(context));
}

static void begin(struct seal_session *session, const uint8_t send[32], const uint8_t receive[32])
{
    memset(session, 0, sizeof(*session));
    memcpy(session->send.key, send, 32);
    memcpy(session->receive.key, receive, 32);
    session->alive = true;
}

/* What one call knows and has to forget. */
struct agreement {
    uint8_t random[SEAL_X25519_SIZE + KEM_RANDOM_SIZE];
    uint8_t secrets[KEM_SHARED_KEY_SIZE + SEAL_X25519_SIZE];
    uint8_t kem_secret_key[KEM_MAX_SECRET_KEY];
    uint8_t public_key[SEAL_MAX_PUBLIC_KEY];
    uint8_t transcript[HASH_SHA512_SIZE];
    struct session_keys keys;
};

static enum seal_error start(struct agreement *agreement, const struct seal_parameters *parameters,
                             const uint8_t *public_key, struct random_generator *random, uint8_t *header)
{
    if (!random_bytes(random, agreement->random, sizeof(agreement->random))) {
        return SEAL_NO_ENTROPY;
    }
    put_prefix(header, SEAL_MAGIC, parameters->id);
    seal_key_id(parameters->id, public_key, header + RECIPIENT_OFFSET);
    (void)x25519(agreement->random, base_point, header + EPHEMERAL_OFFSET);
    if (!x25519(agreement->random, public_key, agreement->secrets + KEM_SHARED_KEY_SIZE) ||
        !kem_encapsulate(parameters->kem, public_key + SEAL_X25519_SIZE, parameters->public_key_size - SEAL_X25519_SIZE,
                         agreement->random + SEAL_X25519_SIZE, header + CIPHERTEXT_OFFSET, agreement->secrets)) {
        return SEAL_BAD_PUBLIC_KEY;
    }
    return SEAL_OK;
}

enum seal_error seal_start(struct seal_session *session, uint32_t suite, const uint8_t *public_key, const void *context,
                           size_t context_size, struct random_generator *random, uint8_t *header)
{
    const struct seal_parameters *parameters = seal_parameters(suite);
    struct agreement agreement;
    memset(session, 0, sizeof(*session));
    if (parameters == NULL) {
        return SEAL_UNKNOWN_SUITE;
    }
    enum seal_error error = start(&agreement, parameters, public_key, random, header);
    if (error == SEAL_OK) {
        hash_transcript(parameters, header, public_key, context, context_size, agreement.transcript);
        derive_keys(agreement.secrets, agreement.transcript, &agreement.keys);
        memcpy(header + parameters->header_size - SEAL_CONFIRM_SIZE, agreement.keys.confirmation, SEAL_CONFIRM_SIZE);
        begin(session, agreement.keys.forth, agreement.keys.back);
    } else {
        memset(header, 0, parameters->header_size);
    }
    secret_wipe(&agreement, sizeof(agreement));
    return error;
}

enum seal_error seal_header_size(const uint8_t *header, size_t size, size_t *header_size)
{
    if (size < SEAL_PREFIX_SIZE) {
        return SEAL_HEADER_TRUNCATED;
    }
    if (memcmp(header, SEAL_MAGIC, 8) != 0) {
        return SEAL_WRONG_MAGIC;
    }
    if (get16(header + 8) != SEAL_VERSION) {
        return SEAL_WRONG_VERSION;
    }
    const struct seal_parameters *parameters = seal_parameters(get16(header + SUITE_OFFSET));
    if (parameters == NULL) {
        return SEAL_UNKNOWN_SUITE;
    }
    *header_size = parameters->header_size;
    return SEAL_OK;
}

static enum seal_error accept(struct agreement *agreement, const struct seal_parameters *parameters,
                              const uint8_t secret_key[SEAL_SECRET_KEY_SIZE], const uint8_t *header)
{
    uint8_t id[SEAL_KEY_ID_SIZE];
    size_t kem_secret_key_size = kem_parameters(parameters->kem)->secret_key_size;
    size_t ciphertext_size = parameters->header_size - CIPHERTEXT_OFFSET - SEAL_CONFIRM_SIZE;
    (void)x25519(secret_key, base_point, agreement->public_key);
    (void)kem_make_key(parameters->kem, secret_key + SEAL_X25519_SIZE, agreement->public_key + SEAL_X25519_SIZE,
                       agreement->kem_secret_key);
    seal_key_id(parameters->id, agreement->public_key, id);
    if (memcmp(header + RECIPIENT_OFFSET, id, sizeof(id)) != 0) {
        return SEAL_OTHER_RECIPIENT;
    }
    if (!x25519(secret_key, header + EPHEMERAL_OFFSET, agreement->secrets + KEM_SHARED_KEY_SIZE)) {
        return SEAL_ZERO_POINT;
    }
    (void)kem_decapsulate(parameters->kem, agreement->kem_secret_key, kem_secret_key_size, header + CIPHERTEXT_OFFSET,
                          ciphertext_size, agreement->secrets);
    return SEAL_OK;
}

enum seal_error seal_accept(struct seal_session *session, uint32_t suite,
                            const uint8_t secret_key[SEAL_SECRET_KEY_SIZE], const uint8_t *header, size_t size,
                            const void *context, size_t context_size)
{
    struct agreement agreement;
    size_t header_size = 0;
    memset(session, 0, sizeof(*session));
    enum seal_error error = seal_header_size(header, size, &header_size);
    if (error != SEAL_OK) {
        return error;
    }
    if (get16(header + SUITE_OFFSET) != suite) {
        return SEAL_OTHER_SUITE;
    }
    if (size != header_size) {
        return SEAL_HEADER_TRUNCATED;
    }
    const struct seal_parameters *parameters = seal_parameters(suite);
    error = accept(&agreement, parameters, secret_key, header);
    if (error == SEAL_OK) {
        hash_transcript(parameters, header, agreement.public_key, context, context_size, agreement.transcript);
        derive_keys(agreement.secrets, agreement.transcript, &agreement.keys);
        if (secret_equal(header + header_size - SEAL_CONFIRM_SIZE, agreement.keys.confirmation, SEAL_CONFIRM_SIZE)) {
            begin(session, agreement.keys.back, agreement.keys.forth);
        } else {
            error = SEAL_WRONG_CONFIRMATION;
        }
    }
    secret_wipe(&agreement, sizeof(agreement));
    return error;
}

void seal_end(struct seal_session *session)
{
    secret_wipe(session, sizeof(*session));
}
