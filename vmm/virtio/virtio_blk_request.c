/* SPDX-License-Identifier: BSD-2-Clause */
/* Block device: what the driver asks for, VirtIO 1.2 §5.2.6. */
#include <base/memory.h>

#include "virtio_blk_internal.h"

struct header {
    uint32_t type, reserved;
    uint64_t sector;
};
_Static_assert(sizeof(struct header) == BLK_HEADER_SIZE, "the specification's layout");

/* Of a discard or write-zeroes request. */
struct segment_range {
    uint64_t sector;
    uint32_t count, flags;
};
#define RANGE_UNMAP 1u

struct lifetime {
    uint16_t pre_eol_info, estimate_type_a, estimate_type_b;
};
/* VIRTIO_BLK_LIFETIME: nothing wears out here; the estimates are "not defined". */
#define PRE_EOL_NORMAL 1u

bool blk_writes_through(const struct virtio_blk *blk)
{
    if (virtio_has(&blk->device, VIRTIO_BLK_F_CONFIG_WCE)) {
        return blk->config.writeback == 0;
    }
    return blk->write_through_at_start || !virtio_has(&blk->device, VIRTIO_BLK_F_FLUSH);
}

/* --- What is asked for --- */

static void refuse(struct blk_request *request, enum virtio_blk_status status)
{
    request->status = (uint8_t)status;
    request->range_count = 0;
    request->flush = BLK_FLUSH_NONE;
}

/* Appends bytes of the disk to the request. False: they are not all on it. */
static bool add_range(const struct virtio_blk *blk, struct blk_request *request, uint64_t sector, uint64_t length)
{
    uint64_t capacity = blk->config.capacity;
    if (sector > capacity || length > (capacity - sector) * BLK_SECTOR) {
        return false;
    }
    if (length != 0) {
        request->ranges[request->range_count++] = (struct blk_range){.offset = sector * BLK_SECTOR, .length = length};
    }
    return true;
}

static void read_or_write(const struct virtio_blk *blk, struct blk_request *request, uint64_t sector)
{
    bool write = request->type == VIRTIO_BLK_T_OUT;
    uint64_t length = write ? request->chain.readable_length - BLK_HEADER_SIZE : request->chain.writable_length - 1;
    if ((write && blk->read_only) || length % BLK_SECTOR != 0 || !add_range(blk, request, sector, length)) {
        refuse(request, VIRTIO_BLK_S_IOERR);
        return;
    }
    if (write && blk_writes_through(blk)) {
        request->flush = BLK_FLUSH_DUE;
    }
    request->written = write ? 1 : (uint32_t)length + 1;
}

static void discard_or_zero(const struct virtio_blk *blk, struct blk_request *request)
{
    bool discard = request->type == VIRTIO_BLK_T_DISCARD;
    uint32_t needed = discard ? BLOCK_OPERATION_DISCARD : BLOCK_OPERATION_WRITE_ZEROES;
    uint64_t feature = discard ? VIRTIO_BLK_F_DISCARD : VIRTIO_BLK_F_WRITE_ZEROES;
    uint64_t length = request->chain.readable_length - BLK_HEADER_SIZE;
    struct segment_range range;
    if ((blk->device.features & feature) == 0 || (blk->operations & needed) == 0) {
        refuse(request, VIRTIO_BLK_S_UNSUPP);
        return;
    }
    if (blk->read_only || length == 0 || length % sizeof(range) != 0 || length > BLK_MAX_RANGES * sizeof(range)) {
        refuse(request, VIRTIO_BLK_S_IOERR);
        return;
    }
    for (uint64_t at = 0; at < length; at += sizeof(range)) {
        (void)virtqueue_chain_read(&request->chain, BLK_HEADER_SIZE + at, &range, sizeof(range));
        uint32_t limit = discard ? blk->config.max_discard_sectors : blk->config.max_write_zeroes_sectors;
        if ((range.flags & ~(discard ? 0u : RANGE_UNMAP)) != 0) {
            refuse(request, VIRTIO_BLK_S_UNSUPP);
            return;
        }
        if (range.count > limit || !add_range(blk, request, range.sector, (uint64_t)range.count * BLK_SECTOR)) {
            refuse(request, VIRTIO_BLK_S_IOERR);
            return;
        }
    }
    if (!discard && blk_writes_through(blk)) {
        request->flush = BLK_FLUSH_DUE;
    }
}

/* Answers with what fits in front of the status byte. */
static void give(struct blk_request *request, const void *data, uint32_t size)
{
    uint64_t room = request->chain.writable_length - 1;
    uint64_t given = virtqueue_chain_write(&request->chain, 0, data, room < size ? room : size);
    request->written = (uint32_t)given + 1;
}

