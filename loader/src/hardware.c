/* SPDX-License-Identifier: BSD-2-Clause */
/* Filling in hardware_info. */
#include <base/memory.h>
#include <loader/acpi.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader/main.h>

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

static void read_acpi(const struct physical_memory *memory, const struct boot_source *source,
                      struct hardware_info *hardware, struct acpi_fixed *fixed)
{
    static uint8_t rsdp[BOOT_RSDP_SIZE];
    uint32_t size = 0;
    uint64_t address = source->rsdp_address;
    if (address == 0 && source->rsdp_size == 0 && source->firmware != HARDWARE_FIRMWARE_UEFI) {
        address = acpi_find_rsdp(memory);
    }
    const void *found = address == 0 ? NULL : physical_at(memory, address, BOOT_RSDP_SIZE);
    if (found != NULL) {
        memcpy(rsdp, found, sizeof(rsdp));
        size = sizeof(rsdp);
        hardware->rsdp_address = address;
    } else if (source->rsdp_size > 0) {
        /* The boot loader's copy, which stays valid here. */
        memcpy(rsdp, source->rsdp, source->rsdp_size);
        size = source->rsdp_size;
        hardware->rsdp_address = (uintptr_t)rsdp;
    }
    if (size == 0 || !acpi_read(memory, rsdp, size, hardware, fixed)) {
        log_warning("no ACPI tables: only one CPU and no interrupts can be used");
    }
    if (source->firmware == HARDWARE_FIRMWARE_UNKNOWN && acpi_find_rsdp(memory) != 0) {
        hardware->firmware = HARDWARE_FIRMWARE_BIOS; /* only a BIOS leaves it where BIOSes do */
    }
}

void hardware_probe(const struct physical_memory *memory, const struct boot_source *source,
                    const struct memory_map *map, struct hardware_info *hardware)
{
    struct acpi_fixed fixed = {0};
    copy_boot_source(source, map, hardware);
    cpu_identify(hardware);
    read_acpi(memory, source, hardware, &fixed);
    acpi_enable(hardware, &fixed);
    interrupts_quiesce(hardware);
    pci_find(hardware);
    clock_read(hardware, &fixed);
    loader_print("loader: %s, %llu MiB of memory, %u CPUs, %u PCI functions\n", hardware->cpu_vendor,
                 (unsigned long long)hardware->memory_total >> 20, hardware->cpu_count, hardware->pci_count);
}
