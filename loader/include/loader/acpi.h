/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables (ACPI specification 6.4, chapter 5): finding them, and those that all
 * architectures have. The others are in loader_arch/acpi.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loader/physical.h>
#include <skyscope/boot_info.h>

/* A table that was found whole and with a right checksum. */
struct acpi_table {
    const uint8_t *bytes; /* NULL: none */
    uint32_t length;
};

/* The table of tables: XSDT or RSDT. */
struct acpi_root {
    struct acpi_table table;
    uint32_t entry_size, count;
};

/* Whether these bytes (20 or 36, as they say) are an RSDP. */
bool acpi_rsdp_valid(const uint8_t *rsdp, uint32_t size);
/* Finds the root table that the RSDP leads to. False, with a warning if the RSDP
 * is wrong, if there is none. */
bool acpi_find_root(const struct physical_memory *memory, const uint8_t *rsdp, uint32_t rsdp_size,
                    struct acpi_root *root);

/* The table at an address; with a warning none if it is not right. */
struct acpi_table acpi_table_at(const struct physical_memory *memory, uint64_t address);
bool acpi_has_signature(struct acpi_table table, const char *signature);
/* The next right table with a signature, from the root's entry *position on, which
 * is moved behind it. Wrong ones are left out with a warning. */
struct acpi_table acpi_next_table(const struct physical_memory *memory, const struct acpi_root *root,
                                  const char *signature, uint32_t *position);
struct acpi_table acpi_first_table(const struct physical_memory *memory, const struct acpi_root *root,
                                   const char *signature);

void acpi_read_mcfg(struct acpi_table mcfg, struct hardware_info *hardware);
void acpi_read_tpm2(struct acpi_table tpm2, struct hardware_info *hardware);