static void understand(struct virtio_blk *blk, struct blk_request *request, const struct header *header)
{
    static const struct lifetime lifetime = {.pre_eol_info = PRE_EOL_NORMAL};
    switch (header->type) {
    case VIRTIO_BLK_T_IN:
    case VIRTIO_BLK_T_OUT:
        read_or_write(blk, request, header->sector);
        break;
    case VIRTIO_BLK_T_FLUSH:
        request->flush = BLK_FLUSH_DUE;
        break;
    case VIRTIO_BLK_T_DISCARD:
    case VIRTIO_BLK_T_WRITE_ZEROES:
        discard_or_zero(blk, request);
        break;
    case VIRTIO_BLK_T_GET_ID:
        give(request, blk->serial, BLK_ID_LENGTH);
        return;
    case VIRTIO_BLK_T_GET_LIFETIME:
        if (virtio_has(&blk->device, VIRTIO_BLK_F_LIFETIME)) {
            give(request, &lifetime, sizeof(lifetime));
            return;
        }
        refuse(request, VIRTIO_BLK_S_UNSUPP);
        return;
    default: /* SCSI commands and secure erase among them */
        refuse(request, VIRTIO_BLK_S_UNSUPP);
        return;
    }
    if (!blk->ready) {
        refuse(request, VIRTIO_BLK_S_IOERR);
    }
}

/* --- Taking and answering --- */

static struct blk_request *new_request(struct virtio_blk *blk)
{
    for (uint32_t i = 0; i < BLK_MAX_REQUESTS && blk->request_count < BLK_MAX_REQUESTS; i++) {
        if (!blk->requests[i].used) {
            return &blk->requests[i];
        }
    }
    return NULL;
}

/* Takes one request of a queue. False: there is none, or no place for it. */
static bool take_request(struct virtio_blk *blk, struct virtqueue *queue)
{
    struct blk_request *request = new_request(blk);
    struct header header;
    if (request == NULL) {
        return false;
    }
    struct virtqueue_chain *chain = &request->chain;
    chain->segments = request->segments;
    chain->capacity = BLK_SEGMENTS;
    if (virtqueue_pop(queue, chain) != VIRTQUEUE_CHAIN) {
        return false;
    }
    if (virtqueue_chain_read(chain, 0, &header, sizeof(header)) != sizeof(header) || chain->writable_length == 0) {
        virtio_fail(&blk->device, "queue %u: a request without header or without place for its status", queue->index);
        return false;
    }
    const struct virtio_segment *last = &chain->segments[chain->readable_count + chain->writable_count - 1];
    request->used = true;
    request->status = VIRTIO_BLK_S_OK;
    request->flush = BLK_FLUSH_NONE;
    request->answer = last->data + last->length - 1;
    request->type = header.type;
    request->queue = queue->index;
    request->id = chain->id;
    request->slots = chain->slots;
    request->pieces = 0;
    request->written = 1;
    request->range = 0;
    request->range_count = 0;
    request->done = 0;
    request->data_done = 0;
    blk->order[blk->request_count++] = (uint8_t)(request - blk->requests);
    understand(blk, request, &header);
    return true;
}

void blk_take_requests(struct virtio_blk *blk)
{
    uint32_t count = blk->device.queue_count, idle = 0;
    while (idle < count) {
        idle = take_request(blk, &blk->device.queues[blk->next_queue]) ? 0 : idle + 1;
        blk->next_queue = blk->next_queue + 1 < count ? blk->next_queue + 1 : 0;
    }
}

static void forget(struct virtio_blk *blk, struct blk_request *request)
{
    uint8_t number = (uint8_t)(request - blk->requests);
    uint32_t at = 0;
    while (at < blk->request_count && blk->order[at] != number) {
        at++;
    }
    if (at < blk->request_count) {
        blk->request_count--;
        memmove(&blk->order[at], &blk->order[at + 1], blk->request_count - at);
    }
    request->used = false;
}

void blk_finish(struct virtio_blk *blk, struct blk_request *request)
{
    /* Of a failed read nothing counts as written: its data is not all there. */
    uint32_t written = request->status == VIRTIO_BLK_S_OK || request->chain.writable_length == 1 ? request->written : 0;
    *request->answer = request->status;
    virtqueue_push(&blk->device.queues[request->queue], request->id, request->slots, written);
    blk->requests_done++;
    forget(blk, request);
}

void blk_forget(struct virtio_blk *blk, uint32_t queue)
{
    for (uint32_t i = 0; i < BLK_MAX_REQUESTS; i++) {
        struct blk_request *request = &blk->requests[i];
        if (!request->used || (queue != UINT32_MAX && request->queue != queue)) {
            continue;
        }
        for (uint32_t j = 0; j < BLK_MAX_PIECES && request->pieces != 0; j++) {
            if (blk->pieces[j].used && blk->pieces[j].request == i) {
                blk->pieces[j].request = BLK_NOBODY; /* its cells stay taken until the server has answered */
                request->pieces--;
            }
        }
        forget(blk, request);
    }
}
