/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot specification 0.6.96, section 3.3: boot information format. */
#include <loader_arch/boot_protocols.h>

#include <base/memory.h>

enum multiboot1_flags {
    MULTIBOOT1_COMMAND_LINE = 1u << 2,
    MULTIBOOT1_MODULES = 1u << 3,
    MULTIBOOT1_MEMORY_MAP = 1u << 6,
    MULTIBOOT1_BOOT_LOADER = 1u << 9,
    MULTIBOOT1_FRAMEBUFFER = 1u << 12,
};

enum multiboot1_layout {
    INFO_FLAGS = 0,
    INFO_COMMAND_LINE = 16,
    INFO_MODULE_COUNT = 20,
    INFO_MODULES = 24,
    INFO_MEMORY_MAP_SIZE = 44,
    INFO_MEMORY_MAP = 48,
    INFO_BOOT_LOADER = 64,
    INFO_SIZE_WITHOUT_VIDEO = 72,
    INFO_FRAMEBUFFER = 88,
    INFO_SIZE = 116,
    MODULE_SIZE = 16,
    MEMORY_ENTRY_SIZE = 20, /* without its size field */
};

#define FRAMEBUFFER_RGB  1u
#define FRAMEBUFFER_TEXT 2u

static int read_memory_map(const struct physical_memory *memory, const uint8_t *info, struct boot_source *source,
                           struct loader_error *error)
{
    uint32_t size = read_u32(info + INFO_MEMORY_MAP_SIZE);
    const uint8_t *map = physical_at(memory, read_u32(info + INFO_MEMORY_MAP), size);
    if (map == NULL) {
        return error_set(error, "Multiboot: the memory map does not lie in memory");
    }
    for (uint32_t offset = 0; size - offset >= 4 + MEMORY_ENTRY_SIZE;) {
        uint32_t entry_size = read_u32(map + offset);
        const uint8_t *entry = map + offset + 4;
        if (entry_size < MEMORY_ENTRY_SIZE || entry_size > size - offset - 4) {
            return error_set(error, "Multiboot: memory map entry at byte %u has a wrong size (%u)", offset, entry_size);
        }
        if (!boot_add_memory(source, read_u64(entry), read_u64(entry + 8), boot_memory_kind(read_u32(entry + 16)))) {
            return error_set(error, "Multiboot: the memory map is too long");
        }
        offset += 4 + entry_size;
    }
    return 1;
}

static int read_modules(const struct physical_memory *memory, const uint8_t *info, struct boot_source *source,
                        struct loader_error *error)
{
    uint32_t count = read_u32(info + INFO_MODULE_COUNT);
    const uint8_t *modules = physical_at(memory, read_u32(info + INFO_MODULES), (uint64_t)count * MODULE_SIZE);
    if (modules == NULL) {
        return error_set(error, "Multiboot: the module list does not lie in memory");
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t start = read_u32(modules + i * MODULE_SIZE);
        uint32_t end = read_u32(modules + i * MODULE_SIZE + 4);
        if (end < start) {
            return error_set(error, "Multiboot: module %u ends before it starts", i);
        }
        if (!boot_add_module(source, start, end - start)) {
            break;
        }
    }
    return 1;
}

static void read_framebuffer(const uint8_t *video, struct boot_source *source)
{
    uint8_t type = video[21];
    if (type == FRAMEBUFFER_RGB || type == FRAMEBUFFER_TEXT) {
        source->framebuffer = (struct boot_framebuffer){
            .address = read_u64(video),
            .pitch = read_u32(video + 8),
            .width = read_u32(video + 12),
            .height = read_u32(video + 16),
            .bits = video[20],
            .text = type == FRAMEBUFFER_TEXT,
        };
        if (type == FRAMEBUFFER_RGB) {
            memcpy(source->framebuffer.colours, video + 22, sizeof(source->framebuffer.colours));
        }
    }
}

int multiboot1_read(const struct physical_memory *memory, uint64_t address, struct boot_source *source,
                    struct loader_error *error)
{
    const uint8_t *info = physical_at(memory, address, INFO_SIZE_WITHOUT_VIDEO);
    if (info == NULL) {
        return error_set(error, "Multiboot: the boot information does not lie in memory");
    }
    source->protocol = HARDWARE_BOOT_MULTIBOOT1;
    source->firmware = HARDWARE_FIRMWARE_BIOS; /* the protocol knows no other */
    uint32_t flags = read_u32(info + INFO_FLAGS);
    if ((flags & MULTIBOOT1_BOOT_LOADER) != 0) {
        physical_string(memory, read_u32(info + INFO_BOOT_LOADER), source->boot_loader, sizeof(source->boot_loader));
    }
    if ((flags & MULTIBOOT1_COMMAND_LINE) != 0) {
        physical_string(memory, read_u32(info + INFO_COMMAND_LINE), source->command_line, sizeof(source->command_line));
    }
    if ((flags & MULTIBOOT1_MEMORY_MAP) == 0) {
        return error_set(error, "Multiboot: the boot loader gave no memory map");
    }
    if (!read_memory_map(memory, info, source, error)) {
        return 0;
    }
    if ((flags & MULTIBOOT1_MODULES) != 0 && !read_modules(memory, info, source, error)) {
        return 0;
    }
    if ((flags & MULTIBOOT1_FRAMEBUFFER) != 0 && physical_at(memory, address, INFO_SIZE) != NULL) {
        read_framebuffer(info + INFO_FRAMEBUFFER, source);
    }
    return 1;
}
