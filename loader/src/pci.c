/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI Local Bus specification 3.0, chapter 6; PCI Express Base 3.0, section 7.2. */
#include <loader/pci.h>

#include <stdbool.h>

#include <base/memory.h>
#include <loader/log.h>

enum configuration_space {
    PCI_VENDOR = 0x00,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_CLASS_REVISION = 0x08,
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM = 0x2c,
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
};

#define COMMAND_DECODE        0x3u /* I/O and memory space */
#define STATUS_CAPABILITIES   0x10u
#define HEADER_MULTI_FUNCTION 0x80u
#define HEADER_TYPE_MASK      0x7fu
#define HEADER_TYPE_DEVICE    0u
#define CAPABILITY_MSI        0x05u
#define CAPABILITY_MSIX       0x11u
#define CLASS_BRIDGE          0x06u
#define CLASS_SYSTEM          0x08u
#define BAR_IO                1u
#define BAR_TYPE_MASK         6u
#define BAR_TYPE_64BIT        4u
#define BAR_PREFETCHABLE      8u
#define FLAG_IO               1u
#define FLAG_64BIT            2u
#define FLAG_PREFETCHABLE     4u

static uint32_t read_config(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width)
{
    return access->read(access, address, offset, width);
}

static void write_config(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width,
                         uint32_t value)
{
    access->write(access, address, offset, width, value);
}

/* Writes all ones, reads which bits stay, and puts the old value back. */
static uint32_t size_mask(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t old)
{
    write_config(access, address, offset, 4, 0xffffffffu);
    uint32_t mask = read_config(access, address, offset, 4);
    write_config(access, address, offset, 4, old);
    return mask;
}

/* Reads BAR number `index`; returns how many BAR registers it takes (1 or 2). */
static uint32_t read_bar(const struct pci_access *access, uint32_t address, uint32_t index,
                         struct hardware_pci_bar *bar)
{
    uint32_t offset = PCI_BAR0 + 4 * index;
    uint32_t low = read_config(access, address, offset, 4);
    uint32_t low_mask = size_mask(access, address, offset, low);
    if (low_mask == 0 || low_mask == 0xffffffffu) {
        return 1; /* not implemented, or no device behind it */
    }
    if ((low & BAR_IO) != 0) {
        uint32_t mask = low_mask & ~3u;
        mask |= (mask & 0xffff0000u) == 0 ? 0xffff0000u : 0; /* devices may decode 16 bits only */
        bar->address = low & ~3u;
        bar->size = mask == 0xffff0000u ? 0 : (uint32_t)(~mask + 1);
        bar->flags = FLAG_IO;
    } else if ((low & BAR_TYPE_MASK) == BAR_TYPE_64BIT && index < 5) {
        uint32_t high = read_config(access, address, offset + 4, 4);
        uint32_t high_mask = size_mask(access, address, offset + 4, high);
        bar->address = (uint64_t)high << 32 | (low & ~15u);
        bar->size = ~((uint64_t)high_mask << 32 | (low_mask & ~15u)) + 1;
        bar->flags = FLAG_64BIT | ((low & BAR_PREFETCHABLE) != 0 ? FLAG_PREFETCHABLE : 0);
    } else {
        bar->address = low & ~15u;
        bar->size = (uint32_t)(~(low_mask & ~15u) + 1);
        bar->flags = (low & BAR_PREFETCHABLE) != 0 ? FLAG_PREFETCHABLE : 0;
    }
    if (bar->address == 0 || bar->size == 0) {
        uint32_t flags = bar->flags;
        *bar = (struct hardware_pci_bar){0}; /* the firmware gave it no address */
        return (flags & FLAG_64BIT) != 0 ? 2 : 1;
    }
    return (bar->flags & FLAG_64BIT) != 0 ? 2 : 1;
}

