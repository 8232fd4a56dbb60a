/* SPDX-License-Identifier: BSD-2-Clause */
/* PVH: the x86/HVM direct boot ABI, struct hvm_start_info. */
#include <loader_arch/boot_protocols.h>

#include <base/memory.h>

#define START_INFO_MAGIC   0x336ec578u
#define START_INFO_SIZE_V1 56u
#define MODULE_SIZE        32u
#define MEMORY_ENTRY_SIZE  24u

enum start_info_layout {
    START_INFO_VERSION = 4,
    START_INFO_MODULE_COUNT = 12,
    START_INFO_MODULES = 16,
    START_INFO_COMMAND_LINE = 24,
    START_INFO_RSDP = 32,
    START_INFO_MEMORY_MAP = 40,
    START_INFO_MEMORY_MAP_COUNT = 48,
};

int pvh_read(const struct physical_memory *memory, uint64_t address, struct boot_source *source,
             struct loader_error *error)
{
    const uint8_t *info = physical_at(memory, address, START_INFO_SIZE_V1);
    if (info == NULL || read_u32(info) != START_INFO_MAGIC) {
        return error_set(error, "PVH: no start information at 0x%llx", (unsigned long long)address);
    }
    if (read_u32(info + START_INFO_VERSION) < 1) {
        return error_set(error, "PVH: start information of version 0 has no memory map");
    }
    source->protocol = HARDWARE_BOOT_PVH;
    source->firmware = HARDWARE_FIRMWARE_UNKNOWN;
    source->rsdp_address = read_u64(info + START_INFO_RSDP);
    uint64_t command_line = read_u64(info + START_INFO_COMMAND_LINE);
    if (command_line != 0) {
        physical_string(memory, command_line, source->command_line, sizeof(source->command_line));
    }
    uint32_t module_count = read_u32(info + START_INFO_MODULE_COUNT);
    const uint8_t *modules =
        physical_at(memory, read_u64(info + START_INFO_MODULES), (uint64_t)module_count * MODULE_SIZE);
    if (module_count > 0 && modules == NULL) {
        return error_set(error, "PVH: the module list does not lie in memory");
    }
    for (uint32_t i = 0; i < module_count; i++) {
        const uint8_t *module = modules + (uint64_t)i * MODULE_SIZE;
        if (!boot_add_module(source, read_u64(module), read_u64(module + 8))) {
            break;
        }
    }
    uint32_t entry_count = read_u32(info + START_INFO_MEMORY_MAP_COUNT);
    const uint8_t *map =
        physical_at(memory, read_u64(info + START_INFO_MEMORY_MAP), (uint64_t)entry_count * MEMORY_ENTRY_SIZE);
    if (map == NULL || entry_count == 0) {
        return error_set(error, "PVH: the memory map does not lie in memory");
    }
    for (uint32_t i = 0; i < entry_count; i++) {
        const uint8_t *entry = map + (uint64_t)i * MEMORY_ENTRY_SIZE;
        if (!boot_add_memory(source, read_u64(entry), read_u64(entry + 8), boot_memory_kind(read_u32(entry + 16)))) {
            return error_set(error, "PVH: the memory map is too long");
        }
    }
    return 1;
}
