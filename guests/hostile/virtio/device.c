/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding devices, and their registers on each transport. */
#include "device.h"

#define PCI_VENDOR        0x00u
#define PCI_DEVICE        0x02u
#define PCI_COMMAND       0x04u
#define PCI_BAR0          0x10u
#define PCI_SUBSYSTEM     0x2eu
#define PCI_CAPABILITIES  0x34u
#define VENDOR_VIRTIO     0x1af4u
#define MODERN_FIRST      0x1040u
#define CAPABILITY_VENDOR 0x09u

#define MMIO_MAGIC       0x74726976u
#define MMIO_DEVICES     32u
#define MMIO_DEVICE_SIZE 0x200u
#define MMIO_CONFIG      0x100u
#define PAGE             4096u

/* Registers of virtio-mmio. */
enum {
    MMIO_VERSION = 0x04,
    MMIO_DEVICE_ID = 0x08,
    MMIO_FEATURES = 0x10,
    MMIO_FEATURES_SELECT = 0x14,
    MMIO_DRIVER_FEATURES = 0x20,
    MMIO_DRIVER_FEATURES_SELECT = 0x24,
    MMIO_PAGE_SIZE = 0x28,
    MMIO_QUEUE_SELECT = 0x30,
    MMIO_QUEUE_MAX = 0x34,
    MMIO_QUEUE_SIZE = 0x38,
    MMIO_QUEUE_ALIGN = 0x3c,
    MMIO_QUEUE_PAGE = 0x40,
    MMIO_QUEUE_READY = 0x44,
    MMIO_NOTIFY = 0x50,
    MMIO_STATUS = 0x70,
    MMIO_QUEUE_DESCRIPTORS = 0x80,
    MMIO_QUEUE_DRIVER = 0x90,
    MMIO_QUEUE_DEVICE = 0xa0,
    MMIO_QUEUE_RESET = 0xc0,
};

/* Fields of the common configuration on PCI. */
enum {
    COMMON_FEATURES_SELECT = 0x00,
    COMMON_FEATURES = 0x04,
    COMMON_DRIVER_FEATURES_SELECT = 0x08,
    COMMON_DRIVER_FEATURES = 0x0c,
    COMMON_STATUS = 0x14,
    COMMON_QUEUE_SELECT = 0x16,
    COMMON_QUEUE_SIZE = 0x18,
    COMMON_QUEUE_ENABLE = 0x1c,
    COMMON_QUEUE_DESCRIPTORS = 0x20,
    COMMON_QUEUE_DRIVER = 0x28,
    COMMON_QUEUE_DEVICE = 0x30,
    COMMON_QUEUE_RESET = 0x3a,
};

/* Ports of the legacy interface. */
enum {
    LEGACY_FEATURES = 0,
    LEGACY_DRIVER_FEATURES = 4,
    LEGACY_QUEUE_PAGE = 8,
    LEGACY_QUEUE_SIZE = 12,
    LEGACY_QUEUE_SELECT = 14,
    LEGACY_NOTIFY = 16,
    LEGACY_STATUS = 18,
    LEGACY_CONFIG = 20,
};

const char *device_name(const struct device *device)
{
    static const struct {
        uint32_t type;
        const char *names[4];
    } types[] = {
        {TYPE_NET, {"net on PCI", "net by ports", "net on MMIO", "net on legacy MMIO"}},
        {TYPE_BLOCK, {"blk on PCI", "blk by ports", "blk on MMIO", "blk on legacy MMIO"}},
        {TYPE_CONSOLE, {"console on PCI", "console by ports", "console on MMIO", "console on legacy MMIO"}},
        {TYPE_ENTROPY, {"rng on PCI", "rng by ports", "rng on MMIO", "rng on legacy MMIO"}},
        {TYPE_BALLOON, {"balloon on PCI", "balloon by ports", "balloon on MMIO", "balloon on legacy MMIO"}},
        {TYPE_SOCKET, {"vsock on PCI", "vsock by ports", "vsock on MMIO", "vsock on legacy MMIO"}},
        {TYPE_FILE_SYSTEM, {"fs on PCI", "fs by ports", "fs on MMIO", "fs on legacy MMIO"}},
        {TYPE_PMEM, {"pmem on PCI", "pmem by ports", "pmem on MMIO", "pmem on legacy MMIO"}},
    };
    for (uint32_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == device->type) {
            return types[i].names[device->transport];
        }
    }
    return "unknown device";
}

