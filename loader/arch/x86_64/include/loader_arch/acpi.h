/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables of PCs, read into hardware_info. */
#pragma once

#include <loader/acpi.h>

/* What the loader needs of ACPI beyond hardware_info. */
struct acpi_fixed {
    uint32_t smi_command_port; /* 0: none */
    uint8_t acpi_enable_value; /* 0: ACPI mode needs no switching on */
    uint8_t century_register;  /* of the real-time clock, 0: none */
    bool no_real_time_clock;
};

/* Looks for the RSDP in the BIOS areas (the EBDA's first KiB and
 * 0xe0000..0xfffff). Returns its address, or 0. */
uint64_t acpi_find_rsdp(const struct physical_memory *memory);

/* Reads MADT, MCFG, FADT, HPET, TPM2 and _S5_ from the tables that the RSDP leads to.
 * Wrong tables are left out with a warning. False if there is no root table. */
bool acpi_read(const struct physical_memory *memory, const uint8_t *rsdp, uint32_t rsdp_size,
               struct hardware_info *hardware, struct acpi_fixed *fixed);

/* Parts of the above, one per file. */
void acpi_read_madt(struct acpi_table madt, struct hardware_info *hardware);
void acpi_read_hpet(struct acpi_table hpet, struct hardware_info *hardware);
/* Returns the address of the DSDT, 0: none. */
uint64_t acpi_read_fadt(struct acpi_table fadt, struct hardware_info *hardware, struct acpi_fixed *fixed);
/* Looks for _S5_ in a DSDT or SSDT; true if found. */
bool acpi_read_s5(struct acpi_table definitions, struct hardware_info *hardware);
