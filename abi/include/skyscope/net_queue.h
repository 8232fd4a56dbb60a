/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network queues between a client (a VMM, a native PD) and the switch, laid out as those of the seL4 Device Driver
 * Framework: for each direction a queue of free buffers, a queue of filled ("active") ones, and a data region that the
 * descriptors point into.
 *
 * Transmit: the switch fills `free` at start and with what it has sent, the client takes from there and fills
 * `active`. Receive: the client fills `free`, the switch takes from there and fills `active`.
 *
 * head and tail are 16 bits wide, run freely and wrap at 2^16. Each side keeps its own index, believes of the other's
 * only that it is a number, copies a descriptor once and checks the copy. A queue whose other side's index is more
 * than the capacity away looks empty to its consumer and full to its producer.
 *
 * An extended port, which is ours, has two words more behind the entries of its receive queues: struct net_client_state
 * behind the free queue, struct net_server_state behind the active one. By them a client that has begun anew says so,
 * and what it takes of offloads. Every frame on such a port begins with a struct net_offload. docs/queues.md has the
 * rules.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Ours, in bytes that the framework does not use; 0 from and to its own components. */
enum net_buffer_flags {
    /* The buffer begins with a struct net_offload, then the frame. */
    NET_BUFFER_OFFLOAD = 1u << 0,
    /* The frame continues in the next descriptor of the queue. */
    NET_BUFFER_MORE = 1u << 1,
};

struct net_buffer {
    uint64_t offset; /* of the buffer in the data region, bytes */
    uint16_t length; /* bytes of data in it */
    uint8_t owner;   /* the framework's `oid`: clients write 0 */
    uint8_t flags;   /* enum net_buffer_flags */
    uint32_t reserved;
};
_Static_assert(sizeof(struct net_buffer) == 16, "the framework's layout");

/* What is still to be done to a frame, with the meaning of VirtIO 1.2 §5.1.6's header. */
struct net_offload {
    uint8_t flags;        /* 1: checksum to be filled in, 2: checksum was checked */
    uint8_t segmentation; /* VIRTIO_NET_HDR_GSO_* */
    uint16_t header_length;
    uint16_t segment_size;
    uint16_t checksum_start;
    uint16_t checksum_offset;
    uint16_t reserved;
};
_Static_assert(sizeof(struct net_offload) == 12, "as in VirtIO");

/* What a receiver takes as it is; what it does not, the switch completes. */
enum net_accept {
    NET_ACCEPT_CHECKSUM = 1u << 0, /* checksums that are still to be filled in */
    NET_ACCEPT_TSO4 = 1u << 1,     /* TCP segments larger than the MTU, over IPv4 and IPv6 */
    NET_ACCEPT_TSO6 = 1u << 2,
    NET_ACCEPT_ECN = 1u << 3,  /* the same, with congestion notification */
    NET_ACCEPT_USO4 = 1u << 4, /* UDP datagrams to be cut */
    NET_ACCEPT_USO6 = 1u << 5,
};

/* Extended ports: written by the client only. */
struct net_client_state {
    /* Incremented: the client has begun anew, and touches no queue until the server, which empties them all and fills
     * the transmit queue of free buffers, has answered with the same number. Not 0. */
    uint32_t epoch;
    uint32_t accepted; /* enum net_accept */
    /* Not 0: no card is at the port. Its link is down, whatever else the server thinks of it. The client notifies the
     * server when it has changed this. */
    uint32_t unplugged;
    uint32_t reserved;
};

/* Extended ports: written by the server only. */
struct net_server_state {
    uint32_t epoch;   /* the client's, once the queues are in use */
    uint32_t link_up; /* 0: the port is switched off; says nothing of `unplugged` */
    /* Incremented: the server has begun anew. It ignores what the client asked for before, so the client asks again. */
    uint32_t generation;
    uint32_t reserved;
};