uint64_t device_needs(const struct device *device)
{
    return (device_is_legacy(device) ? 0 : F_VERSION_1) | (device->type == TYPE_CONSOLE ? F_CONSOLE_PORTS : 0);
}

bool device_is_legacy(const struct device *device)
{
    return device->transport == TRANSPORT_PORTS || device->transport == TRANSPORT_MMIO_LEGACY;
}

/* --- Finding --- */

/* The queue whose buffers a device looks at when it is notified. */
static uint32_t request_queue(uint32_t type)
{
    switch (type) {
    case TYPE_NET:
    case TYPE_SOCKET:
    case TYPE_FILE_SYSTEM:
        return 1;
    case TYPE_CONSOLE: /* messages on ports: characters may have to wait for who reads them */
        return 3;
    default:
        return 0;
    }
}

static uint64_t bar(uint64_t function, uint32_t index)
{
    uint64_t value = read_at(function + PCI_BAR0 + 4 * index, 4);
    return (value & 1) != 0 ? value & ~3ull : value & ~15ull;
}

/* Firmware may have left that to us. The windows are used from their middle on. */
static void assign(uint64_t function, uint64_t *memory, uint64_t *ports)
{
    for (uint32_t i = 0; i < 6; i++) {
        uint64_t at = function + PCI_BAR0 + 4 * i;
        uint64_t kind = read_at(at, 4);
        uint64_t flags = (kind & 1) != 0 ? 3 : 15;
        uint64_t *next = (kind & 1) != 0 ? ports : memory;
        write_at(at, 4, ~0ull);
        uint64_t size = (~(read_at(at, 4) & ~flags) + 1) & 0xffffffff;
        write_at(at, 4, kind);
        if (size != 0 && (kind & ~flags) == 0) {
            *next = (*next + size - 1) & ~(size - 1);
            write_at(at, 4, *next | kind);
            *next += size;
        }
    }
}

static void find_parts(struct device *device)
{
    uint32_t at = (uint32_t)read_at(device->function + PCI_CAPABILITIES, 1);
    for (uint32_t left = 48; at != 0 && left > 0; left--) {
        if (read_at(device->function + at, 1) == CAPABILITY_VENDOR) {
            uint32_t index = (uint32_t)read_at(device->function + at + 4, 1);
            uint64_t place = bar(device->function, index) + read_at(device->function + at + 8, 4);
            switch (read_at(device->function + at + 3, 1)) {
            case 1:
                device->bar = index;
                device->registers = place;
                break;
            case 2:
                device->notify = place;
                device->notify_stride = (uint32_t)read_at(device->function + at + 16, 4);
                break;
            case 3:
                device->isr = place;
                break;
            case 4:
                device->config = place;
                break;
            default:
                break;
            }
        }
        at = (uint32_t)read_at(device->function + at + 1, 1);
    }
}

static uint32_t find_on_pci(struct device *devices, uint32_t room)
{
    uint32_t count = 0;
    uint64_t memory = machine.pci_memory;
    uint64_t ports = machine.pci_ports;
    for (uint32_t slot = 0; slot < 32 && count + 2 <= room; slot++) {
        uint64_t function = machine.ecam + ((uint64_t)slot << 15);
        if (read_at(function + PCI_VENDOR, 2) != VENDOR_VIRTIO) {
            continue;
        }
        assign(function, &memory, &ports);
        write_at(function + PCI_COMMAND, 2, 7);
        uint32_t id = (uint32_t)read_at(function + PCI_DEVICE, 2);
        bool transitional = id < MODERN_FIRST;
        uint32_t type = transitional ? (uint32_t)read_at(function + PCI_SUBSYSTEM, 2) : id - MODERN_FIRST;
        struct device *device = &devices[count++];
        *device = (struct device){.transport = TRANSPORT_PCI, .type = type, .function = function};
        find_parts(device);
        if (transitional) {
            devices[count++] = (struct device){
                .transport = TRANSPORT_PORTS, .type = type, .function = function, .registers = bar(function, 0)};
        }
    }
    return count;
}

static void read_into(uint64_t address, uint64_t place)
{
    *(uint32_t *)place = (uint32_t)read_at(address, 4);
}

