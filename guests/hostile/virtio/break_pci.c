/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver must not do to a function's configuration space, BARs and MSI-X table. */
#include "provocation.h"

#define PCI_COMMAND       0x04u
#define COMMAND_MASTER    0x04u
#define PCI_BAR0          0x10u
#define PCI_CAPABILITIES  0x34u
#define CONFIG_BYTES      0x100u
#define CAPABILITY_MSIX   0x11u
#define CAPABILITY_VIRTIO 0x09u
#define ACCESS_BY_CONFIG  5u
#define MSIX_ENABLE       0x8000u
#define MSIX_MASK         0x4000u
#define MEMORY_MARK       0x6b617920756e6f74ull

/* The capability's offset; virtio_type 0: any. 0: there is none. */
static uint32_t find_capability(const struct device *device, uint32_t id, uint32_t virtio_type)
{
    uint32_t at = (uint32_t)read_at(device->function + PCI_CAPABILITIES, 1);
    for (uint32_t left = 48; at != 0 && left > 0; left--) {
        if (read_at(device->function + at, 1) == id &&
            (virtio_type == 0 || read_at(device->function + at + 3, 1) == virtio_type)) {
            return at;
        }
        at = (uint32_t)read_at(device->function + at + 1, 1);
    }
    return 0;
}

static void restore(const struct device *device, const uint32_t bars[6])
{
    write_at(device->function + PCI_COMMAND, 2, COMMAND_MASTER);
    for (uint32_t i = 0; i < 6; i++) {
        write_at(device->function + PCI_BAR0 + 4 * i, 4, bars[i]);
    }
    write_at(device->function + PCI_COMMAND, 2, 7);
}

static void save(const struct device *device, uint32_t bars[6])
{
    for (uint32_t i = 0; i < 6; i++) {
        bars[i] = (uint32_t)read_at(device->function + PCI_BAR0 + 4 * i, 4);
    }
}

static void configuration_space_read_anyhow(struct device *device)
{
    for (uint32_t offset = 0; offset < 0x1000; offset += offset < CONFIG_BYTES ? 1 : 61) {
        uint32_t width = 1u << (offset & 3);
        (void)read_at(device->function + (offset & ~(width - 1)), width);
        (void)read_at(device->function + offset, 1);
    }
}

static void configuration_space_written_anyhow(struct device *device)
{
    uint32_t bars[6];
    save(device, bars);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t offset = 0; offset < CONFIG_BYTES; offset++) {
            uint32_t width = 1u << (random_number() & 3);
            write_at(device->function + (offset & ~(width - 1)), width,
                     round == 0   ? ~0ull
                     : round == 1 ? 0
                                  : random_number());
        }
    }
    uint32_t msix = find_capability(device, CAPABILITY_MSIX, 0);
    if (msix != 0) {
        write_at(device->function + msix + 2, 2, 0);
    }
    restore(device, bars);
}

static void functions_that_are_not_there(struct device *device)
{
    for (uint64_t at = machine.ecam + 0x1000; at < machine.ecam + 0x100000; at += 0x7100) {
        if ((at & ~0xfffull) != device->function && (at & 0x7000) != 0) {
            (void)read_at(at, 4);
            write_at(at, 4, ~0ull);
            write_at(at + 8, 8, random_number());
        }
    }
}

/* What must not change, wherever a BAR lies. */
static void check_surroundings(const struct device *device, uint64_t ram, uint64_t interrupts)
{
    const char *name = "BARs over everything";
    if (read_at(ram, 8) != MEMORY_MARK) {
        surprise(device, name, "RAM reads", read_at(ram, 8));
    }
    if (read_at(machine.interrupts_word, 4) != interrupts) {
        surprise(device, name, "the interrupt controller reads", read_at(machine.interrupts_word, 4));
    }
    if (read_at(machine.ecam, 2) == 0xffff) {
        surprise(device, name, "the host bridge reads", read_at(machine.ecam, 4));
    }
    const struct device *other = other_device(device);
    if (other != NULL && read_at(other->registers + 0x12, 2) == 0) {
        surprise(device, name, "another device's queue count reads", 0);
    }
}

static void bars_over_everything(struct device *device)
{
    const struct device *other = other_device(device);
    const uint64_t targets[] = {
        machine.ram_base,
        pool_base() + POOL_BUFFERS,
        machine.ram_base + MEMORY_SIZE - 0x1000,
        other != NULL ? other->registers : 0,
        other != NULL ? other->registers - 0x4000 : 0,
        machine.ecam,
        machine.ecam + 0xf8000,
        machine.interrupts,
        machine.messages & ~0xfffull,
        machine.virtio_mmio,
        0xfffff000,
        0xffff8000,
        0xfffffff0,
        0,
    };
    uint32_t bars[6];
    uint64_t ram = pool_base() + POOL_BUFFERS + 0x20;
    uint64_t interrupts = read_at(machine.interrupts_word, 4);
    save(device, bars);
    write_at(ram, 8, MEMORY_MARK);
    for (uint32_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        write_at(device->function + PCI_BAR0 + 4 * device->bar, 4, targets[i]);
        check_surroundings(device, ram, interrupts);
    }
    /* And of ports, over those of the machine. */
    for (uint32_t port = 0; port < 0x10000 && (bars[0] & 1) != 0; port += 0x340) {
        write_at(device->function + PCI_BAR0, 4, port | 1u);
    }
    for (uint32_t i = 0; i < 20; i++) {
        write_at(device->function + PCI_BAR0 + 4 * device->bar, 4, random_number());
        write_at(device->function + PCI_COMMAND, 2, random_number() | COMMAND_MASTER);
    }
    restore(device, bars);
}

