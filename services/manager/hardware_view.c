/* SPDX-License-Identifier: BSD-2-Clause */
#include "hardware_view.h"

#include <stdbool.h>

#include "hardware_arch.h"
#include "pci_class.h"

#define MIB 0x100000ull
#define KIB 0x400ull

const struct hardware_info *check_hardware(const void *region)
{
    const struct hardware_info *hardware = region;
    return hardware != NULL && hardware->version == HARDWARE_INFO_VERSION ? hardware : NULL;
}

static uint32_t at_most(uint32_t count, uint32_t limit)
{
    return count < limit ? count : limit;
}

static const char *firmware_name(uint32_t firmware)
{
    switch (firmware) {
    case HARDWARE_FIRMWARE_BIOS:
        return "BIOS";
    case HARDWARE_FIRMWARE_UEFI:
        return "UEFI";
    default:
        return "unknown firmware";
    }
}

static const char *protocol_name(uint32_t protocol)
{
    switch (protocol) {
    case HARDWARE_BOOT_MULTIBOOT1:
        return "Multiboot";
    case HARDWARE_BOOT_MULTIBOOT2:
        return "Multiboot 2";
    case HARDWARE_BOOT_PVH:
        return "PVH";
    case HARDWARE_BOOT_LINUX:
        return "Linux boot protocol";
    case HARDWARE_BOOT_UEFI:
        return "UEFI application";
    default:
        return "unknown protocol";
    }
}

static const char *memory_kind_name(uint32_t kind)
{
    switch (kind) {
    case HARDWARE_MEMORY_USABLE:
        return "usable";
    case HARDWARE_MEMORY_ACPI_RECLAIMABLE:
        return "ACPI tables";
    case HARDWARE_MEMORY_ACPI_NVS:
        return "ACPI non-volatile";
    case HARDWARE_MEMORY_BAD:
        return "defective";
    default:
        return "reserved";
    }
}

static void show_size(struct text_output *out, uint64_t bytes)
{
    if (bytes % MIB == 0 || bytes >= 1024 * MIB) {
        print(out, "%llu MiB", (unsigned long long)(bytes / MIB));
    } else {
        print(out, "%llu KiB", (unsigned long long)(bytes / KIB));
    }
}

static void show_entropy_sources(struct text_output *out, uint32_t sources)
{
    bool first = true;
    for (uint32_t i = 1; i < HARDWARE_ENTROPY_SOURCES; i++) {
        if ((sources & 1u << i) != 0) {
            print(out, "%s%s", first ? "" : ", ", hardware_entropy_source_name(i));
            first = false;
        }
    }
}

static void show_entropy_summary(struct text_output *out, const struct hardware_entropy *entropy)
{
    if (entropy->credited >= HARDWARE_ENTROPY_ENOUGH) {
        print(out, "  random    %u bits, from: ", (unsigned int)entropy->credited);
        show_entropy_sources(out, entropy->sources);
        print(out, "\n");
    } else {
        print(out, "  random    no numbers for guests: %u bits found, %u needed\n", (unsigned int)entropy->credited,
              HARDWARE_ENTROPY_ENOUGH);
    }
}

void show_hardware_summary(struct text_output *out, const struct hardware_info *hardware)
{
    print(out, "  CPU       ");
    show_cpu_model(out, hardware);
    print(out, ", %u found\n", (unsigned int)hardware->cpu_count);
    print(out, "  memory    ");
    show_size(out, hardware->memory_total);
    print(out, " usable\n  firmware  %s, loaded by ", firmware_name(hardware->firmware));
    print_untrusted(out, hardware->boot_loader, sizeof(hardware->boot_loader), 0);
    print(out, " (%s)\n", protocol_name(hardware->boot_protocol));
    print(out, "  PCI       %u devices, ", (unsigned int)hardware->pci_count);
    show_interrupt_controllers(out, hardware);
    print(out, "\n");
    show_entropy_summary(out, &hardware->entropy);
}

void show_cpus(struct text_output *out, const struct hardware_info *hardware)
{
    print(out, "CPUs: ");
    show_cpu_model(out, hardware);
    print(out, " (");
    show_cpu_model_code(out, hardware);
    print(out, ")\n");
    uint32_t count = at_most(hardware->cpu_count, HARDWARE_MAX_CPUS);
    for (uint32_t i = 0; i < count; i++) {
        print(out, "  cpu %-3u ", (unsigned int)i);
        show_cpu_name(out, &hardware->cpus[i]);
        print(out, ", ACPI id %u\n", (unsigned int)hardware->cpus[i].acpi_id);
    }
}

