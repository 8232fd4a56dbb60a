/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables that say what the DSDT cannot: ACPI 6.4 ch. 5. Fields are written at
 * the offsets that the specification's tables give, little-endian.
 */
#include <stdbool.h>
#include <stddef.h>

#include <base/memory.h>

#include <skyscope/vm_config.h>
#include <vmm/devices/acpi_tables.h>
#include <vmm/devices/ioapic.h>
#include <vmm/devices/pc_map.h>

#include "acpi_ssdt.h"
#include "dsdt.h"

#define HEADER_SIZE 36u
#define RSDP_SIZE   36u
#define FACS_SIZE   64u
#define FADT_SIZE   276u
#define MCFG_SIZE   60u
#define MADT_LAPIC  8u
#define MADT_IOAPIC 12u
#define MADT_ISO    10u
#define MADT_NMI    6u
#define LISTED_MAX  4u /* tables in RSDT and XSDT: FADT, MADT, MCFG, SSDT if there is one */

#define OEM_ID           "SKYSCP"
#define OEM_TABLE_ID     "SKYSCOPE"
#define CREATOR_ID       "SKYS"
#define CMOS_CENTURY     0x32u
#define RESET_VALUE      0x06u /* hard reset by 0xCF9 */
#define LATENCY_NO_STATE 0xfffu

/* FADT, IA-PC boot architecture flags: no 8042 is announced, so that nobody waits for a keyboard. */
#define BOOT_LEGACY_DEVICES  0x01u
#define BOOT_VGA_NOT_PRESENT 0x04u
#define BOOT_NO_ASPM         0x10u

/* FADT, fixed feature flags. The power button is the fixed one. */
#define FIXED_WBINVD          (1u << 0)
#define FIXED_PROC_C1         (1u << 2)
#define FIXED_NO_SLEEP_BUTTON (1u << 5)
#define FIXED_NO_RTC_WAKE     (1u << 6)
#define FIXED_TIMER_32BIT     (1u << 8)
#define FIXED_RESET_REGISTER  (1u << 10)

#define MADT_PCAT_COMPAT       1u /* there is an 8259 pair */
#define LAPIC_ENABLED          1u
#define INTI_ACTIVE_HIGH_LEVEL 0x0du

struct builder {
    uint8_t *blob;
    uint32_t size;
    uint32_t used;
    uint64_t address;
    bool full;
};

