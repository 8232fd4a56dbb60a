/* SPDX-License-Identifier: BSD-2-Clause */
/* Manifest and signature block: bytes to structures, everything checked on the way. */
#include <crypto/manifest.h>

#include "bytes.h"

struct parser {
    struct byte_reader reader;
    struct manifest *manifest;
    struct manifest_problem *problem;
    size_t field; /* where the field began that is being checked */
    uint32_t image;
};

static bool refuse(struct parser *parser, enum manifest_error error)
{
    *parser->problem = (struct manifest_problem){.error = error, .image = parser->image, .offset = parser->field};
    return false;
}

/* What a check came to: an error code, unless the bytes had ended before. */
static bool accept(struct parser *parser, enum manifest_error error)
{
    if (parser->reader.truncated) {
        return refuse(parser, MANIFEST_TRUNCATED);
    }
    return error == MANIFEST_OK || refuse(parser, error);
}

/* Each takes the next field. */
static uint32_t next_u8(struct parser *parser)
{
    parser->field = parser->reader.offset;
    return read_u8(&parser->reader);
}

static uint32_t next_u16(struct parser *parser)
{
    parser->field = parser->reader.offset;
    return read_u16(&parser->reader);
}

static uint32_t next_u32(struct parser *parser)
{
    parser->field = parser->reader.offset;
    return read_u32(&parser->reader);
}

static uint64_t next_u64(struct parser *parser)
{
    parser->field = parser->reader.offset;
    return read_u64(&parser->reader);
}

static bool next_magic(struct parser *parser, const char *magic)
{
    parser->field = parser->reader.offset;
    const uint8_t *bytes = read_bytes(&parser->reader, 8);
    return bytes != NULL && memcmp(bytes, magic, 8) == 0;
}

static bool next_name(struct parser *parser, char name[MANIFEST_MAX_NAME + 1])
{
    parser->field = parser->reader.offset;
    return read_name(&parser->reader, name, MANIFEST_MAX_NAME) && name[0] != '\0';
}

static void next_bytes(struct parser *parser, uint8_t *to, size_t size)
{
    parser->field = parser->reader.offset;
    const uint8_t *bytes = read_bytes(&parser->reader, size);
    if (bytes != NULL) {
        memcpy(to, bytes, size);
    }
}

static bool parse_fixed_part(struct parser *parser)
{
    size_t size = parser->reader.size;
    if (!accept(parser, next_magic(parser, MANIFEST_MAGIC) ? MANIFEST_OK : MANIFEST_WRONG_MAGIC) ||
        !accept(parser, next_u16(parser) == MANIFEST_VERSION ? MANIFEST_OK : MANIFEST_WRONG_VERSION)) {
        return false;
    }
    uint32_t kind = parser->manifest->kind = next_u16(parser);
    if (!accept(parser,
                kind == MANIFEST_KIND_SYSTEM || kind == MANIFEST_KIND_DISK ? MANIFEST_OK : MANIFEST_WRONG_KIND)) {
        return false;
    }
    uint32_t stated = next_u32(parser);
    return accept(parser, stated > MANIFEST_MAX_SIZE ? MANIFEST_TOO_LARGE
                          : stated != size           ? MANIFEST_WRONG_SIZE
                                                     : MANIFEST_OK);
}

/* A signature algorithm's id, which must be of the family that belongs there. */
static bool parse_algorithm(struct parser *parser, enum signature_family family, uint32_t *algorithm)
{
    *algorithm = next_u16(parser);
    const struct signature_parameters *parameters = signature_parameters(*algorithm);
    return accept(parser, parameters == NULL             ? MANIFEST_UNKNOWN_SIGNATURE_ALGORITHM
                          : parameters->family != family ? MANIFEST_WRONG_FAMILY
                                                         : MANIFEST_OK);
}

static bool parse_algorithms_and_keys(struct parser *parser)
{
    struct manifest *manifest = parser->manifest;
    manifest->rollback_index = next_u64(parser);
    manifest->creation_time = next_u64(parser);
    manifest->hash_algorithm = next_u16(parser);
    bool known =
        manifest->hash_algorithm == HASH_ALGORITHM_SHA512 || manifest->hash_algorithm == HASH_ALGORITHM_SHA512_TREE;
    if (!accept(parser, known ? MANIFEST_OK : MANIFEST_UNKNOWN_HASH) ||
        !parse_algorithm(parser, SIGNATURE_FAMILY_LATTICE, &manifest->lattice_algorithm) ||
        !parse_algorithm(parser, SIGNATURE_FAMILY_HASH, &manifest->hash_based_algorithm)) {
        return false;
    }
    next_bytes(parser, manifest->lattice_key_id, SIGNATURE_KEY_ID_SIZE);
    next_bytes(parser, manifest->hash_based_key_id, SIGNATURE_KEY_ID_SIZE);
    return accept(parser, next_name(parser, manifest->system_name) ? MANIFEST_OK : MANIFEST_BAD_SYSTEM_NAME);
}

