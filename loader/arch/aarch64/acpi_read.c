/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of an AArch64 machine but for the MADT (ACPI 6.4; Arm Base Boot Requirements, section 8.4). */
#include <loader_arch/acpi.h>

#include <loader/log.h>

#define FIRST_PPI 16u
#define FIRST_SPI 32u
#define LAST_SPI  1019u

/* GTDT (ACPI 6.4, section 5.2.25): an interrupt and flags for each timer. */
enum gtdt_layout { GTDT_PHYSICAL = 56, GTDT_VIRTUAL = 64, GTDT_HYPER = 72, GTDT_END = 80 };
#define TIMER_EDGE 1u

static struct hardware_interrupt timer_interrupt(const uint8_t *field)
{
    struct hardware_interrupt interrupt = {0};
    uint32_t intid = read_u32(field);
    if (intid >= FIRST_PPI && intid < FIRST_SPI) {
        interrupt = (struct hardware_interrupt){.intid = intid, .edge = (read_u32(field + 4) & TIMER_EDGE) != 0};
    }
    return interrupt;
}

void acpi_read_gtdt(struct acpi_table gtdt, struct hardware_arch *hardware)
{
    if (gtdt.length < GTDT_END) {
        log_warning("ACPI: the GTDT is too short");
        return;
    }
    hardware->physical_timer = timer_interrupt(gtdt.bytes + GTDT_PHYSICAL);
    hardware->virtual_timer = timer_interrupt(gtdt.bytes + GTDT_VIRTUAL);
    hardware->hyper_timer = timer_interrupt(gtdt.bytes + GTDT_HYPER);
}

/* SPCR (Microsoft, Serial Port Console Redirection Table, revision 4). */
enum spcr_layout {
    SPCR_TYPE = 36,
    SPCR_SPACE = 40, /* of a generic address structure */
    SPCR_ADDRESS = 44,
    SPCR_INTERRUPT_TYPE = 52,
    SPCR_INTERRUPT = 54,
    SPCR_CLOCK = 76, /* since revision 3 */
    SPCR_END = 80,
};
#define SPCR_PL011         0x03u
#define SPCR_SBSA_32       0x0du
#define SPCR_SBSA          0x0eu
#define SPCR_INTERRUPT_GIC 8u
#define SPCR_REVISION      8u
#define PL011_SIZE         0x1000u

void acpi_read_spcr(struct acpi_table spcr, struct hardware_arch *hardware)
{
    if (spcr.length < SPCR_END) {
        log_warning("ACPI: the SPCR is too short");
        return;
    }
    const uint8_t *bytes = spcr.bytes;
    uint32_t type = bytes[SPCR_TYPE];
    uint64_t address = read_u64(bytes + SPCR_ADDRESS);
    if ((type != SPCR_PL011 && type != SPCR_SBSA_32 && type != SPCR_SBSA) || bytes[SPCR_SPACE] != 0 || address == 0) {
        log_warning("ACPI: the SPCR names a serial port that the loader does not know (type %u)", type);
        return;
    }
    hardware->uart = (struct hardware_range){.address = address, .size = PL011_SIZE};
    hardware->uart_kind = HARDWARE_UART_PL011;
    hardware->uart_clock = bytes[SPCR_REVISION] >= 3 ? read_u32(bytes + SPCR_CLOCK) : 0;
    uint32_t intid = read_u32(bytes + SPCR_INTERRUPT);
    if ((bytes[SPCR_INTERRUPT_TYPE] & SPCR_INTERRUPT_GIC) != 0 && intid >= FIRST_SPI && intid <= LAST_SPI) {
        hardware->uart_interrupt = (struct hardware_interrupt){.intid = intid, .edge = 0};
    }
}

/* FADT, ARM boot architecture flags (ACPI 6.4, section 5.2.9.4). */
#define FADT_ARM_BOOT 129u
#define FADT_END      131u
#define ARM_BOOT_PSCI 1u
#define ARM_BOOT_HVC  2u

void acpi_read_fadt(struct acpi_table fadt, struct hardware_arch *hardware)
{
    uint32_t flags = fadt.length < FADT_END ? 0 : read_u16(fadt.bytes + FADT_ARM_BOOT);
    if ((flags & ARM_BOOT_PSCI) != 0) {
        hardware->psci_conduit = (flags & ARM_BOOT_HVC) != 0 ? HARDWARE_PSCI_HVC : HARDWARE_PSCI_SMC;
    }
}

