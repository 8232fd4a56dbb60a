/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio devices: status, features, configuration space. VirtIO 1.2 ch. 2, 3. */
#include <vmm/virtio/virtio.h>

#include <base/format.h>
#include <base/memory.h>

#include <vmm/vm.h>

#define STATUS_KNOWN                                                                                                   \
    (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_FEATURES_OK |          \
     VIRTIO_STATUS_FAILED)

void virtio_device_init(struct virtio_device *device, const struct virtio_ops *ops, void *context, struct vm *vm,
                        const char *name, uint64_t features, const void *config, uint32_t config_size)
{
    *device = (struct virtio_device){
        .ops = ops,
        .context = context,
        .vm = vm,
        .memory = &vm->memory,
        .offered = features | VIRTIO_COMMON_FEATURES,
        .config = config,
        .config_size = config_size,
    };
    snprintf(device->name, sizeof(device->name), "%s", name);
}

int virtio_add_queue(struct virtio_device *device, uint16_t maximum_size)
{
    if (device->queue_count >= VIRTIO_MAX_QUEUES || maximum_size == 0 || maximum_size > VIRTQUEUE_MAX_SIZE ||
        (maximum_size & (maximum_size - 1)) != 0) {
        return -1;
    }
    struct virtqueue *queue = &device->queues[device->queue_count];
    *queue = (struct virtqueue){
        .device = device,
        .index = (uint16_t)device->queue_count,
        .maximum_size = maximum_size,
    };
    virtqueue_reset(queue);
    device->queue_count++;
    return 0;
}

void virtio_set_transport(struct virtio_device *device, const struct virtio_transport_ops *ops, void *transport)
{
    device->transport_ops = ops;
    device->transport = transport;
}

void virtio_set_legacy(struct virtio_device *device)
{
    device->legacy = true;
}

/* --- State --- */

bool virtio_is_live(const struct virtio_device *device)
{
    return !device->broken && (device->legacy || (device->status & VIRTIO_STATUS_DRIVER_OK) != 0);
}

static void config_interrupt(struct virtio_device *device)
{
    if (device->transport_ops != NULL && virtio_is_live(device)) {
        device->transport_ops->config_interrupt(device->transport);
    }
}

void virtio_config_changed(struct virtio_device *device)
{
    device->config_generation++;
    config_interrupt(device);
}

void virtio_fail(struct virtio_device *device, const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (device->broken) {
        return;
    }
    log_guest_error(device->vm, &device->limit, device->name, "%s; it needs a reset", text);
    if (!device->legacy) { /* a legacy driver knows nothing of that bit */
        device->status |= VIRTIO_STATUS_NEEDS_RESET;
    }
    config_interrupt(device);
    device->broken = true;
}

void virtio_device_reset(struct virtio_device *device)
{
    for (uint32_t i = 0; i < device->queue_count; i++) {
        virtqueue_reset(&device->queues[i]);
    }
    device->acknowledged = 0;
    device->features = 0;
    device->legacy = false;
    device->status = 0;
    device->broken = false;
    device->ops->reset(device->context);
}

void virtio_cut_off(struct virtio_device *device)
{
    if (device->status == 0) {
        return;
    }
    uint8_t status = device->status;
    bool legacy = device->legacy;
    virtio_device_reset(device);
    device->status = (uint8_t)(legacy ? status : status | VIRTIO_STATUS_NEEDS_RESET);
    device->legacy = legacy;
    device->broken = true; /* no interrupt and no line in the log: the guest knows what it does */
}

/* --- Features --- */

uint32_t virtio_legacy_features(const struct virtio_device *device)
{
    return (uint32_t)(device->offered | VIRTIO_F_ANY_LAYOUT);
}

uint32_t virtio_read_features(const struct virtio_device *device, uint32_t select)
{
    return select < 2 ? (uint32_t)(device->offered >> 32 * select) : 0;
}

void virtio_write_features(struct virtio_device *device, uint32_t select, uint32_t bits)
{
    if (device->legacy) {
        if (select == 0) {
            device->acknowledged = bits & virtio_legacy_features(device);
            device->features = device->acknowledged;
            for (uint32_t i = 0; i < device->queue_count; i++) {
                virtqueue_set_features(&device->queues[i]);
            }
        }
        return;
    }
    if ((device->status & VIRTIO_STATUS_FEATURES_OK) != 0) {
        log_guest_error(device->vm, &device->limit, device->name, "features written after FEATURES_OK are ignored");
        return;
    }
    if (select < 2) {
        device->acknowledged &= ~((uint64_t)UINT32_MAX << 32 * select);
        device->acknowledged |= (uint64_t)bits << 32 * select;
    } else if (bits != 0) {
        device->acknowledged |= 1ull << 63; /* nobody offered it: FEATURES_OK will be refused */
    }
}

