/* SPDX-License-Identifier: BSD-2-Clause */
/* Which boot protocol started the loader. */
#include <loader/machine.h>
#include <loader_arch/boot_protocols.h>
#include <loader_arch/registers.h>

int boot_source_read(const struct physical_memory *memory, const struct boot_entry *entry, struct boot_source *source,
                     struct loader_error *error)
{
    switch (entry->first) {
    case BOOT_MAGIC_MULTIBOOT1:
        return multiboot1_read(memory, entry->second, source, error);
    case BOOT_MAGIC_MULTIBOOT2:
        return multiboot2_read(memory, entry->second, source, error);
    case BOOT_MAGIC_PVH:
        return pvh_read(memory, entry->second, source, error);
    default:
        return error_set(error, "started by an unknown boot protocol (magic number 0x%llx)",
                         (unsigned long long)entry->first);
    }
}
