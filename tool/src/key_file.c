/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_cipher.h"
#include <bytes.h>
#include <crypto/hash.h>
#include <crypto/seal.h>
#include <crypto/signature.h>
#include <string.h>
#include <tool/key_file.h>

#define DERIVATION_ARGON2ID      1u
#define CIPHER_CHACHA20_POLY1305 1u

static const char truncated[] = "it ends too early; the file is cut off: take it from another copy";

const char *key_kind_name(uint32_t kind)
{
    static const char *const names[] = {"?", "lattice", "hash-based", "operator"};
    return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

const char *key_algorithm_name(struct arena *arena, uint32_t algorithm)
{
    const struct signature_parameters *parameters = signature_parameters(algorithm);
    const struct seal_parameters *suite = seal_parameters(algorithm);
    return parameters != NULL ? parameters->name
           : suite != NULL    ? suite->name
                              : arena_format(arena, "algorithm %#06x", algorithm);
}

void key_file_id(uint32_t algorithm, const uint8_t *public_key, size_t size, uint8_t id[KEY_FILE_ID_SIZE])
{
    const uint8_t number[2] = {(uint8_t)algorithm, (uint8_t)(algorithm >> 8)};
    uint8_t digest[HASH_SHA512_SIZE];
    struct hash_sha512_state state;
    hash_sha512_start(&state);
    hash_sha512_add(&state, number, sizeof(number));
    hash_sha512_add(&state, public_key, size);
    hash_sha512_finish(&state, digest);
    memcpy(id, digest, KEY_FILE_ID_SIZE);
}

/* Whether an algorithm and its sizes suit the kind. */
static const char *check_algorithm(const struct key_file *key)
{
    const struct signature_parameters *parameters = signature_parameters(key->algorithm);
    if (key->kind != KEY_KIND_LATTICE && key->kind != KEY_KIND_HASH_BASED) {
        return parameters == NULL ? NULL : "its algorithm is for signatures and its kind is not";
    }
    if (parameters == NULL) {
        return "its signature algorithm is not known; use the version of skyscope that made it";
    }
    if ((parameters->family == SIGNATURE_FAMILY_LATTICE) != (key->kind == KEY_KIND_LATTICE)) {
        return "its algorithm is not of the family that its kind says";
    }
    if (key->public_key_size != parameters->public_key_size || key->secret_key_size != parameters->secret_key_size) {
        return "the size of its keys is not that of its algorithm";
    }
    return NULL;
}

static const char *check_derivation(const struct key_derivation *derivation)
{
    if (derivation->lanes < 1 || derivation->lanes > KEY_DERIVATION_MAX_LANES) {
        return "its key derivation has not 1 to 16 lanes";
    }
    if (derivation->passes < 1 || derivation->passes > KEY_DERIVATION_MAX_PASSES) {
        return "its key derivation has not 1 to 16 passes";
    }
    if (derivation->memory_kib < 8 * derivation->lanes || derivation->memory_kib > KEY_DERIVATION_MAX_MEMORY) {
        return "its key derivation has not from 8 KiB per lane to 1 GiB of memory";
    }
    return NULL;
}

static const char *parse_public_part(struct byte_reader *reader, struct key_file *key)
{
    key->kind = read_u16(reader);
    key->algorithm = read_u16(reader);
    key->flags = read_u16(reader);
    uint32_t size = read_u32(reader);
    key->creation_time = read_u64(reader);
    key->id = read_bytes(reader, KEY_FILE_ID_SIZE);
    key->public_key_size = read_u16(reader);
    if (reader->truncated) {
        return truncated;
    }
    if (key->kind < KEY_KIND_LATTICE || key->kind > KEY_KIND_OPERATOR) {
        return "it is of an unknown kind; use the version of skyscope that made it";
    }
    if ((key->flags & ~(uint32_t)KEY_FLAG_DEVELOPMENT) != 0) {
        return "it has unknown flags; use the version of skyscope that made it";
    }
    if (size != reader->size) {
        return size > reader->size ? truncated : "it is longer than it says; take it from another copy";
    }
    if (key->public_key_size == 0 || key->public_key_size > KEY_FILE_MAX_PUBLIC) {
        return "its public key has no possible size";
    }
    key->public_key = read_bytes(reader, key->public_key_size);
    return key->public_key == NULL ? truncated : NULL;
}

static const char *parse_secret_part(struct byte_reader *reader, struct key_file *key)
{
    uint32_t method = read_u16(reader);
    key->derivation.memory_kib = read_u32(reader);
    key->derivation.passes = read_u32(reader);
    key->derivation.lanes = read_u16(reader);
    key->salt = read_bytes(reader, KEY_FILE_SALT_SIZE);
    uint32_t cipher = read_u16(reader);
    key->nonce = read_bytes(reader, KEY_FILE_NONCE_SIZE);
    key->secret_key_size = read_u16(reader);
    if (reader->truncated) {
        return truncated;
    }
    if (method != DERIVATION_ARGON2ID || cipher != CIPHER_CHACHA20_POLY1305) {
        return "it is encrypted in an unknown way; use the version of skyscope that made it";
    }
    if (key->secret_key_size == 0 || key->secret_key_size > KEY_FILE_MAX_SECRET) {
        return "its secret key has no possible size";
    }
    key->header_size = reader->offset;
    key->encrypted = read_bytes(reader, key->secret_key_size);
    if (read_bytes(reader, KEY_FILE_TAG_SIZE) == NULL) {
        return truncated;
    }
    if (reader->offset != reader->size) {
        return "bytes follow its end; take it from another copy";
    }
    return check_derivation(&key->derivation);
}

const char *key_file_parse(const void *bytes, size_t size, struct key_file *key)
{
    struct byte_reader reader = {.bytes = bytes, .size = size};
    uint8_t id[KEY_FILE_ID_SIZE];
    *key = (struct key_file){.bytes = bytes};
    const uint8_t *magic = read_bytes(&reader, sizeof(KEY_FILE_MAGIC) - 1);
    if (magic == NULL || memcmp(magic, KEY_FILE_MAGIC, sizeof(KEY_FILE_MAGIC) - 1) != 0) {
        return "it is no file of a private key; 'skyscope keygen' makes such files (*.key)";
    }
    if (size > KEY_FILE_MAX_SIZE) {
        return "it is longer than a file of a private key can be";
    }
    if (read_u16(&reader) != KEY_FILE_VERSION) {
        return reader.truncated ? truncated : "it has another format version; use the version of skyscope that made it";
    }
    const char *problem = parse_public_part(&reader, key);
    problem = problem != NULL ? problem : parse_secret_part(&reader, key);
    problem = problem != NULL ? problem : check_algorithm(key);
    if (problem != NULL) {
        return problem;
    }
    key_file_id(key->algorithm, key->public_key, key->public_key_size, id);
    return memcmp(id, key->id, sizeof(id)) == 0
               ? NULL
               : "its key id is not that of its public key; the file is damaged: take it from another copy";
}

/* Everything up to the encrypted secret key. */
static void write_header(struct byte_writer *writer, const struct key_material *key,
                         const struct key_derivation *derivation, const uint8_t *random)
{
    uint8_t id[KEY_FILE_ID_SIZE];
    key_file_id(key->algorithm, key->public_key, key->public_key_size, id);
    write_bytes(writer, KEY_FILE_MAGIC, sizeof(KEY_FILE_MAGIC) - 1);
    write_integer(writer, KEY_FILE_VERSION, 2);
    write_integer(writer, key->kind, 2);
    write_integer(writer, key->algorithm, 2);
    write_integer(writer, key->flags, 2);
    write_integer(writer, writer->capacity, 4);
    write_integer(writer, key->creation_time, 8);
    write_bytes(writer, id, sizeof(id));
    write_integer(writer, key->public_key_size, 2);
    write_bytes(writer, key->public_key, key->public_key_size);
    write_integer(writer, DERIVATION_ARGON2ID, 2);
    write_integer(writer, derivation->memory_kib, 4);
    write_integer(writer, derivation->passes, 4);
    write_integer(writer, derivation->lanes, 2);
    write_bytes(writer, random, KEY_FILE_SALT_SIZE);
    write_integer(writer, CIPHER_CHACHA20_POLY1305, 2);
    write_bytes(writer, random + KEY_FILE_SALT_SIZE, KEY_FILE_NONCE_SIZE);
    write_integer(writer, key->secret_key_size, 2);
}

/* Bytes of the fields before the encrypted secret key, without the public key. */
#define HEADER_FIXED_SIZE                                                                                              \
    (8u + 2 + 2 + 2 + 2 + 4 + 8 + KEY_FILE_ID_SIZE + 2 + 2 + 4 + 4 + 2 + KEY_FILE_SALT_SIZE + 2 +                      \
     KEY_FILE_NONCE_SIZE + 2)

struct blob *key_file_seal(struct arena *arena, const struct key_material *key, const struct passphrase *passphrase,
                           const struct key_derivation *derivation, const char **reason)
{
    uint8_t random[KEY_FILE_SALT_SIZE + KEY_FILE_NONCE_SIZE];
    if (key->public_key_size > KEY_FILE_MAX_PUBLIC || key->secret_key_size > KEY_FILE_MAX_SECRET) {
        *reason = "the key is larger than the format allows";
        return NULL;
    }
    if (!secret_random(random, sizeof(random))) {
        *reason = "the system gives no random numbers";
        return NULL;
    }
    struct blob *blob = ARENA_NEW(arena, struct blob);
    size_t header_size = HEADER_FIXED_SIZE + key->public_key_size;
    blob->size = header_size + key->secret_key_size + KEY_FILE_TAG_SIZE;
    blob->data = arena_allocate(arena, blob->size);
    struct byte_writer writer = {.bytes = blob->data, .capacity = blob->size};
    write_header(&writer, key, derivation, random);
    if (writer.full || writer.offset != header_size) {
        *reason = "a field of the key file is out of range";
        return NULL;
    }
    *reason = key_cipher_encrypt(blob->data, header_size, random, random + KEY_FILE_SALT_SIZE, passphrase, derivation,
                                 key->secret_key, key->secret_key_size);
    return *reason == NULL ? blob : NULL;
}
