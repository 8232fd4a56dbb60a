/* SPDX-License-Identifier: BSD-2-Clause */
/* Which machine a payload, a loader or an image is for. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <tool/boot_image.h>
#include <tool/command.h>
#include <tool/disk.h>
#include <tool/loader_image.h>
#include <tool/payload_reader.h>
#include <unistd.h>

/* Of the EFI system partition: its directories are at its begin behind the FATs, for we make them first. */
#define EFI_DIRECTORIES_SIZE (4u << 20)

struct blob *boot_loader_read(struct arena *arena, const char *path, const struct blob *payload,
                              const struct target **target)
{
    const char *reason = NULL;
    *target = target_of_machine(payload_machine(arena, payload));
    if (*target == NULL) {
        failure("'%s' does not say what machine it is for: it is no payload of this version; make one with 'skyscope "
                "build'",
                payload->path);
        return NULL;
    }
    if (path == NULL) {
        path =
            arena_format(arena, "%s%s/%s", installation_directory(arena), (*target)->directory, (*target)->boot.loader);
    }
    struct blob *loader = read_file(arena, path, FILE_MAX_SIZE, &reason);
    if (loader == NULL) {
        failure("loader '%s' cannot be read: %s; build it, or name another with --loader", path, reason);
    } else if (loader_is_image(loader) != (*target)->boot.loader_is_image) {
        failure("'%s' is for %s, and loader '%s' is not; give that machine's loader (%s) with --loader", payload->path,
                (*target)->name, path, (*target)->boot.loader);
        return NULL;
    }
    return loader;
}

/* The name as FAT's directories have it: eight characters and three, padded. */
static void short_name(const char *name, char entry[12])
{
    const char *dot = strchr(name, '.');
    snprintf(entry, 12, "%-8.*s%-3s", (int)(dot - name), name, dot + 1);
}

const struct target *boot_image_find_target(struct arena *arena, const char *path)
{
    static const uint32_t machines[] = {PLAN_MACHINE_X86_64, PLAN_MACHINE_AARCH64};
    const char *reason = NULL;
    uint64_t offset, size;
    if (!disk_table_find(arena, path, DISK_EFI_SYSTEM_TYPE, &offset, &size, &reason)) {
        return NULL;
    }
    int disk = open(path, O_RDONLY | O_CLOEXEC);
    size = size < EFI_DIRECTORIES_SIZE ? size : EFI_DIRECTORIES_SIZE;
    uint8_t *data = arena_allocate(arena, size);
    bool good = disk >= 0 && disk_read(disk, offset, data, size);
    if (disk >= 0) {
        close(disk);
    }
    for (size_t i = 0; good && i < sizeof(machines) / sizeof(machines[0]); i++) {
        const struct target *target = target_of_machine(machines[i]);
        char entry[12];
        short_name(target->boot.efi_name, entry);
        if (memmem(data, size, entry, 11) != NULL) {
            return target;
        }
    }
    return NULL;
}
