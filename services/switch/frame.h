/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame on its way through the switch: its first bytes, which decide where it goes, in a copy; the others where the
 * sender has put them. IEEE 802.3 §3.2, 802.1Q §9.6.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skyscope/net_queue.h>

#define ETHERNET_HEADER  14u
#define VLAN_TAG         4u
#define ETHERTYPE_VLAN   0x8100u
/* The header with one tag. */
#define FRAME_HEAD       (ETHERNET_HEADER + VLAN_TAG)
/* The longest: 64 KiB of IP behind a header with a tag. */
#define FRAME_MAX        (65535u + FRAME_HEAD)
/* Pieces of a sender's frame. */
#define FRAME_MAX_PIECES 64u

struct frame_piece {
    const uint8_t *data;
    uint32_t length; /* bytes */
};

/* Bytes in several pieces. */
struct gather {
    struct frame_piece pieces[FRAME_MAX_PIECES + 4];
    uint32_t count;
    uint32_t length; /* of all */
};

struct frame {
    struct net_offload offload; /* all 0: nothing to be done */
    struct gather bytes;        /* the frame; its first piece is `head` */
    uint8_t head[FRAME_HEAD];
    uint32_t head_length;
    bool tagged;
    uint16_t tag;       /* priority and VLAN, of a tagged frame */
    uint16_t ethertype; /* behind the tag, if there is one */
};

enum frame_error {
    FRAME_OK = 0,
    FRAME_TOO_SHORT,
    FRAME_BAD_SOURCE, /* a group's address, or none */
    FRAME_BAD_OFFLOAD,
};

static inline void gather_add(struct gather *gather, const uint8_t *data, uint32_t length)
{
    if (length > 0 && gather->count < sizeof(gather->pieces) / sizeof(gather->pieces[0])) {
        gather->pieces[gather->count++] = (struct frame_piece){data, length};
        gather->length += length;
    }
}

/* Adds what is behind the first `skip` bytes of `from`. */
void gather_add_rest(struct gather *gather, const struct gather *from, uint32_t skip);
/* Copies up to `size` bytes; returns how many. */
uint32_t gather_copy(const struct gather *gather, uint8_t *to, uint32_t size);

/* Takes over a frame that lies in `bytes`, at most FRAME_MAX bytes in FRAME_MAX_PIECES pieces, and what is to be done
 * to it, a copy. Reads the header once; checks both. */
enum frame_error frame_parse(struct frame *frame, const struct gather *bytes, const struct net_offload *offload);
/* The frame as it is with or without a tag: `tag` 0 none, otherwise priority and VLAN. `header` holds the changed
 * header as long as `bytes` is used. The offload's offsets move along. */
void frame_retag(const struct frame *frame, bool tagged, uint16_t tag, uint8_t header[FRAME_HEAD], struct gather *bytes,
                 struct net_offload *offload);

static inline const uint8_t *frame_destination(const struct frame *frame)
{
    return frame->head;
}

static inline const uint8_t *frame_source(const struct frame *frame)
{
    return frame->head + 6;
}
