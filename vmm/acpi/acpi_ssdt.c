/* SPDX-License-Identifier: BSD-2-Clause */
#include "acpi_ssdt.h"

#include <vmm/devices/pc_map.h>
#include <vmm/devices/pci.h>

#include "aml_writer.h"

/* Resources, ACPI 6.4 §6.4.3.4, §6.4.3.6, §6.4.2.9. */
enum resource {
    RESOURCE_MEMORY32 = 0x86,
    RESOURCE_READ_WRITE = 0x01,
    RESOURCE_INTERRUPT = 0x89,
    RESOURCE_CONSUMER_LEVEL_SHARED = 0x09, /* active high */
    RESOURCE_END = 0x79,
};

#define RESOURCES_SIZE 23u
#define STATUS_PRESENT 0x0fu /* §6.3.7: present, enabled, shown, works */

/* "XXnn", n hexadecimal: ACPI names have four characters. */
static void put_numbered(struct aml_writer *writer, const char *prefix, uint32_t number)
{
    static const char digits[] = "0123456789ABCDEF";
    aml_put_text(writer, prefix);
    aml_put(writer, 1, (uint8_t)digits[number >> 4 & 15u]);
    aml_put(writer, 1, (uint8_t)digits[number & 15u]);
}

/* --- virtio-mmio --- */

static void put_resources(struct aml_writer *writer, const struct acpi_virtio_mmio *transport)
{
    aml_put(writer, 1, RESOURCE_MEMORY32);
    aml_put(writer, 2, 9);
    aml_put(writer, 1, RESOURCE_READ_WRITE);
    aml_put(writer, 4, transport->base);
    aml_put(writer, 4, PC_VIRTIO_MMIO_SIZE);
    aml_put(writer, 1, RESOURCE_INTERRUPT);
    aml_put(writer, 2, 6);
    aml_put(writer, 1, RESOURCE_CONSUMER_LEVEL_SHARED);
    aml_put(writer, 1, 1);
    aml_put(writer, 4, transport->gsi);
    aml_put(writer, 2, RESOURCE_END); /* and a checksum of 0: none */
}

static void put_transport(struct aml_writer *writer, const struct acpi_virtio_mmio *transport, uint32_t number)
{
    aml_put(writer, 1, AML_EXTENDED);
    aml_put(writer, 1, AML_DEVICE);
    uint32_t device = aml_begin(writer);
    put_numbered(writer, "VR", number);
    aml_put_name(writer, "_HID", AML_STRING);
    aml_put_text(writer, "LNRO0005"); /* Linux's name for a transport */
    aml_put(writer, 1, 0);
    aml_put_name(writer, "_UID", AML_BYTE);
    aml_put(writer, 1, number);
    aml_put_name(writer, "_CRS", AML_BUFFER);
    uint32_t buffer = aml_begin(writer);
    aml_put(writer, 1, AML_BYTE);
    aml_put(writer, 1, RESOURCES_SIZE);
    put_resources(writer, transport);
    aml_end(writer, buffer);
    aml_end(writer, device);
}

static void put_transports(struct aml_writer *writer, const struct acpi_tables_config *config)
{
    aml_put(writer, 1, AML_SCOPE);
    uint32_t scope = aml_begin(writer);
    aml_put_text(writer, "\\_SB_");
    for (uint32_t i = 0; i < config->virtio_mmio_count; i++) {
        put_transport(writer, &config->virtio_mmio[i], i);
    }
    aml_end(writer, scope);
}

/* --- PCI slots: the registers SPRS and SEJT are declared in the DSDT --- */

static uint32_t begin_method(struct aml_writer *writer, const char *name, uint32_t arguments)
{
    aml_put(writer, 1, AML_METHOD);
    uint32_t method = aml_begin(writer);
    aml_put_text(writer, name);
    aml_put(writer, 1, arguments);
    return method;
}

/* If (And (`what`, bit)) ...: what is an argument, or AML_NAMED and a name. */
static uint32_t begin_if(struct aml_writer *writer, uint32_t slot, enum aml what, const char *name)
{
    aml_put(writer, 1, AML_IF);
    uint32_t condition = aml_begin(writer);
    aml_put(writer, 1, AML_AND);
    if (what == AML_NAMED) {
        aml_put_text(writer, name);
    } else {
        aml_put(writer, 1, what);
    }
    aml_put_dword(writer, 1u << slot);
    aml_put(writer, 1, AML_ZERO); /* no target */
    return condition;
}

/* Device (SLnn) { _ADR; _SUN; _STA: whether the bit is in SPRS; _EJ0: SEJT = bit } */
static void put_slot(struct aml_writer *writer, uint32_t slot)
{
    aml_put(writer, 1, AML_EXTENDED);
    aml_put(writer, 1, AML_DEVICE);
    uint32_t device = aml_begin(writer);
    put_numbered(writer, "SL", slot);
    aml_put_name(writer, "_ADR", AML_DWORD);
    aml_put(writer, 4, slot << 16);
    aml_put_name(writer, "_SUN", AML_BYTE);
    aml_put(writer, 1, slot);
    uint32_t status = begin_method(writer, "_STA", 0);
    uint32_t present = begin_if(writer, slot, AML_NAMED, "SPRS");
    aml_put(writer, 1, AML_RETURN);
    aml_put(writer, 1, AML_BYTE);
    aml_put(writer, 1, STATUS_PRESENT);
    aml_end(writer, present);
    aml_put(writer, 1, AML_RETURN);
    aml_put(writer, 1, AML_ZERO);
    aml_end(writer, status);
    uint32_t eject = begin_method(writer, "_EJ0", 1);
    aml_put(writer, 1, AML_STORE);
    aml_put_dword(writer, 1u << slot);
    aml_put_text(writer, "SEJT");
    aml_end(writer, eject);
    aml_end(writer, device);
}

/* If (And (Arg0, bit)) { Notify (SLnn, Arg1) } */
static void put_notification(struct aml_writer *writer, uint32_t slot)
{
    uint32_t condition = begin_if(writer, slot, AML_ARG0, NULL);
    aml_put(writer, 1, AML_NOTIFY);
    put_numbered(writer, "SL", slot);
    aml_put(writer, 1, AML_ARG1);
    aml_end(writer, condition);
}

static void put_slots(struct aml_writer *writer, uint32_t slots)
{
    aml_put(writer, 1, AML_SCOPE);
    uint32_t scope = aml_begin(writer);
    aml_put_text(writer, "\\._SB_PCI0");
    for (uint32_t i = 1; i < PCI_SLOTS; i++) {
        if ((slots >> i & 1u) != 0) {
            put_slot(writer, i);
        }
    }
    uint32_t notify = begin_method(writer, "SNOT", 2);
    for (uint32_t i = 1; i < PCI_SLOTS; i++) {
        if ((slots >> i & 1u) != 0) {
            put_notification(writer, i);
        }
    }
    aml_end(writer, notify);
    aml_end(writer, scope);
}

uint32_t acpi_ssdt_write(uint8_t *aml, const struct acpi_tables_config *config)
{
    struct aml_writer writer = {.buffer = aml};
    if (config->virtio_mmio_count != 0) {
        put_transports(&writer, config);
    }
    if (config->pci_slots != 0) {
        put_slots(&writer, config->pci_slots);
    }
    return writer.used;
}
