/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot2 specification 2.0, section 3.6: boot information format. */
#include <loader_arch/boot_protocols.h>

#include <base/memory.h>

enum multiboot2_tag {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_BOOT_LOADER = 2,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI32_SYSTEM_TABLE = 11,
    TAG_EFI64_SYSTEM_TABLE = 12,
    TAG_ACPI_OLD_RSDP = 14,
    TAG_ACPI_NEW_RSDP = 15,
    TAG_EFI_MEMORY_MAP = 17,
};

#define TAG_HEADER_SIZE   8u
#define INFO_MAX_SIZE     0x100000u
#define MEMORY_ENTRY_SIZE 20u /* what is used of an entry; its real size is told */
#define OLD_RSDP_SIZE     20u

#define FRAMEBUFFER_RGB  1u
#define FRAMEBUFFER_TEXT 2u

/* Text of a tag, cut to the room there is; always terminated. */
static void copy_text(char *text, uint32_t text_size, const uint8_t *from, uint32_t size)
{
    uint32_t i = 0;
    for (; i < size && i + 1 < text_size && from[i] != '\0'; i++) {
        text[i] = from[i] < ' ' || from[i] > '~' ? '?' : (char)from[i];
    }
    text[i] = '\0';
}

static int read_memory_map(const uint8_t *tag, uint32_t size, struct boot_source *source, struct loader_error *error)
{
    uint32_t entry_size = size >= 16 ? read_u32(tag + 8) : 0;
    if (entry_size < MEMORY_ENTRY_SIZE) {
        return error_set(error, "Multiboot2: memory map entries of %u bytes", entry_size);
    }
    for (uint32_t offset = 16; size - offset >= entry_size; offset += entry_size) {
        const uint8_t *entry = tag + offset;
        if (!boot_add_memory(source, read_u64(entry), read_u64(entry + 8), boot_memory_kind(read_u32(entry + 16)))) {
            return error_set(error, "Multiboot2: the memory map is too long");
        }
    }
    return 1;
}

static int read_module(const uint8_t *tag, uint32_t size, struct boot_source *source, struct loader_error *error)
{
    uint32_t start = size >= 16 ? read_u32(tag + 8) : 0;
    uint32_t end = size >= 16 ? read_u32(tag + 12) : 0;
    if (size < 16 || end < start) {
        return error_set(error, "Multiboot2: a module ends before it starts");
    }
    boot_add_module(source, start, end - start);
    return 1;
}

static void read_framebuffer(const uint8_t *tag, uint32_t size, struct boot_source *source)
{
    if (size < 32 || (tag[29] != FRAMEBUFFER_RGB && tag[29] != FRAMEBUFFER_TEXT)) {
        return;
    }
    source->framebuffer = (struct boot_framebuffer){
        .address = read_u64(tag + 8),
        .pitch = read_u32(tag + 16),
        .width = read_u32(tag + 20),
        .height = read_u32(tag + 24),
        .bits = tag[28],
        .text = tag[29] == FRAMEBUFFER_TEXT,
    };
    if (tag[29] == FRAMEBUFFER_RGB && size >= 32 + sizeof(source->framebuffer.colours)) {
        memcpy(source->framebuffer.colours, tag + 32, sizeof(source->framebuffer.colours));
    }
}

/* A newer RSDP replaces an older one. */
static void read_rsdp(const uint8_t *tag, uint32_t size, uint32_t rsdp_size, struct boot_source *source)
{
    if (size - TAG_HEADER_SIZE >= rsdp_size && rsdp_size > source->rsdp_size) {
        memcpy(source->rsdp, tag + TAG_HEADER_SIZE, rsdp_size);
        source->rsdp_size = rsdp_size;
    }
}

static int read_tag(const uint8_t *tag, uint32_t size, struct boot_source *source, struct loader_error *error)
{
    const uint8_t *body = tag + TAG_HEADER_SIZE;
    switch (read_u32(tag)) {
    case TAG_COMMAND_LINE:
        copy_text(source->command_line, sizeof(source->command_line), body, size - TAG_HEADER_SIZE);
        break;
    case TAG_BOOT_LOADER:
        copy_text(source->boot_loader, sizeof(source->boot_loader), body, size - TAG_HEADER_SIZE);
        break;
    case TAG_MODULE:
        return read_module(tag, size, source, error);
    case TAG_MEMORY_MAP:
        return read_memory_map(tag, size, source, error);
    case TAG_FRAMEBUFFER:
        read_framebuffer(tag, size, source);
        break;
    case TAG_EFI32_SYSTEM_TABLE:
    case TAG_EFI64_SYSTEM_TABLE:
    case TAG_EFI_MEMORY_MAP:
        source->firmware = HARDWARE_FIRMWARE_UEFI;
        break;
    case TAG_ACPI_OLD_RSDP:
        read_rsdp(tag, size, OLD_RSDP_SIZE, source);
        break;
    case TAG_ACPI_NEW_RSDP:
        read_rsdp(tag, size, BOOT_RSDP_SIZE, source);
        break;
    default:
        break;
    }
    return 1;
}

int multiboot2_read(const struct physical_memory *memory, uint64_t address, struct boot_source *source,
                    struct loader_error *error)
{
    const uint8_t *info = physical_at(memory, address, 8);
    uint32_t total = info == NULL ? 0 : read_u32(info);
    if (total < 8 || total > INFO_MAX_SIZE || physical_at(memory, address, total) == NULL) {
        return error_set(error, "Multiboot2: the boot information does not lie in memory");
    }
    source->protocol = HARDWARE_BOOT_MULTIBOOT2;
    source->firmware = HARDWARE_FIRMWARE_BIOS; /* unless a tag says otherwise */
    for (uint32_t offset = 8; total - offset >= TAG_HEADER_SIZE;) {
        const uint8_t *tag = info + offset;
        uint32_t size = read_u32(tag + 4);
        if (size < TAG_HEADER_SIZE || size > total - offset) {
            return error_set(error, "Multiboot2: tag at byte %u has a wrong size (%u)", offset, size);
        }
        if (read_u32(tag) == TAG_END) {
            break;
        }
        if (!read_tag(tag, size, source, error)) {
            return 0;
        }
        uint32_t aligned = (size + 7) & ~7u;
        if (aligned > total - offset) {
            break;
        }
        offset += aligned;
    }
    if (source->memory_count == 0) {
        return error_set(error, "Multiboot2: the boot loader gave no memory map");
    }
    return 1;
}
