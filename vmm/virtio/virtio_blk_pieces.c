/* SPDX-License-Identifier: BSD-2-Clause */
/* Block device: requests cut into pieces, and what the server answers to them. */
#include <base/memory.h>

#include "virtio_blk_internal.h"

/* Blocks of one piece: the server's queue has 16 bits for them. */
#define PIECE_MAX_BLOCKS 0xffffu
/* Cells of one piece: others find some, too. */
#define PIECE_MAX_CELLS  32u

#define ID_INDEX_BITS 8u
_Static_assert(BLK_MAX_PIECES <= 1u << ID_INDEX_BITS && BLK_MAX_REQUESTS < BLK_NOBODY, "fits");

static bool moves_data(uint32_t code)
{
    return code == BLOCK_REQUEST_READ || code == BLOCK_REQUEST_WRITE;
}

static uint32_t code_of(const struct blk_request *request)
{
    switch (request->type) {
    case VIRTIO_BLK_T_IN:
        return BLOCK_REQUEST_READ;
    case VIRTIO_BLK_T_OUT:
        return BLOCK_REQUEST_WRITE;
    case VIRTIO_BLK_T_DISCARD:
        return BLOCK_REQUEST_DISCARD;
    case VIRTIO_BLK_T_WRITE_ZEROES:
        return BLOCK_REQUEST_WRITE_ZEROES;
    default:
        return BLOCK_REQUEST_FLUSH;
    }
}

/* --- Cells --- */

/* Up to `wanted` cells in a row: the first such run, or the longest. 0: there is none. */
static uint32_t find_cells(const struct virtio_blk *blk, uint32_t wanted, uint16_t *first)
{
    uint32_t best = 0, run = 0;
    for (uint32_t i = 0; i < blk->data_cells && best < wanted; i++) {
        run = blk->cells[i] == 0 ? run + 1 : 0;
        if (run > best) {
            best = run;
            *first = (uint16_t)(i + 1 - run);
        }
    }
    return best;
}

static uint8_t *cell_data(const struct virtio_blk *blk, const struct blk_piece *piece)
{
    return blk->data + (uint64_t)piece->cell * BLK_CELL;
}

/* --- Between the guest and the cells --- */

/* Data to be written is behind the header, data read comes first of what the device writes. */
static void copy_in(const struct virtio_blk *blk, const struct blk_request *request, const struct blk_piece *piece)
{
    uint8_t *to = cell_data(blk, piece) + piece->skip;
    if (request->type == VIRTIO_BLK_T_OUT) {
        (void)virtqueue_chain_read(&request->chain, BLK_HEADER_SIZE + piece->data_offset, to, piece->length);
    } else { /* a part of a block is to be zeroed */
        memset(to, 0, piece->length);
    }
}

static void copy_out(const struct virtio_blk *blk, const struct blk_request *request, const struct blk_piece *piece)
{
    (void)virtqueue_chain_write(&request->chain, piece->data_offset, cell_data(blk, piece) + piece->skip,
                                piece->length);
}

/* --- Sending --- */

static uint32_t piece_limit(const struct virtio_blk *blk)
{
    return blk->queue.capacity < BLK_MAX_PIECES ? blk->queue.capacity : BLK_MAX_PIECES;
}

static struct blk_piece *new_piece(struct virtio_blk *blk)
{
    if (blk->piece_count >= piece_limit(blk) || block_queue_free(&blk->queue) == 0 || blk->orphans != 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < BLK_MAX_PIECES; i++) {
        if (!blk->pieces[i].used) {
            return &blk->pieces[i];
        }
    }
    return NULL;
}

static void free_piece(struct virtio_blk *blk, struct blk_piece *piece)
{
    memset(&blk->cells[piece->cell], 0, piece->cells);
    piece->used = false;
    blk->piece_count--;
}

