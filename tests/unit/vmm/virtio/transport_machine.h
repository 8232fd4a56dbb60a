/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of transports: the machine of RAM with buses, a PCI host and records of interrupts, and a device that takes
 * each buffer at once and gives it back with its length. */
#pragma once

#include "virtio_machine.h"

#include <vmm/devices/pci_port.h>
#include <vmm/virtio/virtio_mmio.h>
#include <vmm/virtio/virtio_pci.h>

#define TRANSPORT_ECAM       0xe0000000ull
#define TRANSPORT_BUSES      8u
#define TRANSPORT_MEMORY     0xc0000000ull
#define TRANSPORT_IO         0x1000ull
#define TRANSPORT_MMIO       0xe8000000ull
#define TRANSPORT_LINE       16u
#define TRANSPORT_MMIO_LINE  20u
#define TRANSPORT_QUEUES     2u
#define TRANSPORT_QUEUE_SIZE 64u

struct message {
    uint32_t device;
    uint64_t address;
    uint32_t data;
};

struct transport_machine {
    struct virtio_machine base;
    struct bus io, mmio;
    struct irq_router router;
    struct pci_host host;
    struct pci_port port;
    struct irq_shared_line shared;
    bool lines[32];
    struct message messages[16];
    uint32_t message_count;

    struct virtio_device device;
    uint32_t notified, taken, resets;
    uint8_t config[8]; /* the first 4 bytes can be written */
    struct virtio_pci pci;
    struct virtio_mmio transport; /* MMIO */
};

enum transport_kind {
    TRANSPORT_PCI,
    TRANSPORT_PCI_TRANSITIONAL,
    TRANSPORT_PCI_FAST_PORTS, /* modern */
    TRANSPORT_MMIO_2,
    TRANSPORT_MMIO_1,
    TRANSPORT_KINDS,
    TRANSPORT_PCI_PORT, /* behind a root port, which a guest has to set up first */
};

/* type: of the device, enum virtio_device_type. */
void transport_create(struct transport_machine *machine, enum transport_kind kind, uint32_t type);

uint64_t transport_read(struct transport_machine *machine, uint64_t address, uint32_t width);
void transport_write(struct transport_machine *machine, uint64_t address, uint32_t width, uint64_t value);
uint32_t transport_in(struct transport_machine *machine, uint64_t port, uint32_t width);
void transport_out(struct transport_machine *machine, uint64_t port, uint32_t width, uint32_t value);
/* Configuration space of the device in slot 3. */
uint64_t transport_config(struct transport_machine *machine, uint32_t offset, uint32_t width);
void transport_set_config(struct transport_machine *machine, uint32_t offset, uint32_t width, uint64_t value);
