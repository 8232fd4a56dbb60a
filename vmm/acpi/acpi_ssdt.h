/* SPDX-License-Identifier: BSD-2-Clause */
/* AML of the secondary system description table: the virtio-mmio transports that this VM has (ACPI 6.4 ch. 20). */
#pragma once

#include <vmm/devices/acpi_tables.h>

/* Bytes of AML that acpi_ssdt_write() makes. */
uint32_t acpi_ssdt_size(uint32_t transport_count);
/* Writes a device LNRO0005 in \_SB for each transport. */
void acpi_ssdt_write(uint8_t *aml, const struct acpi_virtio_mmio *transports, uint32_t count);
