/* SPDX-License-Identifier: BSD-2-Clause */
/* Filling in hardware_info. */
#include <base/memory.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader/main.h>
#include <loader/pci.h>

static void copy_boot_source(const struct boot_source *source, const struct memory_map *map,
                             struct hardware_info *hardware)
{
    hardware->version = HARDWARE_INFO_VERSION;
    hardware->size = sizeof(*hardware);
    hardware->firmware = source->firmware;
    hardware->boot_protocol = source->protocol;
    strlcpy(hardware->boot_loader, source->boot_loader, sizeof(hardware->boot_loader));
    strlcpy(hardware->command_line, source->command_line, sizeof(hardware->command_line));
    if (!source->framebuffer.text) {
        hardware->framebuffer_address = source->framebuffer.address;
        hardware->framebuffer_pitch = source->framebuffer.pitch;
        hardware->framebuffer_width = source->framebuffer.width;
        hardware->framebuffer_height = source->framebuffer.height;
        hardware->framebuffer_bits = source->framebuffer.bits;
    }
    hardware->memory_total = memory_map_total(map, HARDWARE_MEMORY_USABLE);
    for (uint32_t i = 0; i < map->count && i < HARDWARE_MAX_MEMORY; i++) {
        hardware->memory[hardware->memory_count++] = (struct hardware_memory){
            .base = map->ranges[i].base, .size = map->ranges[i].size, .kind = map->ranges[i].kind};
    }
    if (map->count > HARDWARE_MAX_MEMORY) {
        log_warning("only the first %u of %u parts of the memory map are listed", HARDWARE_MAX_MEMORY, map->count);
    }
}

void hardware_probe(const struct physical_memory *memory, const struct boot_source *source,
                    const struct memory_map *map, struct hardware_info *hardware)
{
    copy_boot_source(source, map, hardware);
    cpu_identify(hardware);
    firmware_read(memory, source, hardware);
    interrupts_quiesce(hardware);
    if (!pci_scan_ecams(hardware)) {
        pci_scan_without_ecam(hardware);
    }
    clock_read(hardware);
    loader_print("loader: %s, %llu MiB of memory, %u CPUs, %u PCI functions\n", hardware->cpu_vendor,
                 (unsigned long long)hardware->memory_total >> 20, hardware->cpu_count, hardware->pci_count);
}