/* The device may not touch memory then. */
static void bus_mastering_turned_off(struct device *device)
{
    write_at(device->function + PCI_COMMAND, 2, 3);
    device_request(device);
    write_at(device->function + PCI_COMMAND, 2, 7);
}

static uint64_t table_of(const struct device *device, uint32_t capability)
{
    uint32_t where = (uint32_t)read_at(device->function + capability + 4, 4);
    uint32_t bar = (uint32_t)read_at(device->function + PCI_BAR0 + 4 * (where & 7), 4);
    return (bar & ~15ull) + (where & ~7u);
}

static void interrupt_table_of_garbage(struct device *device)
{
    const uint64_t addresses[] = {machine.messages,
                                  machine.messages + 0xff000,
                                  machine.ram_base,
                                  machine.interrupts,
                                  machine.ecam,
                                  device->registers,
                                  ~0ull,
                                  machine.messages | 1ull << 32,
                                  0};
    uint32_t msix = find_capability(device, CAPABILITY_MSIX, 0);
    if (msix == 0) {
        return;
    }
    uint64_t table = table_of(device, msix);
    write_at(device->function + msix + 2, 2, MSIX_ENABLE);
    if (device->transport == TRANSPORT_PCI) {
        write_at(device->registers + 0x10, 2, 0); /* a vector for the configuration, one for the queue */
        device_select_queue(device, device->queue);
        write_at(device->registers + 0x1a, 2, 1);
    }
    for (uint32_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        for (uint32_t entry = 0; entry < 3; entry++) {
            write_at(table + 16ull * entry, 8, addresses[i]);
            /* On a PC: none that reset this processor. */
            write_at(table + 16ull * entry + 8, 4, random_number() & ~0x400ull);
            write_at(table + 16ull * entry + 12, 4, random_number() & 1);
        }
        device_request(device);
        (void)device_answers(device, 50);
        write_at(device->function + msix + 2, 2, MSIX_ENABLE | MSIX_MASK);
        write_at(device->function + msix + 2, 2, MSIX_ENABLE);
    }
    for (uint32_t offset = 0; offset < 0x1000; offset += 12) {
        uint32_t width = 1u << (random_number() & 3);
        write_at(table + (offset & ~(width - 1)), width, random_number());
        (void)read_at(table + (offset & ~(width - 1)), width);
    }
    static const uint32_t vectors[] = {0x7fff, 0xfffe, 64, 18};
    for (uint32_t i = 0; i < 4 && device->transport == TRANSPORT_PCI; i++) {
        write_at(device->registers + 0x10, 2, vectors[i]);
        if (read_at(device->registers + 0x10, 2) != 0xffff) {
            surprise(device, "an interrupt table of garbage", "a vector that is not there reads",
                     read_at(device->registers + 0x10, 2));
        }
    }
    write_at(device->function + msix + 2, 2, 0);
}

/* §4.1.4.9: registers in configuration space lead to any BAR, offset and width. */
static void bars_by_configuration_space(struct device *device)
{
    uint32_t at = find_capability(device, CAPABILITY_VIRTIO, ACCESS_BY_CONFIG);
    static const uint32_t offsets[] = {0, 0x13, 0x1000, 0x5000, 0x7ffc, 0x8000, 0xfffffffc, 0xffffffff};
    static const uint32_t lengths[] = {0, 1, 2, 3, 4, 5, 8, 0x80000000, 0xffffffff};
    for (uint32_t bar = 0; at != 0 && bar < 8; bar++) {
        write_at(device->function + at + 4, 1, bar == 7 ? 0xff : bar);
        for (uint32_t i = 0; i < 16; i++) {
            write_at(device->function + at + 8, 4, offsets[random_number() % 8]);
            write_at(device->function + at + 12, 4, lengths[random_number() % 9]);
            (void)read_at(device->function + at + 16, 4);
            (void)read_at(device->function + at + 16, 8);
            write_at(device->function + at + 17, 1, random_number());
        }
    }
}

const struct provocation pci_provocations[] = {
    {"configuration space read in all ways", ON_SPLIT | ON_PCI_ONLY, OUTCOME_GOES_ON, 0,
     .act = configuration_space_read_anyhow},
    {"configuration space written in all ways", ON_SPLIT | ON_PCI_ONLY, OUTCOME_EITHER, 0,
     .act = configuration_space_written_anyhow},
    {"functions that are not there", ON_SPLIT | ON_PCI_ONLY, OUTCOME_GOES_ON, 0, .act = functions_that_are_not_there},
    {"BARs over everything", ON_SPLIT | ON_PCI_ONLY, OUTCOME_GOES_ON, 0, .act = bars_over_everything},
    {"bus mastering turned off", ON_SPLIT | ON_PCI_ONLY, OUTCOME_NEEDS_RESET, 0, .act = bus_mastering_turned_off},
    {"an interrupt table of garbage", ON_SPLIT | ON_PCI_ONLY, OUTCOME_GOES_ON, 0, .act = interrupt_table_of_garbage},
    {"BARs by configuration space", ON_SPLIT | ON_PCI_ONLY, OUTCOME_EITHER, 0, .act = bars_by_configuration_space},
    {0},
};
