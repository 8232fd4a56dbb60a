/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block queues between a client (a VMM, a native PD) and a server (storage service, an sDDF virtualiser or driver):
 * a queue of requests, a queue of responses, a data region and a page about the storage, laid out as those of the
 * seL4 Device Driver Framework.
 *
 * head and tail run freely and wrap at 2^32. Each side keeps its own index, believes of the other's only that it is a
 * number, copies an entry once and checks the copy. A queue whose other side's index is more than the capacity away is
 * "broken": it looks empty to its consumer and full to its producer for as long as that is so.
 *
 * Offsets and lengths are in the data region; blocks are of the transfer size that both sides' configurations give
 * (the framework's is 4096 bytes; our storage service's is 512).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum block_request_code {
    BLOCK_REQUEST_READ = 0,
    BLOCK_REQUEST_WRITE = 1,
    /* All writes that were answered before are durable when this is answered. */
    BLOCK_REQUEST_FLUSH = 2,
    /* Nothing behind it starts before everything in front of it has ended. */
    BLOCK_REQUEST_BARRIER = 3,
    /* Ours, for servers that list them in block_storage_info.operations. No data. */
    BLOCK_REQUEST_DISCARD = 16,
    BLOCK_REQUEST_WRITE_ZEROES = 17,
};

enum block_response_status {
    BLOCK_RESPONSE_OK = 0,
    BLOCK_RESPONSE_UNSPECIFIED = 1,
    BLOCK_RESPONSE_INVALID = 2, /* request makes no sense, or storage is read-only */
    BLOCK_RESPONSE_IO = 3,
    BLOCK_RESPONSE_NO_DEVICE = 4,
};

struct block_request {
    uint32_t code; /* enum block_request_code */
    uint32_t reserved0;
    uint64_t offset;       /* of the data in the data region, bytes */
    uint64_t block_number; /* first block */
    uint16_t count;        /* blocks */
    uint16_t reserved1;
    uint32_t id; /* comes back in the response */
};
_Static_assert(sizeof(struct block_request) == 32, "the framework's layout");

struct block_response {
    uint32_t status;        /* enum block_response_status */
    uint16_t success_count; /* blocks transferred, from the first on */
    uint16_t reserved;
    uint32_t id;
};
_Static_assert(sizeof(struct block_response) == 12, "the framework's layout");

struct block_request_queue {
    uint32_t head;   /* written by the server */
    uint32_t tail;   /* written by the client */
    uint8_t plugged; /* the client collects: the server takes nothing while it is not 0 */
    uint8_t looking; /* ours: the client looks for responses by itself: the server need not tell it while it is not 0 */
    uint8_t reserved[6];
    struct block_request entries[];
};

struct block_response_queue {
    uint32_t head; /* written by the client */
    uint32_t tail; /* written by the server */
    struct block_response entries[];
};

#define BLOCK_SERIAL_NUMBER 63u

enum block_operation {
    BLOCK_OPERATION_DISCARD = 1u << 0,
    BLOCK_OPERATION_WRITE_ZEROES = 1u << 1,
};

/* One page, written by the server only. */
struct block_storage_info {
    char serial_number[BLOCK_SERIAL_NUMBER + 1];
    uint8_t read_only;
    uint8_t ready;        /* not 0 once the rest is valid; 0 again when the medium is gone */
    uint16_t sector_size; /* bytes */
    uint16_t block_size;  /* optimal, in transfer sizes */
    uint16_t queue_depth;
    uint16_t cylinders, heads, blocks;
    uint8_t reserved[2];
    uint64_t capacity; /* in units of the transfer size */
    /* Ours, behind the framework's: 0 from its own servers. */
    uint32_t operations;      /* enum block_operation */
    uint32_t largest_request; /* blocks of one request; 0: 65535 */
};

struct block_queue_handle {
    struct block_request_queue *requests;
    struct block_response_queue *responses;
    uint32_t capacity; /* entries of each, power of two */
    /* Our own indices: what the shared page says of them is not believed. */
    uint32_t request_index, response_index;
};

/* False, and an unusable handle, if an address is missing or misaligned or the capacity not a power of two. */
static inline bool block_queue_attach(struct block_queue_handle *h, uint64_t requests, uint64_t responses,
                                      uint32_t capacity)
{
    h->requests = (struct block_request_queue *)(uintptr_t)requests;
    h->responses = (struct block_response_queue *)(uintptr_t)responses;
    h->capacity = capacity;
    h->request_index = 0;
    h->response_index = 0;
    return requests != 0 && responses != 0 && (requests | responses) % 8 == 0 && capacity != 0 && capacity <= 0x8000u &&
           (capacity & (capacity - 1)) == 0;
}

/* Entries in use, seen from a side whose own index is `own`; `other` comes from shared memory. */
static inline uint32_t block_queue_distance(uint32_t producer, uint32_t consumer, uint32_t capacity, uint32_t broken)
{
    uint32_t length = producer - consumer;
    return length <= capacity ? length : broken;
}

/* --- Client --- */

