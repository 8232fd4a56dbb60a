/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block device: VirtIO 1.2 §5.2, served by block queues (<skyscope/block_queue.h>).
 *
 * A request of the driver is cut into pieces, each one request to the server with a run of cells of the data region.
 * Requests wait in the ring until there is a place for them, pieces until there are cells; all is of fixed size. What
 * the driver makes available while the device works is taken in the same batch: one notification of the server and one
 * interrupt for all of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/block_queue.h>
#include <skyscope/vm_devices.h>

#include <vmm/timer.h>
#include <vmm/virtio/device_set.h>
#include <vmm/virtio/virtio.h>

#define BLK_MAX_QUEUES   8u
#define BLK_QUEUE_SIZE   256u
#define BLK_SECTOR       512u
#define BLK_SEGMENTS     128u /* of one request, header and status included */
#define BLK_MAX_REQUESTS 64u  /* under way */
#define BLK_MAX_PIECES   128u /* under way */
#define BLK_CELL         4096u
#define BLK_MAX_CELLS    128u
#define BLK_MAX_RANGES   16u /* of a discard or write-zeroes request */
#define BLK_ID_LENGTH    20u
#define BLK_HEADER_SIZE  16u

/* Features, §5.2.3. */
#define VIRTIO_BLK_F_SIZE_MAX     (1ull << 1)
#define VIRTIO_BLK_F_SEG_MAX      (1ull << 2)
#define VIRTIO_BLK_F_GEOMETRY     (1ull << 4)
#define VIRTIO_BLK_F_RO           (1ull << 5)
#define VIRTIO_BLK_F_BLK_SIZE     (1ull << 6)
#define VIRTIO_BLK_F_FLUSH        (1ull << 9)
#define VIRTIO_BLK_F_TOPOLOGY     (1ull << 10)
#define VIRTIO_BLK_F_CONFIG_WCE   (1ull << 11)
#define VIRTIO_BLK_F_MQ           (1ull << 12)
#define VIRTIO_BLK_F_DISCARD      (1ull << 13)
#define VIRTIO_BLK_F_WRITE_ZEROES (1ull << 14)
#define VIRTIO_BLK_F_LIFETIME     (1ull << 15)

/* Requests, §5.2.6. */
enum virtio_blk_type {
    VIRTIO_BLK_T_IN = 0,
    VIRTIO_BLK_T_OUT = 1,
    VIRTIO_BLK_T_FLUSH = 4,
    VIRTIO_BLK_T_GET_ID = 8,
    VIRTIO_BLK_T_GET_LIFETIME = 10,
    VIRTIO_BLK_T_DISCARD = 11,
    VIRTIO_BLK_T_WRITE_ZEROES = 13,
};

enum virtio_blk_status {
    VIRTIO_BLK_S_OK = 0,
    VIRTIO_BLK_S_IOERR = 1,
    VIRTIO_BLK_S_UNSUPP = 2,
};

/* Configuration space, §5.2.4; little-endian. */
struct virtio_blk_config {
    uint64_t capacity; /* sectors of 512 bytes */
    uint32_t size_max, seg_max;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint32_t blk_size;
    uint8_t physical_block_exp, alignment_offset;
    uint16_t min_io_size;
    uint32_t opt_io_size;
    uint8_t writeback;
    uint8_t unused0;
    uint16_t num_queues;
    uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
    uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
    uint8_t write_zeroes_may_unmap;
    uint8_t unused1[3];
    uint32_t max_secure_erase_sectors, max_secure_erase_seg, secure_erase_sector_alignment;
};
_Static_assert(sizeof(struct virtio_blk_config) == 72, "the specification's layout");

/* Bytes of the disk. */
struct blk_range {
    uint64_t offset, length;
};

/* A request of the driver that is under way. */
struct blk_request {
    bool used;
    uint8_t status;  /* enum virtio_blk_status so far */
    uint8_t flush;   /* enum blk_flush: a write-through request's own flush */
    uint8_t *answer; /* the status byte, in guest RAM */
    uint32_t type;   /* enum virtio_blk_type */
    uint16_t queue, id, slots;
    uint16_t pieces;  /* under way */
    uint32_t written; /* bytes that the driver is told of */
    uint32_t range, range_count;
    uint64_t done;      /* bytes of the range that were cut into pieces */
    uint64_t data_done; /* the same in bytes of the request's data */
    struct blk_range ranges[BLK_MAX_RANGES];
    struct virtqueue_chain chain; /* segments[] below */
    struct virtio_segment segments[BLK_SEGMENTS];
};

/* One request to the server. */
struct blk_piece {
    bool used;
    bool fills;           /* reads a block of which a part is then written */
    uint8_t request;      /* BLK_NOBODY: the driver has reset what it was for */
    uint32_t generation;  /* of its place: what comes back must have it */
    uint32_t code;        /* enum block_request_code; of a piece that fills: what follows */
    uint16_t cell, cells; /* cells 0: no data */
    uint64_t block;       /* first block, of transfer_size */
    uint32_t count;       /* blocks */
    uint32_t skip;        /* bytes of the first block in front of the data */
    uint32_t length;      /* bytes of data */
    uint64_t data_offset; /* of it in the request's data */
};

struct virtio_blk {
    struct virtio_device device;
    struct virtio_blk_config config;
    struct vm *vm;

    struct block_queue_handle queue;
    uint32_t orphans;                      /* answers that are still to come to requests of a monitor that failed */
    const struct block_storage_info *info; /* written by the server */
    uint8_t *data;
    uint32_t data_cells, transfer_size, channel;
    bool ready, read_only, read_only_by_config, write_through_at_start;
    bool resent;              /* since the server was notified, of what it had answered */
    uint32_t operations;      /* enum block_operation: what the server has */
    uint32_t largest_request; /* blocks; 0: any */
    char serial[BLK_ID_LENGTH];

    struct blk_request requests[BLK_MAX_REQUESTS];
    uint8_t order[BLK_MAX_REQUESTS]; /* those under way, oldest first */
    uint32_t request_count;
    struct blk_piece pieces[BLK_MAX_PIECES];
    uint32_t piece_count;
    uint8_t cells[BLK_MAX_CELLS]; /* 1: in use */
    uint32_t next_queue;          /* whose turn is first */
    struct timer timer;           /* goes on with what was too much for one time */
    uint64_t requests_done, server_notifications, late_answers, bad_answers;
};
_Static_assert(sizeof(struct virtio_blk) <= VM_WORKSPACE_BLOCK, "what the tool gives");

extern const struct device_kind virtio_blk_kind;

/* Prepares a device in zeroed memory. NULL, or what is wrong with its configuration. */
const char *virtio_blk_init(struct virtio_blk *blk, struct vm *vm, const struct vm_device_config *config);
/* Takes the server's answers and goes on: a channel's listener. */
void virtio_blk_answered(void *blk);
