/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space in memory (PCI Express Base 3.0, section 7.2.2). */
#include <loader/log.h>
#include <loader/machine.h>
#include <loader/pci.h>

static uintptr_t ecam_location(const struct pci_access *access, uint32_t address, uint32_t offset)
{
    return access->ecam_address + ((uint64_t)address << 12) + offset;
}

static uint32_t ecam_read(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width)
{
    uintptr_t location = ecam_location(access, address, offset);
    return width == 1   ? *(volatile uint8_t *)location
           : width == 2 ? *(volatile uint16_t *)location
                        : *(volatile uint32_t *)location;
}

static void ecam_write(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width,
                       uint32_t value)
{
    uintptr_t location = ecam_location(access, address, offset);
    if (width == 1) {
        *(volatile uint8_t *)location = (uint8_t)value;
    } else if (width == 2) {
        *(volatile uint16_t *)location = (uint16_t)value;
    } else {
        *(volatile uint32_t *)location = value;
    }
}

bool pci_scan_ecams(struct hardware_info *hardware)
{
    bool segment0 = false;
    for (uint32_t i = 0; i < hardware->ecam_count; i++) {
        const struct hardware_ecam *ecam = &hardware->ecams[i];
        /* The address is that of bus 0, whatever the first bus is. */
        uint64_t first = ecam->address + ((uint64_t)ecam->first_bus << 20);
        if (!device_reach(first, ((uint64_t)ecam->last_bus - ecam->first_bus + 1) << 20)) {
            log_warning("PCI segment %u at 0x%llx cannot be reached", ecam->segment, (unsigned long long)ecam->address);
            continue;
        }
        struct pci_access access = {
            .read = ecam_read,
            .write = ecam_write,
            .ecam_address = ecam->address,
            .segment = ecam->segment,
            .first_bus = ecam->first_bus,
            .last_bus = ecam->last_bus,
        };
        pci_scan(&access, hardware);
        segment0 = segment0 || ecam->segment == 0;
    }
    return segment0;
}
