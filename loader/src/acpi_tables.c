/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the tables: RSDP, RSDT and XSDT (ACPI 6.4, sections 5.2.5 to 5.2.8). */
#include <loader/acpi.h>

#include <base/memory.h>
#include <loader/log.h>

#define TABLE_HEADER_SIZE 36u
#define TABLE_MAX_SIZE    0x1000000u
#define RSDP_SIZE_V1      20u
#define RSDP_SIZE_V2      36u
#define MAX_ROOT_ENTRIES  1024u

static uint8_t byte_sum(const uint8_t *bytes, uint32_t size)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum;
}

bool acpi_rsdp_valid(const uint8_t *rsdp, uint32_t size)
{
    if (size < RSDP_SIZE_V1 || memcmp(rsdp, "RSD PTR ", 8) != 0 || byte_sum(rsdp, RSDP_SIZE_V1) != 0) {
        return false;
    }
    /* Revision 2 and later: the extended part has its own checksum. */
    return rsdp[15] < 2 || (size >= RSDP_SIZE_V2 && byte_sum(rsdp, RSDP_SIZE_V2) == 0);
}

struct acpi_table acpi_table_at(const struct physical_memory *memory, uint64_t address)
{
    struct acpi_table none = {.bytes = NULL, .length = 0};
    const uint8_t *header = address == 0 ? NULL : physical_at(memory, address, TABLE_HEADER_SIZE);
    if (header == NULL) {
        log_warning("ACPI: a table at 0x%llx does not lie in memory", (unsigned long long)address);
        return none;
    }
    char name[5] = {0};
    for (int i = 0; i < 4; i++) {
        name[i] = header[i] >= ' ' && header[i] <= '~' ? (char)header[i] : '?';
    }
    uint32_t length = read_u32(header + 4);
    if (length < TABLE_HEADER_SIZE || length > TABLE_MAX_SIZE || physical_at(memory, address, length) == NULL) {
        log_warning("ACPI: table %s has a wrong length (%u bytes)", name, length);
        return none;
    }
    if (byte_sum(header, length) != 0) {
        log_warning("ACPI: table %s has a wrong checksum", name);
        return none;
    }
    return (struct acpi_table){.bytes = header, .length = length};
}

bool acpi_has_signature(struct acpi_table table, const char *signature)
{
    return table.bytes != NULL && memcmp(table.bytes, signature, 4) == 0;
}

/* PCI Firmware specification 3.0, section 4.1.2. */
void acpi_read_mcfg(struct acpi_table mcfg, struct hardware_info *hardware)
{
    for (uint32_t offset = 44; mcfg.length >= 16 && offset <= mcfg.length - 16; offset += 16) {
        const uint8_t *entry = mcfg.bytes + offset;
        uint64_t address = read_u64(entry);
        if (address == 0 || address % 0x100000 != 0 || entry[10] > entry[11]) {
            log_warning("ACPI: MCFG has a wrong entry");
            continue;
        }
        if (hardware->ecam_count == HARDWARE_MAX_ECAM) {
            log_warning("more than %u PCI segments", HARDWARE_MAX_ECAM);
            return;
        }
        hardware->ecams[hardware->ecam_count++] = (struct hardware_ecam){
            .address = address, .segment = read_u16(entry + 8), .first_bus = entry[10], .last_bus = entry[11]};
    }
}

/* TCG ACPI Specification 1.4, section 8: where the TPM 2.0 is and how it is spoken to. */
void acpi_read_tpm2(struct acpi_table tpm2, struct hardware_info *hardware)
{
    if (tpm2.length < 52) {
        log_warning("ACPI: the TPM2 table is too short");
        return;
    }
    hardware->tpm_control_area = read_u64(tpm2.bytes + 40);
    hardware->tpm_start_method = read_u32(tpm2.bytes + 48);
}

bool acpi_find_root(const struct physical_memory *memory, const uint8_t *rsdp, uint32_t rsdp_size,
                    struct acpi_root *root)
{
    if (!acpi_rsdp_valid(rsdp, rsdp_size)) {
        log_warning("ACPI: the RSDP has a wrong checksum");
        return false;
    }
    *root = (struct acpi_root){.entry_size = 8};
    if (rsdp[15] >= 2 && read_u64(rsdp + 24) != 0) {
        root->table = acpi_table_at(memory, read_u64(rsdp + 24));
    }
    if (!acpi_has_signature(root->table, "XSDT")) {
        root->entry_size = 4;
        root->table = acpi_table_at(memory, read_u32(rsdp + 16));
        if (!acpi_has_signature(root->table, "RSDT")) {
            return false;
        }
    }
    root->count = (root->table.length - TABLE_HEADER_SIZE) / root->entry_size;
    if (root->count > MAX_ROOT_ENTRIES) {
        log_warning("ACPI: more than %u tables", MAX_ROOT_ENTRIES);
        root->count = MAX_ROOT_ENTRIES;
    }
    return true;
}

struct acpi_table acpi_next_table(const struct physical_memory *memory, const struct acpi_root *root,
                                  const char *signature, uint32_t *position)
{
    while (*position < root->count) {
        const uint8_t *entry = root->table.bytes + TABLE_HEADER_SIZE + (*position)++ * root->entry_size;
        uint64_t address = root->entry_size == 8 ? read_u64(entry) : read_u32(entry);
        /* Tables that nobody wants need not even be looked at. */
        const uint8_t *found = address == 0 ? NULL : physical_at(memory, address, 4);
        if (found == NULL || memcmp(found, signature, 4) != 0) {
            continue;
        }
        struct acpi_table table = acpi_table_at(memory, address);
        if (table.bytes != NULL) {
            return table;
        }
    }
    return (struct acpi_table){.bytes = NULL, .length = 0};
}

struct acpi_table acpi_first_table(const struct physical_memory *memory, const struct acpi_root *root,
                                   const char *signature)
{
    uint32_t position = 0;
    return acpi_next_table(memory, root, signature, &position);
}
