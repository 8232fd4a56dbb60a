/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables of AArch64 machines, read into hardware_info. Wrong tables and
 * entries are left out with a warning. */
#pragma once

#include <loader/acpi.h>

/* Reads MADT, GTDT, SPCR, FADT, IORT, MCFG and TPM2 from the tables that the RSDP
 * leads to. False if there is no root table. */
bool acpi_read(const struct physical_memory *memory, const uint8_t *rsdp, uint32_t rsdp_size,
               struct hardware_info *hardware);
/* Only the console; what acpi_read() does, too. */
bool acpi_read_console(const struct physical_memory *memory, const uint8_t *rsdp, uint32_t rsdp_size,
                       struct hardware_arch *hardware);

/* Parts of the above. */
void acpi_read_madt(struct acpi_table madt, struct hardware_info *hardware);
void acpi_read_gtdt(struct acpi_table gtdt, struct hardware_arch *hardware);
void acpi_read_spcr(struct acpi_table spcr, struct hardware_arch *hardware);
void acpi_read_fadt(struct acpi_table fadt, struct hardware_arch *hardware);
void acpi_read_iort(struct acpi_table iort, struct hardware_arch *hardware);
