/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character queue between two PDs: single producer, single consumer, lock-free,
 * in the layout of the seL4 Device Driver Framework's serial queue: a page with
 * the indices and a separate region, a power of two long, with the characters.
 *
 * head and tail run freely and wrap at 2^32. A side believes nothing of the
 * other: an index that is out of range makes the queue look empty (consumer) or
 * full (producer), never an access outside data[].
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct serial_queue {
    uint32_t tail; /* written by the producer: characters ever enqueued */
    uint32_t head; /* written by the consumer: characters ever dequeued */
    /* Consumer sets 1 when it goes to sleep on an empty queue and wants a
     * notification; the producer clears it when it sends one. */
    uint32_t producer_signalled;
    /* Producer sets 1 when it holds characters back because the queue is full; the
     * consumer clears it when it has made room and sends a notification. A
     * producer that drops instead never sets it. */
    uint32_t consumer_signalled;
};

/*
 * What the console multiplexer puts in the page of a queue to a client besides: the size of the person's terminal. The
 * page is zeroed when a producer says nothing. One word, so that it is never seen half written.
 */
#define SERIAL_PAGE_VERSION 1u /* of what is behind struct serial_queue */
#define SERIAL_PAGE_SIZE    4096u

struct serial_queue_page {
    struct serial_queue queue;
    uint32_t reserved[12];
    uint32_t version;       /* SERIAL_PAGE_VERSION; 0: none of the following */
    uint32_t terminal_size; /* columns in bits 31:16, rows in bits 15:0; 0: not known */
};

struct serial_queue_handle {
    struct serial_queue *queue;
    uint32_t capacity; /* bytes, power of two */
    char *data;
};

/* Bytes that can be read now: 0..capacity. */
static inline uint32_t serial_queue_length(const struct serial_queue_handle *h)
{
    uint32_t tail = __atomic_load_n(&h->queue->tail, __ATOMIC_ACQUIRE);
    uint32_t head = __atomic_load_n(&h->queue->head, __ATOMIC_ACQUIRE);
    uint32_t length = tail - head;
    return length <= h->capacity ? length : 0;
}

/* Bytes that can be written now: 0..capacity. */
static inline uint32_t serial_queue_free(const struct serial_queue_handle *h)
{
    uint32_t tail = __atomic_load_n(&h->queue->tail, __ATOMIC_ACQUIRE);
    uint32_t head = __atomic_load_n(&h->queue->head, __ATOMIC_ACQUIRE);
    uint32_t length = tail - head;
    return length <= h->capacity ? h->capacity - length : 0;
}

/* Producer. False if the queue is full. */
static inline bool serial_queue_put(const struct serial_queue_handle *h, char c)
{
    if (serial_queue_free(h) == 0) {
        return false;
    }
    uint32_t tail = __atomic_load_n(&h->queue->tail, __ATOMIC_RELAXED);
    h->data[tail & (h->capacity - 1)] = c;
    __atomic_store_n(&h->queue->tail, tail + 1, __ATOMIC_RELEASE);
    return true;
}

/* Consumer. False if the queue is empty. */
static inline bool serial_queue_get(const struct serial_queue_handle *h, char *c)
{
    if (serial_queue_length(h) == 0) {
        return false;
    }
    uint32_t head = __atomic_load_n(&h->queue->head, __ATOMIC_RELAXED);
    *c = h->data[head & (h->capacity - 1)];
    __atomic_store_n(&h->queue->head, head + 1, __ATOMIC_RELEASE);
    return true;
}

/* Consumer, about to sleep: ask for a notification. Look at the queue again
 * afterwards: a character may have come in between. */
static inline void serial_queue_request_signal(const struct serial_queue_handle *h)
{
    __atomic_store_n(&h->queue->producer_signalled, 1, __ATOMIC_SEQ_CST);
}

/* Producer, after put: must the consumer be notified? Clears the request. */
static inline bool serial_queue_take_signal(const struct serial_queue_handle *h)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&h->queue->producer_signalled, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    return __atomic_exchange_n(&h->queue->producer_signalled, 0, __ATOMIC_SEQ_CST) != 0;
}

/* Fills in a handle from a configuration block. False, and an unusable handle, if
 * an address is missing or the capacity is not a power of two. */
static inline bool serial_queue_attach(struct serial_queue_handle *h, uint64_t queue, uint64_t data, uint32_t capacity)
{
    h->queue = (struct serial_queue *)(uintptr_t)queue;
    h->data = (char *)(uintptr_t)data;
    h->capacity = capacity;
    return queue != 0 && queue % sizeof(uint32_t) == 0 && data != 0 && capacity != 0 && capacity <= 0x80000000u &&
           (capacity & (capacity - 1)) == 0;
}

/* Producer: enqueues up to `size` characters, returns how many. */
static inline uint32_t serial_queue_write(const struct serial_queue_handle *h, const char *from, uint32_t size)
{
    uint32_t room = serial_queue_free(h);
    uint32_t count = size < room ? size : room;
    uint32_t tail = __atomic_load_n(&h->queue->tail, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < count; i++) {
        h->data[(tail + i) & (h->capacity - 1)] = from[i];
    }
    __atomic_store_n(&h->queue->tail, tail + count, __ATOMIC_RELEASE);
    return count;
}

/* Consumer: dequeues up to `size` characters, returns how many. */
static inline uint32_t serial_queue_read(const struct serial_queue_handle *h, char *to, uint32_t size)
{
    uint32_t length = serial_queue_length(h);
    uint32_t count = size < length ? size : length;
    uint32_t head = __atomic_load_n(&h->queue->head, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < count; i++) {
        to[i] = h->data[(head + i) & (h->capacity - 1)];
    }
    __atomic_store_n(&h->queue->head, head + count, __ATOMIC_RELEASE);
    return count;
}

/* Producer, holding characters back: ask for a notification. Look for room again
 * afterwards: some may have been made in between. */
static inline void serial_queue_request_space(const struct serial_queue_handle *h)
{
    __atomic_store_n(&h->queue->consumer_signalled, 1, __ATOMIC_SEQ_CST);
}

/* Consumer, after taking characters: must the producer be notified? Clears the request. */
static inline bool serial_queue_take_space_request(const struct serial_queue_handle *h)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&h->queue->consumer_signalled, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    return __atomic_exchange_n(&h->queue->consumer_signalled, 0, __ATOMIC_SEQ_CST) != 0;
}

/* Producer of a queue whose indices have a page of their own: tells the size of the terminal. True if it is another
 * than before: the consumer is to be notified. */
static inline bool serial_queue_set_terminal(const struct serial_queue_handle *h, uint16_t columns, uint16_t rows)
{
    struct serial_queue_page *page = (struct serial_queue_page *)(void *)h->queue;
    uint32_t size = (uint32_t)columns << 16 | rows;
    __atomic_store_n(&page->version, SERIAL_PAGE_VERSION, __ATOMIC_RELAXED);
    return __atomic_exchange_n(&page->terminal_size, size, __ATOMIC_RELEASE) != size;
}

/* Consumer of such a queue. False if the size is not known. */
static inline bool serial_queue_terminal(const struct serial_queue_handle *h, uint16_t *columns, uint16_t *rows)
{
    const struct serial_queue_page *page = (const struct serial_queue_page *)(const void *)h->queue;
    uint32_t size = __atomic_load_n(&page->terminal_size, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&page->version, __ATOMIC_RELAXED) != SERIAL_PAGE_VERSION || size >> 16 == 0 ||
        (size & 0xffff) == 0) {
        return false;
    }
    *columns = (uint16_t)(size >> 16);
    *rows = (uint16_t)size;
    return true;
}
