/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/payload.h>

#include <stdbool.h>
#include <stddef.h>

#include <base/memory.h>
#include <crypto/image_hash.h>

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

static int check_header(const struct payload_header *header, uint64_t size, struct loader_error *error)
{
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
    if (header->reserved != 0) {
        return error_set(error, "payload: a reserved field of the header is not zero");
    }
    if (header->manifest_size == 0 || header->manifest_size > MANIFEST_MAX_SIZE) {
        return error_set(error, "payload: wrong manifest size (%u bytes)", header->manifest_size);
    }
    if (header->signatures_size > MANIFEST_MAX_SIGNATURES) {
        return error_set(error, "payload: wrong signature block size (%u bytes)", header->signatures_size);
    }
    if (header->total_size % PAYLOAD_ALIGNMENT != 0 ||
        header->total_size < payload_first_image(header->manifest_size, header->signatures_size)) {
        return error_set(error, "payload: wrong total size (%llu bytes)", (unsigned long long)header->total_size);
    }
    if (header->total_size != size) {
        return error_set(error, "payload: %s: the header says %llu bytes, the file has %llu",
                         size < header->total_size ? "cut short" : "too long", (unsigned long long)header->total_size,
                         (unsigned long long)size);
    }
    return 1;
}

/* A manifest that is refused, with the image that is meant. */
static int refuse_manifest(const struct payload *payload, const struct manifest_problem *problem,
                           struct loader_error *error)
{
    const char *text = manifest_error_text(problem->error);
    if (problem->image == MANIFEST_NO_IMAGE) {
        return error_set(error, "payload: manifest: %s", text);
    }
    return error_set(error, "payload: manifest: image %u \"%s\": %s", problem->image,
                     payload->manifest.images[problem->image].name, text);
}

/* Images by role; all must lie in the file and end where it ends. The manifest
 * is known to be well-formed, so they follow each other. */
static int check_layout(struct payload *payload, struct loader_error *error)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < payload->manifest.image_count; i++) {
        const struct manifest_image *image = &payload->manifest.images[i];
        if (image->offset > payload->size || image->size > payload->size - image->offset) {
            return error_set(error, "payload: image \"%s\" reaches beyond the payload's end", image->name);
        }
        payload->kernel = image->role == MANIFEST_ROLE_KERNEL ? image : payload->kernel;
        payload->plan = image->role == MANIFEST_ROLE_PLAN ? image : payload->plan;
        payload->foreign = image->role == MANIFEST_ROLE_FOREIGN_KERNEL ? image : payload->foreign;
        payload->unsigned_images += (image->flags & MANIFEST_IMAGE_UNSIGNED) != 0;
        end = (image->offset + image->size + PAYLOAD_ALIGNMENT - 1) & ~(uint64_t)(PAYLOAD_ALIGNMENT - 1);
    }
    if (end != payload->size) {
        return error_set(error, "payload: %llu bytes follow the last image", (unsigned long long)(payload->size - end));
    }
    return 1;
}

int payload_read(const void *bytes, uint64_t size, struct payload *payload, struct loader_error *error)
{
    const struct payload_header *header = bytes;
    struct manifest_problem problem;
    payload->bytes = bytes;
    payload->size = size;
    payload->pair = NULL;
    payload->kernel = payload->plan = payload->foreign = NULL;
    payload->unsigned_images = 0;
    if (!check_header(header, size, error)) {
        return 0;
    }
    uint64_t first = payload_first_image(header->manifest_size, header->signatures_size);
    payload->manifest_bytes = payload->bytes + sizeof(*header);
    payload->manifest_size = header->manifest_size;
    payload->signatures_size = header->signatures_size;
    if (!manifest_parse(payload->manifest_bytes, payload->manifest_size, first, &payload->manifest, &problem)) {
        return refuse_manifest(payload, &problem, error);
    }
    if (payload->manifest.kind != MANIFEST_KIND_SYSTEM) {
        return error_set(error, "payload: manifest: it is a disk's, not a system's");
    }
    uint64_t end = sizeof(*header) + payload->manifest_size + payload->signatures_size;
    if (!all_zero(payload->bytes + end, first - end)) {
        return error_set(error, "payload: unused bytes before the first image are not zero");
    }
    return check_layout(payload, error);
}

int payload_verify(struct payload *payload, const struct trust_anchor *anchor, struct loader_error *error)
{
    struct manifest_signatures signatures;
    struct manifest_problem problem;
    const uint8_t *block = payload->manifest_bytes + payload->manifest_size;
    if (payload->signatures_size == 0) {
        return error_set(error, "payload: it is not signed: sign it with `skyscope sign`");
    }
    if (!manifest_signatures_parse(block, payload->signatures_size, &payload->manifest, &signatures, &problem) ||
        !manifest_verify(&payload->manifest, payload->manifest_bytes, payload->manifest_size, &signatures, anchor,
                         &payload->pair, &problem)) {
        return refuse_manifest(payload, &problem, error);
    }
    return 1;
}

int payload_check_images(const struct payload *payload, struct loader_error *error)
{
    for (uint32_t i = 0; i < payload->manifest.image_count; i++) {
        const struct manifest_image *image = &payload->manifest.images[i];
        const uint8_t *content = payload->bytes + image->offset;
        uint8_t digest[HASH_SHA512_SIZE];
        if ((image->flags & MANIFEST_IMAGE_UNSIGNED) == 0) {
            uint32_t algorithm = payload->manifest.hash_algorithm;
            if (!image_hash(algorithm, content, image->size, digest) ||
                memcmp(digest, image->hash, sizeof(digest)) != 0) {
                return error_set(error, "payload: image \"%s\": its %s hash is wrong: it was changed or damaged",
                                 image->name, image_hash_name(algorithm));
            }
        }
        if (!all_zero(content + image->size, -image->size & (PAYLOAD_ALIGNMENT - 1))) {
            return error_set(error, "payload: the padding after image \"%s\" is not zero", image->name);
        }
    }
    return 1;
}
