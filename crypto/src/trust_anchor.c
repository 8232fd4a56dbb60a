/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/trust_anchor.h>

#include "bytes.h"

#define KNOWN_FLAGS                                                                                                    \
    ((uint32_t)(TRUST_FLAG_DEVELOPMENT | TRUST_FLAG_REBOOT_ON_FAILURE | TRUST_FLAG_REQUIRE_ROLLBACK_STORE))

static const char truncated[] = "it ends within a field";

static const char *parse_key(struct byte_reader *reader, enum signature_family family, struct trust_key *key)
{
    key->algorithm = read_u16(reader);
    key->size = read_u16(reader);
    if (reader->truncated) {
        return truncated;
    }
    const struct signature_parameters *parameters = signature_parameters(key->algorithm);
    if (parameters == NULL) {
        return "a key is for an unknown signature algorithm";
    }
    if (parameters->family != family) {
        return family == SIGNATURE_FAMILY_LATTICE ? "a pair's first key is not for a lattice-based signature algorithm"
                                                  : "a pair's second key is not for a hash-based signature algorithm";
    }
    if (key->size != parameters->public_key_size) {
        return "a public key has a wrong length for its algorithm";
    }
    key->public_key = read_bytes(reader, key->size);
    if (key->public_key == NULL) {
        return truncated;
    }
    signature_key_id(key->algorithm, key->public_key, key->id);
    return NULL;
}

static const char *parse_pairs(struct byte_reader *reader, struct trust_anchor *anchor)
{
    uint32_t count = read_u16(reader);
    if (reader->truncated) {
        return truncated;
    }
    if (count == 0 || count > TRUST_MAX_PAIRS) {
        return "it has neither one nor two key pairs";
    }
    for (uint32_t i = 0; i < count; i++) {
        struct trust_pair *pair = &anchor->pairs[i];
        pair->status = read_u16(reader);
        if (reader->truncated) {
            return truncated;
        }
        if (pair->status != (i == 0 ? TRUST_STATUS_PRIMARY : TRUST_STATUS_NEXT)) {
            return "its first key pair is not marked primary, or its second not marked next";
        }
        const char *problem = parse_key(reader, SIGNATURE_FAMILY_LATTICE, &pair->lattice);
        problem = problem != NULL ? problem : parse_key(reader, SIGNATURE_FAMILY_HASH, &pair->hash);
        if (problem != NULL) {
            return problem;
        }
    }
    anchor->pair_count = count;
    if (count == 2 && (memcmp(anchor->pairs[0].lattice.id, anchor->pairs[1].lattice.id, SIGNATURE_KEY_ID_SIZE) == 0 ||
                       memcmp(anchor->pairs[0].hash.id, anchor->pairs[1].hash.id, SIGNATURE_KEY_ID_SIZE) == 0)) {
        return "both key pairs have the same key";
    }
    return NULL;
}

static const char *parse_revoked(struct byte_reader *reader, struct trust_anchor *anchor)
{
    uint32_t count = read_u16(reader);
    if (reader->truncated) {
        return truncated;
    }
    if (count > TRUST_MAX_REVOKED) {
        return "it lists more than 64 revoked keys";
    }
    anchor->revoked = read_bytes(reader, (size_t)count * SIGNATURE_KEY_ID_SIZE);
    if (anchor->revoked == NULL) {
        return truncated;
    }
    for (uint32_t i = 0; i < count; i++) {
        /* revoked_count is i here: those before. */
        if (trust_anchor_revoked(anchor, anchor->revoked + (size_t)i * SIGNATURE_KEY_ID_SIZE)) {
            return "it lists a revoked key twice";
        }
        anchor->revoked_count++;
    }
    return NULL;
}