/* Where nothing is, reading may end in an exception. */
static bool is_transport(uint64_t registers)
{
    static uint32_t magic;
    return !attempt(read_into, registers, (uintptr_t)&magic) && magic == MMIO_MAGIC;
}

static uint32_t find_on_mmio(struct device *devices, uint32_t room)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MMIO_DEVICES && count < room; i++) {
        uint64_t registers = machine.virtio_mmio + i * MMIO_DEVICE_SIZE;
        if (is_transport(registers) && read_at(registers + MMIO_DEVICE_ID, 4) != 0) {
            bool legacy = read_at(registers + MMIO_VERSION, 4) == 1;
            devices[count++] = (struct device){.transport = legacy ? TRANSPORT_MMIO_LEGACY : TRANSPORT_MMIO,
                                               .type = (uint32_t)read_at(registers + MMIO_DEVICE_ID, 4),
                                               .registers = registers};
        }
    }
    return count;
}

uint32_t device_find_all(struct device devices[MAX_DEVICES])
{
    uint32_t count = find_on_pci(devices, MAX_DEVICES);
    count += find_on_mmio(devices + count, MAX_DEVICES - count);
    for (uint32_t i = 0; i < count; i++) {
        devices[i].queue = request_queue(devices[i].type);
    }
    return count;
}

/* --- Registers --- */

static bool on_mmio(const struct device *device)
{
    return device->transport == TRANSPORT_MMIO || device->transport == TRANSPORT_MMIO_LEGACY;
}

uint8_t device_status(const struct device *device)
{
    switch (device->transport) {
    case TRANSPORT_PCI:
        return (uint8_t)read_at(device->registers + COMMON_STATUS, 1);
    case TRANSPORT_PORTS:
        return (uint8_t)port_read((uint32_t)device->registers + LEGACY_STATUS, 1);
    default:
        return (uint8_t)read_at(device->registers + MMIO_STATUS, 4);
    }
}

void device_set_status(const struct device *device, uint8_t status)
{
    switch (device->transport) {
    case TRANSPORT_PCI:
        write_at(device->registers + COMMON_STATUS, 1, status);
        break;
    case TRANSPORT_PORTS:
        port_write((uint32_t)device->registers + LEGACY_STATUS, 1, status);
        break;
    default:
        write_at(device->registers + MMIO_STATUS, 4, status);
        break;
    }
}

uint64_t device_features(const struct device *device)
{
    if (device->transport == TRANSPORT_PORTS) {
        return port_read((uint32_t)device->registers + LEGACY_FEATURES, 4);
    }
    bool mmio = on_mmio(device);
    uint64_t select = device->registers + (mmio ? MMIO_FEATURES_SELECT : COMMON_FEATURES_SELECT);
    uint64_t bits = device->registers + (mmio ? MMIO_FEATURES : COMMON_FEATURES);
    write_at(select, 4, 1);
    uint64_t features = read_at(bits, 4) << 32;
    write_at(select, 4, 0);
    return features | read_at(bits, 4);
}

void device_set_features(const struct device *device, uint64_t features)
{
    if (device->transport == TRANSPORT_PORTS) {
        port_write((uint32_t)device->registers + LEGACY_DRIVER_FEATURES, 4, features);
        return;
    }
    bool mmio = on_mmio(device);
    uint64_t select = device->registers + (mmio ? MMIO_DRIVER_FEATURES_SELECT : COMMON_DRIVER_FEATURES_SELECT);
    uint64_t bits = device->registers + (mmio ? MMIO_DRIVER_FEATURES : COMMON_DRIVER_FEATURES);
    for (uint32_t half = 0; half < 2; half++) {
        write_at(select, 4, half);
        write_at(bits, 4, features >> 32 * half);
    }
}

void device_select_queue(const struct device *device, uint32_t index)
{
    switch (device->transport) {
    case TRANSPORT_PCI:
        write_at(device->registers + COMMON_QUEUE_SELECT, 2, index);
        break;
    case TRANSPORT_PORTS:
        port_write((uint32_t)device->registers + LEGACY_QUEUE_SELECT, 2, index);
        break;
    default:
        write_at(device->registers + MMIO_QUEUE_SELECT, 4, index);
        break;
    }
}

