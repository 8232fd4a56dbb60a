/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF-64 object file format. */
#include <loader/elf.h>

#include <stdbool.h>
#include <stddef.h>

#include <base/memory.h>
#include <skyscope/boot_info.h>
#include <skyscope/types.h>

struct elf64_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};

struct elf64_program_header {
    uint32_t type, flags;
    uint64_t offset, virtual_address, physical_address, file_size, memory_size, alignment;
};

_Static_assert(sizeof(struct elf64_header) == 64, "ELF format");
_Static_assert(sizeof(struct elf64_program_header) == 56, "ELF format");

#define ELF_EXECUTABLE   2u
#define ELF_SEGMENT_LOAD 1u

#define PAGE_MASK (PAGE_SIZE_4K - 1)

static const uint8_t elf64_little_endian[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

static int read_segment(const struct elf64_program_header *header, uint64_t file_size, struct kernel_image *image,
                        struct loader_error *error)
{
    uint64_t start = header->virtual_address & ~PAGE_MASK;
    if (header->offset > file_size || header->file_size > file_size - header->offset ||
        header->file_size > header->memory_size) {
        return error_set(error, "kernel: a segment reaches beyond the end of the file");
    }
    if (start < KERNEL_LINK_BASE || header->memory_size > KERNEL_MAX_SIZE ||
        header->virtual_address - KERNEL_LINK_BASE > KERNEL_MAX_SIZE - header->memory_size) {
        return error_set(error, "kernel: a segment lies outside of the kernel's addresses");
    }
    if ((header->flags & SEGMENT_WRITE) != 0 && (header->flags & SEGMENT_EXECUTE) != 0) {
        return error_set(error, "kernel: a segment is writable and executable");
    }
    if (image->segment_count == KERNEL_MAX_SEGMENTS) {
        return error_set(error, "kernel: more than %u segments", KERNEL_MAX_SEGMENTS);
    }
    struct kernel_segment *segment = &image->segments[image->segment_count++];
    *segment = (struct kernel_segment){
        .virtual_address = start,
        .memory_size = ((header->virtual_address + header->memory_size + PAGE_MASK) & ~PAGE_MASK) - start,
        .data_offset = header->virtual_address - start,
        .file_offset = header->offset,
        .file_size = header->file_size,
        .flags = header->flags & (SEGMENT_EXECUTE | SEGMENT_WRITE | SEGMENT_READ),
    };
    for (uint32_t i = 0; i + 1 < image->segment_count; i++) {
        const struct kernel_segment *other = &image->segments[i];
        if (segment->virtual_address < other->virtual_address + other->memory_size &&
            other->virtual_address < segment->virtual_address + segment->memory_size) {
            return error_set(error, "kernel: two segments share a page");
        }
    }
    return 1;
}

static bool entry_executable(const struct kernel_image *image)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct kernel_segment *segment = &image->segments[i];
        if ((segment->flags & SEGMENT_EXECUTE) != 0 &&
            image->entry >= segment->virtual_address + segment->data_offset &&
            image->entry - segment->virtual_address < segment->data_offset + segment->file_size) {
            return true;
        }
    }
    return false;
}

/* The header, checked. what: for messages. */
static int read_header(const char *what, const uint8_t *file, uint64_t file_size, struct elf64_header *header,
                       struct loader_error *error)
{
    if (file_size < sizeof(*header)) {
        return error_set(error, "%s: too short for an ELF file", what);
    }
    memcpy(header, file, sizeof(*header));
    if (memcmp(header->ident, elf64_little_endian, sizeof(elf64_little_endian)) != 0 ||
        header->machine != HARDWARE_PLAN_MACHINE || header->type != ELF_EXECUTABLE) {
        return error_set(error, "%s: not an ELF executable for " KERNEL_MACHINE, what);
    }
    uint64_t table_size = (uint64_t)header->program_header_count * sizeof(struct elf64_program_header);
    if (header->program_header_size != sizeof(struct elf64_program_header) || header->program_headers > file_size ||
        table_size > file_size - header->program_headers) {
        return error_set(error, "%s: the program headers do not lie in the file", what);
    }
    return 1;
}

static struct elf64_program_header program_header(const uint8_t *file, const struct elf64_header *header,
                                                  uint32_t index)
{
    struct elf64_program_header segment;
    memcpy(&segment, file + header->program_headers + index * sizeof(segment), sizeof(segment));
    return segment;
}

