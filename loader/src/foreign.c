/* SPDX-License-Identifier: BSD-2-Clause */
/* A verified payload whose system is for another kernel: seL4, with what the Microkit made. */
#include <loader/foreign.h>
#include <loader/machine.h>
#include <loader/main.h>

static void find_modules(const struct payload *payload, struct foreign_system *system)
{
    for (uint32_t i = 0; i < payload->manifest.image_count; i++) {
        const struct manifest_image *image = &payload->manifest.images[i];
        if (image->role == MANIFEST_ROLE_MODULE && system->module_count++ == 0) {
            system->module = image;
            system->module_file = payload->bytes + image->offset;
        }
    }
}

void foreign_start(const struct payload *payload, struct trusted_platform *platform, const struct boot_source *source,
                   const struct memory_map *map, struct free_memory *free, struct hardware_info *hardware)
{
    static struct foreign_image image;
    struct loader_error error;
    struct foreign_system system = {
        .kernel = &image,
        .kernel_file = payload->bytes + payload->foreign->offset,
        .kernel_file_size = payload->foreign->size,
        .source = source,
        .map = map,
        .hardware = hardware,
    };
    if (!foreign_elf_read(system.kernel_file, system.kernel_file_size, &image, &error)) {
        loader_fail("%s", error.text);
    }
    find_modules(payload, &system);
    foreign_place(&system, free);
    trusted_platform_commit(platform, hardware);
    loader_print("loader: starting \"%s\", another kernel's, at 0x%llx\n", payload->manifest.system_name,
                 (unsigned long long)image.entry);
    foreign_enter(&system);
}
