/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci_class.h"

#include <stddef.h>

struct class_name {
    uint8_t class_code;
    uint8_t subclass; /* ANY: all others of the class */
    const char *name;
};

#define ANY 0xff

/* A class's ANY entry comes after its particular ones. */
static const struct class_name names[] = {
    {0x00, 0x01, "VGA-compatible device"},
    {0x00, ANY, "unclassified device"},
    {0x01, 0x00, "SCSI controller"},
    {0x01, 0x01, "IDE controller"},
    {0x01, 0x04, "RAID controller"},
    {0x01, 0x06, "SATA controller"},
    {0x01, 0x07, "SAS controller"},
    {0x01, 0x08, "NVMe controller"},
    {0x01, ANY, "storage controller"},
    {0x02, 0x00, "Ethernet controller"},
    {0x02, ANY, "network controller"},
    {0x03, 0x00, "VGA controller"},
    {0x03, ANY, "display controller"},
    {0x04, 0x03, "audio device"},
    {0x04, ANY, "multimedia device"},
    {0x05, ANY, "memory controller"},
    {0x06, 0x00, "host bridge"},
    {0x06, 0x01, "ISA bridge"},
    {0x06, 0x04, "PCI bridge"},
    {0x06, ANY, "bridge"},
    {0x07, 0x00, "serial controller"},
    {0x07, ANY, "communication controller"},
    {0x08, 0x06, "IOMMU"},
    {0x08, ANY, "system peripheral"},
    {0x09, ANY, "input device"},
    {0x0a, ANY, "docking station"},
    {0x0b, ANY, "processor"},
    {0x0c, 0x03, "USB controller"},
    {0x0c, 0x05, "SMBus controller"},
    {0x0c, ANY, "serial bus controller"},
    {0x0d, ANY, "wireless controller"},
    {0x0e, ANY, "intelligent controller"},
    {0x0f, ANY, "satellite communication controller"},
    {0x10, ANY, "encryption controller"},
    {0x11, ANY, "signal processing controller"},
    {0x12, ANY, "processing accelerator"},
};

const char *pci_class_name(uint8_t class_code, uint8_t subclass)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].class_code == class_code && (names[i].subclass == subclass || names[i].subclass == ANY)) {
            return names[i].name;
        }
    }
    return "device of unknown class";
}
