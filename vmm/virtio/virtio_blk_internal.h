/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the block device. */
#pragma once

#include <vmm/virtio/virtio_blk.h>

#define BLK_NOBODY 0xffu

enum blk_flush {
    BLK_FLUSH_NONE = 0,
    BLK_FLUSH_DUE = 1, /* to be sent once all pieces are back */
    BLK_FLUSH_UNDER_WAY = 2,
};

/* --- Requests of the driver (virtio_blk_request.c) --- */

/* Takes what the driver has made available, as far as there is room, queue by queue in turn. */
void blk_take_requests(struct virtio_blk *blk);
/* All pieces are back: answers the driver, and frees the request. */
void blk_finish(struct virtio_blk *blk, struct blk_request *request);
/* Forgets the requests of a queue, or of all: UINT32_MAX. */
void blk_forget(struct virtio_blk *blk, uint32_t queue);
/* Each write is followed by a flush: the driver has, or knows, no write cache. */
bool blk_writes_through(const struct virtio_blk *blk);

/* --- Pieces (virtio_blk_pieces.c) --- */

/* Cuts requests into pieces and queues them, in order, as far as there is room. Returns whether any was queued. */
bool blk_send_pieces(struct virtio_blk *blk);
/* Takes the server's answers. */
void blk_take_answers(struct virtio_blk *blk);
