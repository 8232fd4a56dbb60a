/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device (VirtIO 1.2 ch. 2, 3): status, features, configuration space, virtqueues. A device is written once
 * against struct virtio_ops and knows no transport; a transport (virtio_pci.c, virtio_mmio.c and their legacy
 * variants) is written once against struct virtio_device and knows no device.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/guest_memory.h>
#include <vmm/log.h>
#include <vmm/virtio/virtqueue.h>

struct vm;

#define VIRTIO_MAX_QUEUES 18u /* network: eight pairs and a control queue */
#define VIRTIO_NO_VECTOR  0xffffu

/* Device types, §5. */
enum virtio_device_type {
    VIRTIO_TYPE_NET = 1,
    VIRTIO_TYPE_BLOCK = 2,
    VIRTIO_TYPE_CONSOLE = 3,
    VIRTIO_TYPE_ENTROPY = 4,
    VIRTIO_TYPE_BALLOON = 5,
    VIRTIO_TYPE_9P = 9,
    VIRTIO_TYPE_SOCKET = 19,
    VIRTIO_TYPE_FILE_SYSTEM = 26,
    VIRTIO_TYPE_PMEM = 27,
};

/* Device status, §2.1. */
enum virtio_status {
    VIRTIO_STATUS_ACKNOWLEDGE = 1u << 0,
    VIRTIO_STATUS_DRIVER = 1u << 1,
    VIRTIO_STATUS_DRIVER_OK = 1u << 2,
    VIRTIO_STATUS_FEATURES_OK = 1u << 3,
    VIRTIO_STATUS_NEEDS_RESET = 1u << 6,
    VIRTIO_STATUS_FAILED = 1u << 7,
};

/* Features of every device, §6. */
#define VIRTIO_F_NOTIFY_ON_EMPTY   (1ull << 24) /* legacy */
#define VIRTIO_F_ANY_LAYOUT        (1ull << 27) /* legacy */
#define VIRTIO_F_INDIRECT_DESC     (1ull << 28)
#define VIRTIO_F_EVENT_IDX         (1ull << 29)
#define VIRTIO_F_VERSION_1         (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM   (1ull << 33)
#define VIRTIO_F_RING_PACKED       (1ull << 34)
#define VIRTIO_F_IN_ORDER          (1ull << 35)
#define VIRTIO_F_NOTIFICATION_DATA (1ull << 38)
#define VIRTIO_F_RING_RESET        (1ull << 40)

/* Offered by every device: the core carries them out. IN_ORDER a device adds itself if it uses buffers in order. */
#define VIRTIO_COMMON_FEATURES                                                                                         \
    (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED |                         \
     VIRTIO_F_NOTIFICATION_DATA | VIRTIO_F_RING_RESET)

/* What a kind of device does. context: the device's own structure. All are called with the VM's lock held. */
struct virtio_ops {
    uint32_t type; /* enum virtio_device_type */
    const char *name;
    /* The driver has set FEATURES_OK with these features, a subset of those offered. False: the device cannot work
     * with that subset, FEATURES_OK does not stay set. May be NULL. Not called for a legacy driver. */
    bool (*accept_features)(void *context, uint64_t features);
    /* The driver has set DRIVER_OK; queues with buffers are notified next. May be NULL. */
    void (*start)(void *context);
    /* The driver has made buffers available in an enabled queue, or says so. */
    void (*queue_notified)(void *context, uint32_t queue);
    /* The device was reset: forget every buffer. Its queues are already reset. */
    void (*reset)(void *context);
    /* A single queue was reset: forget its buffers. NULL if the device keeps none. */
    void (*queue_reset)(void *context, uint32_t queue);
    /* The driver wrote to the configuration space; NULL: it is read-only. The device changes its copy of it. */
    void (*config_written)(void *context, uint32_t offset, uint32_t width, uint64_t value);
    /* The device, which has `hotplug`, was put in or taken out. NULL: nobody else need know. */
    void (*plugged)(void *context, bool there);
};

/* What a transport does for the device. */
struct virtio_transport_ops {
    void (*queue_interrupt)(void *transport, struct virtqueue *queue);
    void (*config_interrupt)(void *transport);
};

struct virtio_device {
    const struct virtio_ops *ops;
    void *context;
    struct vm *vm;
    const struct guest_memory *memory; /* the VM's */
    char name[64];                     /* for log lines: "disk0" */
    const struct virtio_transport_ops *transport_ops;
    void *transport;

