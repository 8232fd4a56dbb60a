/* SPDX-License-Identifier: BSD-2-Clause */
/* Between virtqueue.c and the two ring formats. */
#pragma once

#include <vmm/virtio/virtio.h>

/* Flags of a descriptor, the same in both formats. */
#define DESCRIPTOR_NEXT     1u
#define DESCRIPTOR_WRITE    2u
#define DESCRIPTOR_INDIRECT 4u

#define DESCRIPTOR_SIZE 16u

/* --- Shared memory: each function reads or writes once, whatever the guest does meanwhile --- */

static inline uint16_t ring_load16(const uint8_t *at)
{
    return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_RELAXED);
}

static inline uint16_t ring_acquire16(const uint8_t *at)
{
    return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static inline void ring_store16(uint8_t *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)(void *)at, value, __ATOMIC_RELAXED);
}

static inline void ring_release16(uint8_t *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)(void *)at, value, __ATOMIC_RELEASE);
}

static inline void ring_store32(uint8_t *at, uint32_t value)
{
    __atomic_store_n((uint32_t *)(void *)at, value, __ATOMIC_RELAXED);
}

/* A copy of a descriptor's 16 bytes. Tables may lie at any address: drivers need not align indirect ones. */
struct descriptor_words {
    uint64_t address;
    uint64_t rest;
};

static inline struct descriptor_words ring_load_descriptor(const uint8_t *at)
{
    struct __attribute__((packed, may_alias)) unaligned {
        uint64_t value;
    };
    return (struct descriptor_words){
        .address = ((const volatile struct unaligned *)(const void *)at)->value,
        .rest = ((const volatile struct unaligned *)(const void *)(at + 8))->value,
    };
}

/* True if an index that moved on by `moved` to `new` has passed `event` (VirtIO 1.2 §2.7.7.1, §2.8.10). */
static inline bool event_passed(uint16_t event, uint16_t new, uint16_t moved)
{
    return (uint16_t)(new - event - 1) < moved;
}

/* --- Common (virtqueue.c) --- */

/* Appends a piece of guest memory to the chain. False: it breaks a rule, and the device has been failed. */
bool virtqueue_add_segment(struct virtqueue *queue, struct virtqueue_chain *chain, uint64_t address, uint32_t length,
                           bool writable);
/* The indirect table that a ring's descriptor refers to; NULL: it breaks a rule, and the device has been failed. */
const uint8_t *virtqueue_indirect_table(struct virtqueue *queue, uint64_t address, uint32_t length, uint16_t flags);

/* --- The formats --- */

/* As their namesakes in <vmm/virtio/virtqueue.h>; the queue is enabled. */
enum virtqueue_result split_pop(struct virtqueue *queue, struct virtqueue_chain *chain);
void split_push(struct virtqueue *queue, uint16_t id, uint32_t written);
bool split_has_buffers(const struct virtqueue *queue);
void split_set_notification(struct virtqueue *queue, bool wanted);
/* Makes what was pushed visible. */
void split_publish(struct virtqueue *queue);
/* Whether the driver wants an interrupt for the last `published` ring entries. */
bool split_interrupt_wanted(const struct virtqueue *queue, uint16_t published);

enum virtqueue_result packed_pop(struct virtqueue *queue, struct virtqueue_chain *chain);
void packed_push(struct virtqueue *queue, uint16_t id, uint16_t slots, uint32_t written);
bool packed_has_buffers(const struct virtqueue *queue);
void packed_set_notification(struct virtqueue *queue, bool wanted);
void packed_publish(struct virtqueue *queue);
bool packed_interrupt_wanted(const struct virtqueue *queue, uint16_t published);