/* Whether the device works with what the driver has acknowledged. */
static bool features_agree(struct virtio_device *device)
{
    uint64_t wanted = device->acknowledged;
    uint64_t unknown = wanted & ~device->offered;
    if (unknown != 0) {
        log_guest_error(device->vm, &device->limit, device->name,
                        "the driver wants features 0x%llx, which were not offered", (unsigned long long)unknown);
        return false;
    }
    if ((wanted & VIRTIO_F_VERSION_1) == 0) {
        log_guest_error(device->vm, &device->limit, device->name, "the driver does not take VIRTIO_F_VERSION_1");
        return false;
    }
    const struct virtio_ops *ops = device->ops;
    if (ops->accept_features != NULL && !ops->accept_features(device->context, wanted)) {
        log_guest_error(device->vm, &device->limit, device->name, "features 0x%llx do not go together",
                        (unsigned long long)wanted);
        return false;
    }
    return true;
}

/* --- Status, §3.1 --- */

static void start(struct virtio_device *device)
{
    if (device->ops->start != NULL) {
        device->ops->start(device->context);
    }
    /* Buffers made available before count from now on. */
    for (uint32_t i = 0; i < device->queue_count; i++) {
        if (!device->broken && virtqueue_has_buffers(&device->queues[i])) {
            device->ops->queue_notified(device->context, i);
        }
    }
}

void virtio_write_status(struct virtio_device *device, uint8_t status)
{
    if (status == 0) {
        virtio_device_reset(device);
        return;
    }
    uint8_t added = (uint8_t)(status & STATUS_KNOWN & ~device->status);
    if ((device->status & (uint8_t)~status & STATUS_KNOWN) != 0) {
        log_guest_error(device->vm, &device->limit, device->name,
                        "status 0x%02x written over 0x%02x: bits are cleared by a reset only", status, device->status);
    }
    if ((added & VIRTIO_STATUS_FEATURES_OK) != 0) {
        bool driver = ((device->status | added) & VIRTIO_STATUS_DRIVER) != 0;
        if (device->legacy || !driver || !features_agree(device)) {
            added &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
        } else {
            device->features = device->acknowledged;
        }
    }
    device->status |= added;
    if ((added & VIRTIO_STATUS_DRIVER_OK) == 0) {
        return;
    }
    if (!device->legacy && (device->status & VIRTIO_STATUS_FEATURES_OK) == 0) {
        device->status &= (uint8_t)~VIRTIO_STATUS_DRIVER_OK;
        virtio_fail(device, "DRIVER_OK without FEATURES_OK");
        return;
    }
    start(device);
}

/* --- Configuration space --- */

uint64_t virtio_read_config(const struct virtio_device *device, uint32_t offset, uint32_t width)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < width && i < 8; i++) {
        if (offset < device->config_size && i < device->config_size - offset) {
            value |= (uint64_t)device->config[offset + i] << 8 * i;
        }
    }
    return value;
}

void virtio_write_config(struct virtio_device *device, uint32_t offset, uint32_t width, uint64_t value)
{
    if (device->ops->config_written == NULL || offset >= device->config_size || width > device->config_size - offset) {
        log_guest_error(device->vm, &device->limit, device->name,
                        "a write of %u bytes to offset 0x%x of the configuration is ignored", width, offset);
        return;
    }
    device->ops->config_written(device->context, offset, width, value);
}

/* --- Queues --- */

struct virtqueue *virtio_queue(struct virtio_device *device, uint32_t index)
{
    return index < device->queue_count ? &device->queues[index] : NULL;
}

void virtio_enable_queue(struct virtio_device *device, uint32_t index)
{
    struct virtqueue *queue = virtio_queue(device, index);
    if (queue == NULL || queue->enabled || device->broken) {
        return;
    }
    if (!device->legacy && (device->status & VIRTIO_STATUS_FEATURES_OK) == 0) {
        virtio_fail(device, "queue %u enabled before FEATURES_OK", index);
        return;
    }
    const char *problem = NULL;
    if (!virtqueue_enable(queue, &problem)) {
        virtio_fail(device, "queue %u cannot start: %s", index, problem);
    }
}

void virtio_stop_queue(struct virtio_device *device, uint32_t index)
{
    struct virtqueue *queue = virtio_queue(device, index);
    if (queue == NULL || !queue->enabled) {
        return;
    }
    virtqueue_reset(queue);
    if (device->ops->queue_reset != NULL) {
        device->ops->queue_reset(device->context, index);
    }
}

void virtio_reset_queue(struct virtio_device *device, uint32_t index)
{
    if (!virtio_has(device, VIRTIO_F_RING_RESET)) {
        virtio_fail(device, "queue %u reset, which was not negotiated", index);
        return;
    }
    virtio_stop_queue(device, index);
}

void virtio_notify(struct virtio_device *device, uint32_t index)
{
    struct virtqueue *queue = virtio_queue(device, index);
    if (queue == NULL || !queue->enabled) {
        device->stray_notifications++;
        log_guest_error(device->vm, &device->limit, device->name, "queue %u, which is not enabled, was notified",
                        index);
        return;
    }
    device->vm->queue_notifications++;
    if (virtio_is_live(device)) {
        device->ops->queue_notified(device->context, index);
    }
}