int kernel_elf_read(const uint8_t *file, uint64_t file_size, struct kernel_image *image, struct loader_error *error)
{
    struct elf64_header header = {0};
    *image = (struct kernel_image){0};
    if (!read_header("kernel", file, file_size, &header, error)) {
        return 0;
    }
    for (uint32_t i = 0; i < header.program_header_count; i++) {
        struct elf64_program_header segment = program_header(file, &header, i);
        if (segment.type == ELF_SEGMENT_LOAD && segment.memory_size > 0 &&
            !read_segment(&segment, file_size, image, error)) {
            return 0;
        }
    }
    image->entry = header.entry;
    if (!entry_executable(image)) {
        return error_set(error, "kernel: the entry point does not lie in an executable segment");
    }
    uint64_t lowest = UINT64_MAX;
    uint64_t highest = 0;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct kernel_segment *segment = &image->segments[i];
        uint64_t end = segment->virtual_address + segment->memory_size;
        lowest = segment->virtual_address < lowest ? segment->virtual_address : lowest;
        highest = end > highest ? end : highest;
    }
    image->virtual_base = lowest & ~(PAGE_SIZE_2M - 1);
    image->size = highest - image->virtual_base;
    return 1;
}

static int read_foreign_segment(const struct elf64_program_header *header, uint64_t file_size,
                                struct foreign_image *image, struct loader_error *error)
{
    if (header->offset > file_size || header->file_size > file_size - header->offset ||
        header->file_size > header->memory_size) {
        return error_set(error, "foreign kernel: a segment reaches beyond the end of the file");
    }
    if (header->memory_size > UINT64_MAX - PAGE_SIZE_4K - header->physical_address) {
        return error_set(error, "foreign kernel: a segment ends beyond all addresses");
    }
    if (image->segment_count == KERNEL_MAX_SEGMENTS) {
        return error_set(error, "foreign kernel: more than %u segments", KERNEL_MAX_SEGMENTS);
    }
    image->segments[image->segment_count++] = (struct foreign_segment){
        .physical_address = header->physical_address,
        .memory_size = header->memory_size,
        .file_offset = header->offset,
        .file_size = header->file_size,
    };
    for (uint32_t i = 0; i + 1 < image->segment_count; i++) {
        const struct foreign_segment *other = &image->segments[i];
        if (header->physical_address < other->physical_address + other->memory_size &&
            other->physical_address < header->physical_address + header->memory_size) {
            return error_set(error, "foreign kernel: two segments overlap");
        }
    }
    /* Where it is entered with the MMU off. */
    if (image->virtual_entry >= header->virtual_address &&
        image->virtual_entry - header->virtual_address < header->file_size) {
        image->entry = header->physical_address + (image->virtual_entry - header->virtual_address);
        image->entry_found = true;
    }
    return 1;
}

int foreign_elf_read(const uint8_t *file, uint64_t file_size, struct foreign_image *image, struct loader_error *error)
{
    struct elf64_header header = {0};
    *image = (struct foreign_image){0};
    if (!read_header("foreign kernel", file, file_size, &header, error)) {
        return 0;
    }
    image->virtual_entry = header.entry;
    for (uint32_t i = 0; i < header.program_header_count; i++) {
        struct elf64_program_header segment = program_header(file, &header, i);
        if (segment.type == ELF_SEGMENT_LOAD && segment.memory_size > 0 &&
            !read_foreign_segment(&segment, file_size, image, error)) {
            return 0;
        }
    }
    if (!image->entry_found) {
        return error_set(error, "foreign kernel: the entry point is not in a segment of the file");
    }
    return 1;
}

int module_elf_memory(const uint8_t *file, uint64_t file_size, uint64_t *memory, struct loader_error *error)
{
    struct elf64_header header = {0};
    uint64_t lowest = UINT64_MAX, highest = 0;
    if (!read_header("boot module", file, file_size, &header, error)) {
        return 0;
    }
    for (uint32_t i = 0; i < header.program_header_count; i++) {
        struct elf64_program_header segment = program_header(file, &header, i);
        if (segment.type != ELF_SEGMENT_LOAD || segment.memory_size == 0) {
            continue;
        }
        if (segment.offset > file_size || segment.file_size > file_size - segment.offset ||
            segment.file_size > segment.memory_size) {
            return error_set(error, "boot module: a segment reaches beyond the end of the file");
        }
        if (segment.memory_size > UINT64_MAX - PAGE_SIZE_4K - segment.virtual_address) {
            return error_set(error, "boot module: a segment ends beyond all addresses");
        }
        uint64_t end = (segment.virtual_address + segment.memory_size + PAGE_MASK) & ~PAGE_MASK;
        lowest = segment.virtual_address < lowest ? segment.virtual_address : lowest;
        highest = end > highest ? end : highest;
    }
    if (highest == 0) {
        return error_set(error, "boot module: it has no segment that is loaded");
    }
    *memory = highest - (lowest & ~PAGE_MASK);
    return 1;
}