/* False if the server's queue is full, which it is not as long as the server plays by the rules. */
static bool queue_piece(struct virtio_blk *blk, struct blk_piece *piece)
{
    uint32_t index = (uint32_t)(piece - blk->pieces);
    piece->generation = (piece->generation + 1) & (UINT32_MAX >> ID_INDEX_BITS);
    struct block_request request = {
        .code = piece->fills ? BLOCK_REQUEST_READ : piece->code,
        .offset = (uint64_t)piece->cell * BLK_CELL,
        .block_number = piece->block,
        .count = (uint16_t)piece->count,
        .id = piece->generation << ID_INDEX_BITS | index,
    };
    return block_queue_put_request(&blk->queue, &request);
}

static bool is_cut(const struct blk_request *request)
{
    return request->range == request->range_count;
}

/* The next piece of a request that is not cut yet, without cells; false if there is nothing to be done for these
 * bytes: a part of a block is not discarded. The piece is at most as long as the server takes. */
static bool plan_piece(const struct virtio_blk *blk, const struct blk_request *request, struct blk_piece *piece)
{
    const struct blk_range *range = &request->ranges[request->range];
    uint64_t offset = range->offset + request->done, left = range->length - request->done;
    uint32_t size = blk->transfer_size, most = PIECE_MAX_BLOCKS;
    piece->code = code_of(request);
    piece->block = offset / size;
    piece->skip = (uint32_t)(offset % size);
    piece->count = 1;
    piece->cells = moves_data(piece->code) ? 1 : 0;
    piece->fills = false;
    piece->data_offset = request->data_done;
    if (piece->skip != 0 || left < size) {
        piece->length = size - piece->skip < left ? size - piece->skip : (uint32_t)left;
        if (piece->code == BLOCK_REQUEST_WRITE || piece->code == BLOCK_REQUEST_WRITE_ZEROES) {
            piece->code = BLOCK_REQUEST_WRITE;
            piece->fills = true;
            piece->cells = 1;
        }
        return piece->code != BLOCK_REQUEST_DISCARD;
    }
    if (moves_data(piece->code)) {
        most = PIECE_MAX_CELLS * BLK_CELL / size;
    }
    if (blk->largest_request != 0 && blk->largest_request < most) {
        most = blk->largest_request;
    }
    piece->count = left / size < most ? (uint32_t)(left / size) : most;
    piece->length = piece->count * size;
    if (piece->cells != 0) {
        piece->cells = (uint16_t)((piece->length + BLK_CELL - 1) / BLK_CELL);
    }
    return true;
}

/* Whether a block is read to be written again, while somebody else changes it. */
static bool collides(const struct virtio_blk *blk, const struct blk_piece *piece)
{
    if (blk->transfer_size == BLK_SECTOR || piece->code == BLOCK_REQUEST_READ) {
        return false;
    }
    for (uint32_t i = 0; i < BLK_MAX_PIECES; i++) {
        const struct blk_piece *other = &blk->pieces[i];
        if (other->used && other->count != 0 && other->code != BLOCK_REQUEST_READ && (other->fills || piece->fills) &&
            other->block < piece->block + piece->count && piece->block < other->block + other->count) {
            return true;
        }
    }
    return false;
}

/* Sends the next piece of a request. False: not now. */
static bool send_next(struct virtio_blk *blk, struct blk_request *request)
{
    struct blk_piece *piece = new_piece(blk), planned;
    if (piece == NULL) {
        return false;
    }
    bool needed = plan_piece(blk, request, &planned);
    if (needed) {
        uint16_t first = 0;
        uint32_t found = planned.cells == 0 ? 0 : find_cells(blk, planned.cells, &first);
        if (found < planned.cells) {
            if (found == 0) {
                return false;
            }
            planned.cells = (uint16_t)found;
            planned.count = found * BLK_CELL / blk->transfer_size;
            planned.length = planned.count * blk->transfer_size;
        }
        if (collides(blk, &planned)) {
            return false;
        }
        planned.used = true;
        planned.generation = piece->generation;
        planned.request = (uint8_t)(request - blk->requests);
        planned.cell = first;
        *piece = planned;
        memset(&blk->cells[first], 1, piece->cells);
        if (piece->code == BLOCK_REQUEST_WRITE && !piece->fills) {
            copy_in(blk, request, piece);
        }
        (void)queue_piece(blk, piece); /* new_piece() has seen room */
        blk->piece_count++;
        request->pieces++;
    }
    request->done += planned.length;
    request->data_done += planned.length;
    if (request->done == request->ranges[request->range].length) {
        request->range++;
        request->done = 0;
    }
    return true;
}

