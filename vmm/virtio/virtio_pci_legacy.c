/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI, the legacy interface of a transitional device: registers in an I/O BAR, VirtIO 1.2 §4.1.4.10. The
 * device's configuration follows them, behind two vectors if MSI-X is on. Native endianness is little: guests of both
 * architectures are.
 */
#include "virtio_legacy.h"
#include "virtio_pci_internal.h"

#define PAGE       4096u
#define CONFIG     20u
#define CONFIG_MSI 24u

enum legacy_register {
    LEGACY_DEVICE_FEATURES = 0,
    LEGACY_DRIVER_FEATURES = 4,
    LEGACY_QUEUE_ADDRESS = 8,
    LEGACY_QUEUE_SIZE = 12,
    LEGACY_QUEUE_SELECT = 14,
    LEGACY_QUEUE_NOTIFY = 16,
    LEGACY_STATUS = 18,
    LEGACY_ISR = 19,
    LEGACY_CONFIG_VECTOR = 20,
    LEGACY_QUEUE_VECTOR = 22,
};

uint32_t virtio_pci_legacy_size(const struct virtio_device *device)
{
    uint32_t size = 32;
    while (size < CONFIG_MSI + device->config_size) {
        size *= 2;
    }
    return size;
}

static uint32_t register_width(uint32_t offset)
{
    switch (offset) {
    case LEGACY_DEVICE_FEATURES:
    case LEGACY_DRIVER_FEATURES:
    case LEGACY_QUEUE_ADDRESS:
        return 4;
    case LEGACY_STATUS:
    case LEGACY_ISR:
        return 1;
    default:
        return offset % 2 == 0 ? 2 : 0;
    }
}

static uint32_t config_start(const struct virtio_pci *pci)
{
    return msix_enabled(&pci->msix) ? CONFIG_MSI : CONFIG;
}

static uint32_t read_register(struct virtio_pci *pci, uint32_t offset)
{
    struct virtio_device *device = pci->device;
    struct virtqueue *queue = virtio_queue(device, pci->queue_select);
    switch (offset) {
    case LEGACY_DEVICE_FEATURES:
        return virtio_legacy_features(device);
    case LEGACY_DRIVER_FEATURES:
        return (uint32_t)device->acknowledged;
    case LEGACY_QUEUE_ADDRESS:
        return queue != NULL ? (uint32_t)(queue->descriptor_area / PAGE) : 0;
    case LEGACY_QUEUE_SIZE:
        return queue != NULL ? queue->maximum_size : 0;
    case LEGACY_QUEUE_SELECT:
        return pci->queue_select;
    case LEGACY_STATUS:
        return device->status;
    case LEGACY_ISR:
        return virtio_pci_take_isr(pci);
    case LEGACY_CONFIG_VECTOR:
        return pci->config_vector;
    case LEGACY_QUEUE_VECTOR:
        return queue != NULL ? queue->vector : VIRTIO_NO_VECTOR;
    default:
        return 0;
    }
}

static uint64_t legacy_read(void *context, uint64_t offset, uint32_t width)
{
    struct virtio_pci *pci = context;
    uint32_t start = config_start(pci);
    if (offset >= start) {
        return virtio_read_config(pci->device, (uint32_t)offset - start, width);
    }
    return width == register_width((uint32_t)offset) ? read_register(pci, (uint32_t)offset) : 0;
}

static void write_register(struct virtio_pci *pci, uint32_t offset, uint32_t value)
{
    struct virtio_device *device = pci->device;
    struct virtqueue *queue = virtio_queue(device, pci->queue_select);
    if ((device->status & VIRTIO_STATUS_FEATURES_OK) == 0) { /* else it is a modern driver's until it is reset */
        virtio_set_legacy(device);
    }
    switch (offset) {
    case LEGACY_DRIVER_FEATURES:
        virtio_write_features(device, 0, value);
        break;
    case LEGACY_QUEUE_ADDRESS:
        virtio_legacy_place_queue(device, pci->queue_select, value, PAGE, PAGE);
        break;
    case LEGACY_QUEUE_SELECT:
        pci->queue_select = (uint16_t)value;
        break;
    case LEGACY_QUEUE_NOTIFY:
        virtio_notify(device, value);
        break;
    case LEGACY_STATUS:
        virtio_pci_write_status(pci, (uint8_t)value);
        break;
    case LEGACY_CONFIG_VECTOR:
        pci->config_vector = virtio_pci_vector(pci, value);
        break;
    case LEGACY_QUEUE_VECTOR:
        if (queue != NULL) {
            queue->vector = virtio_pci_vector(pci, value);
        }
        break;
    default:
        break;
    }
}

static void legacy_write(void *context, uint64_t offset, uint32_t width, uint64_t value)
{
    struct virtio_pci *pci = context;
    uint32_t start = config_start(pci);
    if ((pci->device->status & VIRTIO_STATUS_FEATURES_OK) != 0 && offset != LEGACY_STATUS) {
        struct virtio_device *device = pci->device;
        log_guest_error(device->vm, &device->limit, device->name, "the legacy interface used by a modern driver");
    } else if (offset >= start) {
        virtio_write_config(pci->device, (uint32_t)offset - start, width, value);
    } else if (width == register_width((uint32_t)offset)) {
        write_register(pci, (uint32_t)offset, (uint32_t)value);
    }
}

const struct bus_ops virtio_pci_legacy_ops = {.read = legacy_read, .write = legacy_write};
