/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sender leaves to its network card (VirtIO 1.2 §5.1.6.2): filling in a checksum, cutting a large TCP segment or
 * UDP datagram into ones of the MTU. Checked here; and done here, for receivers that do not take such frames.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/net_queue.h>

enum net_offload_flags {
    NET_OFFLOAD_NEEDS_CHECKSUM = 1u << 0,
    NET_OFFLOAD_CHECKSUM_VALID = 1u << 1,
};

enum net_segmentation {
    NET_SEGMENT_NONE = 0,
    NET_SEGMENT_TCP4 = 1,
    NET_SEGMENT_TCP6 = 4,
    NET_SEGMENT_UDP = 5,
    NET_SEGMENT_ECN = 0x80, /* with TCP: CWR goes into the first segment only */
};

/* Headers of a segment: Ethernet with a tag, IPv6 with extensions, TCP with options. */
#define SEGMENT_HEADER_MAX 256u
/* What a frame is cut into at most: of 64 KiB, segments of half of what IPv4's smallest MTU holds. */
#define SEGMENT_COUNT_MAX  2048u

/* Checks what a sender says of a frame of `length` bytes whose Ethernet header has `ethernet` bytes, and removes what
 * no sender may say. False if it makes no sense. */
bool offload_check(struct net_offload *offload, uint32_t length, uint32_t ethernet);
/* What a receiver must take to get the frame as it is; `ethertype`: that of its payload. */
uint32_t offload_needs(const struct net_offload *offload, uint16_t ethertype);

/* Fills in the checksum of a frame; the field holds what the checksum starts from, the pseudo-header's. The offload has
 * passed offload_check() for this length. */
void offload_checksum(uint8_t *frame, uint32_t length, const struct net_offload *offload);

struct segmenter {
    const uint8_t *frame;
    uint32_t length;
    uint32_t network, transport, payload; /* offsets of headers and of the data */
    bool ipv6, tcp;
    uint32_t segment_size;
    uint32_t position; /* of the next segment's data */
    uint32_t count;    /* segments made */
};

/* Begins to cut a frame, which has to stay as it is meanwhile. `ethernet`: bytes of its Ethernet header; `ethertype` of
 * its payload. False if its headers are not those of such a packet, or it would be more than SEGMENT_COUNT_MAX. */
bool segmenter_start(struct segmenter *s, const uint8_t *frame, uint32_t length, const struct net_offload *offload,
                     uint32_t ethernet, uint16_t ethertype);
/* The next segment: *header_length bytes in `header`, with all checksums, then *size bytes at *data. False if there is
 * none. */
bool segmenter_next(struct segmenter *s, uint8_t header[SEGMENT_HEADER_MAX], uint32_t *header_length,
                    const uint8_t **data, uint32_t *size);
