/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory balloon: VirtIO 1.2 §5.5, with statistics and free page reporting. A system is static, so what a guest gives
 * up goes to nobody else: the balloon shows how little memory the guest can do with, and what it gave up is zeroed.
 */
#pragma once

#include <vmm/timer.h>
#include <vmm/virtio/device_set.h>
#include <vmm/virtio/virtio.h>

#define BALLOON_QUEUE_SIZE            128u
#define BALLOON_PAGE                  4096u /* whatever the guest's own page size */
#define BALLOON_PATIENCE_MILLISECONDS 1000u
/* Page numbers looked at before the guest and the manager have their turn; the buffer in which that many are reached
 * is looked at to its end. */
#define BALLOON_TURN_PAGES            0x8000u

#define VIRTIO_BALLOON_F_STATS_VQ       (1ull << 1)
#define VIRTIO_BALLOON_F_DEFLATE_ON_OOM (1ull << 2)
#define VIRTIO_BALLOON_F_REPORTING      (1ull << 5)

enum balloon_queue {
    BALLOON_QUEUE_INFLATE = 0,
    BALLOON_QUEUE_DEFLATE = 1,
    BALLOON_QUEUE_STATISTICS = 2,
    BALLOON_QUEUE_REPORTING = 3, /* the next one: there is no queue of hints */
};

struct virtio_balloon_config {
    uint32_t pages;  /* that the guest is to give up */
    uint32_t actual; /* that it has, by its own word */
};

struct virtio_balloon {
    struct virtio_device device;
    struct virtio_balloon_config config;
    uint64_t ram;      /* bytes that the VM has */
    uint64_t reported; /* bytes that the guest said to be free, since it started */

    /* The guest's buffer for statistics, which it gets back when we want new ones. */
    bool statistics_held;
    uint16_t statistics_id, statistics_slots;
    bool answer_owed; /* to the manager, with the next statistics */
    struct timer timer;

    uint64_t turn_pages;    /* that were looked at in this turn */
    struct timer next_turn; /* goes on with the pages that the guest gives up */

    struct virtio_segment segments[BALLOON_QUEUE_SIZE];
};

/* Fills in the device; a transport comes later. NULL, or what is wrong. */
const char *virtio_balloon_init(struct virtio_balloon *balloon, struct vm *vm, const struct vm_device_config *config);
/* The manager's request: `bytes` of RAM are to be enough (UINT64_MAX: as before), and new statistics are wanted.
 * Answers it at once, or when they come, or when the guest has had time enough. */
void virtio_balloon_request(struct virtio_balloon *balloon, uint64_t bytes);

extern const struct device_kind virtio_balloon_kind;
