/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of virtio devices: a VM with RAM and nothing else, and a driver that speaks to a device without a
 * transport. The driver keeps the rules; a test that breaks them writes to the rings itself.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vmm/virtio/virtio.h>
#include <vmm/vm.h>

/* Two ranges of RAM, which do not touch. */
#define MACHINE_RAM_BASE      0x0ull
#define MACHINE_RAM_SIZE      0x400000ull
#define MACHINE_HIGH_RAM_BASE 0x100000000ull
#define MACHINE_HIGH_RAM_SIZE 0x200000ull

struct driver_queue {
    struct virtqueue *queue;
    bool packed;
    uint16_t size;
    uint64_t descriptors, driver, device; /* guest-physical */
    uint16_t free[VIRTQUEUE_MAX_SIZE];    /* split: descriptors; packed: buffer ids */
    uint16_t free_count;
    uint16_t slots[VIRTQUEUE_MAX_SIZE]; /* by id: entries that the buffer takes */
    uint16_t next, last_used;           /* split: run freely; packed: positions */
    bool next_wrap, used_wrap;
};

struct virtio_machine {
    struct vm vm;
    uint64_t next_free; /* guest-physical: bump allocator of low RAM */
    uint32_t interrupts[VIRTIO_MAX_QUEUES];
    uint32_t config_interrupts;
    struct driver_queue queues[VIRTIO_MAX_QUEUES];
};

struct piece {
    uint64_t address;
    uint32_t length;
    bool writable;
};

/* A VM with empty RAM. */
void machine_create(struct virtio_machine *machine);
/* Zeroed guest memory; the address where the guest sees it. */
uint64_t machine_allocate(struct virtio_machine *machine, uint64_t size, uint64_t alignment);
/* Where the test sees guest memory. */
void *machine_memory(struct virtio_machine *machine, uint64_t gpa);
/* Guest errors logged since the start of the program, and the last line. */
uint32_t machine_guest_errors(void);
const char *machine_last_error(void);
/* A transport that counts interrupts in the machine. */
void machine_attach(struct virtio_machine *machine, struct virtio_device *device);

/* Goes through §3.1 with these features and starts all queues, each with `queue_size` entries or what the device
 * offers if that is less. */
void driver_start(struct virtio_machine *machine, struct virtio_device *device, uint64_t features, uint16_t queue_size);
/* Up to DRIVER_OK, which is left to the caller; no queue is set up. */
void driver_negotiate(struct virtio_device *device, uint64_t features);
/* Sets up and enables one queue. */
void driver_start_queue(struct virtio_machine *machine, struct virtio_device *device, uint32_t index, uint16_t size);
/* Makes a buffer available without notifying; its id. */
uint16_t driver_add(struct virtio_machine *machine, uint32_t queue, const struct piece *pieces, uint32_t count,
                    bool indirect);
/* Takes a used buffer; false: there is none. */
bool driver_take(struct virtio_machine *machine, uint32_t queue, uint16_t *id, uint32_t *written);
/* Asks for an interrupt at the next used buffer, or for none, by flags (not event indices). */
void driver_want_interrupts(struct virtio_machine *machine, uint32_t queue, bool wanted);
/* Whether the driver is to notify of the last `added` ring entries. */
bool driver_must_notify(struct virtio_machine *machine, uint32_t queue, uint16_t added);
