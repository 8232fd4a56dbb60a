/* SPDX-License-Identifier: BSD-2-Clause */
/* What is on a disk whose blocks are right: the payload and the loader. */
#include "iso_files.h"
#include <fcntl.h>
#include <tool/boot_image.h>
#include <tool/disk.h>
#include <tool/process.h>
#include <tool/verify.h>
#include <unistd.h>

/* Where a volume's size is: ECMA-119, 8.4.8, in blocks of 2048 bytes. */
#define VOLUME_SIZE_OFFSET (16u * 2048u + 80u)
#define VOLUME_BLOCK       2048u
/* Of the EFI system partition, that much is looked through for a loader: we fill it from its begin. */
#define EFI_SEARCH_SIZE    (16u << 20)

/* The payload's file; xorriso wants the volume as a file of its own. */
static struct blob *read_payload(struct arena *arena, int disk, const struct disk_verdict *verdict,
                                 const char *directory, const char **reason)
{
    uint8_t size[4];
    const char *path = arena_format(arena, "%s/volume.iso", directory);
    *reason = "its volume cannot be read";
    if (!disk_read(disk, verdict->offset + VOLUME_SIZE_OFFSET, size, sizeof(size))) {
        return NULL;
    }
    uint64_t bytes =
        ((uint64_t)size[0] | (uint64_t)size[1] << 8 | (uint64_t)size[2] << 16 | (uint64_t)size[3] << 24) * VOLUME_BLOCK;
    if (bytes == 0 || bytes > verdict->partition.shape.data_size) {
        *reason = "its volume's size is wrong";
        return NULL;
    }
    uint8_t *data = arena_allocate(arena, bytes);
    if (!disk_read(disk, verdict->offset, data, bytes) || !write_file(arena, path, data, bytes, reason)) {
        return NULL;
    }
    return iso_read_file(arena, path, "/" BOOT_IMAGE_PAYLOAD, reason);
}

static void add_problems(struct arena *arena, struct disk_verdict *verdict, const struct list *problems)
{
    LIST_FOR (char, text, problems) {
        list_append(arena, &verdict->problems, text);
    }
}

static void check_loader(struct arena *arena, const char *path, int disk, const struct trust_anchor *anchor,
                         struct verdict *content, struct disk_verdict *verdict)
{
    const char *reason = NULL;
    uint64_t offset, size;
    if (!disk_table_find(arena, path, DISK_EFI_SYSTEM_TYPE, &offset, &size, &reason)) {
        if (verdict->offset != 0) { /* else it is the boot partition alone */
            list_append(arena, &verdict->problems,
                        arena_copy_string(arena, "there is no EFI system partition, and so no loader to look at"));
        }
        return;
    }
    struct blob efi = {.size = size < EFI_SEARCH_SIZE ? (size_t)size : EFI_SEARCH_SIZE, .path = path};
    efi.data = arena_allocate(arena, efi.size + 1);
    if (disk_read(disk, offset, efi.data, efi.size)) {
        verdict->loader_found = true;
        content->problems = (struct list){0};
        verify_loader_blob(arena, &efi, anchor, content);
        verdict->loader_right = content->problems.count == 0;
        add_problems(arena, verdict, &content->problems);
    } else {
        list_append(arena, &verdict->problems,
                    arena_copy_string(arena, "the loader in the EFI system partition cannot be read"));
    }
}

void disk_verify_content(struct arena *arena, const char *path, const struct trust_anchor *anchor,
                         struct disk_verdict *verdict)
{
    const char *reason = NULL;
    struct verdict *content = ARENA_NEW(arena, struct verdict);
    const char *directory = temporary_directory(arena, &reason);
    int disk = open(path, O_RDONLY | O_CLOEXEC);
    struct blob *payload =
        directory == NULL || disk < 0 ? NULL : read_payload(arena, disk, verdict, directory, &reason);
    if (payload == NULL) {
        list_append(arena, &verdict->problems,
                    arena_format(arena, "the payload cannot be verified: %s", reason == NULL ? "no disk" : reason));
    } else {
        verdict->payload_right = verify_payload_blob(arena, payload, anchor, content);
        add_problems(arena, verdict, &content->problems);
        check_loader(arena, path, disk, anchor, content, verdict);
    }
    if (disk >= 0) {
        close(disk);
    }
    if (directory != NULL) {
        remove_tree(directory);
    }
}
