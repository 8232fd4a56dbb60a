/* SPDX-License-Identifier: BSD-2-Clause */
/* Manifest and signature block: structures to bytes. */
#include <crypto/manifest.h>

#include "bytes.h"

/* All fields but the names: of the manifest, of an image without its hash, of
 * the signature block, of a signature in it. */
#define MANIFEST_FIELDS   (8u + 2 + 2 + 4 + 8 + 8 + 2 + 2 + 2 + 2 * SIGNATURE_KEY_ID_SIZE + 1 + 2)
#define IMAGE_FIELDS      (1u + 2 + 2 + 8 + 8 + 1)
#define SIGNATURES_FIELDS (8u + 4 + 2)
#define SIGNATURE_FIELDS  (2u + SIGNATURE_KEY_ID_SIZE + 4)

static size_t hash_size(const struct manifest_image *image)
{
    return (image->flags & MANIFEST_IMAGE_UNSIGNED) != 0 ? 0 : HASH_SHA512_SIZE;
}

size_t manifest_write_size(const struct manifest *manifest)
{
    size_t size = MANIFEST_FIELDS + strnlen(manifest->system_name, MANIFEST_MAX_NAME);
    for (uint32_t i = 0; i < manifest->image_count && i < MANIFEST_MAX_IMAGES; i++) {
        const struct manifest_image *image = &manifest->images[i];
        size += IMAGE_FIELDS + strnlen(image->name, MANIFEST_MAX_NAME) + hash_size(image);
    }
    return size;
}

size_t manifest_write(const struct manifest *manifest, void *bytes, size_t capacity)
{
    struct byte_writer writer = {.bytes = bytes, .capacity = capacity};
    if (manifest->image_count > MANIFEST_MAX_IMAGES) {
        return 0;
    }
    write_bytes(&writer, MANIFEST_MAGIC, 8);
    write_integer(&writer, MANIFEST_VERSION, 2);
    write_integer(&writer, manifest->kind, 2);
    write_integer(&writer, manifest_write_size(manifest), 4);
    write_integer(&writer, manifest->rollback_index, 8);
    write_integer(&writer, manifest->creation_time, 8);
    write_integer(&writer, manifest->hash_algorithm, 2);
    write_integer(&writer, manifest->lattice_algorithm, 2);
    write_integer(&writer, manifest->hash_based_algorithm, 2);
    write_bytes(&writer, manifest->lattice_key_id, SIGNATURE_KEY_ID_SIZE);
    write_bytes(&writer, manifest->hash_based_key_id, SIGNATURE_KEY_ID_SIZE);
    write_name(&writer, manifest->system_name, MANIFEST_MAX_NAME);
    write_integer(&writer, manifest->image_count, 2);
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        const struct manifest_image *image = &manifest->images[i];
        write_name(&writer, image->name, MANIFEST_MAX_NAME);
        write_integer(&writer, image->role, 2);
        write_integer(&writer, image->flags, 2);
        write_integer(&writer, image->offset, 8);
        write_integer(&writer, image->size, 8);
        write_integer(&writer, hash_size(image), 1);
        write_bytes(&writer, image->hash, hash_size(image));
    }
    return writer.full ? 0 : writer.offset;
}

size_t manifest_signatures_size(uint32_t lattice_algorithm, uint32_t hash_based_algorithm)
{
    const struct signature_parameters *lattice = signature_parameters(lattice_algorithm);
    const struct signature_parameters *hash_based = signature_parameters(hash_based_algorithm);
    if (lattice == NULL || hash_based == NULL) {
        return 0;
    }
    return SIGNATURES_FIELDS + SIGNATURE_FIELDS + lattice->signature_size + SIGNATURE_FIELDS +
           hash_based->signature_size;
}

static void write_signature(struct byte_writer *writer, uint32_t algorithm, const uint8_t *key_id,
                            const uint8_t *signature)
{
    size_t size = signature_parameters(algorithm)->signature_size;
    write_integer(writer, algorithm, 2);
    write_bytes(writer, key_id, SIGNATURE_KEY_ID_SIZE);
    write_integer(writer, size, 4);
    write_bytes(writer, signature, size);
}

size_t manifest_signatures_write(const struct manifest *manifest, const uint8_t *lattice, const uint8_t *hash_based,
                                 void *bytes, size_t capacity)
{
    struct byte_writer writer = {.bytes = bytes, .capacity = capacity};
    size_t size = manifest_signatures_size(manifest->lattice_algorithm, manifest->hash_based_algorithm);
    if (size == 0) {
        return 0;
    }
    write_bytes(&writer, MANIFEST_SIGNATURE_MAGIC, 8);
    write_integer(&writer, size, 4);
    write_integer(&writer, 2, 2);
    write_signature(&writer, manifest->lattice_algorithm, manifest->lattice_key_id, lattice);
    write_signature(&writer, manifest->hash_based_algorithm, manifest->hash_based_key_id, hash_based);
    return writer.full ? 0 : writer.offset;
}
