/* SPDX-License-Identifier: BSD-2-Clause */
#include "acpi_ssdt.h"

#include <vmm/devices/pc_map.h>

/* ACPI 6.4 §20.2. */
enum aml {
    AML_NAME = 0x08,
    AML_BYTE = 0x0a,
    AML_STRING = 0x0d,
    AML_SCOPE = 0x10,
    AML_BUFFER = 0x11,
    AML_EXTENDED = 0x5b,
    AML_DEVICE = 0x82, /* behind AML_EXTENDED */
};

/* Resources, ACPI 6.4 §6.4.3.4, §6.4.3.6, §6.4.2.9. */
enum resource {
    RESOURCE_MEMORY32 = 0x86,
    RESOURCE_READ_WRITE = 0x01,
    RESOURCE_INTERRUPT = 0x89,
    RESOURCE_CONSUMER_LEVEL_SHARED = 0x09, /* active high */
    RESOURCE_END = 0x79,
};

#define RESOURCES_SIZE 23u
/* From the length of its package on; the operator in front of it is not counted. */
#define LENGTH_SIZE    2u
#define BUFFER_LENGTH  (LENGTH_SIZE + 2u + RESOURCES_SIZE)
#define DEVICE_LENGTH  (LENGTH_SIZE + 4u + 15u + 7u + 5u + 1u + BUFFER_LENGTH) /* name, _HID, _UID, _CRS */
#define DEVICE_SIZE    (2u + DEVICE_LENGTH)
#define SCOPE_SIZE     (1u + LENGTH_SIZE + 5u) /* before the devices */

struct writer {
    uint8_t *next;
};

static void put(struct writer *writer, uint32_t width, uint32_t value)
{
    for (uint32_t i = 0; i < width; i++) {
        *writer->next++ = (uint8_t)(value >> 8 * i);
    }
}

static void put_text(struct writer *writer, const char *text)
{
    while (*text != '\0') {
        *writer->next++ = (uint8_t)*text++;
    }
}

/* A package's length in two bytes: up to 4095. */
static void put_length(struct writer *writer, uint32_t length)
{
    put(writer, 1, 0x40u | (length & 0xfu));
    put(writer, 1, length >> 4);
}

static void put_name(struct writer *writer, const char *name, enum aml type)
{
    put(writer, 1, AML_NAME);
    put_text(writer, name);
    put(writer, 1, type);
}

static void put_resources(struct writer *writer, const struct acpi_virtio_mmio *transport)
{
    put(writer, 1, RESOURCE_MEMORY32);
    put(writer, 2, 9);
    put(writer, 1, RESOURCE_READ_WRITE);
    put(writer, 4, transport->base);
    put(writer, 4, PC_VIRTIO_MMIO_SIZE);
    put(writer, 1, RESOURCE_INTERRUPT);
    put(writer, 2, 6);
    put(writer, 1, RESOURCE_CONSUMER_LEVEL_SHARED);
    put(writer, 1, 1);
    put(writer, 4, transport->gsi);
    put(writer, 2, RESOURCE_END); /* and a checksum of 0: none */
}

static void put_device(struct writer *writer, const struct acpi_virtio_mmio *transport, uint32_t number)
{
    static const char digits[] = "0123456789ABCDEF";
    const char name[] = {'V', 'R', digits[number >> 4 & 15u], digits[number & 15u], '\0'};
    put(writer, 1, AML_EXTENDED);
    put(writer, 1, AML_DEVICE);
    put_length(writer, DEVICE_LENGTH);
    put_text(writer, name);
    put_name(writer, "_HID", AML_STRING);
    put_text(writer, "LNRO0005"); /* Linux's name for a transport */
    put(writer, 1, 0);
    put_name(writer, "_UID", AML_BYTE);
    put(writer, 1, number);
    put_name(writer, "_CRS", AML_BUFFER);
    put_length(writer, BUFFER_LENGTH);
    put(writer, 1, AML_BYTE);
    put(writer, 1, RESOURCES_SIZE);
    put_resources(writer, transport);
}

uint32_t acpi_ssdt_size(uint32_t transport_count)
{
    return SCOPE_SIZE + transport_count * DEVICE_SIZE;
}

void acpi_ssdt_write(uint8_t *aml, const struct acpi_virtio_mmio *transports, uint32_t count)
{
    struct writer writer = {.next = aml};
    put(&writer, 1, AML_SCOPE);
    put_length(&writer, acpi_ssdt_size(count) - 1);
    put_text(&writer, "\\_SB_");
    for (uint32_t i = 0; i < count; i++) {
        put_device(&writer, &transports[i], i);
    }
}
