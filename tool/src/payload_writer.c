/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/image_hash.h>
#include <stdio.h>
#include <string.h>
#include <tool/payload_sign.h>
#include <tool/plan_builder.h>
#include <unistd.h>

static void show_progress(const struct payload_options *options, const char *name, uint64_t done, uint64_t total)
{
    if (options->progress && isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[Khashing %s (%llu of %llu MiB)", name, (unsigned long long)(done >> 20),
                (unsigned long long)(total >> 20));
        if (done == total) {
            fprintf(stderr, "\r\033[K");
        }
        fflush(stderr);
    }
}

/* Stand for the algorithms until keys are known (payload_lay_out). */
#define UNSIGNED_LATTICE    SIGNATURE_ML_DSA_87
#define UNSIGNED_HASH_BASED SIGNATURE_SLH_DSA_SHA2_128S

struct blob *payload_write(struct arena *arena, const struct list *items, const struct payload_options *options)
{
    struct manifest *manifest = ARENA_NEW(arena, struct manifest);
    const uint8_t *contents[MANIFEST_MAX_IMAGES];
    uint64_t total = 0, done = 0;
    if (items->count > MANIFEST_MAX_IMAGES) {
        return NULL;
    }
    manifest->kind = MANIFEST_KIND_SYSTEM;
    manifest->rollback_index = options->rollback_index;
    manifest->creation_time = options->creation_time;
    manifest->hash_algorithm = HASH_ALGORITHM_SHA512_TREE;
    manifest->lattice_algorithm = UNSIGNED_LATTICE;
    manifest->hash_based_algorithm = UNSIGNED_HASH_BASED;
    memcpy(manifest->system_name, options->system_name, strnlen(options->system_name, MANIFEST_MAX_NAME));
    LIST_FOR (const struct payload_item, item, items) {
        total += item->blob->size;
    }
    LIST_FOR (const struct payload_item, item, items) {
        struct manifest_image *image = &manifest->images[manifest->image_count];
        contents[manifest->image_count++] = item->blob->data;
        memcpy(image->name, item->name, strnlen(item->name, MANIFEST_MAX_NAME));
        image->role = item->role;
        image->flags = item->flags;
        image->size = item->blob->size;
        if ((image->flags & MANIFEST_IMAGE_UNSIGNED) == 0) {
            image_hash(manifest->hash_algorithm, item->blob->data, item->blob->size, image->hash);
        }
        done += item->blob->size;
        show_progress(options, item->name, done, total);
    }
    return payload_assemble(arena, manifest, contents, 0);
}
