/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio over PCI: common configuration, VirtIO 1.2 §4.1.4.3. Fields are accessed with their own width, those of 64
 * bits also by halves; anything else reads 0 and writes nothing. */
#include "virtio_pci_internal.h"

enum common_field {
    COMMON_DEVICE_FEATURE_SELECT = 0x00,
    COMMON_DEVICE_FEATURE = 0x04,
    COMMON_DRIVER_FEATURE_SELECT = 0x08,
    COMMON_DRIVER_FEATURE = 0x0c,
    COMMON_CONFIG_VECTOR = 0x10,
    COMMON_QUEUE_COUNT = 0x12,
    COMMON_STATUS = 0x14,
    COMMON_GENERATION = 0x15,
    COMMON_QUEUE_SELECT = 0x16,
    COMMON_QUEUE_SIZE = 0x18,
    COMMON_QUEUE_VECTOR = 0x1a,
    COMMON_QUEUE_ENABLE = 0x1c,
    COMMON_QUEUE_NOTIFY_OFFSET = 0x1e,
    COMMON_QUEUE_DESCRIPTORS = 0x20,
    COMMON_QUEUE_DRIVER = 0x28,
    COMMON_QUEUE_DEVICE = 0x30,
    COMMON_QUEUE_NOTIFY_DATA = 0x38,
    COMMON_QUEUE_RESET = 0x3a,
};

static uint32_t field_width(uint32_t offset)
{
    switch (offset) {
    case COMMON_DEVICE_FEATURE_SELECT:
    case COMMON_DEVICE_FEATURE:
    case COMMON_DRIVER_FEATURE_SELECT:
    case COMMON_DRIVER_FEATURE:
    case COMMON_QUEUE_DESCRIPTORS:
    case COMMON_QUEUE_DESCRIPTORS + 4:
    case COMMON_QUEUE_DRIVER:
    case COMMON_QUEUE_DRIVER + 4:
    case COMMON_QUEUE_DEVICE:
    case COMMON_QUEUE_DEVICE + 4:
        return 4;
    case COMMON_STATUS:
    case COMMON_GENERATION:
        return 1;
    default:
        return 2;
    }
}

static bool is_address(uint32_t offset)
{
    return offset == COMMON_QUEUE_DESCRIPTORS || offset == COMMON_QUEUE_DRIVER || offset == COMMON_QUEUE_DEVICE;
}

static void refuse(struct virtio_pci *pci, const char *what, uint32_t offset, uint32_t width)
{
    struct virtio_device *device = pci->device;
    log_guest_error(device->vm, &device->limit, device->name, "%s of %u bytes at 0x%x of the common configuration",
                    what, width, offset);
}

/* --- Queues --- */

/* The area whose low or high half is at `offset`. */
static uint64_t *queue_area(struct virtqueue *queue, uint32_t offset)
{
    switch (offset & ~7u) {
    case COMMON_QUEUE_DESCRIPTORS:
        return &queue->descriptor_area;
    case COMMON_QUEUE_DRIVER:
        return &queue->driver_area;
    default:
        return &queue->device_area;
    }
}

static uint32_t read_queue(struct virtio_pci *pci, uint32_t offset)
{
    struct virtqueue *queue = virtio_queue(pci->device, pci->queue_select);
    if (queue == NULL) {
        return offset == COMMON_QUEUE_VECTOR ? VIRTIO_NO_VECTOR : 0;
    }
    switch (offset) {
    case COMMON_QUEUE_SIZE:
        return queue->size;
    case COMMON_QUEUE_VECTOR:
        return queue->vector;
    case COMMON_QUEUE_ENABLE:
        return queue->enabled;
    case COMMON_QUEUE_NOTIFY_OFFSET:
        return queue->index;
    case COMMON_QUEUE_DESCRIPTORS:
    case COMMON_QUEUE_DRIVER:
    case COMMON_QUEUE_DEVICE:
        return (uint32_t)*queue_area(queue, offset);
    case COMMON_QUEUE_DESCRIPTORS + 4:
    case COMMON_QUEUE_DRIVER + 4:
    case COMMON_QUEUE_DEVICE + 4:
        return (uint32_t)(*queue_area(queue, offset) >> 32);
    case COMMON_QUEUE_NOTIFY_DATA:
        return queue->index;
    default: /* COMMON_QUEUE_RESET: over at once */
        return 0;
    }
}

