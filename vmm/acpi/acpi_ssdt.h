/* SPDX-License-Identifier: BSD-2-Clause */
/* AML of the secondary system description table, which says what this VM has and others have not (ACPI 6.4 ch. 20):
 * virtio-mmio transports, and PCI slots whose devices come and go. */
#pragma once

#include <vmm/devices/acpi_tables.h>

/* Writes a device LNRO0005 in \_SB for each transport, a device with _EJ0 in \_SB.PCI0 for each slot. Returns the bytes
 * that it takes; aml NULL: only that. */
uint32_t acpi_ssdt_write(uint8_t *aml, const struct acpi_tables_config *config);
