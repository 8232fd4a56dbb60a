/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses to registers and configuration in all widths, at all offsets; notifications of anything. */
#include "provocation.h"

#define CONFIG_BYTES 0x100u

static void notifications_out_of_range(struct device *device)
{
    for (uint32_t i = 0; i < 0x40; i++) {
        uint32_t any = (uint32_t)random_number() & 0xffffu;
        /* On PCI each queue has a place of its own: those far away are of other devices, or of none. */
        device_notify(device, device->queue + 1 + (i < 0x20 || device->transport == TRANSPORT_PCI ? i : any));
    }
    if (device->transport == TRANSPORT_PCI) {
        for (uint32_t offset = 0; offset < 0x1000; offset += 64) {
            write_at(device->notify + offset, 1u << (offset >> 6 & 3), random_number());
        }
    }
}

static void notifications_without_buffers(struct device *device)
{
    for (uint32_t i = 0; i < 50; i++) {
        device_notify(device, device->queue);
    }
}

/* On PCI a device without configuration has no place for it either. */
static bool has_config(const struct device *device)
{
    return device->transport != TRANSPORT_PCI || device->config != 0;
}

static void configuration_read_anyhow(struct device *device)
{
    for (uint32_t offset = 0; has_config(device) && offset + 8 <= CONFIG_BYTES; offset++) {
        for (uint32_t width = 1; width <= 8; width *= 2) {
            if (offset % width == 0) {
                (void)device_read_config(device, offset, width);
            }
        }
    }
}

static void configuration_written_anyhow(struct device *device)
{
    for (uint32_t offset = 0; has_config(device) && offset + 8 <= CONFIG_BYTES; offset++) {
        uint32_t width = 1u << (random_number() & 3);
        device_write_config(device, offset & ~(width - 1), width, random_number());
    }
}

static uint32_t register_bytes(const struct device *device)
{
    return device->transport == TRANSPORT_PCI ? 0x40 : device->transport == TRANSPORT_PORTS ? 24 : 0x100;
}

static uint64_t any_read(const struct device *device, uint32_t offset, uint32_t width)
{
    if (device->transport == TRANSPORT_PORTS) {
        return port_read((uint32_t)device->registers + offset, width > 4 ? 4 : width);
    }
    return read_at(device->registers + offset, width);
}

static void any_write(const struct device *device, uint32_t offset, uint32_t width, uint64_t value)
{
    if (device->transport == TRANSPORT_PORTS) {
        port_write((uint32_t)device->registers + offset, width > 4 ? 4 : width, value);
    } else {
        write_at(device->registers + offset, width, value);
    }
}

static void registers_read_anyhow(struct device *device)
{
    for (uint32_t offset = 0; offset < register_bytes(device); offset++) {
        for (uint32_t width = 1; width <= 8; width *= 2) {
            if (offset % width == 0) {
                (void)any_read(device, offset, width);
            }
        }
    }
}

/* Of a width that no register there has. */
static void registers_written_in_wrong_widths(struct device *device)
{
    bool mmio = device->transport == TRANSPORT_MMIO || device->transport == TRANSPORT_MMIO_LEGACY;
    for (uint32_t offset = 0; mmio && offset < register_bytes(device); offset++) {
        any_write(device, offset, 1, random_number());
        any_write(device, offset & ~1u, 2, random_number());
        any_write(device, offset & ~7u, 8, random_number());
    }
    for (uint32_t offset = 0; device->transport == TRANSPORT_PCI && offset < 0x14; offset++) {
        any_write(device, offset, 1, random_number());
        any_write(device, offset & ~3u, 8, random_number()); /* across two fields */
    }
}

static void registers_written_with_anything(struct device *device)
{
    for (uint32_t i = 0; i < 150; i++) {
        uint32_t width = 1u << (random_number() & 3);
        any_write(device, (uint32_t)(random_number() % register_bytes(device)) & ~(width - 1), width, random_number());
    }
}

/* Across the borders between registers, configuration and what is behind, where the processor lets it. */
static void unaligned_accesses(struct device *device)
{
    if (device->transport == TRANSPORT_PORTS) {
        for (uint32_t offset = 1; offset < 24; offset += 2) {
            (void)any_read(device, offset, 4);
        }
        return;
    }
    for (uint32_t offset = 1; machine.unaligned && offset < 0x120; offset += 2) {
        (void)read_at(device->registers + offset, 8);
    }
}

const struct provocation register_provocations[] = {
    {"notifications out of range", ON_SPLIT | ON_LEGACY, OUTCOME_GOES_ON, 0, .act = notifications_out_of_range},
    {"notifications without buffers", ON_SPLIT | ON_LEGACY, OUTCOME_GOES_ON, 0, .act = notifications_without_buffers},
    {"configuration read in all ways", ON_SPLIT | ON_LEGACY, OUTCOME_GOES_ON, 0, .act = configuration_read_anyhow},
    {"configuration written in all ways", ON_SPLIT | ON_LEGACY, OUTCOME_GOES_ON, 0,
     .act = configuration_written_anyhow},
    {"registers read in all ways", ON_SPLIT | ON_LEGACY, OUTCOME_GOES_ON, 0, .act = registers_read_anyhow},
    {"registers written in wrong widths", ON_SPLIT | ON_LEGACY, OUTCOME_GOES_ON, 0,
     .act = registers_written_in_wrong_widths},
    {"registers written with anything", ON_SPLIT | ON_LEGACY, OUTCOME_EITHER, 0,
     .act = registers_written_with_anything},
    {"unaligned accesses", ON_SPLIT | ON_LEGACY, OUTCOME_GOES_ON, 0, .act = unaligned_accesses},
    {0},
};
