/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/hash.h>
#include <skyscope/payload.h>
#include <stdio.h>
#include <string.h>
#include <tool/layout.h>
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

struct blob *payload_write(struct arena *arena, const struct list *items, const struct payload_options *options)
{
    uint64_t header_size =
        align_up(sizeof(struct payload_header) + items->count * sizeof(struct payload_image), PAYLOAD_ALIGNMENT);
    uint64_t total = header_size;
    LIST_FOR (const struct payload_item, item, items) {
        total += align_up(item->blob->size, PAYLOAD_ALIGNMENT);
    }
    uint8_t *data = arena_allocate(arena, total);
    struct payload_header header = {
        .version = PAYLOAD_VERSION,
        .header_size = (uint32_t)header_size,
        .total_size = total,
        .rollback_index = options->rollback_index,
        .creation_time = options->creation_time,
        .hash_algorithm = PAYLOAD_HASH_SHA512,
        .image_count = (uint32_t)items->count,
        .image_table_offset = sizeof(struct payload_header),
    };
    memcpy(header.magic, PAYLOAD_MAGIC, sizeof(header.magic));
    memcpy(header.system_name, options->system_name, strnlen(options->system_name, PAYLOAD_NAME_LENGTH - 1));
    uint64_t offset = header_size;
    uint8_t *row = data + sizeof(header);
    LIST_FOR (const struct payload_item, item, items) {
        struct payload_image image = {.role = item->role, .offset = offset, .size = item->blob->size};
        memcpy(image.name, item->name, strnlen(item->name, PAYLOAD_NAME_LENGTH - 1));
        memcpy(data + offset, item->blob->data, item->blob->size);
        hash_sha512(item->blob->data, item->blob->size, image.hash);
        memcpy(row, &image, sizeof(image));
        row += sizeof(image);
        offset += align_up(item->blob->size, PAYLOAD_ALIGNMENT);
        show_progress(options, item->name, offset, total);
    }
    memcpy(data, &header, sizeof(header));
    hash_sha512(data, header_size, header.header_hash);
    memcpy(data, &header, sizeof(header));
    struct blob *blob = ARENA_NEW(arena, struct blob);
    *blob = (struct blob){.data = data, .size = total, .path = "payload", .generated = true};
    return blob;
}
