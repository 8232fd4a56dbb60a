/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio over MMIO: VirtIO 1.2 §4.2.2. Registers are words; the configuration behind them is accessed by any width. */
#include "virtio_mmio_internal.h"

#define MAGIC  0x74726976u /* "virt" */
#define VENDOR 0x50594b53u /* "SKYP" */

/* --- Interrupts --- */

static void set_interrupt_status(struct virtio_mmio *mmio, uint32_t bits)
{
    mmio->interrupt_status = bits;
    if (mmio->asserted != (bits != 0)) {
        mmio->asserted = bits != 0;
        irq_set_shared_line(mmio->line, mmio->asserted);
    }
}

static void queue_interrupt(void *transport, struct virtqueue *queue)
{
    struct virtio_mmio *mmio = transport;
    (void)queue;
    set_interrupt_status(mmio, mmio->interrupt_status | VIRTIO_MMIO_INTERRUPT_QUEUE);
}

static void config_interrupt(void *transport)
{
    struct virtio_mmio *mmio = transport;
    set_interrupt_status(mmio, mmio->interrupt_status | VIRTIO_MMIO_INTERRUPT_CONFIG);
}

static const struct virtio_transport_ops transport_ops = {.queue_interrupt = queue_interrupt,
                                                          .config_interrupt = config_interrupt};

/* --- Reset --- */

static void reset_registers(struct virtio_mmio *mmio)
{
    set_interrupt_status(mmio, 0);
    mmio->device_features_select = 0;
    mmio->driver_features_select = 0;
    mmio->queue_select = 0;
    if (mmio->legacy) {
        virtio_set_legacy(mmio->device);
    }
}

void virtio_mmio_reset(struct virtio_mmio *mmio)
{
    virtio_device_reset(mmio->device);
    reset_registers(mmio);
    /* A driver's reset leaves these: Linux says how large its pages are before it. */
    mmio->page_size = 0;
    for (uint32_t i = 0; i < VIRTIO_MAX_QUEUES; i++) {
        mmio->queue_alignment[i] = 0;
    }
}

static void write_status(struct virtio_mmio *mmio, uint32_t value)
{
    virtio_write_status(mmio->device, (uint8_t)value);
    if ((uint8_t)value == 0) {
        reset_registers(mmio);
    }
}

/* --- Queues of version 2 --- */

static uint64_t *queue_area(struct virtqueue *queue, uint32_t offset)
{
    switch (offset & ~4u) {
    case MMIO_QUEUE_DESCRIPTORS:
        return &queue->descriptor_area;
    case MMIO_QUEUE_DRIVER:
        return &queue->driver_area;
    case MMIO_QUEUE_DEVICE:
        return &queue->device_area;
    default:
        return NULL;
    }
}

