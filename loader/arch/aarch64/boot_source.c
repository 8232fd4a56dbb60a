/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot loader told: by a device tree, or to the UEFI application. */
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/device_tree.h>
#include <loader_arch/entry.h>

/* Linux's boot protocol: X0 is the device tree. */
static int read_linux(uint64_t address, struct boot_source *source, struct loader_error *error)
{
    const struct device_tree *tree = machine_tree(address, error);
    source->protocol = HARDWARE_BOOT_LINUX;
    source->firmware = HARDWARE_FIRMWARE_UNKNOWN;
    source->device_tree = address;
    return tree == NULL ? 0 : device_tree_boot_source(tree, source, error);
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
    return 1;
}