static bool name_taken(const struct manifest *manifest, const char *name)
{
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        if (strcmp(manifest->images[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool role_taken(const struct manifest *manifest, uint32_t role)
{
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        if (manifest->images[i].role == role) {
            return true;
        }
    }
    return false;
}

static enum manifest_error check_role(const struct manifest *manifest, uint32_t role)
{
    if (role < MANIFEST_ROLE_KERNEL || role > MANIFEST_ROLE_MODULE) {
        return MANIFEST_UNKNOWN_ROLE;
    }
    if ((role == MANIFEST_ROLE_TREE) != (manifest->kind == MANIFEST_KIND_DISK)) {
        return MANIFEST_ROLE_NOT_ALLOWED;
    }
    bool once = role == MANIFEST_ROLE_KERNEL || role == MANIFEST_ROLE_PLAN || role == MANIFEST_ROLE_TREE ||
                role == MANIFEST_ROLE_FOREIGN_KERNEL;
    return once && role_taken(manifest, role) ? MANIFEST_DUPLICATE_ROLE : MANIFEST_OK;
}

/* Whether the images together make a system, ours or another kernel's, or a disk. */
static enum manifest_error check_roles(const struct manifest *manifest)
{
    bool kernel = role_taken(manifest, MANIFEST_ROLE_KERNEL), plan = role_taken(manifest, MANIFEST_ROLE_PLAN);
    if (manifest->kind == MANIFEST_KIND_DISK) {
        return MANIFEST_OK;
    }
    if (!role_taken(manifest, MANIFEST_ROLE_FOREIGN_KERNEL)) {
        return !kernel || !plan                             ? MANIFEST_MISSING_ROLE
               : role_taken(manifest, MANIFEST_ROLE_MODULE) ? MANIFEST_ROLE_NOT_ALLOWED
                                                            : MANIFEST_OK;
    }
    return kernel || plan || role_taken(manifest, MANIFEST_ROLE_PROGRAM) ? MANIFEST_ROLE_NOT_ALLOWED : MANIFEST_OK;
}

static enum manifest_error check_flags(const struct manifest_image *image)
{
    if ((image->flags & ~(uint32_t)MANIFEST_IMAGE_UNSIGNED) != 0) {
        return MANIFEST_UNKNOWN_FLAGS;
    }
    return image->flags != 0 && image->role != MANIFEST_ROLE_GUEST ? MANIFEST_UNSIGNED_NOT_ALLOWED : MANIFEST_OK;
}

/* place: where the image has to start. */
static enum manifest_error check_offset(uint64_t offset, uint64_t place)
{
    return offset % MANIFEST_ALIGNMENT != 0 ? MANIFEST_MISALIGNED_IMAGE
           : offset < place                 ? MANIFEST_OVERLAPPING_IMAGE
           : offset > place                 ? MANIFEST_GAP_BEFORE_IMAGE
                                            : MANIFEST_OK;
}

static enum manifest_error check_size(const struct manifest_image *image)
{
    return image->size == 0                                                      ? MANIFEST_EMPTY_IMAGE
           : image->size > UINT64_MAX - (MANIFEST_ALIGNMENT - 1) - image->offset ? MANIFEST_IMAGE_TOO_LARGE
                                                                                 : MANIFEST_OK;
}

/* One image, which has to start at *place; then *place is that of the next. */
static bool parse_image(struct parser *parser, uint64_t *place)
{
    struct manifest *manifest = parser->manifest;
    struct manifest_image *image = &manifest->images[manifest->image_count];
    memset(image, 0, sizeof(*image));
    parser->image = manifest->image_count;
    if (!accept(parser, next_name(parser, image->name) ? MANIFEST_OK : MANIFEST_BAD_IMAGE_NAME) ||
        !accept(parser, name_taken(manifest, image->name) ? MANIFEST_DUPLICATE_IMAGE : MANIFEST_OK)) {
        return false;
    }
    image->role = next_u16(parser);
    if (!accept(parser, check_role(manifest, image->role))) {
        return false;
    }
    image->flags = next_u16(parser);
    if (!accept(parser, check_flags(image))) {
        return false;
    }
    image->offset = next_u64(parser);
    if (!accept(parser, check_offset(image->offset, *place))) {
        return false;
    }
    image->size = next_u64(parser);
    if (!accept(parser, check_size(image))) {
        return false;
    }
    uint32_t hash_size = (image->flags & MANIFEST_IMAGE_UNSIGNED) != 0 ? 0 : HASH_SHA512_SIZE;
    if (!accept(parser, next_u8(parser) == hash_size ? MANIFEST_OK : MANIFEST_WRONG_HASH_LENGTH)) {
        return false;
    }
    next_bytes(parser, image->hash, hash_size);
    manifest->image_count++;
    *place = (image->offset + image->size + MANIFEST_ALIGNMENT - 1) & ~(uint64_t)(MANIFEST_ALIGNMENT - 1);
    return accept(parser, MANIFEST_OK);
}

static bool parse_images(struct parser *parser, uint64_t first_offset)
{
    struct manifest *manifest = parser->manifest;
    uint64_t place = first_offset;
    uint32_t count = next_u16(parser);
    if (!accept(parser, count == 0                    ? MANIFEST_NO_IMAGES
                        : count > MANIFEST_MAX_IMAGES ? MANIFEST_TOO_MANY_IMAGES
                                                      : MANIFEST_OK)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!parse_image(parser, &place)) {
            return false;
        }
    }
    parser->image = MANIFEST_NO_IMAGE;
    parser->field = parser->reader.offset;
    if (parser->reader.offset != parser->reader.size) {
        return refuse(parser, MANIFEST_TRAILING_BYTES);
    }
    return accept(parser, check_roles(manifest));
}

bool manifest_parse(const void *bytes, size_t size, uint64_t first_offset, struct manifest *manifest,
                    struct manifest_problem *problem)
{
    struct parser parser = {
        .reader = {.bytes = bytes, .size = size},
        .manifest = manifest,
        .problem = problem,
        .image = MANIFEST_NO_IMAGE,
    };
    *problem = (struct manifest_problem){.image = MANIFEST_NO_IMAGE};
    manifest->image_count = 0;
    return parse_fixed_part(&parser) && parse_algorithms_and_keys(&parser) && parse_images(&parser, first_offset);
}

/* --- Signature block --- */

static bool accept_signatures(struct parser *parser, enum manifest_error error)
{
    if (parser->reader.truncated) {
        return refuse(parser, MANIFEST_SIGNATURES_TRUNCATED);
    }
    return error == MANIFEST_OK || refuse(parser, error);
}

static bool parse_signature(struct parser *parser, uint32_t algorithm, const uint8_t *key_id, const uint8_t **signature,
                            size_t *size)
{
    uint8_t id[SIGNATURE_KEY_ID_SIZE] = {0};
    if (!accept_signatures(parser, next_u16(parser) == algorithm ? MANIFEST_OK : MANIFEST_SIGNATURE_WRONG_ALGORITHM)) {
        return false;
    }
    next_bytes(parser, id, sizeof(id));
    if (!accept_signatures(parser,
                           memcmp(id, key_id, sizeof(id)) == 0 ? MANIFEST_OK : MANIFEST_SIGNATURE_WRONG_KEY_ID)) {
        return false;
    }
    const struct signature_parameters *parameters = signature_parameters(algorithm);
    *size = next_u32(parser);
    if (!accept_signatures(parser, parameters != NULL && *size == parameters->signature_size
                                       ? MANIFEST_OK
                                       : MANIFEST_SIGNATURE_WRONG_LENGTH)) {
        return false;
    }
    parser->field = parser->reader.offset;
    *signature = read_bytes(&parser->reader, *size);
    return accept_signatures(parser, MANIFEST_OK);
}

bool manifest_signatures_parse(const void *bytes, size_t size, const struct manifest *manifest,
                               struct manifest_signatures *signatures, struct manifest_problem *problem)
{
    struct parser parser = {
        .reader = {.bytes = bytes, .size = size},
        .problem = problem,
        .image = MANIFEST_NO_IMAGE,
    };
    *problem = (struct manifest_problem){.image = MANIFEST_NO_IMAGE};
    if (!accept_signatures(&parser, next_magic(&parser, MANIFEST_SIGNATURE_MAGIC) ? MANIFEST_OK
                                                                                  : MANIFEST_SIGNATURES_WRONG_MAGIC) ||
        !accept_signatures(&parser, next_u32(&parser) == size ? MANIFEST_OK : MANIFEST_SIGNATURES_WRONG_SIZE) ||
        !accept_signatures(&parser, next_u16(&parser) == 2 ? MANIFEST_OK : MANIFEST_SIGNATURES_WRONG_COUNT) ||
        !parse_signature(&parser, manifest->lattice_algorithm, manifest->lattice_key_id, &signatures->lattice,
                         &signatures->lattice_size) ||
        !parse_signature(&parser, manifest->hash_based_algorithm, manifest->hash_based_key_id, &signatures->hash_based,
                         &signatures->hash_based_size)) {
        return false;
    }
    parser.field = parser.reader.offset;
    return parser.reader.offset == size || refuse(&parser, MANIFEST_SIGNATURES_TRAILING_BYTES);
}
