/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiple APIC description table: CPUs and the parts of a GIC (ACPI 6.4, sections 5.2.12.14 to 5.2.12.18). */
#include <loader_arch/acpi.h>

#include <loader/log.h>
#include <loader_arch/cpu.h>

enum madt_entry {
    MADT_GICC = 11, /* a CPU and its interface */
    MADT_GICD = 12,
    MADT_MSI_FRAME = 13,
    MADT_GICR = 14,
    MADT_ITS = 15,
};

#define MADT_FIRST_ENTRY 44u

#define GICC_LENGTH     76u /* up to MPIDR, since ACPI 5.1 */
#define GICC_ENABLED    1u
#define GICC_EDGE       4u /* the maintenance interrupt */
#define MSI_FRAME_TELLS 1u /* the entry says which SPIs the frame has */
#define GICD_SIZE_V2    0x1000u
#define GICD_SIZE_V3    0x10000u
#define GICC_SIZE       0x2000u
#define GICH_SIZE       0x1000u
#define REDISTRIBUTOR   0x20000u /* bytes of one CPU's */
#define FIRST_PPI       16u
#define FIRST_SPI       32u

static void add_redistributors(struct hardware_arch *hardware, uint64_t address, uint64_t size)
{
    if (address == 0 || size == 0 || size > UINT64_MAX - address) {
        return;
    }
    for (uint32_t i = 0; i < hardware->redistributor_count; i++) {
        struct hardware_range *other = &hardware->redistributors[i];
        if (other->address + other->size == address) {
            other->size += size;
            return;
        }
    }
    if (hardware->redistributor_count == HARDWARE_MAX_GIC_REGIONS) {
        log_warning("more than %u regions of redistributors", HARDWARE_MAX_GIC_REGIONS);
        return;
    }
    hardware->redistributors[hardware->redistributor_count++] =
        (struct hardware_range){.address = address, .size = size};
}

static struct hardware_range range_of(const uint8_t *field, uint64_t size)
{
    uint64_t address = read_u64(field);
    return (struct hardware_range){.address = address, .size = address == 0 ? 0 : size};
}

static void add_cpu(struct hardware_info *hardware, const uint8_t *entry)
{
    struct hardware_arch *arch = &hardware->arch;
    if (hardware->cpu_count == HARDWARE_MAX_CPUS) {
        return;
    }
    /* A GICv2's are at the same addresses for all CPUs. */
    if (hardware->cpu_count == 0) {
        uint32_t maintenance = read_u32(entry + 56);
        arch->gicc = range_of(entry + 32, GICC_SIZE);
        arch->gicv = range_of(entry + 40, GICC_SIZE);
        arch->gich = range_of(entry + 48, GICH_SIZE);
        if (maintenance >= FIRST_PPI && maintenance < FIRST_SPI) {
            arch->maintenance =
                (struct hardware_interrupt){.intid = maintenance, .edge = (read_u32(entry + 12) & GICC_EDGE) != 0};
        }
    }
    add_redistributors(arch, read_u64(entry + 60), REDISTRIBUTOR);
    hardware->cpus[hardware->cpu_count++] =
        (struct hardware_cpu){.mpidr = read_u64(entry + 68) & MPIDR_AFFINITY, .acpi_id = read_u32(entry + 8)};
}

static void add_distributor(struct hardware_arch *hardware, const uint8_t *entry)
{
    if (hardware->distributor.address != 0) {
        log_warning("ACPI: the MADT has more than one GIC");
        return;
    }
    hardware->distributor = range_of(entry + 8, 0);
    hardware->gic_version = entry[20];
}

static void add_frame(struct hardware_arch *hardware, const uint8_t *entry)
{
    if (hardware->v2m.address != 0) {
        return;
    }
    hardware->v2m = range_of(entry + 8, 0x1000);
    if ((read_u32(entry + 16) & MSI_FRAME_TELLS) != 0) {
        hardware->v2m_spi_count = read_u16(entry + 20);
        hardware->v2m_first_spi = read_u16(entry + 22);
    }
}

static void add_its(struct hardware_arch *hardware, const uint8_t *entry)
{
    if (hardware->its_count == HARDWARE_MAX_ITS) {
        log_warning("more than %u interrupt translation services", HARDWARE_MAX_ITS);
        return;
    }
    hardware->its[hardware->its_count++] =
        (struct hardware_its){.address = read_u64(entry + 8), .id = read_u32(entry + 4)};
}

static void read_entry(const uint8_t *entry, uint32_t length, struct hardware_info *hardware)
{
    switch (entry[0]) {
    case MADT_GICC:
        if (length < GICC_LENGTH) {
            log_warning("ACPI: the MADT has a CPU without a number (before ACPI 5.1)");
        } else if ((read_u32(entry + 12) & GICC_ENABLED) != 0) {
            add_cpu(hardware, entry);
        }
        break;
    case MADT_GICD:
        if (length >= 24) {
            add_distributor(&hardware->arch, entry);
        }
        break;
    case MADT_MSI_FRAME:
        if (length >= 24) {
            add_frame(&hardware->arch, entry);
        }
        break;
    case MADT_GICR:
        if (length >= 16) {
            add_redistributors(&hardware->arch, read_u64(entry + 4), read_u32(entry + 12));
        }
        break;
    case MADT_ITS:
        if (length >= 20) {
            add_its(&hardware->arch, entry);
        }
        break;
    default:
        break;
    }
}

/* What follows from all entries together. Version 0: it is to be found out. */
static void complete(struct hardware_arch *hardware)
{
    if (hardware->distributor.address == 0) {
        log_warning("ACPI: the MADT has no GIC");
        hardware->gic_version = 0;
        return;
    }
    bool version3 = hardware->gic_version >= 3 || (hardware->gic_version == 0 && hardware->redistributor_count > 0);
    hardware->gic_version = version3 ? 3 : 2;
    hardware->distributor.size = version3 ? GICD_SIZE_V3 : GICD_SIZE_V2;
    if (version3 && hardware->redistributor_count == 0) {
        log_warning("ACPI: the MADT has no redistributors");
    } else if (!version3 && hardware->gicc.address == 0) {
        log_warning("ACPI: the MADT has no CPU interface");
        hardware->gic_version = 0;
    }
}

void acpi_read_madt(struct acpi_table madt, struct hardware_info *hardware)
{
    if (madt.length < MADT_FIRST_ENTRY) {
        log_warning("ACPI: the MADT is too short");
        return;
    }
    for (uint32_t offset = MADT_FIRST_ENTRY; madt.length - offset >= 2;) {
        const uint8_t *entry = madt.bytes + offset;
        uint32_t length = entry[1];
        if (length < 2 || length > madt.length - offset) {
            log_warning("ACPI: the MADT has a wrong entry at byte %u", offset);
            break;
        }
        read_entry(entry, length, hardware);
        offset += length;
    }
    complete(&hardware->arch);
}
