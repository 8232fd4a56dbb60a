/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket packets between two sides that may talk to each other: two VMMs, or a VMM and a native PD. One queue in each
 * direction, in the layout of <skyscope/serial_queue.h>; what flows is packets, each a header (VirtIO 1.2 §5.10.6's,
 * little-endian) and its payload, padded to 8 bytes.
 *
 * A producer publishes whole packets only. Each side keeps its own index, believes of the other's only that it is a
 * number, copies a header once and checks the copy. A queue in which a packet makes no sense is broken: its consumer
 * takes nothing from it any more.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/serial_queue.h>

#define SOCKET_MAX_PAYLOAD      0x10000u /* bytes of one packet */
#define SOCKET_PACKET_ALIGNMENT 8u
/* A queue holds a packet of the largest size, and at least as much again. */
#define SOCKET_QUEUE_MINIMUM    0x40000u

#define SOCKET_CID_HOST 2u /* never a peer: there is no host */
#define SOCKET_CID_MIN  3u

enum socket_type {
    SOCKET_TYPE_STREAM = 1,
    SOCKET_TYPE_SEQPACKET = 2,
};

enum socket_operation {
    SOCKET_OPERATION_REQUEST = 1,
    SOCKET_OPERATION_RESPONSE = 2,
    SOCKET_OPERATION_RESET = 3,
    SOCKET_OPERATION_SHUTDOWN = 4,
    SOCKET_OPERATION_DATA = 5, /* VIRTIO_VSOCK_OP_RW */
    SOCKET_OPERATION_CREDIT_UPDATE = 6,
    SOCKET_OPERATION_CREDIT_REQUEST = 7,
};

enum socket_shutdown {
    SOCKET_SHUTDOWN_RECEIVE = 1u << 0, /* the sender will receive no more */
    SOCKET_SHUTDOWN_SEND = 1u << 1,    /* the sender will send no more */
};

enum socket_data_flags {
    SOCKET_DATA_END_OF_MESSAGE = 1u << 0, /* SEQPACKET */
    SOCKET_DATA_END_OF_RECORD = 1u << 1,
};

struct socket_header {
    uint64_t source_cid, destination_cid;
    uint32_t source_port, destination_port;
    uint32_t length;    /* bytes of payload */
    uint16_t type;      /* enum socket_type */
    uint16_t operation; /* enum socket_operation */
    uint32_t flags;
    uint32_t buffer_size; /* of the sender for this connection, bytes: buf_alloc */
    uint32_t forwarded;   /* bytes that the sender has taken out of it, running: fwd_cnt */
} __attribute__((packed));
_Static_assert(sizeof(struct socket_header) == 44, "VirtIO 1.2 §5.10.6");

struct socket_queue {
    struct serial_queue_handle handle;
    uint32_t index; /* our own: tail of a producer, head of a consumer */
    bool broken;
};

/* Bytes that a packet takes. */
static inline uint32_t socket_packet_size(uint32_t payload)
{
    return ((uint32_t)sizeof(struct socket_header) + payload + SOCKET_PACKET_ALIGNMENT - 1) &
           ~(SOCKET_PACKET_ALIGNMENT - 1);
}

/* What the next two have in common. */
static inline bool socket_queue_attach(struct socket_queue *q, uint64_t queue, uint64_t data, uint32_t capacity)
{
    q->index = 0;
    q->broken = false;
    return serial_queue_attach(&q->handle, queue, data, capacity) && capacity >= SOCKET_QUEUE_MINIMUM;
}

/* The two fill in our side of a queue. False, and unusable, if an address is missing, or the capacity is not a power of
 * two or below SOCKET_QUEUE_MINIMUM. A program that was restarted goes on where it was: that is the only time that it
 * reads its own index from the queue, 0 when the machine starts. What lies there then belongs to no connection that it
 * knows, and is refused. */
