/* SPDX-License-Identifier: BSD-2-Clause */
#include <skyscope/payload.h>
#include <string.h>
#include <tool/layout.h>
#include <tool/payload_reader.h>
#include <tool/payload_sign.h>

struct blob *payload_assemble(struct arena *arena, struct manifest *manifest, const uint8_t *const *contents,
                              size_t signatures_size)
{
    size_t manifest_size = manifest_write_size(manifest);
    uint64_t total = payload_first_image(manifest_size, signatures_size);
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        manifest->images[i].offset = total;
        total += align_up(manifest->images[i].size, PAYLOAD_ALIGNMENT);
    }
    uint8_t *data = arena_allocate(arena, total);
    struct payload_header header = {
        .version = PAYLOAD_VERSION,
        .manifest_size = (uint32_t)manifest_size,
        .signatures_size = (uint32_t)signatures_size,
        .total_size = total,
    };
    memcpy(header.magic, PAYLOAD_MAGIC, sizeof(header.magic));
    memcpy(data, &header, sizeof(header));
    if (manifest_write(manifest, data + sizeof(header), manifest_size) != manifest_size) {
        return NULL;
    }
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        memcpy(data + manifest->images[i].offset, contents[i], manifest->images[i].size);
    }
    struct blob *blob = ARENA_NEW(arena, struct blob);
    *blob = (struct blob){.data = data, .size = total, .path = "payload", .generated = true};
    return blob;
}

const char *payload_lay_out(struct arena *arena, const struct blob *payload, const struct payload_keys *keys,
                            const uint64_t *rollback_index, struct payload_signing *signing)
{
    struct payload_view *view = ARENA_NEW(arena, struct payload_view);
    size_t signatures_size = manifest_signatures_size(keys->lattice_algorithm, keys->hash_based_algorithm);
    if (!payload_read(arena, payload, view)) {
        return view->problems.items[0];
    }
    struct manifest *manifest = &view->manifest;
    if (signatures_size == 0) {
        return "unknown signature algorithm";
    }
    manifest->lattice_algorithm = keys->lattice_algorithm;
    manifest->hash_based_algorithm = keys->hash_based_algorithm;
    memcpy(manifest->lattice_key_id, keys->lattice_key_id, sizeof(manifest->lattice_key_id));
    memcpy(manifest->hash_based_key_id, keys->hash_based_key_id, sizeof(manifest->hash_based_key_id));
    manifest->rollback_index = rollback_index != NULL ? *rollback_index : manifest->rollback_index;
    /* On the heap: analysers lose track of an array's elements. */
    const uint8_t **contents = arena_allocate(arena, MANIFEST_MAX_IMAGES * sizeof(*contents));
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        contents[i] = view->images[i].data;
    }
    struct blob *blob = payload_assemble(arena, manifest, contents, signatures_size);
    if (blob == NULL) {
        return "its manifest cannot be written";
    }
    *signing = (struct payload_signing){
        .payload = blob,
        .manifest = manifest,
        .message = blob->data + sizeof(struct payload_header),
        .message_size = manifest_write_size(manifest),
        .context = MANIFEST_CONTEXT_SYSTEM,
    };
    return NULL;
}

void payload_attach(const struct payload_signing *signing, const uint8_t *lattice, const uint8_t *hash_based)
{
    const struct manifest *manifest = signing->manifest;
    size_t size = manifest_signatures_size(manifest->lattice_algorithm, manifest->hash_based_algorithm);
    uint8_t *place = signing->payload->data + sizeof(struct payload_header) + signing->message_size;
    manifest_signatures_write(manifest, lattice, hash_based, place, size);
}
