/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of a PC (ACPI 6.4, section 5.2). */
#include <loader_arch/acpi.h>

#include <base/memory.h>
#include <loader/log.h>

#define RSDP_SIZE_V2 36u

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

/* A field of a GAS points to the HPET's registers (IA-PC HPET 1.0a, section 3.2.4). */
void acpi_read_hpet(struct acpi_table hpet, struct hardware_info *hardware)
{
    if (hpet.length >= 56 && hpet.bytes[40] == 0) {
        hardware->arch.hpet_address = read_u64(hpet.bytes + 44);
    }
}

/* _S5_ is mostly in the DSDT; some firmware has it in an SSDT. */
static void find_s5(const struct physical_memory *memory, const struct acpi_root *root, uint64_t dsdt,
                    struct hardware_info *hardware)
{
    struct acpi_table table = {0};
    if (dsdt != 0) {
        table = acpi_table_at(memory, dsdt);
    }
    if (acpi_has_signature(table, "DSDT") && acpi_read_s5(table, hardware)) {
        return;
    }
    uint32_t position = 0;
    do {
        table = acpi_next_table(memory, root, "SSDT", &position);
    } while (table.bytes != NULL && !acpi_read_s5(table, hardware));
}

bool acpi_read(const struct physical_memory *memory, const uint8_t *rsdp, uint32_t rsdp_size,
               struct hardware_info *hardware, struct acpi_fixed *fixed)
{
    struct acpi_root root;
    if (!acpi_find_root(memory, rsdp, rsdp_size, &root)) {
        return false;
    }
    uint64_t dsdt = 0;
    struct acpi_table table = acpi_first_table(memory, &root, "APIC");
    if (table.bytes != NULL) {
        acpi_read_madt(table, hardware);
    }
    table = acpi_first_table(memory, &root, "MCFG");
    if (table.bytes != NULL) {
        acpi_read_mcfg(table, hardware);
    }
    table = acpi_first_table(memory, &root, "FACP");
    if (table.bytes != NULL) {
        dsdt = acpi_read_fadt(table, hardware, fixed);
    }
    table = acpi_first_table(memory, &root, "HPET");
    if (table.bytes != NULL) {
        acpi_read_hpet(table, hardware);
    }
    table = acpi_first_table(memory, &root, "TPM2");
    if (table.bytes != NULL) {
        acpi_read_tpm2(table, hardware);
    }
    find_s5(memory, &root, dsdt, hardware);
    return true;
}
