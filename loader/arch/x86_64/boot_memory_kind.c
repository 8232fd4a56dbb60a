/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader_arch/boot_protocols.h>

uint32_t boot_memory_kind(uint32_t e820_type)
{
    switch (e820_type) {
    case 1:
        return HARDWARE_MEMORY_USABLE;
    case 3:
        return HARDWARE_MEMORY_ACPI_RECLAIMABLE;
    case 4:
        return HARDWARE_MEMORY_ACPI_NVS;
    case 5:
        return HARDWARE_MEMORY_BAD;
    default:
        return HARDWARE_MEMORY_RESERVED;
    }
}
