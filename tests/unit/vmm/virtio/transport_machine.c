/* SPDX-License-Identifier: BSD-2-Clause */
#include "transport_machine.h"

#include <string.h>

#define DEVFN PCI_DEVFN(3, 0)

static void record_line(void *context, uint32_t number, bool level)
{
    struct transport_machine *machine = context;
    assert_true(number < 32);
    machine->lines[number] = level;
}

static void record_message(void *context, uint32_t device, uint64_t address, uint32_t data)
{
    struct transport_machine *machine = context;
    machine->messages[machine->message_count++ % 16] =
        (struct message){.device = device, .address = address, .data = data};
}

static void notified(void *context, uint32_t index)
{
    struct transport_machine *machine = context;
    struct virtqueue *queue = &machine->device.queues[index];
    struct virtio_segment segments[8];
    struct virtqueue_chain chain = {.segments = segments, .capacity = 8};
    machine->notified++;
    while (virtqueue_pop(queue, &chain) == VIRTQUEUE_CHAIN) {
        machine->taken++;
        virtqueue_push(queue, chain.id, chain.slots, (uint32_t)chain.writable_length);
    }
    virtqueue_flush(queue);
}

static void reset(void *context)
{
    ((struct transport_machine *)context)->resets++;
}

static void config_written(void *context, uint32_t offset, uint32_t width, uint64_t value)
{
    struct transport_machine *machine = context;
    for (uint32_t i = offset; i < offset + width && i < 4; i++) {
        machine->config[i] = (uint8_t)(value >> 8 * (i - offset));
    }
}

void transport_create(struct transport_machine *machine, enum transport_kind kind, uint32_t type)
{
    static struct virtio_ops ops = {
        .name = "toy", .queue_notified = notified, .reset = reset, .config_written = config_written};
    memset(machine, 0, sizeof(*machine));
    machine_create(&machine->base);
    ops.type = type;
    machine->router.msi = record_message;
    machine->router.msi_target = machine;
    struct irq_sink sink = {.line = record_line, .controller = machine};
    assert_int_equal(irq_add_sink(&machine->router, sink), 0);
    struct pci_host_config config = {
        .io = &machine->io,
        .mmio = &machine->mmio,
        .router = &machine->router,
        .vm = &machine->base.vm,
        .ecam_base = TRANSPORT_ECAM,
        .io_window = {TRANSPORT_IO, 0xf000},
        .memory_window = {TRANSPORT_MEMORY, 0x10000000},
        .first_line = TRANSPORT_LINE,
        .bridge_vendor = 0x1b36,
        .bridge_device = 8,
        .fast_ports = kind == TRANSPORT_PCI_FAST_PORTS,
        .bus_count = TRANSPORT_BUSES,
        .ports = kind == TRANSPORT_PCI_PORT ? &machine->port : NULL,
        .port_count = 1,
    };
    assert_int_equal(pci_host_init(&machine->host, &config), 0);
    machine->shared = (struct irq_shared_line){.router = &machine->router, .number = TRANSPORT_MMIO_LINE};

    memcpy(machine->config, "abcdefgh", 8);
    virtio_device_init(&machine->device, &ops, machine, &machine->base.vm, "toy0", 1, machine->config, 8);
    for (uint32_t i = 0; i < TRANSPORT_QUEUES; i++) {
        assert_int_equal(virtio_add_queue(&machine->device, TRANSPORT_QUEUE_SIZE), 0);
    }
    if (kind != TRANSPORT_MMIO_1 && kind != TRANSPORT_MMIO_2) {
        const struct virtio_pci_place place = {
            .slot = 3, .transitional = kind == TRANSPORT_PCI_TRANSITIONAL, .removable = true};
        assert_null(virtio_pci_init(&machine->pci, &machine->device, &machine->host, &place));
        pci_host_assign(&machine->host);
        pci_host_reset(&machine->host);
    } else {
        assert_null(virtio_mmio_init(&machine->transport, &machine->device, &machine->mmio, TRANSPORT_MMIO,
                                     &machine->shared, kind == TRANSPORT_MMIO_1));
    }
}

uint64_t transport_read(struct transport_machine *machine, uint64_t address, uint32_t width)
{
    uint64_t value;
    bus_read(&machine->mmio, address, width, &value);
    return value;
}

void transport_write(struct transport_machine *machine, uint64_t address, uint32_t width, uint64_t value)
{
    bus_write(&machine->mmio, address, width, value);
}

uint32_t transport_in(struct transport_machine *machine, uint64_t port, uint32_t width)
{
    uint64_t value;
    bus_read(&machine->io, port, width, &value);
    return (uint32_t)value;
}

void transport_out(struct transport_machine *machine, uint64_t port, uint32_t width, uint32_t value)
{
    bus_write(&machine->io, port, width, value);
}

uint64_t transport_config(struct transport_machine *machine, uint32_t offset, uint32_t width)
{
    return transport_read(machine, TRANSPORT_ECAM + ((uint64_t)DEVFN << 12) + offset, width);
}

void transport_set_config(struct transport_machine *machine, uint32_t offset, uint32_t width, uint64_t value)
{
    transport_write(machine, TRANSPORT_ECAM + ((uint64_t)DEVFN << 12) + offset, width, value);
}