void show_memory_map(struct text_output *out, const struct hardware_info *hardware)
{
    print(out, "Memory: ");
    show_size(out, hardware->memory_total);
    print(out, " usable\n");
    uint32_t count = at_most(hardware->memory_count, HARDWARE_MAX_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        const struct hardware_memory *memory = &hardware->memory[i];
        print(out, "  %016llx-%016llx  %-17s  ", (unsigned long long)memory->base,
              (unsigned long long)(memory->base + memory->size - 1), memory_kind_name(memory->kind));
        show_size(out, memory->size);
        print(out, "\n");
    }
}

void show_pci_devices(struct text_output *out, const struct hardware_info *hardware)
{
    uint32_t count = at_most(hardware->pci_count, HARDWARE_MAX_PCI);
    print(out, "PCI: %u devices\n", (unsigned int)count);
    for (uint32_t i = 0; i < count; i++) {
        const struct hardware_pci_device *device = &hardware->pci[i];
        print(out, "  %04x:%02x:%02x.%x  %04x:%04x  %s%s%s\n", device->segment, device->address >> 8,
              device->address >> 3 & 0x1f, device->address & 7, device->vendor_id, device->device_id,
              pci_class_name((uint8_t)(device->class_revision >> 24), (uint8_t)(device->class_revision >> 16)),
              device->msi_capability != 0 ? ", MSI" : "", device->msix_capability != 0 ? ", MSI-X" : "");
    }
}

void show_platform(struct text_output *out, const struct hardware_info *hardware)
{
    print(out, "Platform: ");
    if (hardware->rsdp_address != 0) {
        print(out, "ACPI, RSDP at 0x%llx\n", (unsigned long long)hardware->rsdp_address);
    } else {
        print(out, "no ACPI\n");
    }
    show_platform_devices(out, hardware);
    if (hardware->tpm_start_method != 0) {
        print(out, "  TPM 2.0        start method %u, control area 0x%llx\n", (unsigned int)hardware->tpm_start_method,
              (unsigned long long)hardware->tpm_control_area);
    }
    print(out, "  random numbers %u bits credited", (unsigned int)hardware->entropy.credited);
    if (hardware->entropy.sources != 0) {
        print(out, " to: ");
        show_entropy_sources(out, hardware->entropy.sources);
    }
    print(out, "; added without credit: ");
    show_entropy_sources(out, hardware->entropy.added & ~hardware->entropy.sources);
    print(out, "; seeds for %u programs\n", (unsigned int)hardware->entropy.seeds);
    uint32_t count = at_most(hardware->ecam_count, HARDWARE_MAX_ECAM);
    for (uint32_t i = 0; i < count; i++) {
        const struct hardware_ecam *ecam = &hardware->ecams[i];
        print(out, "  PCI ECAM       at 0x%llx, segment %u, buses %u to %u\n", (unsigned long long)ecam->address,
              ecam->segment, ecam->first_bus, ecam->last_bus);
    }
}

static void show_hash(struct text_output *out, const uint8_t hash[64])
{
    for (int i = 0; i < 64; i++) {
        print(out, i == 31 ? "%02x\n                 " : "%02x", hash[i]);
    }
    print(out, "\n");
}

void show_firmware(struct text_output *out, const struct hardware_info *hardware)
{
    print(out, "Firmware: %s, loaded by ", firmware_name(hardware->firmware));
    print_untrusted(out, hardware->boot_loader, sizeof(hardware->boot_loader), 0);
    print(out, " (%s)\n  command line   ", protocol_name(hardware->boot_protocol));
    print_untrusted(out, hardware->command_line, sizeof(hardware->command_line), 0);
    print(out, "\n  system         ");
    print_untrusted(out, hardware->system_name, sizeof(hardware->system_name), 0);
    print(out, ", payload ");
    show_size(out, hardware->payload_size);
    print(out, " at 0x%llx\n  SHA-512        ", (unsigned long long)hardware->payload_address);
    show_hash(out, hardware->payload_hash);
    if (hardware->framebuffer_address != 0) {
        print(out, "  frame buffer   %ux%u, %u bits, at 0x%llx\n", (unsigned int)hardware->framebuffer_width,
              (unsigned int)hardware->framebuffer_height, (unsigned int)hardware->framebuffer_bits,
              (unsigned long long)hardware->framebuffer_address);
    }
}

void show_raw_boot(struct text_output *out, const struct hardware_info *hardware)
{
    print(out, "boot.payload_size %llu\nboot.hash_ticks %llu\nboot.signature_ticks %llu\n",
          (unsigned long long)hardware->payload_size, (unsigned long long)hardware->hash_cycles,
          (unsigned long long)hardware->verification.signature_cycles);
}
