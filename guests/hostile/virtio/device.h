/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio devices on all transports, as a driver sees them (VirtIO 1.2 ch. 4), and one queue of each. */
#pragma once

#include "machine.h"

#define MAX_DEVICES 40u

enum transport {
    TRANSPORT_PCI,        /* modern, by the memory BAR */
    TRANSPORT_PORTS,      /* a transitional device's legacy interface */
    TRANSPORT_MMIO,       /* version 2 */
    TRANSPORT_MMIO_LEGACY /* version 1 */
};

enum device_type {
    TYPE_NET = 1,
    TYPE_BLOCK = 2,
    TYPE_CONSOLE = 3,
    TYPE_ENTROPY = 4,
    TYPE_BALLOON = 5,
    TYPE_SOCKET = 19,
    TYPE_FILE_SYSTEM = 26,
    TYPE_PMEM = 27,
};

#define STATUS_ACKNOWLEDGE 0x01u
#define STATUS_DRIVER      0x02u
#define STATUS_DRIVER_OK   0x04u
#define STATUS_FEATURES_OK 0x08u
#define STATUS_NEEDS_RESET 0x40u

#define F_CONSOLE_PORTS     (1ull << 1) /* MULTIPORT */
#define F_INDIRECT          (1ull << 28)
#define F_EVENT_INDEX       (1ull << 29)
#define F_VERSION_1         (1ull << 32)
#define F_PACKED            (1ull << 34)
#define F_NOTIFICATION_DATA (1ull << 38)
#define F_RING_RESET        (1ull << 40)

#define DESCRIPTOR_NEXT      1u
#define DESCRIPTOR_WRITE     2u
#define DESCRIPTOR_INDIRECT  4u
#define DESCRIPTOR_AVAILABLE 0x80u
#define DESCRIPTOR_USED      0x8000u

/* The queue that is set up, in the guest's memory. */
struct ring {
    bool packed;
    uint16_t size;
    uint64_t descriptors, driver, device;
    uint16_t next;      /* split: free-running; packed: position */
    uint16_t last_used; /* the same */
    bool wrap, used_wrap;
};

struct device {
    enum transport transport;
    uint32_t type;      /* enum device_type */
    uint64_t function;  /* PCI: its configuration space in ECAM; else 0 */
    uint64_t registers; /* memory BAR, I/O BAR or transport */
    /* Modern PCI: where its parts are. */
    uint64_t notify, isr, config;
    uint32_t bar; /* its number */
    uint32_t notify_stride;
    uint32_t queue;       /* the one that requests go to */
    uint64_t wanted;      /* features, at the next set-up */
    uint16_t queue_size;  /* at the next set-up, at most */
    uint32_t ring_offset; /* where the ring lies in the pool */
    struct ring ring;
};

const char *device_name(const struct device *device);
/* What its requests need of features, whatever else is negotiated. */
uint64_t device_needs(const struct device *device);
bool device_is_legacy(const struct device *device);
/* All devices of the machine, PCI ones made to answer; how many. Transitional ones are found twice. */
uint32_t device_find_all(struct device devices[MAX_DEVICES]);

/* --- Registers --- */

uint8_t device_status(const struct device *device);
void device_set_status(const struct device *device, uint8_t status);
uint64_t device_features(const struct device *device);
void device_set_features(const struct device *device, uint64_t features);
void device_select_queue(const struct device *device, uint32_t index);
/* Of the queue selected. 0: there is none. */
uint32_t device_queue_size(const struct device *device);
void device_set_queue_size(const struct device *device, uint32_t size);
/* Places the queue selected; modern ones: and starts it if `start`. */
void device_place_queue(const struct device *device, uint64_t descriptors, uint64_t driver, uint64_t area, bool start);
void device_start_queue(const struct device *device);
void device_reset_queue(const struct device *device);
void device_notify(const struct device *device, uint32_t index);
/* One access to the device's own configuration, of any width, anywhere. */
uint64_t device_read_config(const struct device *device, uint32_t offset, uint32_t width);
void device_write_config(const struct device *device, uint32_t offset, uint32_t width, uint64_t value);

/* --- A driver that keeps the rules --- */

/* Memory for rings and buffers, from the end of the image on, zeroed by set-up; the ring lies at its beginning. */
uint64_t pool_base(void);
#define POOL_RING        0x0u
#define POOL_SECOND_RING 0x10000u
#define POOL_BUFFERS     0x20000u
#define POOL_SIZE        0x400000u

/* Resets, and goes on until before the queue is set up. */
void device_begin(struct device *device, uint64_t features);
/* Places the queue for requests, without starting it. */
void device_lay_ring(struct device *device);
/* All of §3.1, with device->wanted and device->queue_size. */
void device_set_up(struct device *device);

struct piece {
    uint64_t address;
    uint32_t length;
    uint16_t flags; /* DESCRIPTOR_WRITE, _INDIRECT, _NEXT (which all but the last get) */
};
/* Where a descriptor of the ring is, and what it is set to. */
void ring_set_descriptor(const struct device *device, uint32_t index, const struct piece *piece, uint16_t next);
/* Makes a buffer available that starts at the ring's next place. */
void ring_add(struct device *device, const struct piece *pieces, uint32_t count);
/* Says that one more is available, without anything written (split). */
void ring_advance(struct device *device, uint16_t count);
/* Whether something was used since the last time. */
bool ring_take(struct device *device);
/* A request that the device answers, made available. */
void device_add_request(struct device *device);
/* The same, and notified. */
void device_request(struct device *device);
/* Whether something is used within so many milliseconds. */
bool device_answers(struct device *device, uint32_t milliseconds);

/* --- Memory --- */

void memory_set(uint64_t address, uint8_t value, uint64_t size);
