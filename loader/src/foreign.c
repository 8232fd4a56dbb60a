/* SPDX-License-Identifier: BSD-2-Clause */
/* A verified payload whose system is for another kernel: seL4, with what the Microkit made. */
#include <base/memory.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader/main.h>

static void *at(uint64_t physical)
{
    return (void *)(uintptr_t)physical;
}

/* No byte is written before all of it is known to have a place. */
static void find_places(const struct foreign_image *image, struct free_memory *free)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct foreign_segment *segment = &image->segments[i];
        if (!free_memory_contains(free, segment->physical_address, segment->memory_size)) {
            loader_fail(
                "the kernel wants the memory at 0x%llx to 0x%llx, which is not free on this machine: the system "
                "was built for another board, or this machine has too little memory",
                (unsigned long long)segment->physical_address,
                (unsigned long long)(segment->physical_address + segment->memory_size - 1));
        }
    }
}

void foreign_start(const struct payload *payload, struct trusted_platform *platform, struct free_memory *free,
                   struct hardware_info *hardware)
{
    static struct foreign_image image;
    struct loader_error error;
    const uint8_t *file = payload->bytes + payload->foreign->offset;
    if (!foreign_supported) {
        loader_fail("the system \"%s\" is for another kernel, which this loader starts on AArch64 only",
                    payload->manifest.system_name);
    }
    if (!foreign_elf_read(file, payload->foreign->size, &image, &error)) {
        loader_fail("%s", error.text);
    }
    find_places(&image, free);
    for (uint32_t i = 0; i < image.segment_count; i++) {
        const struct foreign_segment *segment = &image.segments[i];
        memcpy(at(segment->physical_address), file + segment->file_offset, segment->file_size);
        memset(at(segment->physical_address + segment->file_size), 0, segment->memory_size - segment->file_size);
        caches_clean(segment->physical_address, segment->memory_size);
    }
    trusted_platform_commit(platform, hardware);
    loader_print("loader: starting \"%s\", another kernel's, at 0x%llx\n", payload->manifest.system_name,
                 (unsigned long long)image.entry);
    foreign_enter(image.entry, hardware);
}