static void write_queue(struct virtio_mmio *mmio, uint32_t offset, uint32_t value)
{
    struct virtio_device *device = mmio->device;
    struct virtqueue *queue = virtio_queue(device, mmio->queue_select);
    if (queue == NULL) {
        return;
    }
    if (offset == MMIO_QUEUE_READY) {
        if (value == 0) {
            virtio_stop_queue(device, queue->index);
        } else if (value == 1) {
            virtio_enable_queue(device, queue->index);
        }
        return;
    }
    if (offset == MMIO_QUEUE_RESET) {
        if (value == 1) {
            virtio_reset_queue(device, queue->index);
        }
        return;
    }
    uint64_t *area = queue_area(queue, offset);
    if (area != NULL && queue->enabled) {
        log_guest_error(device->vm, &device->limit, device->name, "queue %u moved while it runs", queue->index);
    } else if (area != NULL) {
        uint32_t shift = (offset & 4u) * 8;
        *area = (*area & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
    }
}

static void write_queue_size(struct virtio_mmio *mmio, uint32_t value)
{
    struct virtqueue *queue = virtio_queue(mmio->device, mmio->queue_select);
    if (queue != NULL && !queue->enabled) {
        /* A size that does not fit is none; starting the queue will say so. */
        queue->size = value <= UINT16_MAX ? (uint16_t)value : 0;
    }
}

/* --- Registers --- */

static uint32_t read_register(struct virtio_mmio *mmio, uint32_t offset)
{
    struct virtio_device *device = mmio->device;
    const struct virtqueue *queue = virtio_queue(device, mmio->queue_select);
    uint32_t value;
    switch (offset) {
    case MMIO_MAGIC:
        return MAGIC;
    case MMIO_VERSION:
        return mmio->legacy ? 1 : 2;
    case MMIO_DEVICE_ID:
        return device->ops->type;
    case MMIO_VENDOR_ID:
        return VENDOR;
    case MMIO_DEVICE_FEATURES:
        if (mmio->legacy) {
            return mmio->device_features_select == 0 ? virtio_legacy_features(device) : 0;
        }
        return virtio_read_features(device, mmio->device_features_select);
    case MMIO_QUEUE_SIZE_MAX:
        return queue != NULL ? queue->maximum_size : 0;
    case MMIO_INTERRUPT_STATUS:
        return mmio->interrupt_status;
    case MMIO_STATUS:
        return device->status;
    default:
        break;
    }
    if (mmio->legacy) {
        return virtio_mmio_legacy_read(mmio, offset, &value) ? value : 0;
    }
    switch (offset) {
    case MMIO_QUEUE_READY:
        return queue != NULL && queue->enabled;
    case MMIO_SHARED_MEMORY_LENGTH: /* there is no shared memory: length and base are all ones */
    case MMIO_SHARED_MEMORY_LENGTH + 4:
    case MMIO_SHARED_MEMORY_BASE:
    case MMIO_SHARED_MEMORY_BASE + 4:
        return UINT32_MAX;
    case MMIO_CONFIG_GENERATION:
        return device->config_generation;
    default:
        return 0;
    }
}

static void write_register(struct virtio_mmio *mmio, uint32_t offset, uint32_t value)
{
    struct virtio_device *device = mmio->device;
    switch (offset) {
    case MMIO_DEVICE_FEATURES_SELECT:
        mmio->device_features_select = value;
        return;
    case MMIO_DRIVER_FEATURES:
        virtio_write_features(device, mmio->driver_features_select, value);
        return;
    case MMIO_DRIVER_FEATURES_SELECT:
        mmio->driver_features_select = value;
        return;
    case MMIO_QUEUE_SELECT:
        mmio->queue_select = value;
        return;
    case MMIO_QUEUE_SIZE:
        write_queue_size(mmio, value);
        return;
    case MMIO_QUEUE_NOTIFY:
        virtio_notify(device, value & 0xffffu); /* above it, where the ring stands (notification data) */
        return;
    case MMIO_INTERRUPT_ACK:
        set_interrupt_status(mmio, mmio->interrupt_status & ~value);
        return;
    case MMIO_STATUS:
        write_status(mmio, value);
        return;
    default:
        break;
    }
    if (mmio->legacy) {
        virtio_mmio_legacy_write(mmio, offset, value);
    } else {
        write_queue(mmio, offset, value);
    }
}

static void refuse(struct virtio_mmio *mmio, const char *what, uint64_t offset, uint32_t width)
{
    struct virtio_device *device = mmio->device;
    log_guest_error(device->vm, &device->limit, device->name, "%s of %u bytes at register 0x%llx", what, width,
                    (unsigned long long)offset);
}

static uint64_t mmio_read(void *context, uint64_t offset, uint32_t width)
{
    struct virtio_mmio *mmio = context;
    if (offset >= MMIO_CONFIG) {
        return virtio_read_config(mmio->device, (uint32_t)offset - MMIO_CONFIG, width);
    }
    if (width != 4 || offset % 4 != 0) {
        refuse(mmio, "a read", offset, width);
        return 0;
    }
    return read_register(mmio, (uint32_t)offset);
}

static void mmio_write(void *context, uint64_t offset, uint32_t width, uint64_t value)
{
    struct virtio_mmio *mmio = context;
    if (offset >= MMIO_CONFIG) {
        virtio_write_config(mmio->device, (uint32_t)offset - MMIO_CONFIG, width, value);
    } else if (width != 4 || offset % 4 != 0) {
        refuse(mmio, "a write", offset, width);
    } else {
        write_register(mmio, (uint32_t)offset, (uint32_t)value);
    }
}

static const struct bus_ops mmio_ops = {.read = mmio_read, .write = mmio_write};

const char *virtio_mmio_init(struct virtio_mmio *mmio, struct virtio_device *device, struct bus *bus, uint64_t base,
                             struct irq_shared_line *line, bool legacy)
{
    *mmio = (struct virtio_mmio){.device = device, .line = line, .legacy = legacy};
    virtio_set_transport(device, &transport_ops, mmio);
    reset_registers(mmio);
    if (bus_register(bus, base, VIRTIO_MMIO_SIZE, &mmio_ops, mmio, device->name) != 0) {
        return "configuration: a device without a place of its own among the virtio-mmio transports";
    }
    return NULL;
}