static void put(uint8_t *at, uint32_t width, uint64_t value)
{
    for (uint32_t i = 0; i < width; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

/* A text field, without terminator. */
static void put_text(uint8_t *at, const char *text, uint32_t width)
{
    for (uint32_t i = 0; i < width; i++) {
        at[i] = (uint8_t)text[i];
    }
}

/* Room for a table, zeroed; its offset. */
static uint32_t reserve(struct builder *builder, uint32_t size, uint32_t alignment)
{
    uint64_t end = builder->address + builder->used;
    uint32_t padding = (uint32_t)(0 - end) & (alignment - 1);
    if (builder->full || builder->size - builder->used < padding || builder->size - builder->used - padding < size) {
        builder->full = true;
        return 0;
    }
    uint32_t offset = builder->used + padding;
    memset(builder->blob + builder->used, 0, padding + size);
    builder->used = offset + size;
    return offset;
}

static uint8_t *begin_table(struct builder *builder, const char *signature, uint8_t revision, uint32_t size,
                            uint32_t *offset)
{
    *offset = reserve(builder, size, 16);
    if (builder->full) {
        return NULL;
    }
    uint8_t *table = builder->blob + *offset;
    put_text(table, signature, 4);
    put(table + 4, 4, size);
    table[8] = revision;
    put_text(table + 10, OEM_ID, 6);
    put_text(table + 16, OEM_TABLE_ID, 8);
    put(table + 24, 4, 1);
    put_text(table + 28, CREATOR_ID, 4);
    put(table + 32, 4, 1);
    return table;
}

/* Makes the bytes' sum 0. */
static void set_checksum(uint8_t *bytes, uint32_t size, uint8_t *checksum)
{
    uint8_t sum = 0;
    *checksum = 0;
    for (uint32_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    *checksum = (uint8_t)(0 - sum);
}

/* Generic address structure (§5.2.3.2) of an I/O port. access: 1 byte, 2 word, 3 double word. */
static void put_port(uint8_t *at, uint64_t port, uint8_t bits, uint8_t access)
{
    at[0] = 1;
    at[1] = bits;
    at[2] = 0;
    at[3] = access;
    put(at + 4, 8, port);
}

static uint32_t build_facs(struct builder *builder)
{
    uint32_t offset = reserve(builder, FACS_SIZE, 64);
    if (!builder->full) {
        uint8_t *facs = builder->blob + offset;
        put_text(facs, "FACS", 4);
        put(facs + 4, 4, FACS_SIZE);
        facs[32] = 2; /* version */
    }
    return offset;
}

static uint32_t build_dsdt(struct builder *builder)
{
    uint32_t offset = reserve(builder, dsdt_aml_size, 16);
    if (!builder->full) {
        memcpy(builder->blob + offset, dsdt_aml, dsdt_aml_size);
    }
    return offset;
}

/* §5.2.9 */
static uint32_t build_fadt(struct builder *builder, uint32_t facs, uint32_t dsdt)
{
    uint32_t offset;
    uint8_t *fadt = begin_table(builder, "FACP", 6, FADT_SIZE, &offset);
    if (fadt == NULL) {
        return 0;
    }
    put(fadt + 36, 4, builder->address + facs);
    put(fadt + 40, 4, builder->address + dsdt);
    put(fadt + 46, 2, PC_GSI_SCI);
    /* SMI_CMD 0: the machine is always in ACPI mode. */
    put(fadt + 56, 4, PC_PORT_PM1_EVENT);
    put(fadt + 64, 4, PC_PORT_PM1_CONTROL);
    put(fadt + 76, 4, PC_PORT_PM_TIMER);
    put(fadt + 80, 4, PC_PORT_GPE0);
    fadt[88] = 4; /* PM1_EVT_LEN */
    fadt[89] = 2; /* PM1_CNT_LEN */
    fadt[91] = 4; /* PM_TMR_LEN */
    fadt[92] = 4; /* GPE0_BLK_LEN: 16 events */
    put(fadt + 96, 2, LATENCY_NO_STATE);
    put(fadt + 98, 2, LATENCY_NO_STATE);
    fadt[108] = CMOS_CENTURY;
    put(fadt + 109, 2, BOOT_LEGACY_DEVICES | BOOT_VGA_NOT_PRESENT | BOOT_NO_ASPM);
    put(fadt + 112, 4,
        FIXED_WBINVD | FIXED_PROC_C1 | FIXED_NO_SLEEP_BUTTON | FIXED_NO_RTC_WAKE | FIXED_TIMER_32BIT |
            FIXED_RESET_REGISTER);
    put_port(fadt + 116, PC_PORT_RESET, 8, 1);
    fadt[128] = RESET_VALUE;
    fadt[131] = 4; /* ACPI 6.4 */
    put(fadt + 140, 8, builder->address + dsdt);
    put_port(fadt + 148, PC_PORT_PM1_EVENT, 32, 2);
    put_port(fadt + 172, PC_PORT_PM1_CONTROL, 16, 2);
    put_port(fadt + 208, PC_PORT_PM_TIMER, 32, 3);
    put_port(fadt + 220, PC_PORT_GPE0, 32, 1);
    set_checksum(fadt, FADT_SIZE, fadt + 9);
    return offset;
}

static uint8_t *put_override(uint8_t *at, uint8_t source, uint32_t gsi, uint16_t flags)
{
    at[0] = 2;
    at[1] = MADT_ISO;
    at[3] = source;
    put(at + 4, 4, gsi);
    put(at + 8, 2, flags);
    return at + MADT_ISO;
}

/* §5.2.12. APIC IDs are below 255, for which local x2APIC structures are not used. */
static uint32_t build_madt(struct builder *builder, uint32_t vcpus)
{
    uint32_t size = HEADER_SIZE + 8 + vcpus * MADT_LAPIC + MADT_IOAPIC + 2 * MADT_ISO + MADT_NMI;
    uint32_t offset;
    uint8_t *madt = begin_table(builder, "APIC", 5, size, &offset);
    if (madt == NULL) {
        return 0;
    }
    put(madt + 36, 4, PC_LAPIC_BASE);
    put(madt + 40, 4, MADT_PCAT_COMPAT);
    uint8_t *at = madt + HEADER_SIZE + 8;
    for (uint32_t i = 0; i < vcpus; i++) {
        at[0] = 0;
        at[1] = MADT_LAPIC;
        at[2] = (uint8_t)i;
        at[3] = (uint8_t)i;
        put(at + 4, 4, LAPIC_ENABLED);
        at += MADT_LAPIC;
    }
    at[0] = 1;
    at[1] = MADT_IOAPIC;
    at[2] = PC_IOAPIC_ID;
    put(at + 4, 4, PC_IOAPIC_BASE);
    at += MADT_IOAPIC;
    at = put_override(at, PC_GSI_PIT, PC_IOAPIC_PIN_PIT, 0);
    at = put_override(at, PC_GSI_SCI, PC_GSI_SCI, INTI_ACTIVE_HIGH_LEVEL);
    at[0] = 4; /* LINT1 of every processor is NMI */
    at[1] = MADT_NMI;
    at[2] = 0xff;
    at[5] = 1;
    set_checksum(madt, size, madt + 9);
    return offset;
}

static uint32_t build_mcfg(struct builder *builder)
{
    uint32_t offset;
    uint8_t *mcfg = begin_table(builder, "MCFG", 1, MCFG_SIZE, &offset);
    if (mcfg == NULL) {
        return 0;
    }
    put(mcfg + 44, 8, PC_ECAM_BASE);
    mcfg[55] = PC_ECAM_LAST_BUS;
    set_checksum(mcfg, MCFG_SIZE, mcfg + 9);
    return offset;
}

static uint32_t build_ssdt(struct builder *builder, const struct acpi_tables_config *config)
{
    uint32_t size = HEADER_SIZE + acpi_ssdt_write(NULL, config);
    uint32_t offset;
    uint8_t *ssdt = begin_table(builder, "SSDT", 2, size, &offset);
    if (ssdt == NULL) {
        return 0;
    }
    (void)acpi_ssdt_write(ssdt + HEADER_SIZE, config);
    set_checksum(ssdt, size, ssdt + 9);
    return offset;
}

/* RSDT (width 4) or XSDT (width 8) of the tables at `offsets`. */
static uint32_t build_root(struct builder *builder, const char *signature, uint32_t width, const uint32_t *offsets,
                           uint32_t count)
{
    uint32_t size = HEADER_SIZE + count * width;
    uint32_t offset;
    uint8_t *root = begin_table(builder, signature, 1, size, &offset);
    if (root == NULL) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        put(root + HEADER_SIZE + i * width, width, builder->address + offsets[i]);
    }
    set_checksum(root, size, root + 9);
    return offset;
}

uint32_t acpi_tables_build(const struct acpi_tables_config *config, uint8_t *blob, uint32_t size, uint64_t address)
{
    if (config->vcpu_count == 0 || config->vcpu_count > VM_MAX_VCPUS ||
        config->virtio_mmio_count > ACPI_MAX_VIRTIO_MMIO || (config->pci_slots & 1u) != 0 || (address & 15u) != 0 ||
        address > UINT32_MAX - (uint64_t)size) {
        return 0;
    }
    struct builder builder = {.blob = blob, .size = size, .address = address};
    uint32_t rsdp = reserve(&builder, RSDP_SIZE, 16);
    uint32_t facs = build_facs(&builder);
    uint32_t dsdt = build_dsdt(&builder);
    uint32_t listed[LISTED_MAX];
    uint32_t count = 3;
    listed[0] = build_fadt(&builder, facs, dsdt);
    listed[1] = build_madt(&builder, config->vcpu_count);
    listed[2] = build_mcfg(&builder);
    if (config->virtio_mmio_count != 0 || config->pci_slots != 0) {
        listed[count++] = build_ssdt(&builder, config);
    }
    uint32_t rsdt = build_root(&builder, "RSDT", 4, listed, count);
    uint32_t xsdt = build_root(&builder, "XSDT", 8, listed, count);
    if (builder.full) {
        return 0;
    }
    uint8_t *at = blob + rsdp;
    put_text(at, "RSD PTR ", 8);
    put_text(at + 9, OEM_ID, 6);
    at[15] = 2;
    put(at + 16, 4, address + rsdt);
    put(at + 20, 4, RSDP_SIZE);
    put(at + 24, 8, address + xsdt);
    set_checksum(at, 20, at + 8); /* the first 20 bytes, as ACPI 1.0 had them */
    set_checksum(at, RSDP_SIZE, at + 32);
    return builder.used;
}
