/* SPDX-License-Identifier: BSD-2-Clause */
#include <base/memory.h>

#include "disk.h"

/* --- What a request is --- */

static bool transfers(uint32_t code)
{
    return code == BLOCK_REQUEST_READ || code == BLOCK_REQUEST_WRITE;
}

static bool changes(uint32_t code)
{
    return code == BLOCK_REQUEST_WRITE || code == BLOCK_REQUEST_DISCARD || code == BLOCK_REQUEST_WRITE_ZEROES;
}

static bool is_known(uint32_t code)
{
    return transfers(code) || changes(code) || code == BLOCK_REQUEST_FLUSH || code == BLOCK_REQUEST_BARRIER;
}

static void count(struct storage_disk_counters *counters, uint32_t code, uint64_t bytes)
{
    switch (code) {
    case BLOCK_REQUEST_READ:
        counters->reads++;
        counters->read_bytes += bytes;
        break;
    case BLOCK_REQUEST_WRITE:
        counters->writes++;
        counters->written_bytes += bytes;
        break;
    case BLOCK_REQUEST_FLUSH:
        counters->flushes++;
        break;
    case BLOCK_REQUEST_DISCARD:
        counters->discards++;
        break;
    case BLOCK_REQUEST_WRITE_ZEROES:
        counters->zeroes++;
        break;
    default:
        break;
    }
}

static void answer(struct disk *disk, enum block_response_status status)
{
    struct block_response response = {
        .status = status,
        .success_count = (uint16_t)(disk->done / disk->transfer_size),
        .id = disk->request.id,
    };
    if (status == BLOCK_RESPONSE_OK) {
        count(disk->counters, disk->request.code, disk->done);
    } else if (status == BLOCK_RESPONSE_IO) {
        disk->counters->failed++;
    } else {
        disk->counters->refused++;
    }
    /* There was room when the request was taken. Should the client meanwhile claim less, it has lost the answer. */
    (void)block_queue_put_response(&disk->queue, &response);
    disk->answered = true;
    disk->busy = false;
}

/* Checks our copy of a request. */
static bool makes_sense(struct disk *disk)
{
    const struct block_request *request = &disk->request;
    disk->offset = disk->length = disk->done = 0;
    if (!is_known(request->code) || (changes(request->code) && disk->read_only)) {
        return false;
    }
    if (!transfers(request->code) && !changes(request->code)) {
        return true;
    }
    uint64_t blocks = disk->size / disk->transfer_size;
    if (request->count == 0 || request->block_number >= blocks || request->count > blocks - request->block_number) {
        return false;
    }
    disk->offset = request->block_number * disk->transfer_size;
    disk->length = (uint64_t)request->count * disk->transfer_size;
    return !transfers(request->code) ||
           (request->offset <= disk->data_size && disk->length <= disk->data_size - request->offset);
}

/* --- Carrying out: a piece that lies within the disk --- */

static void read_piece(const struct disk *disk, uint64_t offset, uint8_t *to, uint64_t length)
{
    if (disk->kind == STORAGE_OVERLAY) {
        overlay_read(&disk->overlay, offset, to, length);
    } else {
        memcpy(to, disk->image + offset, length);
    }
}

/* All return how many bytes were done. */

static uint64_t write_piece(struct disk *disk, uint64_t offset, const uint8_t *from, uint64_t length)
{
    if (disk->kind == STORAGE_OVERLAY) {
        return overlay_write(&disk->overlay, offset, from, length);
    }
    memcpy(disk->memory + offset, from, length);
    return length;
}

static uint64_t zero_piece(struct disk *disk, uint64_t offset, uint64_t length)
{
    if (disk->kind == STORAGE_OVERLAY) {
        return overlay_zero(&disk->overlay, offset, length);
    }
    memset(disk->memory + offset, 0, length);
    return length;
}

