/* SPDX-License-Identifier: BSD-2-Clause */
#include "deliver.h"

#include "offload.h"

#define VLAN_MASK 0xfffu

/* Adds what it costs. False: the receiver has no place for it. */
static bool send(struct ethernet_switch *s, uint32_t to, const struct gather *bytes, const struct net_offload *offload,
                 uint64_t now, uint64_t *cost)
{
    *cost += SWITCH_FRAME_COST + bytes->length;
    if (port_send(&s->ports[to].port, bytes, offload) != PORT_DONE) {
        return false;
    }
    if (s->capture_port == to) {
        capture_add(&s->capture, bytes, now);
    }
    return true;
}

/* Cuts the frame in s->linear. */
static void send_segments(struct ethernet_switch *s, uint32_t to, uint32_t length, const struct net_offload *offload,
                          uint32_t ethernet, uint64_t now, uint64_t *cost)
{
    static const struct net_offload done;
    struct switch_port *port = &s->ports[to];
    struct segmenter segmenter;
    uint8_t header[SEGMENT_HEADER_MAX];
    const uint8_t *data;
    uint32_t header_length, size;
    bool room = true;
    uint32_t mtu = s->config->networks[port->config->network].mtu;
    if (!segmenter_start(&segmenter, s->linear, length, offload, ethernet, s->frame.ethertype) ||
        segmenter.payload + segmenter.segment_size > mtu + ethernet) {
        port->port.counters->dropped[SWITCH_DROP_NOT_COMPLETED]++;
        return;
    }
    /* Where one finds no room the rest does not either. */
    while (room && segmenter_next(&segmenter, header, &header_length, &data, &size)) {
        struct gather segment;
        segment.count = segment.length = 0;
        gather_add(&segment, header, header_length);
        gather_add(&segment, data, size);
        room = send(s, to, &segment, &done, now, cost);
    }
}

/* Does what the receiver leaves to us, in a copy. */
static void complete(struct ethernet_switch *s, uint32_t to, const struct gather *bytes,
                     const struct net_offload *offload, uint32_t ethernet, uint64_t now, uint64_t *cost)
{
    static const struct net_offload done;
    uint32_t length = gather_copy(bytes, s->linear, sizeof(s->linear));
    *cost += length;
    s->ports[to].port.counters->completed++;
    if (offload->segmentation != NET_SEGMENT_NONE) {
        send_segments(s, to, length, offload, ethernet, now, cost);
        return;
    }
    offload_checksum(s->linear, length, offload);
    struct gather whole;
    whole.count = whole.length = 0;
    gather_add(&whole, s->linear, length);
    (void)send(s, to, &whole, &done, now, cost);
}

uint64_t deliver_frame(struct ethernet_switch *s, uint32_t to, uint32_t vlan, uint64_t now)
{
    const struct switch_port *port = &s->ports[to];
    const struct frame *frame = &s->frame;
    const struct gather *bytes = &frame->bytes;
    struct net_offload offload = frame->offload;
    struct gather retagged;
    uint8_t header[FRAME_HEAD];
    uint32_t ethernet = frame->head_length;
    uint64_t cost = 0;
    bool tagged = (port->config->flags & SWITCH_PORT_TRUNK) != 0 && port->config->vlan != vlan;
    uint16_t tag = (uint16_t)((frame->tag & ~VLAN_MASK) | vlan);
    if (tagged != frame->tagged || (tagged && tag != frame->tag)) {
        frame_retag(frame, tagged, tag, header, &retagged, &offload);
        bytes = &retagged;
        ethernet = tagged ? FRAME_HEAD : ETHERNET_HEADER;
    }
    if ((offload_needs(&offload, frame->ethertype) & ~port->port.accepted) != 0) {
        complete(s, to, bytes, &offload, ethernet, now, &cost);
    } else {
        (void)send(s, to, bytes, &offload, now, &cost);
    }
    return cost;
}