/* Bridges forward to others and some system devices must not be switched off for a moment. */
static bool may_measure(const struct hardware_pci_device *device)
{
    uint32_t class_code = device->class_revision >> 24;
    return device->header_type == HEADER_TYPE_DEVICE && class_code != CLASS_BRIDGE && class_code != CLASS_SYSTEM;
}

static void read_bars(const struct pci_access *access, uint32_t address, struct hardware_pci_device *device)
{
    uint32_t command = read_config(access, address, PCI_COMMAND, 2);
    write_config(access, address, PCI_COMMAND, 2, command & ~COMMAND_DECODE);
    for (uint32_t i = 0; i < 6;) {
        i += read_bar(access, address, i, &device->bars[i]);
    }
    write_config(access, address, PCI_COMMAND, 2, command);
}

static void read_capabilities(const struct pci_access *access, uint32_t address, struct hardware_pci_device *device)
{
    if ((read_config(access, address, PCI_STATUS, 2) & STATUS_CAPABILITIES) == 0) {
        return;
    }
    uint32_t offset = read_config(access, address, PCI_CAPABILITIES, 1) & 0xfcu;
    for (int left = 48; offset >= 0x40 && left > 0; left--) { /* a list cannot be longer */
        uint32_t header = read_config(access, address, offset, 2);
        if ((header & 0xff) == CAPABILITY_MSI) {
            device->msi_capability = (uint16_t)offset;
        } else if ((header & 0xff) == CAPABILITY_MSIX) {
            device->msix_capability = (uint16_t)offset;
        }
        offset = header >> 8 & 0xfcu;
    }
}

/* Adds a function if there is one. Returns its header type register, 0xff: none. */
static uint32_t scan_function(const struct pci_access *access, uint32_t address, struct hardware_info *hardware)
{
    uint32_t identifier = read_config(access, address, PCI_VENDOR, 4);
    if ((identifier & 0xffff) == 0xffff || (identifier & 0xffff) == 0) {
        return 0xff;
    }
    uint32_t header_type = read_config(access, address, PCI_HEADER_TYPE, 1);
    if (hardware->pci_count == HARDWARE_MAX_PCI) {
        return header_type;
    }
    struct hardware_pci_device *device = &hardware->pci[hardware->pci_count++];
    *device = (struct hardware_pci_device){
        .segment = access->segment,
        .address = (uint16_t)address,
        .vendor_id = (uint16_t)identifier,
        .device_id = (uint16_t)(identifier >> 16),
        .class_revision = read_config(access, address, PCI_CLASS_REVISION, 4),
        .header_type = (uint8_t)(header_type & HEADER_TYPE_MASK),
        .interrupt_pin = (uint8_t)read_config(access, address, PCI_INTERRUPT_PIN, 1),
        .interrupt_line = (uint8_t)read_config(access, address, PCI_INTERRUPT_LINE, 1),
    };
    if (device->header_type == HEADER_TYPE_DEVICE) {
        uint32_t subsystem = read_config(access, address, PCI_SUBSYSTEM, 4);
        device->subsystem_vendor_id = (uint16_t)subsystem;
        device->subsystem_id = (uint16_t)(subsystem >> 16);
    }
    if (may_measure(device)) {
        read_bars(access, address, device);
    }
    read_capabilities(access, address, device);
    return header_type;
}

void pci_scan(const struct pci_access *access, struct hardware_info *hardware)
{
    for (uint32_t bus = access->first_bus; bus <= access->last_bus; bus++) {
        for (uint32_t device = 0; device < 32; device++) {
            uint32_t address = bus << 8 | device << 3;
            uint32_t header_type = scan_function(access, address, hardware);
            bool more = header_type != 0xff && (header_type & HEADER_MULTI_FUNCTION) != 0;
            for (uint32_t function = 1; more && function < 8; function++) {
                scan_function(access, address | function, hardware);
            }
        }
    }
    if (hardware->pci_count == HARDWARE_MAX_PCI) {
        log_warning("more than %u PCI devices: the others are left out", HARDWARE_MAX_PCI);
    }
}