/* What is discarded reads as zeros: never what the disk held earlier. */
static uint64_t discard_piece(struct disk *disk, uint64_t offset, uint64_t length)
{
    if (disk->kind == STORAGE_OVERLAY) {
        overlay_discard(&disk->overlay, offset, length);
        return length;
    }
    return zero_piece(disk, offset, length);
}

/* Goes on with the request; returns the bytes done. */
static uint64_t work(struct disk *disk, uint64_t limit)
{
    uint64_t length = disk->length - disk->done < limit ? disk->length - disk->done : limit, done = length;
    uint64_t offset = disk->offset + disk->done;
    /* Only of requests that transfer something was the place checked. */
    uint8_t *data = transfers(disk->request.code) ? disk->data + disk->request.offset + disk->done : NULL;
    switch (disk->request.code) {
    case BLOCK_REQUEST_READ:
        read_piece(disk, offset, data, length);
        break;
    case BLOCK_REQUEST_WRITE:
        done = write_piece(disk, offset, data, length);
        break;
    case BLOCK_REQUEST_DISCARD:
        done = discard_piece(disk, offset, length);
        break;
    case BLOCK_REQUEST_WRITE_ZEROES:
        done = zero_piece(disk, offset, length);
        break;
    default: /* nothing to do but to come in order */
        break;
    }
    disk->done += done;
    if (done < length) {
        answer(disk, BLOCK_RESPONSE_IO); /* the overlay is full */
    } else if (disk->done == disk->length) {
        answer(disk, BLOCK_RESPONSE_OK);
    }
    if (disk->kind == STORAGE_OVERLAY) {
        disk->counters->overlay_used = disk->overlay.used;
    }
    return done;
}

/* --- Turns --- */

uint64_t disk_ready_at(const struct disk *disk)
{
    uint64_t requests = throttle_ready(&disk->requests), bytes = throttle_ready(&disk->bytes);
    return requests > bytes ? requests : bytes;
}

void disk_limit(struct disk *disk, uint64_t requests_per_second, uint64_t bytes_per_second, uint64_t now)
{
    throttle_change(&disk->requests, requests_per_second, now);
    throttle_change(&disk->bytes, bytes_per_second, now);
    disk->counters->requests_per_second = requests_per_second;
    disk->counters->bytes_per_second = bytes_per_second;
}

/* Takes the next request, answers it at once if it makes no sense. False: there is none to be taken now. */
static bool take(struct disk *disk, uint64_t now)
{
    if (block_queue_response_room(&disk->queue) == 0 || !block_queue_take_request(&disk->queue, &disk->request)) {
        return false;
    }
    disk->busy = true;
    throttle_take(&disk->requests, 1, now);
    if (!disk->ready) {
        disk->done = 0;
        answer(disk, BLOCK_RESPONSE_NO_DEVICE);
    } else if (!makes_sense(disk)) {
        answer(disk, BLOCK_RESPONSE_INVALID);
    } else if (transfers(disk->request.code)) {
        throttle_take(&disk->bytes, disk->length, now);
    }
    return true;
}

enum disk_turn disk_turn(struct disk *disk, uint64_t now)
{
    uint64_t bytes = 0;
    enum disk_turn result = DISK_IDLE;
    for (uint32_t requests = 0; requests < DISK_TURN_REQUESTS && bytes < DISK_TURN_BYTES; requests++) {
        if (!disk->busy) {
            if (disk_ready_at(disk) > now && block_queue_has_request(&disk->queue)) {
                disk->counters->waits += disk->counters->throttled == 0;
                disk->counters->throttled = 1;
                return result == DISK_IDLE ? DISK_THROTTLED : result;
            }
            disk->counters->throttled = 0;
            if (!take(disk, now)) {
                return result;
            }
        }
        if (disk->busy) {
            bytes += work(disk, DISK_TURN_BYTES - bytes);
        }
        result = DISK_WORKED;
    }
    return result;
}