/* IORT (Arm DEN 0049): SMMUv3 nodes. */
enum iort_layout { IORT_NODE_COUNT = 36, IORT_FIRST_NODE = 40, IORT_END = 48 };
enum smmu_layout { SMMU_BASE = 16, SMMU_EVENT = 44, SMMU_ERROR = 52, SMMU_SYNC = 56, SMMU_END = 60 };
#define IORT_NODE_HEADER 16u
#define IORT_SMMU_V3     4u
#define SMMU_SIZE        0x20000u

static uint32_t spi(const uint8_t *field)
{
    uint32_t intid = read_u32(field);
    return intid >= FIRST_SPI && intid <= LAST_SPI ? intid : 0;
}

static void add_smmu(const uint8_t *node, struct hardware_arch *hardware)
{
    if (hardware->smmu_count == HARDWARE_MAX_SMMUS) {
        log_warning("more than %u SMMUs", HARDWARE_MAX_SMMUS);
        return;
    }
    hardware->smmus[hardware->smmu_count++] =
        (struct hardware_smmu){.registers = {.address = read_u64(node + SMMU_BASE), .size = SMMU_SIZE},
                               .version = 3,
                               .event_interrupt = spi(node + SMMU_EVENT),
                               .error_interrupt = spi(node + SMMU_ERROR),
                               .command_interrupt = spi(node + SMMU_SYNC)};
}

void acpi_read_iort(struct acpi_table iort, struct hardware_arch *hardware)
{
    if (iort.length < IORT_END) {
        log_warning("ACPI: the IORT is too short");
        return;
    }
    uint32_t count = read_u32(iort.bytes + IORT_NODE_COUNT);
    uint32_t offset = read_u32(iort.bytes + IORT_FIRST_NODE);
    for (uint32_t i = 0; i < count; i++) {
        if (offset > iort.length || iort.length - offset < IORT_NODE_HEADER) {
            log_warning("ACPI: the IORT ends before its nodes do");
            return;
        }
        const uint8_t *node = iort.bytes + offset;
        uint32_t length = read_u16(node + 1);
        if (length < IORT_NODE_HEADER || length > iort.length - offset) {
            log_warning("ACPI: the IORT has a wrong node at byte %u", offset);
            return;
        }
        if (node[0] == IORT_SMMU_V3 && length >= SMMU_END && read_u64(node + SMMU_BASE) != 0) {
            add_smmu(node, hardware);
        }
        offset += length;
    }
}

bool acpi_read_console(const struct physical_memory *memory, const uint8_t *rsdp, uint32_t rsdp_size,
                       struct hardware_arch *hardware)
{
    struct acpi_root root;
    if (!acpi_find_root(memory, rsdp, rsdp_size, &root)) {
        return false;
    }
    struct acpi_table table = acpi_first_table(memory, &root, "SPCR");
    if (table.bytes != NULL) {
        acpi_read_spcr(table, hardware);
    }
    return true;
}

bool acpi_read(const struct physical_memory *memory, const uint8_t *rsdp, uint32_t rsdp_size,
               struct hardware_info *hardware)
{
    struct acpi_root root;
    if (!acpi_find_root(memory, rsdp, rsdp_size, &root)) {
        return false;
    }
    struct acpi_table table = acpi_first_table(memory, &root, "APIC");
    if (table.bytes != NULL) {
        acpi_read_madt(table, hardware);
    }
    table = acpi_first_table(memory, &root, "GTDT");
    if (table.bytes != NULL) {
        acpi_read_gtdt(table, &hardware->arch);
    }
    table = acpi_first_table(memory, &root, "SPCR");
    if (table.bytes != NULL) {
        acpi_read_spcr(table, &hardware->arch);
    }
    table = acpi_first_table(memory, &root, "FACP");
    if (table.bytes != NULL) {
        acpi_read_fadt(table, &hardware->arch);
    }
    table = acpi_first_table(memory, &root, "IORT");
    if (table.bytes != NULL) {
        acpi_read_iort(table, &hardware->arch);
    }
    table = acpi_first_table(memory, &root, "MCFG");
    if (table.bytes != NULL) {
        acpi_read_mcfg(table, hardware);
    }
    table = acpi_first_table(memory, &root, "TPM2");
    if (table.bytes != NULL) {
        acpi_read_tpm2(table, hardware);
    }
    return true;
}
