/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device side of a virtqueue: VirtIO 1.2 §2.6, in the split (§2.7) or the packed (§2.8) format.
 *
 * The rings are the guest's memory, and the guest changes it while we look. Each ring entry and each descriptor is
 * read once, into a copy, and the copy is checked; what comes out of virtqueue_pop() is a list of pieces of guest RAM
 * that the guest cannot change any more (their content it can). A rule broken by the driver breaks the queue: the
 * device then asks for a reset (DEVICE_NEEDS_RESET), and nothing is taken from any of its queues until it gets one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/types.h>

struct virtio_device;

#define VIRTQUEUE_MAX_SIZE 1024u

/* A piece of guest RAM, or, if the device only reads it, of an image in the guest's memory: nothing writes to readable
 * segments. */
struct virtio_segment {
    uint8_t *data;
    uint32_t length; /* bytes, not 0 */
};

/* What the driver made available as one buffer. */
struct virtqueue_chain {
    /* Set by whoever pops. */
    struct virtio_segment *segments;
    uint32_t capacity; /* of segments[] */

    /* Filled in by virtqueue_pop(): first the segments that the device reads, then those that it writes. */
    uint32_t readable_count, writable_count;
    uint64_t readable_length, writable_length; /* bytes */
    uint16_t id;                               /* for virtqueue_push() */
    uint16_t slots;                            /* ring entries that it takes (packed format) */
};

enum virtqueue_result {
    VIRTQUEUE_EMPTY = 0,
    VIRTQUEUE_CHAIN = 1,
    VIRTQUEUE_BROKEN = 2, /* the driver broke a rule; the device has been failed */
};

struct virtqueue {
    struct virtio_device *device;
    uint16_t index;
    uint16_t maximum_size; /* offered; a power of two */
    uint16_t size;         /* chosen by the driver: 1..maximum_size, split: a power of two */
    uint16_t vector;       /* MSI-X vector, VIRTIO_NO_VECTOR: none */
    bool enabled;
    uint64_t descriptor_area, driver_area, device_area; /* guest-physical addresses, as the driver wrote them */

    /* While enabled: the areas in our address space, checked. */
    uint8_t *descriptors, *driver, *device_ring;
    bool packed, event_index, indirect;
    uint16_t next_available, next_used; /* split: run freely; packed: ring positions */
    bool available_wrap, used_wrap;     /* packed: wrap counters */
    uint16_t staged;                    /* ring entries pushed and not yet published by virtqueue_flush() */
    uint16_t staged_position;           /* packed: the first of them, and the flags with which it appears */
    uint16_t staged_flags;
    uint16_t outstanding; /* ring entries popped and not pushed */
    uint64_t popped;      /* counter */
};

/* Checks the addresses against guest RAM, their alignment and the size, and starts the queue from position 0. False,
 * and why, if they make no sense: the driver's mistake. */
bool virtqueue_enable(struct virtqueue *queue, const char **problem);
/* Takes over what the driver has negotiated. A legacy driver may do that after it has set up its queues. */
void virtqueue_set_features(struct virtqueue *queue);
/* Back to power-on state but for maximum_size, index and device. */
void virtqueue_reset(struct virtqueue *queue);

/* Takes the next buffer. A chain with more pieces than chain->capacity, with more ring entries than the queue, with a
 * loop, with a piece that has no length or does not lie within one range of RAM (or, to be read, one image), with a
 * readable piece after a writable one, of 4 GiB or more, or with indirect tables where they may not be, breaks the
 * queue. An indirect chain may have more pieces than the queue has entries: Linux makes such. */
enum virtqueue_result virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain);
/* Gives a buffer back: chain->id and chain->slots of when it was popped. `written`: bytes written to its writable
 * segments, from the first one on. The driver sees it, and all others pushed since, at virtqueue_flush(), at once. With
 * VIRTIO_F_IN_ORDER buffers are pushed in the order in which they were popped. A queue that is not enabled (any more)
 * ignores it. */
void virtqueue_push(struct virtqueue *queue, uint16_t id, uint16_t slots, uint32_t written);
/* Publishes what was pushed, and interrupts the driver if it wants to hear of that. */
void virtqueue_flush(struct virtqueue *queue);
/* Whether the driver is to notify of new buffers. When turning it on: true if buffers came meanwhile, so that the
 * caller has to look again. */
bool virtqueue_want_notification(struct virtqueue *queue, bool wanted);
/* True if the driver has made a buffer available that was not popped; never in a queue that is not enabled. */
bool virtqueue_has_buffers(const struct virtqueue *queue);

/* --- Bytes of a chain --- */

/* Copies `length` bytes from the readable segments, `offset` bytes after their start, to `to`; returns how many there
 * were. */
uint64_t virtqueue_chain_read(const struct virtqueue_chain *chain, uint64_t offset, void *to, uint64_t length);
/* Copies to the writable segments, `offset` bytes after their start; returns how many bytes had room. */
uint64_t virtqueue_chain_write(const struct virtqueue_chain *chain, uint64_t offset, const void *from, uint64_t length);