static void write_area(struct virtqueue *queue, uint32_t offset, uint32_t value)
{
    uint64_t *area = queue_area(queue, offset);
    uint32_t shift = (offset & 4u) * 8;
    *area = (*area & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
}

static void write_queue(struct virtio_pci *pci, uint32_t offset, uint32_t value)
{
    struct virtqueue *queue = virtio_queue(pci->device, pci->queue_select);
    if (queue == NULL) {
        return;
    }
    switch (offset) {
    case COMMON_QUEUE_VECTOR:
        queue->vector = virtio_pci_vector(pci, value);
        return;
    case COMMON_QUEUE_ENABLE:
        if (value == 1) {
            virtio_enable_queue(pci->device, pci->queue_select);
        }
        return;
    case COMMON_QUEUE_RESET:
        if (value == 1) {
            virtio_reset_queue(pci->device, pci->queue_select);
        }
        return;
    default:
        break;
    }
    if (queue->enabled) {
        refuse(pci, "a write to a running queue", offset, field_width(offset));
    } else if (offset == COMMON_QUEUE_SIZE) {
        queue->size = (uint16_t)value;
    } else if (offset >= COMMON_QUEUE_DESCRIPTORS && offset < COMMON_QUEUE_NOTIFY_DATA) {
        write_area(queue, offset, value);
    }
}

/* --- Registers --- */

static uint32_t read_field(struct virtio_pci *pci, uint32_t offset)
{
    struct virtio_device *device = pci->device;
    switch (offset) {
    case COMMON_DEVICE_FEATURE_SELECT:
        return pci->device_feature_select;
    case COMMON_DEVICE_FEATURE:
        return virtio_read_features(device, pci->device_feature_select);
    case COMMON_DRIVER_FEATURE_SELECT:
        return pci->driver_feature_select;
    case COMMON_DRIVER_FEATURE:
        return pci->driver_feature_select < 2 ? (uint32_t)(device->acknowledged >> 32 * pci->driver_feature_select) : 0;
    case COMMON_CONFIG_VECTOR:
        return pci->config_vector;
    case COMMON_QUEUE_COUNT:
        return device->queue_count;
    case COMMON_STATUS:
        return device->status;
    case COMMON_GENERATION:
        return device->config_generation & 0xffu;
    case COMMON_QUEUE_SELECT:
        return pci->queue_select;
    default:
        return read_queue(pci, offset);
    }
}

static void write_field(struct virtio_pci *pci, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case COMMON_DEVICE_FEATURE_SELECT:
        pci->device_feature_select = value;
        break;
    case COMMON_DRIVER_FEATURE_SELECT:
        pci->driver_feature_select = value;
        break;
    case COMMON_DRIVER_FEATURE:
        virtio_write_features(pci->device, pci->driver_feature_select, value);
        break;
    case COMMON_CONFIG_VECTOR:
        pci->config_vector = virtio_pci_vector(pci, value);
        break;
    case COMMON_STATUS:
        virtio_pci_write_status(pci, (uint8_t)value);
        break;
    case COMMON_QUEUE_SELECT:
        pci->queue_select = (uint16_t)value;
        break;
    case COMMON_DEVICE_FEATURE:
    case COMMON_QUEUE_COUNT:
    case COMMON_GENERATION:
        refuse(pci, "a write to a read-only field", offset, field_width(offset));
        break;
    default:
        write_queue(pci, offset, value);
        break;
    }
}

static bool is_field(uint32_t offset, uint32_t width)
{
    return offset <= COMMON_QUEUE_RESET && width == field_width(offset) && offset % width == 0;
}

uint64_t virtio_pci_common_read(struct virtio_pci *pci, uint32_t offset, uint32_t width)
{
    if (width == 8 && is_address(offset)) {
        return read_field(pci, offset) | (uint64_t)read_field(pci, offset + 4) << 32;
    }
    if (!is_field(offset, width)) {
        refuse(pci, "a read", offset, width);
        return 0;
    }
    return read_field(pci, offset);
}

void virtio_pci_common_write(struct virtio_pci *pci, uint32_t offset, uint32_t width, uint64_t value)
{
    if (width == 8 && is_address(offset)) {
        write_field(pci, offset, (uint32_t)value);
        write_field(pci, offset + 4, (uint32_t)(value >> 32));
        return;
    }
    if (!is_field(offset, width)) {
        refuse(pci, "a write", offset, width);
        return;
    }
    write_field(pci, offset, (uint32_t)value);
}