struct net_queue {
    uint16_t tail; /* written by the producer */
    uint16_t head; /* written by the consumer */
    /* Whether the consumer wants a notification: 0 yes (as in the framework), 1 no. */
    uint32_t consumer_signalled;
    struct net_buffer buffers[];
};

/* Bytes of the memory that a queue of so many entries takes, with the state behind it. */
#define NET_QUEUE_SIZE(capacity)                                                                                       \
    (sizeof(struct net_queue) + (capacity) * sizeof(struct net_buffer) + sizeof(struct net_client_state))

/* One queue, seen from one of its sides. */
struct net_queue_handle {
    struct net_queue *queue;
    uint32_t capacity; /* entries, power of two, at most 32768 */
    uint16_t index;    /* our own: of the next entry to put or to take */
};

/* False, and an unusable handle, if the address is missing or misaligned or the capacity out of range. */
static inline bool net_queue_attach(struct net_queue_handle *h, uint64_t queue, uint32_t capacity)
{
    h->queue = (struct net_queue *)(uintptr_t)queue;
    h->capacity = capacity;
    h->index = 0;
    return queue != 0 && queue % 8 == 0 && capacity != 0 && capacity <= 0x8000u && (capacity & (capacity - 1)) == 0;
}

/* What lies behind the entries: struct net_client_state or struct net_server_state. */
static inline void *net_queue_state(const struct net_queue_handle *h)
{
    return &h->queue->buffers[h->capacity];
}

/* Producer: buffers that can be put now. */
static inline uint32_t net_queue_room(const struct net_queue_handle *h)
{
    uint16_t used = (uint16_t)(h->index - __atomic_load_n(&h->queue->head, __ATOMIC_ACQUIRE));
    return used <= h->capacity ? h->capacity - used : 0;
}

/* Consumer: buffers that can be taken now. */
static inline uint32_t net_queue_length(const struct net_queue_handle *h)
{
    uint16_t length = (uint16_t)(__atomic_load_n(&h->queue->tail, __ATOMIC_ACQUIRE) - h->index);
    return length <= h->capacity ? length : 0;
}

/* Producer. False if the queue is full. The consumer sees it after net_queue_publish(). */
static inline bool net_queue_put(struct net_queue_handle *h, const struct net_buffer *buffer)
{
    if (net_queue_room(h) == 0) {
        return false;
    }
    h->queue->buffers[h->index & (h->capacity - 1)] = *buffer;
    h->index++;
    return true;
}

static inline void net_queue_publish(struct net_queue_handle *h)
{
    __atomic_store_n(&h->queue->tail, h->index, __ATOMIC_RELEASE);
}

/* Producer, after publishing: must the consumer be notified? Clears the request. */
static inline bool net_queue_take_signal(struct net_queue_handle *h)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&h->queue->consumer_signalled, __ATOMIC_RELAXED) != 0) {
        return false;
    }
    __atomic_store_n(&h->queue->consumer_signalled, 1, __ATOMIC_RELAXED);
    return true;
}

/* Consumer: takes a descriptor, a copy. False if there is none. The producer sees the room after
 * net_queue_release(). */
static inline bool net_queue_take(struct net_queue_handle *h, struct net_buffer *buffer)
{
    if (net_queue_length(h) == 0) {
        return false;
    }
    *buffer = *(volatile struct net_buffer *)&h->queue->buffers[h->index & (h->capacity - 1)];
    h->index++;
    return true;
}

static inline void net_queue_release(struct net_queue_handle *h)
{
    __atomic_store_n(&h->queue->head, h->index, __ATOMIC_RELEASE);
}

/* Consumer, about to sleep: ask for a notification. Look again afterwards: buffers may have come in between. */
static inline void net_queue_request_signal(struct net_queue_handle *h)
{
    __atomic_store_n(&h->queue->consumer_signalled, 0, __ATOMIC_SEQ_CST);
}

/* Consumer: no notifications for now. */
static inline void net_queue_cancel_signal(struct net_queue_handle *h)
{
    __atomic_store_n(&h->queue->consumer_signalled, 1, __ATOMIC_RELAXED);
}
