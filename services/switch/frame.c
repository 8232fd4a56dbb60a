/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame.h"

#include <base/memory.h>

#include "offload.h"

void gather_add_rest(struct gather *gather, const struct gather *from, uint32_t skip)
{
    for (uint32_t i = 0; i < from->count; i++) {
        const struct frame_piece *piece = &from->pieces[i];
        uint32_t skipped = skip < piece->length ? skip : piece->length;
        gather_add(gather, piece->data + skipped, piece->length - skipped);
        skip -= skipped;
    }
}

uint32_t gather_copy(const struct gather *gather, uint8_t *to, uint32_t size)
{
    uint32_t copied = 0;
    for (uint32_t i = 0; i < gather->count && copied < size; i++) {
        const struct frame_piece *piece = &gather->pieces[i];
        uint32_t count = piece->length < size - copied ? piece->length : size - copied;
        memcpy(to + copied, piece->data, count);
        copied += count;
    }
    return copied;
}

static uint16_t read_16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool is_station(const uint8_t mac[6])
{
    static const uint8_t none[6];
    return (mac[0] & 1u) == 0 && memcmp(mac, none, sizeof(none)) != 0;
}

enum frame_error frame_parse(struct frame *frame, const struct gather *bytes, const struct net_offload *offload)
{
    frame->tagged = false;
    frame->tag = 0;
    if (bytes->length < ETHERNET_HEADER) {
        return FRAME_TOO_SHORT;
    }
    uint32_t header = gather_copy(bytes, frame->head, FRAME_HEAD);
    frame->ethertype = read_16(frame->head + 12);
    frame->head_length = ETHERNET_HEADER;
    if (frame->ethertype == ETHERTYPE_VLAN) {
        if (header < FRAME_HEAD) {
            return FRAME_TOO_SHORT;
        }
        frame->tagged = true;
        frame->tag = read_16(frame->head + 14);
        frame->ethertype = read_16(frame->head + 16);
        frame->head_length = FRAME_HEAD;
    }
    if (!is_station(frame_source(frame))) {
        return FRAME_BAD_SOURCE;
    }
    frame->bytes.count = 0;
    frame->bytes.length = 0;
    gather_add(&frame->bytes, frame->head, frame->head_length);
    gather_add_rest(&frame->bytes, bytes, frame->head_length);
    frame->offload = *offload;
    return offload_check(&frame->offload, bytes->length, frame->head_length) ? FRAME_OK : FRAME_BAD_OFFLOAD;
}

void frame_retag(const struct frame *frame, bool tagged, uint16_t tag, uint8_t header[FRAME_HEAD], struct gather *bytes,
                 struct net_offload *offload)
{
    uint32_t length = tagged ? FRAME_HEAD : ETHERNET_HEADER;
    memcpy(header, frame->head, 12);
    if (tagged) {
        header[12] = ETHERTYPE_VLAN >> 8;
        header[13] = ETHERTYPE_VLAN & 0xffu;
        header[14] = (uint8_t)(tag >> 8);
        header[15] = (uint8_t)tag;
    }
    header[length - 2] = (uint8_t)(frame->ethertype >> 8);
    header[length - 1] = (uint8_t)frame->ethertype;
    bytes->count = 0;
    bytes->length = 0;
    gather_add(bytes, header, length);
    gather_add_rest(bytes, &frame->bytes, frame->head_length);
    *offload = frame->offload;
    if ((offload->flags & NET_OFFLOAD_NEEDS_CHECKSUM) != 0) {
        /* Within 16 bits: offload_check() leaves room for a tag. */
        offload->checksum_start = (uint16_t)(offload->checksum_start + length - frame->head_length);
    }
    if (offload->header_length != 0) {
        offload->header_length = (uint16_t)(offload->header_length + length - frame->head_length);
    }
}
