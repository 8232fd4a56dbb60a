/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All transports against a driver made of the input's bytes: configuration space, BARs and where they lie, registers,
 * ports, rings. The device takes whatever comes. Lines and bus stay consistent, and after a reset of the bus everything
 * is as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/vmm/virtio/transport_machine.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct transport_machine m;

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* An access to memory: where the device's registers are by default, or where the input says. */
static uint64_t memory_address(struct input *input, enum transport_kind kind, uint64_t head)
{
    if ((head & 0x80) != 0) {
        return TRANSPORT_MEMORY + take(input, 3);
    }
    if (kind == TRANSPORT_MMIO_1 || kind == TRANSPORT_MMIO_2) {
        return TRANSPORT_MMIO + take(input, 1) * 4 + (head >> 6 & 1);
    }
    uint64_t part = take(input, 1);
    return TRANSPORT_MEMORY + (part & 7) * VIRTIO_PCI_PART + (part >> 3) * 2 + (head >> 6 & 1) * 32;
}

/* Addresses in the first 64 KiB, so that rings are met. */
static uint64_t value_of(struct input *input, uint64_t head, uint32_t width)
{
    return (head & 8) != 0 ? (take(input, 1) << 8 & 0xff00) : take(input, width);
}

static void play(struct input *input, enum transport_kind kind)
{
    while (input->size > 0) {
        uint64_t head = take(input, 1);
        uint32_t width = 1u << (head >> 4 & 3);
        uint32_t port_width = width > 4 ? 4 : width;
        switch (head & 7) {
        case 0:
            transport_read(&m, memory_address(input, kind, head), width);
            break;
        case 1:
        case 2: {
            uint64_t address = memory_address(input, kind, head);
            transport_write(&m, address, width, value_of(input, head, width));
            break;
        }
        case 3:
            transport_config(&m, (uint32_t)take(input, 1) + (head & 0x80 ? 0xf00 : 0), width);
            break;
        case 4: {
            uint32_t at = (uint32_t)take(input, 1);
            transport_set_config(&m, at, width, value_of(input, head, width));
            break;
        }
        case 5:
            transport_in(&m, TRANSPORT_IO + take(input, 1) % 128, port_width);
            break;
        case 6: {
            uint64_t port = TRANSPORT_IO + take(input, 1) % 128;
            transport_out(&m, port, port_width, (uint32_t)value_of(input, head, port_width));
            break;
        }
        default:
            if (head >> 3 == 0x1f) {
                pci_host_reset(&m.host);
            } else if (head >> 3 == 0x1e) {
                virtio_config_changed(&m.device);
            } else {
                uint64_t value = take(input, 2);
                memcpy((uint8_t *)machine_memory(&m.base, 0) + (take(input, 2) & 0xfff8), &value, 8);
            }
            break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.data = data, .size = size};
    enum transport_kind kind = (enum transport_kind)(take(&input, 1) % TRANSPORT_KINDS);
    transport_create(&m, kind, VIRTIO_TYPE_BLOCK);
    bool pci = kind != TRANSPORT_MMIO_1 && kind != TRANSPORT_MMIO_2;
    if (pci) {
        transport_set_config(&m, PCI_COMMAND, 2, 7);
    }
    play(&input, kind);
    if (pci) {
        pci_host_reset(&m.host);
        check(memcmp(m.pci.function.config, m.pci.function.initial, PCI_CONFIG_SIZE) == 0);
        check(m.mmio.count == 1 && m.io.count == 0); /* ECAM is left */
    } else {
        virtio_mmio_reset(&m.transport);
        check(m.mmio.count == 2);
    }
    for (uint32_t i = 0; i < 32; i++) {
        check(!m.lines[i]);
    }
    check(m.device.status == 0 && !m.device.broken && m.device.features == 0);
    return 0;
}
