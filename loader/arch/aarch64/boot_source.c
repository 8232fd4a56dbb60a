/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot loader told: by a device tree, or to the UEFI application. */
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/device_tree.h>
#include <loader_arch/entry.h>

/* Linux's boot protocol: X0 is the device tree. */
static int read_linux(uint64_t address, struct boot_source *source, struct loader_error *error)
{
    struct device_tree tree;
    const void *bytes = (const void *)(uintptr_t)address;
    if (address == 0 || address % 8 != 0) {
        return error_set(error, "no device tree: the boot loader left 0x%llx in X0", (unsigned long long)address);
    }
    if (!page_tables_map_early(address, DEVICE_TREE_HEADER_SIZE)) {
        return error_set(error, "the device tree at 0x%llx cannot be reached", (unsigned long long)address);
    }
    uint32_t size = device_tree_size(bytes);
    if (size == 0 || size > DEVICE_TREE_MAX_SIZE || !page_tables_map_early(address, size)) {
        return error_set(error, "no device tree at 0x%llx, where the boot loader says that it is",
                         (unsigned long long)address);
    }
    source->protocol = HARDWARE_BOOT_LINUX;
    source->firmware = HARDWARE_FIRMWARE_UNKNOWN;
    source->device_tree = address;
    return device_tree_open(bytes, size, &tree, error) && device_tree_boot_source(&tree, source, error);
}

static const struct uefi_handoff *uefi;

void boot_source_clock(struct hardware_info *hardware)
{
    if (uefi != NULL) {
        hardware->wall_clock = uefi->wall_clock;
        hardware->wall_clock_ticks = uefi->wall_clock_ticks;
    }
}

int boot_source_read(const struct physical_memory *memory, const struct boot_entry *entry, struct boot_source *source,
                     struct loader_error *error)
{
    (void)memory;
    if (entry->first == HARDWARE_BOOT_LINUX) {
        return read_linux(entry->second, source, error);
    }
    uefi = (const struct uefi_handoff *)(uintptr_t)entry->second;
    memcpy(source, &uefi->source, sizeof(*source));
    uint32_t size = DEVICE_TREE_HEADER_SIZE;
    if (source->device_tree != 0 && page_tables_map_early(source->device_tree, size)) {
        size = device_tree_size((const void *)(uintptr_t)source->device_tree);
        (void)page_tables_map_early(source->device_tree, size);
    }
    return 1;
}
