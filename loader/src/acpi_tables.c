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

static uint64_t scan_for_rsdp(const struct physical_memory *memory, uint64_t start, uint64_t size)
{
    const uint8_t *area = physical_at(memory, start, size);
    for (uint64_t offset = 0; area != NULL && size - offset >= RSDP_SIZE_V2; offset += 16) {
        if (acpi_rsdp_valid(area + offset, RSDP_SIZE_V2)) {
            return start + offset;
        }
    }
    return 0;
}

uint64_t acpi_find_rsdp(const struct physical_memory *memory)
{
    const uint8_t *segment = physical_at(memory, 0x40e, 2); /* BIOS data area: segment of the EBDA */
    uint64_t ebda = segment == NULL ? 0 : (uint64_t)read_u16(segment) << 4;
    uint64_t found = ebda >= 0x80000 && ebda <= 0x9fc00 ? scan_for_rsdp(memory, ebda, 0x400) : 0;
    return found != 0 ? found : scan_for_rsdp(memory, 0xe0000, 0x20000);
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

static bool has_signature(struct acpi_table table, const char *signature)
{
    return table.bytes != NULL && memcmp(table.bytes, signature, 4) == 0;
}

/* A field of a GAS points to the HPET's registers (IA-PC HPET 1.0a, section 3.2.4). */
void acpi_read_hpet(struct acpi_table hpet, struct hardware_info *hardware)
{
    if (hpet.length >= 56 && hpet.bytes[40] == 0) {
        hardware->arch.hpet_address = read_u64(hpet.bytes + 44);
    }
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

/* What comes once; the first of each is taken. */
struct found_tables {
    bool madt, mcfg, fadt, hpet, tpm2;
    uint64_t dsdt;
};

static void read_table(struct acpi_table table, struct found_tables *found, struct hardware_info *hardware,
                       struct acpi_fixed *fixed)
{
    if (has_signature(table, "APIC") && !found->madt) {
        found->madt = true;
        acpi_read_madt(table, hardware);
    } else if (has_signature(table, "MCFG") && !found->mcfg) {
        found->mcfg = true;
        acpi_read_mcfg(table, hardware);
    } else if (has_signature(table, "FACP") && !found->fadt) {
        found->fadt = true;
        found->dsdt = acpi_read_fadt(table, hardware, fixed);
    } else if (has_signature(table, "HPET") && !found->hpet) {
        found->hpet = true;
        acpi_read_hpet(table, hardware);
    } else if (has_signature(table, "TPM2") && !found->tpm2) {
        found->tpm2 = true;
        acpi_read_tpm2(table, hardware);
    }
}

/* Other tables need not even be looked at. */
static bool is_wanted(const uint8_t *signature)
{
    static const char *const wanted[] = {"APIC", "MCFG", "FACP", "HPET", "TPM2"};
    for (uint32_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (memcmp(signature, wanted[i], 4) == 0) {
            return true;
        }
    }
    return false;
}

/* _S5_ is mostly in the DSDT; some firmware has it in an SSDT. */
static void find_s5(const struct physical_memory *memory, struct acpi_table root, uint32_t entry_size, uint64_t dsdt,
                    struct hardware_info *hardware)
{
    struct acpi_table table = {0};
    if (dsdt != 0) {
        table = acpi_table_at(memory, dsdt);
    }
    if (has_signature(table, "DSDT") && acpi_read_s5(table, hardware)) {
        return;
    }
    uint32_t count = (root.length - TABLE_HEADER_SIZE) / entry_size;
    for (uint32_t i = 0; i < count && i < MAX_ROOT_ENTRIES; i++) {
        const uint8_t *entry = root.bytes + TABLE_HEADER_SIZE + i * entry_size;
        uint64_t address = entry_size == 8 ? read_u64(entry) : read_u32(entry);
        const uint8_t *signature = address == 0 ? NULL : physical_at(memory, address, 4);
        if (signature != NULL && memcmp(signature, "SSDT", 4) == 0) {
            table = acpi_table_at(memory, address);
            if (table.bytes != NULL && acpi_read_s5(table, hardware)) {
                return;
            }
        }
    }
}

bool acpi_read(const struct physical_memory *memory, const uint8_t *rsdp, uint32_t rsdp_size,
               struct hardware_info *hardware, struct acpi_fixed *fixed)
{
    if (!acpi_rsdp_valid(rsdp, rsdp_size)) {
        log_warning("ACPI: the RSDP has a wrong checksum");
        return false;
    }
    struct acpi_table root = {0};
    uint32_t entry_size = 8;
    if (rsdp[15] >= 2 && read_u64(rsdp + 24) != 0) {
        root = acpi_table_at(memory, read_u64(rsdp + 24));
    }
    if (!has_signature(root, "XSDT")) {
        entry_size = 4;
        root = acpi_table_at(memory, read_u32(rsdp + 16));
        if (!has_signature(root, "RSDT")) {
            return false;
        }
    }
    struct found_tables found = {0};
    uint32_t count = (root.length - TABLE_HEADER_SIZE) / entry_size;
    if (count > MAX_ROOT_ENTRIES) {
        log_warning("ACPI: more than %u tables", MAX_ROOT_ENTRIES);
        count = MAX_ROOT_ENTRIES;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = root.bytes + TABLE_HEADER_SIZE + i * entry_size;
        uint64_t address = entry_size == 8 ? read_u64(entry) : read_u32(entry);
        const uint8_t *signature = address == 0 ? NULL : physical_at(memory, address, 4);
        if (signature != NULL && is_wanted(signature)) {
            read_table(acpi_table_at(memory, address), &found, hardware, fixed);
        }
    }
    find_s5(memory, root, entry_size, found.dsdt, hardware);
    return true;
}