uint32_t device_queue_size(const struct device *device)
{
    switch (device->transport) {
    case TRANSPORT_PCI:
        return (uint32_t)read_at(device->registers + COMMON_QUEUE_SIZE, 2);
    case TRANSPORT_PORTS:
        return (uint32_t)port_read((uint32_t)device->registers + LEGACY_QUEUE_SIZE, 2);
    default:
        return (uint32_t)read_at(device->registers + MMIO_QUEUE_MAX, 4);
    }
}

void device_set_queue_size(const struct device *device, uint32_t size)
{
    if (device->transport == TRANSPORT_PCI) {
        write_at(device->registers + COMMON_QUEUE_SIZE, 2, size);
    } else if (on_mmio(device)) {
        write_at(device->registers + MMIO_QUEUE_SIZE, 4, size);
    }
}

static void place_area(uint64_t field, uint64_t address)
{
    write_at(field, 4, address);
    write_at(field + 4, 4, address >> 32);
}

void device_place_queue(const struct device *device, uint64_t descriptors, uint64_t driver, uint64_t area, bool start)
{
    switch (device->transport) {
    case TRANSPORT_PORTS:
        port_write((uint32_t)device->registers + LEGACY_QUEUE_PAGE, 4, descriptors / PAGE);
        return;
    case TRANSPORT_MMIO_LEGACY:
        write_at(device->registers + MMIO_PAGE_SIZE, 4, PAGE);
        write_at(device->registers + MMIO_QUEUE_ALIGN, 4, PAGE);
        write_at(device->registers + MMIO_QUEUE_PAGE, 4, descriptors / PAGE);
        return;
    case TRANSPORT_PCI:
        place_area(device->registers + COMMON_QUEUE_DESCRIPTORS, descriptors);
        place_area(device->registers + COMMON_QUEUE_DRIVER, driver);
        place_area(device->registers + COMMON_QUEUE_DEVICE, area);
        break;
    default:
        place_area(device->registers + MMIO_QUEUE_DESCRIPTORS, descriptors);
        place_area(device->registers + MMIO_QUEUE_DRIVER, driver);
        place_area(device->registers + MMIO_QUEUE_DEVICE, area);
        break;
    }
    if (start) {
        device_start_queue(device);
    }
}

void device_start_queue(const struct device *device)
{
    if (device->transport == TRANSPORT_PCI) {
        write_at(device->registers + COMMON_QUEUE_ENABLE, 2, 1);
    } else if (device->transport == TRANSPORT_MMIO) {
        write_at(device->registers + MMIO_QUEUE_READY, 4, 1);
    }
}

void device_reset_queue(const struct device *device)
{
    if (device->transport == TRANSPORT_PCI) {
        write_at(device->registers + COMMON_QUEUE_RESET, 2, 1);
    } else if (device->transport == TRANSPORT_MMIO) {
        write_at(device->registers + MMIO_QUEUE_RESET, 4, 1);
    }
}

void device_notify(const struct device *device, uint32_t index)
{
    switch (device->transport) {
    case TRANSPORT_PCI:
        write_at(device->notify + (uint64_t)index * device->notify_stride, 2, index);
        break;
    case TRANSPORT_PORTS:
        port_write((uint32_t)device->registers + LEGACY_NOTIFY, 2, index);
        break;
    default:
        write_at(device->registers + MMIO_NOTIFY, 4, index);
        break;
    }
}

uint64_t device_read_config(const struct device *device, uint32_t offset, uint32_t width)
{
    switch (device->transport) {
    case TRANSPORT_PCI:
        return read_at(device->config + offset, width);
    case TRANSPORT_PORTS:
        return port_read((uint32_t)device->registers + LEGACY_CONFIG + offset, width > 4 ? 4 : width);
    default:
        return read_at(device->registers + MMIO_CONFIG + offset, width);
    }
}

void device_write_config(const struct device *device, uint32_t offset, uint32_t width, uint64_t value)
{
    switch (device->transport) {
    case TRANSPORT_PCI:
        write_at(device->config + offset, width, value);
        break;
    case TRANSPORT_PORTS:
        port_write((uint32_t)device->registers + LEGACY_CONFIG + offset, width > 4 ? 4 : width, value);
        break;
    default:
        write_at(device->registers + MMIO_CONFIG + offset, width, value);
        break;
    }
}