static inline bool socket_queue_attach_producer(struct socket_queue *q, uint64_t queue, uint64_t data,
                                                uint32_t capacity)
{
    if (!socket_queue_attach(q, queue, data, capacity)) {
        return false;
    }
    q->index = __atomic_load_n(&q->handle.queue->tail, __ATOMIC_RELAXED);
    return true;
}

static inline bool socket_queue_attach_consumer(struct socket_queue *q, uint64_t queue, uint64_t data,
                                                uint32_t capacity)
{
    if (!socket_queue_attach(q, queue, data, capacity)) {
        return false;
    }
    q->index = __atomic_load_n(&q->handle.queue->head, __ATOMIC_RELAXED);
    return true;
}

/* --- Producer --- */

/* Bytes that can be written now. */
static inline uint32_t socket_queue_room(const struct socket_queue *q)
{
    uint32_t used = q->index - __atomic_load_n(&q->handle.queue->head, __ATOMIC_ACQUIRE);
    return used <= q->handle.capacity ? q->handle.capacity - used : 0;
}

/* Writes `length` bytes, `offset` bytes behind what is published. The caller has looked for room. */
static inline void socket_queue_write(const struct socket_queue *q, uint32_t offset, const void *from, uint32_t length)
{
    uint32_t at = (q->index + offset) & (q->handle.capacity - 1);
    uint32_t first = length < q->handle.capacity - at ? length : q->handle.capacity - at;
    __builtin_memcpy(q->handle.data + at, from, first);
    __builtin_memcpy(q->handle.data, (const char *)from + first, length - first);
}

/* Publishes a packet that was written. */
static inline void socket_queue_commit(struct socket_queue *q, uint32_t payload)
{
    q->index += socket_packet_size(payload);
    __atomic_store_n(&q->handle.queue->tail, q->index, __ATOMIC_RELEASE);
}

/* A packet that is in one piece; without payload (NULL) header->length is 0. False if there is no room. */
static inline bool socket_queue_put(struct socket_queue *q, const struct socket_header *header, const void *payload)
{
    if (socket_queue_room(q) < socket_packet_size(header->length)) {
        return false;
    }
    socket_queue_write(q, 0, header, sizeof(*header));
    if (payload != (void *)0) {
        socket_queue_write(q, sizeof(*header), payload, header->length);
    }
    socket_queue_commit(q, header->length);
    return true;
}

/* --- Consumer --- */

/* Reads `length` bytes, `offset` bytes into the packet in front. They lie within what socket_queue_peek() found. */
static inline void socket_queue_read(const struct socket_queue *q, uint32_t offset, void *to, uint32_t length)
{
    uint32_t at = (q->index + offset) & (q->handle.capacity - 1);
    uint32_t first = length < q->handle.capacity - at ? length : q->handle.capacity - at;
    __builtin_memcpy(to, q->handle.data + at, first);
    __builtin_memcpy((char *)to + first, q->handle.data, length - first);
}

/* Copies the header of the packet in front. False if there is none, or the queue is broken. */
static inline bool socket_queue_peek(struct socket_queue *q, struct socket_header *header)
{
    uint32_t length = __atomic_load_n(&q->handle.queue->tail, __ATOMIC_ACQUIRE) - q->index;
    if (q->broken || length == 0) {
        return false;
    }
    if (length > q->handle.capacity || length < sizeof(*header)) {
        q->broken = true;
        return false;
    }
    socket_queue_read(q, 0, header, sizeof(*header));
    if (header->length > SOCKET_MAX_PAYLOAD || socket_packet_size(header->length) > length) {
        q->broken = true;
        return false;
    }
    return true;
}

/* Gives up the packet in front, whose header said that it has `payload` bytes. */
static inline void socket_queue_release(struct socket_queue *q, uint32_t payload)
{
    q->index += socket_packet_size(payload);
    __atomic_store_n(&q->handle.queue->head, q->index, __ATOMIC_RELEASE);
}