const char *trust_anchor_parse(const void *bytes, size_t size, struct trust_anchor *anchor)
{
    struct byte_reader reader = {.bytes = bytes, .size = size};
    memset(anchor, 0, sizeof(*anchor));
    const uint8_t *magic = read_bytes(&reader, 8);
    if (magic == NULL) {
        return truncated;
    }
    if (memcmp(magic, TRUST_MAGIC, 8) != 0) {
        return "it does not begin with the mark of a trust anchor";
    }
    uint32_t version = read_u16(&reader);
    anchor->flags = read_u16(&reader);
    uint32_t stated = read_u32(&reader);
    if (reader.truncated) {
        return truncated;
    }
    if (version != TRUST_VERSION) {
        return "it has a format version other than 1";
    }
    if ((anchor->flags & ~KNOWN_FLAGS) != 0) {
        return "it has unknown flags";
    }
    if (stated > TRUST_MAX_SIZE) {
        return "it is larger than 16 KiB";
    }
    if (stated != size) {
        return "its size field does not give its size";
    }
    anchor->serial = read_u64(&reader);
    anchor->minimum_rollback_index = read_u64(&reader);
    bool name_good = read_name(&reader, anchor->system_name, TRUST_MAX_NAME);
    if (reader.truncated) {
        return truncated;
    }
    if (!name_good) {
        return "the system's name is too long or not printable ASCII";
    }
    const char *problem = parse_pairs(&reader, anchor);
    problem = problem != NULL ? problem : parse_revoked(&reader, anchor);
    if (problem == NULL && reader.offset != size) {
        problem = "bytes follow its last field";
    }
    return problem;
}

static void write_key(struct byte_writer *writer, const struct trust_key *key)
{
    write_integer(writer, key->algorithm, 2);
    write_integer(writer, key->size, 2);
    write_bytes(writer, key->public_key, key->size);
}

size_t trust_anchor_write(const struct trust_anchor *anchor, void *bytes, size_t capacity)
{
    struct byte_writer writer = {.bytes = bytes, .capacity = capacity};
    if (anchor->pair_count > TRUST_MAX_PAIRS || anchor->revoked_count > TRUST_MAX_REVOKED) {
        return 0;
    }
    size_t size = 8 + 2 + 2 + 4 + 8 + 8 + 1 + strnlen(anchor->system_name, TRUST_MAX_NAME) + 2 + 2 +
                  (size_t)anchor->revoked_count * SIGNATURE_KEY_ID_SIZE;
    for (uint32_t i = 0; i < anchor->pair_count; i++) {
        size += 2 + 2 + 2 + (size_t)anchor->pairs[i].lattice.size + 2 + 2 + (size_t)anchor->pairs[i].hash.size;
    }
    write_bytes(&writer, TRUST_MAGIC, 8);
    write_integer(&writer, TRUST_VERSION, 2);
    write_integer(&writer, anchor->flags, 2);
    write_integer(&writer, size, 4);
    write_integer(&writer, anchor->serial, 8);
    write_integer(&writer, anchor->minimum_rollback_index, 8);
    write_name(&writer, anchor->system_name, TRUST_MAX_NAME);
    write_integer(&writer, anchor->pair_count, 2);
    for (uint32_t i = 0; i < anchor->pair_count; i++) {
        write_integer(&writer, anchor->pairs[i].status, 2);
        write_key(&writer, &anchor->pairs[i].lattice);
        write_key(&writer, &anchor->pairs[i].hash);
    }
    write_integer(&writer, anchor->revoked_count, 2);
    write_bytes(&writer, anchor->revoked, (size_t)anchor->revoked_count * SIGNATURE_KEY_ID_SIZE);
    /* What the parser would refuse is out of range. */
    struct trust_anchor again;
    return writer.full || trust_anchor_parse(bytes, writer.offset, &again) != NULL ? 0 : writer.offset;
}

bool trust_anchor_revoked(const struct trust_anchor *anchor, const uint8_t id[SIGNATURE_KEY_ID_SIZE])
{
    for (uint32_t i = 0; i < anchor->revoked_count; i++) {
        if (memcmp(anchor->revoked + (size_t)i * SIGNATURE_KEY_ID_SIZE, id, SIGNATURE_KEY_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}
