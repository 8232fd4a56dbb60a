/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiple APIC description table (ACPI 6.4, section 5.2.12). */
#include <loader_arch/acpi.h>

#include <loader/log.h>

enum madt_entry {
    MADT_LOCAL_APIC = 0,
    MADT_IO_APIC = 1,
    MADT_INTERRUPT_OVERRIDE = 2,
    MADT_LOCAL_APIC_ADDRESS = 5,
    MADT_LOCAL_X2APIC = 9,
};

#define MADT_FIRST_ENTRY 44u
#define MADT_CPU_ENABLED 1u
#define POLARITY_MASK    3u
#define POLARITY_LOW     3u
#define TRIGGER_MASK     12u
#define TRIGGER_LEVEL    12u

static void add_cpu(struct hardware_info *hardware, uint32_t apic_id, uint32_t acpi_id)
{
    for (uint32_t i = 0; i < hardware->cpu_count; i++) {
        if (hardware->cpus[i].apic_id == apic_id) {
            return; /* told as local APIC and as x2APIC */
        }
    }
    if (hardware->cpu_count < HARDWARE_MAX_CPUS) {
        hardware->cpus[hardware->cpu_count++] = (struct hardware_cpu){.apic_id = apic_id, .acpi_id = acpi_id};
    }
}

static void add_ioapic(struct hardware_info *hardware, const uint8_t *entry)
{
    if (hardware->arch.ioapic_count == HARDWARE_MAX_IOAPICS) {
        log_warning("more than %u IOAPICs", HARDWARE_MAX_IOAPICS);
        return;
    }
    hardware->arch.ioapics[hardware->arch.ioapic_count++] =
        (struct hardware_ioapic){.id = entry[2], .address = read_u32(entry + 4), .gsi_base = read_u32(entry + 8)};
}

/* ISA interrupts are edge-triggered and active high where "bus" is said. */
static void add_override(struct hardware_info *hardware, const uint8_t *entry)
{
    if (hardware->arch.override_count == HARDWARE_MAX_OVERRIDES) {
        log_warning("more than %u interrupt overrides", HARDWARE_MAX_OVERRIDES);
        return;
    }
    uint16_t flags = read_u16(entry + 8);
    hardware->arch.overrides[hardware->arch.override_count++] = (struct hardware_override){
        .source = entry[3],
        .active_low = (flags & POLARITY_MASK) == POLARITY_LOW,
        .edge = (flags & TRIGGER_MASK) != TRIGGER_LEVEL,
        .gsi = read_u32(entry + 4),
    };
}

static void read_entry(const uint8_t *entry, uint32_t length, struct hardware_info *hardware)
{
    switch (entry[0]) {
    case MADT_LOCAL_APIC:
        if (length >= 8 && (read_u32(entry + 4) & MADT_CPU_ENABLED) != 0) {
            add_cpu(hardware, entry[3], entry[2]);
        }
        break;
    case MADT_LOCAL_X2APIC:
        if (length >= 16 && (read_u32(entry + 8) & MADT_CPU_ENABLED) != 0) {
            add_cpu(hardware, read_u32(entry + 4), read_u32(entry + 12));
        }
        break;
    case MADT_IO_APIC:
        if (length >= 12) {
            add_ioapic(hardware, entry);
        }
        break;
    case MADT_INTERRUPT_OVERRIDE:
        if (length >= 10 && entry[2] == 0) {
            add_override(hardware, entry);
        }
        break;
    case MADT_LOCAL_APIC_ADDRESS:
        if (length >= 12) {
            hardware->arch.lapic_address = read_u64(entry + 4);
        }
        break;
    default:
        break;
    }
}

void acpi_read_madt(struct acpi_table madt, struct hardware_info *hardware)
{
    if (madt.length < MADT_FIRST_ENTRY) {
        log_warning("ACPI: the MADT is too short");
        return;
    }
    hardware->arch.lapic_address = read_u32(madt.bytes + 36);
    for (uint32_t offset = MADT_FIRST_ENTRY; madt.length - offset >= 2;) {
        const uint8_t *entry = madt.bytes + offset;
        uint32_t length = entry[1];
        if (length < 2 || length > madt.length - offset) {
            log_warning("ACPI: the MADT has a wrong entry at byte %u", offset);
            return;
        }
        read_entry(entry, length, hardware);
        offset += length;
    }
}
