/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot2 specification 2.0, section 3.6: boot information, for another kernel. */
#include <loader_arch/foreign.h>

#include <base/memory.h>

enum multiboot2_tag {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_BOOT_LOADER = 2,
    TAG_MODULE = 3,
    TAG_BASIC_MEMORY = 4,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_ACPI_OLD_RSDP = 14,
    TAG_ACPI_NEW_RSDP = 15,
};

#define FRAMEBUFFER_RGB   1u
#define FRAMEBUFFER_TEXT  2u
#define MEMORY_ENTRY_SIZE 24u
#define LOW_MEMORY        0x100000ull
/* Always the same: what the boot loader gave is nobody's who signed. seL4 looks for its serial port where a BIOS tells
 * it, and UEFI leaves anything there, so it is told which one the loader uses. */
#define COMMAND_LINE      "console_port=0x3f8 debug_port=0x3f8"
#define RSDP_SIZE         20u /* of ACPI 1.0's */

/* Everything but the memory map takes less than this. */
#define REST_SIZE 0x400u
_Static_assert((MEMORY_MAP_MAX + 1) * MEMORY_ENTRY_SIZE + REST_SIZE <= MULTIBOOT2_INFO_SIZE, "no room for all entries");

struct writer {
    uint8_t *bytes;
    uint32_t size; /* so far */
    uint32_t tag;  /* where the tag that is being written began */
};

static void put(struct writer *writer, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        writer->bytes[writer->size++] = (uint8_t)(value >> (8 * i));
    }
}

static void put_bytes(struct writer *writer, const void *bytes, uint32_t size)
{
    memcpy(writer->bytes + writer->size, bytes, size);
    writer->size += size;
}

static void start_tag(struct writer *writer, uint32_t type)
{
    writer->tag = writer->size;
    put(writer, type, 4);
    put(writer, 0, 4);
}

/* Sets the tag's size; the next one is aligned. */
static void end_tag(struct writer *writer)
{
    uint32_t end = writer->size;
    writer->size = writer->tag + 4;
    put(writer, end - writer->tag, 4);
    writer->size = end;
    put(writer, 0, -end & 7);
}

static void put_text_tag(struct writer *writer, uint32_t type, const char *text)
{
    start_tag(writer, type);
    put_bytes(writer, text, (uint32_t)strnlen(text, MULTIBOOT2_MAX_NAME - 1));
    put(writer, 0, 1);
    end_tag(writer);
}

static void put_module(struct writer *writer, const struct multiboot2_module *module)
{
    start_tag(writer, TAG_MODULE);
    put(writer, module->address, 4);
    put(writer, module->address + module->size, 4);
    put_bytes(writer, module->name, (uint32_t)strnlen(module->name, MULTIBOOT2_MAX_NAME - 1));
    put(writer, 0, 1);
    end_tag(writer);
}

static void put_memory(struct writer *writer, uint64_t base, uint64_t size, uint32_t kind)
{
    put(writer, base, 8);
    put(writer, size, 8);
    put(writer, kind, 4); /* enum hardware_memory_kind has E820's numbers, as Multiboot 2 does */
    put(writer, 0, 4);
}

/* What lies on both sides of 1 MiB is told in two parts: seL4 looks at what begins there or above, and only at page
 * bounds, which the map has. */
static void put_memory_map(struct writer *writer, const struct memory_map *map)
{
    start_tag(writer, TAG_MEMORY_MAP);
    put(writer, MEMORY_ENTRY_SIZE, 4);
    put(writer, 0, 4);
    for (uint32_t i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        uint64_t base = range->base, size = range->size;
        if (base < LOW_MEMORY && size > LOW_MEMORY - base) {
            put_memory(writer, base, LOW_MEMORY - base, range->kind);
            size -= LOW_MEMORY - base;
            base = LOW_MEMORY;
        }
        put_memory(writer, base, size, range->kind);
    }
    end_tag(writer);
}

/* KiB of usable memory from an address on, without a hole; at most what 32 bits hold. */
static uint32_t memory_from(const struct memory_map *map, uint64_t address)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        if (range->kind == HARDWARE_MEMORY_USABLE && address >= range->base && address - range->base < range->size) {
            uint64_t size = (range->size - (address - range->base)) >> 10;
            return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
        }
    }
    return 0;
}

static void put_basic_memory(struct writer *writer, const struct memory_map *map)
{
    uint32_t lower = memory_from(map, 0);
    start_tag(writer, TAG_BASIC_MEMORY);
    put(writer, lower < LOW_MEMORY >> 10 ? lower : LOW_MEMORY >> 10, 4);
    put(writer, memory_from(map, LOW_MEMORY), 4);
    end_tag(writer);
}

static void put_framebuffer(struct writer *writer, const struct boot_framebuffer *framebuffer)
{
    start_tag(writer, TAG_FRAMEBUFFER);
    put(writer, framebuffer->address, 8);
    put(writer, framebuffer->pitch, 4);
    put(writer, framebuffer->width, 4);
    put(writer, framebuffer->height, 4);
    put(writer, framebuffer->bits, 1);
    put(writer, framebuffer->text ? FRAMEBUFFER_TEXT : FRAMEBUFFER_RGB, 1);
    put(writer, 0, 2);
    if (!framebuffer->text) {
        put_bytes(writer, framebuffer->colours, sizeof(framebuffer->colours));
    }
    end_tag(writer);
}

uint32_t multiboot2_write(uint8_t info[MULTIBOOT2_INFO_SIZE], const struct multiboot2_module *module,
                          const struct memory_map *map, const struct boot_framebuffer *framebuffer, const uint8_t *rsdp,
                          uint32_t rsdp_size)
{
    struct writer writer = {.bytes = info, .size = 8};
    put_text_tag(&writer, TAG_COMMAND_LINE, COMMAND_LINE);
    put_text_tag(&writer, TAG_BOOT_LOADER, "Skyscope");
    put_module(&writer, module);
    put_basic_memory(&writer, map);
    put_memory_map(&writer, map);
    if (framebuffer->address != 0) {
        put_framebuffer(&writer, framebuffer);
    }
    if (rsdp_size != 0) {
        start_tag(&writer, rsdp_size == RSDP_SIZE ? TAG_ACPI_OLD_RSDP : TAG_ACPI_NEW_RSDP);
        put_bytes(&writer, rsdp, rsdp_size);
        end_tag(&writer);
    }
    start_tag(&writer, TAG_END);
    end_tag(&writer);
    uint32_t size = writer.size;
    writer.size = 0;
    put(&writer, size, 4);
    put(&writer, 0, 4);
    return size;
}
