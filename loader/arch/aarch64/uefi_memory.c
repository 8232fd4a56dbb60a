/* SPDX-License-Identifier: BSD-2-Clause */
/* UEFI's memory map as ranges (UEFI 2.10, section 7.2.3). */
#include <loader_arch/uefi.h>

#define SLACK 2048u /* for what is allocated after the map's size was asked for */

static uint32_t kind_of(const struct uefi_memory_descriptor *descriptor)
{
    switch (descriptor->type) {
    case UEFI_LOADER_CODE:
    case UEFI_LOADER_DATA:
    case UEFI_BOOT_CODE:
    case UEFI_BOOT_DATA:
    case UEFI_CONVENTIONAL:
        return (descriptor->attributes & UEFI_MEMORY_WRITE_BACK) != 0 ? HARDWARE_MEMORY_USABLE
                                                                      : HARDWARE_MEMORY_RESERVED;
    case UEFI_ACPI_RECLAIM:
        return HARDWARE_MEMORY_ACPI_RECLAIMABLE;
    case UEFI_ACPI_NVS:
        return HARDWARE_MEMORY_ACPI_NVS;
    case UEFI_UNUSABLE:
        return HARDWARE_MEMORY_BAD;
    default:
        return HARDWARE_MEMORY_RESERVED;
    }
}

/* Joined with the range before where they touch and are of one kind. */
static bool add(struct boot_source *source, const struct uefi_memory_descriptor *descriptor)
{
    uint32_t kind = kind_of(descriptor);
    uint64_t base = descriptor->physical_start;
    if (descriptor->page_count > (UINT64_MAX - base) / UEFI_PAGE_SIZE) {
        return true; /* no memory ends there */
    }
    uint64_t size = descriptor->page_count * UEFI_PAGE_SIZE;
    struct memory_range *last = source->memory_count > 0 ? &source->memory[source->memory_count - 1] : NULL;
    if (last != NULL && last->kind == kind && last->base + last->size == base) {
        last->size += size;
        return true;
    }
    return boot_add_memory(source, base, size, kind);
}

uint64_t uefi_memory_map_room(const struct uefi *uefi)
{
    uint64_t size = 0, key, descriptor_size;
    uint32_t version;
    (void)uefi->boot->get_memory_map(&size, NULL, &key, &descriptor_size, &version);
    return size + SLACK;
}

uefi_status uefi_memory_map(const struct uefi *uefi, void *buffer, uint64_t room, struct boot_source *source,
                            uint64_t *key)
{
    uint64_t size = room, descriptor_size = 0;
    uint32_t version;
    uefi_status status = uefi->boot->get_memory_map(&size, buffer, key, &descriptor_size, &version);
    if (status != UEFI_SUCCESS) {
        return status;
    }
    if (descriptor_size < sizeof(struct uefi_memory_descriptor)) {
        return UEFI_LOAD_ERROR;
    }
    source->memory_count = 0;
    for (uint64_t offset = 0; size - offset >= descriptor_size; offset += descriptor_size) {
        if (!add(source, (const struct uefi_memory_descriptor *)(const void *)((const uint8_t *)buffer + offset))) {
            return UEFI_LOAD_ERROR;
        }
    }
    return UEFI_SUCCESS;
}