/* As block_queue_attach(), for a client, which may have been restarted: it goes on where it was, by the only time that
 * it reads its own indices from the queues, 0 when the machine starts. *orphans: requests of its earlier life whose
 * responses it has yet to take, and to ignore; it queues nothing before, as the server may still write to their data,
 * and what comes with an id of theirs could be taken for another's. */
static inline bool block_queue_attach_client(struct block_queue_handle *h, uint64_t requests, uint64_t responses,
                                             uint32_t capacity, uint32_t *orphans)
{
    if (!block_queue_attach(h, requests, responses, capacity)) {
        return false;
    }
    h->request_index = __atomic_load_n(&h->requests->tail, __ATOMIC_RELAXED);
    h->response_index = __atomic_load_n(&h->responses->head, __ATOMIC_RELAXED);
    __atomic_store_n(&h->requests->looking, 0, __ATOMIC_RELAXED);
    *orphans = h->request_index - h->response_index;
    return true;
}

/* Requests that can be queued now. */
static inline uint32_t block_queue_free(const struct block_queue_handle *h)
{
    uint32_t head = __atomic_load_n(&h->requests->head, __ATOMIC_ACQUIRE);
    return h->capacity - block_queue_distance(h->request_index, head, h->capacity, h->capacity);
}

/* False if the queue is full. The server sees it after block_queue_submit(). */
static inline bool block_queue_put_request(struct block_queue_handle *h, const struct block_request *request)
{
    if (block_queue_free(h) == 0) {
        return false;
    }
    h->requests->entries[h->request_index & (h->capacity - 1)] = *request;
    h->request_index++;
    return true;
}

/* Publishes what was put; the caller then notifies the server. */
static inline void block_queue_submit(struct block_queue_handle *h)
{
    __atomic_store_n(&h->requests->tail, h->request_index, __ATOMIC_RELEASE);
}

/* Takes a response, a copy. False if there is none. */
static inline bool block_queue_take_response(struct block_queue_handle *h, struct block_response *response)
{
    uint32_t tail = __atomic_load_n(&h->responses->tail, __ATOMIC_ACQUIRE);
    if (block_queue_distance(tail, h->response_index, h->capacity, 0) == 0) {
        return false;
    }
    *response = *(volatile struct block_response *)&h->responses->entries[h->response_index & (h->capacity - 1)];
    h->response_index++;
    __atomic_store_n(&h->responses->head, h->response_index, __ATOMIC_RELEASE);
    return true;
}

static inline bool block_queue_has_response(const struct block_queue_handle *h)
{
    uint32_t tail = __atomic_load_n(&h->responses->tail, __ATOMIC_ACQUIRE);
    return block_queue_distance(tail, h->response_index, h->capacity, 0) != 0;
}

/* Looking: the server is not to notify of responses. After it has ended, look once more before waiting for a
 * notification: one of both sides sees what the other has done. */
static inline void block_queue_set_looking(struct block_queue_handle *h, bool looking)
{
    __atomic_store_n(&h->requests->looking, looking, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* --- Server --- */

/* Whether the client waits to hear of the responses that were put. */
static inline bool block_queue_client_waits(const struct block_queue_handle *h)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&h->requests->looking, __ATOMIC_RELAXED) == 0;
}

/* Takes a request, a copy. False if there is none, or the client is collecting. */
static inline bool block_queue_take_request(struct block_queue_handle *h, struct block_request *request)
{
    uint32_t tail = __atomic_load_n(&h->requests->tail, __ATOMIC_ACQUIRE);
    if (block_queue_distance(tail, h->request_index, h->capacity, 0) == 0 ||
        __atomic_load_n(&h->requests->plugged, __ATOMIC_RELAXED) != 0) {
        return false;
    }
    *request = *(volatile struct block_request *)&h->requests->entries[h->request_index & (h->capacity - 1)];
    h->request_index++;
    __atomic_store_n(&h->requests->head, h->request_index, __ATOMIC_RELEASE);
    return true;
}

/* True if there is a request that could be taken. */
static inline bool block_queue_has_request(const struct block_queue_handle *h)
{
    uint32_t tail = __atomic_load_n(&h->requests->tail, __ATOMIC_ACQUIRE);
    return block_queue_distance(tail, h->request_index, h->capacity, 0) != 0 &&
           __atomic_load_n(&h->requests->plugged, __ATOMIC_RELAXED) == 0;
}

/* Responses that can be queued now. A server takes a request only if there is room for its response. */
static inline uint32_t block_queue_response_room(const struct block_queue_handle *h)
{
    uint32_t head = __atomic_load_n(&h->responses->head, __ATOMIC_ACQUIRE);
    return h->capacity - block_queue_distance(h->response_index, head, h->capacity, h->capacity);
}

/* False if the queue is full. The caller then notifies the client. */
static inline bool block_queue_put_response(struct block_queue_handle *h, const struct block_response *response)
{
    if (block_queue_response_room(h) == 0) {
        return false;
    }
    h->responses->entries[h->response_index & (h->capacity - 1)] = *response;
    h->response_index++;
    __atomic_store_n(&h->responses->tail, h->response_index, __ATOMIC_RELEASE);
    return true;
}
