/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/payload.h>

#include <stdbool.h>
#include <stddef.h>

#include <base/memory.h>
#include <crypto/hash.h>

_Static_assert(PAYLOAD_HASH_SIZE == HASH_SHA512_SIZE, "hash size");

/* Whether a name field holds a terminated, printable, not empty text. */
static bool name_valid(const char name[PAYLOAD_NAME_LENGTH])
{
    size_t length = strnlen(name, PAYLOAD_NAME_LENGTH);
    if (length == 0 || length == PAYLOAD_NAME_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (name[i] < ' ' || name[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool all_zero(const uint8_t *bytes, uint64_t size)
{
    while (size > 0 && ((uintptr_t)bytes & 7) != 0) {
        if (*bytes++ != 0) {
            return false;
        }
        size--;
    }
    for (; size >= 8; size -= 8, bytes += 8) {
        if (*(const uint64_t *)(const void *)bytes != 0) {
            return false;
        }
    }
    while (size-- > 0) {
        if (*bytes++ != 0) {
            return false;
        }
    }
    return true;
}

static bool hash_equal(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, PAYLOAD_HASH_SIZE) == 0;
}

static int check_header(const uint8_t *bytes, uint64_t size, struct loader_error *error)
{
    const struct payload_header *header = (const struct payload_header *)(const void *)bytes;
    if (size < sizeof(*header)) {
        return error_set(error, "payload: %llu bytes are too few for a payload", (unsigned long long)size);
    }
    if (memcmp(header->magic, PAYLOAD_MAGIC, sizeof(header->magic)) != 0) {
        return error_set(error, "payload: this is not a Skyscope payload (wrong magic)");
    }
    if (header->version != PAYLOAD_VERSION) {
        return error_set(error, "payload: format version %u, this loader reads version %u", header->version,
                         PAYLOAD_VERSION);
    }
    if (header->header_size < PAYLOAD_ALIGNMENT || header->header_size % PAYLOAD_ALIGNMENT != 0 ||
        header->header_size > PAYLOAD_MAX_HEADER_SIZE) {
        return error_set(error, "payload: wrong header size (%u bytes)", header->header_size);
    }
    if (header->total_size % PAYLOAD_ALIGNMENT != 0 || header->total_size < header->header_size) {
        return error_set(error, "payload: wrong total size (%llu bytes)", (unsigned long long)header->total_size);
    }
    if (header->total_size != size) {
        return error_set(error, "payload: %s: the header says %llu bytes, the file has %llu",
                         size < header->total_size ? "cut short" : "too long", (unsigned long long)header->total_size,
                         (unsigned long long)size);
    }
    if (header->hash_algorithm != PAYLOAD_HASH_SHA512) {
        return error_set(error, "payload: unknown hash algorithm %u", header->hash_algorithm);
    }
    return 1;
}

/* The hash comes before all checks that would only explain what a changed bit did. */
static int check_header_hash(const uint8_t *bytes, struct loader_error *error)
{
    static const uint8_t zeros[PAYLOAD_HASH_SIZE];
    const struct payload_header *header = (const struct payload_header *)(const void *)bytes;
    size_t field = offsetof(struct payload_header, header_hash);
    struct hash_sha512_state state;
    uint8_t digest[PAYLOAD_HASH_SIZE];
    hash_sha512_start(&state);
    hash_sha512_add(&state, bytes, field);
    hash_sha512_add(&state, zeros, sizeof(zeros));
    hash_sha512_add(&state, bytes + field + sizeof(zeros), header->header_size - field - sizeof(zeros));
    hash_sha512_finish(&state, digest);
    if (!hash_equal(digest, header->header_hash)) {
        return error_set(error, "payload: the header's hash is wrong: the header was changed or damaged");
    }
    return 1;
}

static int check_tables(const uint8_t *bytes, struct loader_error *error)
{
    const struct payload_header *header = (const struct payload_header *)(const void *)bytes;
    uint64_t table_size = (uint64_t)header->image_count * sizeof(struct payload_image);
    uint64_t table_end = header->image_table_offset + table_size;
    if (!name_valid(header->system_name)) {
        return error_set(error, "payload: the system has no valid name");
    }
    if (header->image_count == 0 || header->image_count > PAYLOAD_MAX_IMAGES) {
        return error_set(error, "payload: wrong number of images (%u)", header->image_count);
    }
    if (header->image_table_offset < sizeof(*header) || header->image_table_offset % 8 != 0 ||
        table_end > header->header_size) {
        return error_set(error, "payload: the image table does not lie in the header");
    }
    if (header->signature_size != 0 || header->signature_offset != 0) {
        return error_set(error, "payload: it has a signature, which this version of the loader cannot verify");
    }
    if (header->reserved != 0) {
        return error_set(error, "payload: a reserved field of the header is not zero");
    }
    if (!all_zero(bytes + sizeof(*header), header->image_table_offset - sizeof(*header)) ||
        !all_zero(bytes + table_end, header->header_size - table_end)) {
        return error_set(error, "payload: unused bytes of the header are not zero");
    }
    return 1;
}

static int check_image(const struct payload *payload, uint32_t index, struct loader_error *error)
{
    const struct payload_image *image = &payload->images[index];
    if (!name_valid(image->name)) {
        return error_set(error, "payload: image %u has no valid name", index);
    }
    for (uint32_t i = 0; i < index; i++) {
        if (strncmp(image->name, payload->images[i].name, PAYLOAD_NAME_LENGTH) == 0) {
            return error_set(error, "payload: images %u and %u are both named \"%s\"", i, index, image->name);
        }
    }
    if (image->role < PAYLOAD_ROLE_KERNEL || image->role > PAYLOAD_ROLE_DATA) {
        return error_set(error, "payload: image \"%s\" has unknown role %u", image->name, image->role);
    }
    if (image->reserved != 0) {
        return error_set(error, "payload: image \"%s\": its reserved field is not zero", image->name);
    }
    if (image->offset % PAYLOAD_ALIGNMENT != 0) {
        return error_set(error, "payload: image \"%s\" does not start at a multiple of %u bytes", image->name,
                         PAYLOAD_ALIGNMENT);
    }
    if (image->offset < payload->header->header_size) {
        return error_set(error, "payload: image \"%s\" overlaps the header", image->name);
    }
    if (image->size == 0) {
        return error_set(error, "payload: image \"%s\" is empty", image->name);
    }
    if (image->offset > payload->size || image->size > payload->size - image->offset) {
        return error_set(error, "payload: image \"%s\" reaches beyond the payload's end", image->name);
    }
    return 1;
}

/* Exactly one kernel and one plan. */
static int check_roles(struct payload *payload, struct loader_error *error)
{
    for (uint32_t i = 0; i < payload->header->image_count; i++) {
        const struct payload_image *image = &payload->images[i];
        const struct payload_image **unique = image->role == PAYLOAD_ROLE_KERNEL ? &payload->kernel
                                              : image->role == PAYLOAD_ROLE_PLAN ? &payload->plan
                                                                                 : NULL;
        if (unique != NULL && *unique != NULL) {
            return error_set(error, "payload: there are two %s images: \"%s\" and \"%s\"",
                             image->role == PAYLOAD_ROLE_KERNEL ? "kernel" : "plan", (*unique)->name, image->name);
        }
        if (unique != NULL) {
            *unique = image;
        }
    }
    if (payload->kernel == NULL || payload->plan == NULL) {
        return error_set(error, "payload: there is no %s image", payload->kernel == NULL ? "kernel" : "plan");
    }
    return 1;
}

/* No two images overlap, and every byte that belongs to none is zero. */
static int check_layout(const struct payload *payload, struct loader_error *error)
{
    uint16_t order[PAYLOAD_MAX_IMAGES] = {0};
    uint32_t count = payload->header->image_count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = i;
        for (; j > 0 && payload->images[order[j - 1]].offset > payload->images[i].offset; j--) {
            order[j] = order[j - 1];
        }
        order[j] = (uint16_t)i;
    }
    uint64_t end = payload->header->header_size;
    const char *before = "the header";
    for (uint32_t i = 0; i <= count; i++) {
        const struct payload_image *image = i < count ? &payload->images[order[i]] : NULL;
        uint64_t start = image != NULL ? image->offset : payload->size;
        if (start < end) {
            return error_set(error, "payload: image \"%s\" overlaps image \"%s\"", image->name, before);
        }
        if (!all_zero(payload->bytes + end, start - end)) {
            return error_set(error, "payload: the padding after image \"%s\" is not zero", before);
        }
        if (image != NULL) {
            end = image->offset + image->size;
            before = image->name;
        }
    }
    return 1;
}

int payload_check(const void *bytes, uint64_t size, struct payload *payload, struct loader_error *error)
{
    *payload = (struct payload){.bytes = bytes, .size = size, .header = bytes};
    if (!check_header(bytes, size, error) || !check_header_hash(bytes, error) || !check_tables(bytes, error)) {
        return 0;
    }
    payload->images =
        (const struct payload_image *)(const void *)(payload->bytes + payload->header->image_table_offset);
    for (uint32_t i = 0; i < payload->header->image_count; i++) {
        if (!check_image(payload, i, error)) {
            return 0;
        }
    }
    if (!check_roles(payload, error) || !check_layout(payload, error)) {
        return 0;
    }
    for (uint32_t i = 0; i < payload->header->image_count; i++) {
        const struct payload_image *image = &payload->images[i];
        uint8_t digest[PAYLOAD_HASH_SIZE];
        hash_sha512(payload->bytes + image->offset, image->size, digest);
        if (!hash_equal(digest, image->hash)) {
            return error_set(error, "payload: image \"%s\": its SHA-512 hash is wrong: it was changed or damaged",
                             image->name);
        }
    }
    return 1;
}