    uint64_t offered;      /* features */
    uint64_t acknowledged; /* by the driver so far */
    uint64_t features;     /* in force since FEATURES_OK; 0 before */
    bool legacy;           /* the driver came by a legacy interface, §2.4: no FEATURES_OK, native endianness */
    uint8_t status;
    bool broken; /* DEVICE_NEEDS_RESET */
    uint32_t config_generation;
    const uint8_t *config; /* the device's configuration space */
    uint32_t config_size;  /* bytes */
    uint32_t queue_count;
    struct virtqueue queues[VIRTIO_MAX_QUEUES];
    uint64_t stray_notifications; /* of queues that are not there or not enabled */
    struct log_limit limit;
};

/* --- For devices --- */

/* Fills in the device; then virtio_add_queue() for each queue, then a transport's init. config: the device's own
 * structure in little-endian layout, which stays its. features: besides VIRTIO_COMMON_FEATURES. */
void virtio_device_init(struct virtio_device *device, const struct virtio_ops *ops, void *context, struct vm *vm,
                        const char *name, uint64_t features, const void *config, uint32_t config_size);
/* maximum_size: a power of two, up to VIRTQUEUE_MAX_SIZE. 0, or -1 if there are too many. */
int virtio_add_queue(struct virtio_device *device, uint16_t maximum_size);
/* A feature that the driver negotiated. */
static inline bool virtio_has(const struct virtio_device *device, uint64_t feature)
{
    return (device->features & feature) == feature;
}
/* True while the driver runs the device and it is not broken: buffers may be taken and used. A legacy driver runs it
 * from the moment when it has set up a queue (§3.1.2), any other from DRIVER_OK on. */
bool virtio_is_live(const struct virtio_device *device);
/* The device has changed its configuration space: new generation, interrupt if the driver runs the device. */
void virtio_config_changed(struct virtio_device *device);
/* The driver broke a rule: DEVICE_NEEDS_RESET, configuration interrupt, a counted log line. */
__attribute__((format(printf, 2, 3))) void virtio_fail(struct virtio_device *device, const char *format, ...);

/* --- For transports --- */

void virtio_set_transport(struct virtio_device *device, const struct virtio_transport_ops *ops, void *transport);
/* The guest has taken the device's access to memory away, as Linux does before it starts another kernel in its place:
 * every buffer is forgotten, and the device needs a reset. */
void virtio_cut_off(struct virtio_device *device);
/* The driver uses the legacy interface: true until the next reset. A transport says so at each such access. */
void virtio_set_legacy(struct virtio_device *device);
/* The driver wrote the status register: 0 resets; §3.1's order is enforced; bits are only ever added. */
void virtio_write_status(struct virtio_device *device, uint8_t status);
/* Bits `select` * 32 .. +31 of the features that the driver wants; ignored once FEATURES_OK is set. By the legacy
 * interface the first 32 only, in force at once. */
void virtio_write_features(struct virtio_device *device, uint32_t select, uint32_t bits);
uint32_t virtio_read_features(const struct virtio_device *device, uint32_t select);
/* What is offered by the legacy interface. */
uint32_t virtio_legacy_features(const struct virtio_device *device);
/* [offset, offset + width) of the configuration space; all-zero bytes beyond its end. width: 1, 2, 4, 8. */
uint64_t virtio_read_config(const struct virtio_device *device, uint32_t offset, uint32_t width);
void virtio_write_config(struct virtio_device *device, uint32_t offset, uint32_t width, uint64_t value);
/* The queue, or NULL if there is none of that number. */
struct virtqueue *virtio_queue(struct virtio_device *device, uint32_t index);
/* queue_enable written with 1 (§4.1.4.3.2, §4.2.2): starts the queue, or fails the device with a reason. */
void virtio_enable_queue(struct virtio_device *device, uint32_t index);
/* queue_reset written with 1 (§2.6.1, §4.1.4.3): back to where it can be set up anew. */
void virtio_reset_queue(struct virtio_device *device, uint32_t index);
/* The same where it needs no negotiation: MMIO's QueueReady written with 0, a legacy page number of 0. */
void virtio_stop_queue(struct virtio_device *device, uint32_t index);
/* The driver notified queue `index`; a notification of a queue that is not enabled is counted and ignored. */
void virtio_notify(struct virtio_device *device, uint32_t index);
/* As by writing 0 to the status. */
void virtio_device_reset(struct virtio_device *device);