static bool send_flush(struct virtio_blk *blk, struct blk_request *request)
{
    struct blk_piece *piece = new_piece(blk);
    if (piece == NULL) {
        return false;
    }
    *piece = (struct blk_piece){.used = true,
                                .generation = piece->generation,
                                .request = (uint8_t)(request - blk->requests),
                                .code = BLOCK_REQUEST_FLUSH};
    (void)queue_piece(blk, piece);
    blk->piece_count++;
    request->pieces++;
    request->flush = BLK_FLUSH_UNDER_WAY;
    return true;
}

bool blk_send_pieces(struct virtio_blk *blk)
{
    bool sent = false;
    for (uint32_t i = 0; i < blk->request_count;) {
        struct blk_request *request = &blk->requests[blk->order[i]];
        while (!is_cut(request)) {
            if (!send_next(blk, request)) {
                return sent; /* in order: those behind it wait, too */
            }
            sent = sent || request->pieces != 0;
        }
        if (request->pieces == 0 && request->flush == BLK_FLUSH_DUE) {
            if (!send_flush(blk, request)) {
                return sent;
            }
            sent = true;
        }
        if (request->pieces == 0) {
            blk_finish(blk, request); /* there was nothing to do; the next one has its place */
        } else {
            i++;
        }
    }
    return sent;
}

/* --- Answers --- */

static void fail(struct blk_request *request)
{
    request->status = VIRTIO_BLK_S_IOERR;
    request->range = request->range_count;
    request->flush = BLK_FLUSH_NONE;
}

/* A piece is back. True if it goes out again, to write what it has read. */
static bool take_back(struct virtio_blk *blk, struct blk_request *request, struct blk_piece *piece,
                      const struct block_response *response)
{
    bool good = response->status == BLOCK_RESPONSE_OK && (piece->cells == 0 || response->success_count >= piece->count);
    if (!good) {
        fail(request);
    } else if (piece->fills) {
        piece->fills = false;
        copy_in(blk, request, piece);
        if (queue_piece(blk, piece)) {
            return true;
        }
        fail(request);
    } else if (piece->code == BLOCK_REQUEST_READ) {
        copy_out(blk, request, piece);
    } else if (piece->code == BLOCK_REQUEST_FLUSH) {
        request->flush = BLK_FLUSH_NONE;
    }
    return false;
}

static void take_answer(struct virtio_blk *blk, const struct block_response *response)
{
    uint32_t index = response->id & ((1u << ID_INDEX_BITS) - 1);
    struct blk_piece *piece = index < BLK_MAX_PIECES ? &blk->pieces[index] : NULL;
    if (piece == NULL || !piece->used || piece->generation != response->id >> ID_INDEX_BITS) {
        blk->bad_answers++;
        return;
    }
    if (piece->request == BLK_NOBODY) {
        blk->late_answers++;
        free_piece(blk, piece);
        return;
    }
    struct blk_request *request = &blk->requests[piece->request];
    if (take_back(blk, request, piece, response)) {
        blk->resent = true;
        return;
    }
    free_piece(blk, piece);
    request->pieces--;
    if (request->pieces == 0 && is_cut(request) && request->flush == BLK_FLUSH_NONE) {
        blk_finish(blk, request);
    }
}

void blk_take_answers(struct virtio_blk *blk)
{
    struct block_response response;
    uint32_t count = 0;
    while (count < blk->queue.capacity && block_queue_take_response(&blk->queue, &response)) {
        if (blk->orphans != 0) {
            blk->orphans--;
            blk->late_answers++;
        } else {
            take_answer(blk, &response);
        }
        count++;
    }
}
