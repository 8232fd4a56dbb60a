/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot2 specification 2.0, section 3.1: what a kernel asks of its boot loader. */
#include <loader_arch/foreign.h>

#include <stddef.h>

#define HEADER_MAGIC        0xe85250d6u
#define HEADER_ARCHITECTURE 0u /* 32-bit protected mode of i386 */
#define HEADER_SIZE         16u
#define SEARCHED            32768u /* the header lies in the first bytes of the file */
#define ALIGNMENT           8u
#define TAG_SIZE            8u
#define FLAG_OPTIONAL       1u

enum header_tag {
    HEADER_END = 0,
    HEADER_INFORMATION_REQUEST = 1,
    HEADER_CONSOLE_FLAGS = 4,
    HEADER_FRAMEBUFFER = 5,
    HEADER_MODULE_ALIGNMENT = 6,
    /* These two matter only to boot loaders that start kernels as EFI does. */
    HEADER_EFI32_ENTRY = 8,
    HEADER_EFI64_ENTRY = 9,
    HEADER_RELOCATABLE = 10,
};

/* The header, and the bytes from there to the end of the file; NULL: there is none. */
static const uint8_t *find_header(const uint8_t *file, uint64_t size, uint64_t *left)
{
    uint64_t end = size < SEARCHED ? size : SEARCHED;
    for (uint64_t at = 0; at + HEADER_SIZE <= end; at += ALIGNMENT) {
        const uint8_t *header = file + at;
        if (read_u32(header) == HEADER_MAGIC &&
            read_u32(header) + read_u32(header + 4) + read_u32(header + 8) + read_u32(header + 12) == 0) {
            *left = size - at;
            return header;
        }
    }
    return NULL;
}

static bool provided(uint32_t information)
{
    /* Command line, boot loader, module, memory, memory map, framebuffer, ACPI: the bits of multiboot2_write()'s tags.
     */
    const uint32_t tags = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 8 | 1u << 14 | 1u << 15;
    return information < 32 && (tags >> information & 1) != 0;
}

static int check_tag(const uint8_t *tag, uint32_t size, struct loader_error *error)
{
    uint16_t type = read_u16(tag);
    if ((read_u16(tag + 2) & FLAG_OPTIONAL) != 0) {
        return 1;
    }
    switch (type) {
    case HEADER_INFORMATION_REQUEST:
        for (uint32_t at = TAG_SIZE; size - at >= 4; at += 4) {
            if (!provided(read_u32(tag + at))) {
                return error_set(error, "foreign kernel: it asks for Multiboot 2 information %u, which is not there",
                                 read_u32(tag + at));
            }
        }
        return 1;
    case HEADER_CONSOLE_FLAGS:
    case HEADER_FRAMEBUFFER:
    case HEADER_MODULE_ALIGNMENT:
    case HEADER_EFI32_ENTRY:
    case HEADER_EFI64_ENTRY:
    case HEADER_RELOCATABLE:
        return 1;
    default:
        return error_set(error, "foreign kernel: its Multiboot 2 header has a tag (%u) that is not supported", type);
    }
}

int multiboot2_kernel_check(const uint8_t *file, uint64_t size, struct loader_error *error)
{
    uint64_t left = 0;
    const uint8_t *header = find_header(file, size, &left);
    if (header == NULL) {
        return error_set(error, "foreign kernel: it has no Multiboot 2 header");
    }
    uint32_t length = read_u32(header + 8);
    if (read_u32(header + 4) != HEADER_ARCHITECTURE || length < HEADER_SIZE || length > left) {
        return error_set(error, "foreign kernel: its Multiboot 2 header is for another architecture or cut short");
    }
    for (uint32_t at = HEADER_SIZE; length - at >= TAG_SIZE;) {
        uint32_t tag_size = read_u32(header + at + 4);
        if (read_u16(header + at) == HEADER_END) {
            return 1;
        }
        if (tag_size < TAG_SIZE || tag_size > length - at) {
            return error_set(error, "foreign kernel: a tag of its Multiboot 2 header has a wrong size (%u)", tag_size);
        }
        if (!check_tag(header + at, tag_size, error)) {
            return 0;
        }
        uint32_t aligned = (tag_size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
        if (aligned > length - at) {
            break;
        }
        at += aligned;
    }
    return error_set(error, "foreign kernel: its Multiboot 2 header has no end");
}
