/* SPDX-License-Identifier: BSD-2-Clause */
#include "deliver.h"

#include "offload.h"

#define VLAN_MASK 0xfffu

static void send(struct ethernet_switch *s, uint32_t to, const struct gather *bytes, const struct net_offload *offload,
                 uint64_t now)
{
    if (port_send(&s->ports[to].port, bytes, offload) == PORT_DONE && s->capture_port == to) {
        capture_add(&s->capture, bytes, now);
    }
}

/* Cuts the frame in s->linear. */
static uint64_t send_segments(struct ethernet_switch *s, uint32_t to, uint32_t length,
                              const struct net_offload *offload, uint32_t ethernet, uint64_t now)
{
    static const struct net_offload done;
    struct switch_port *port = &s->ports[to];
    struct segmenter segmenter;
    uint8_t header[SEGMENT_HEADER_MAX];
    const uint8_t *data;
    uint32_t header_length, size;
    uint64_t copied = length;
    uint32_t mtu = s->config->networks[port->config->network].mtu;
    if (!segmenter_start(&segmenter, s->linear, length, offload, ethernet, s->frame.ethertype) ||
        segmenter.payload + segmenter.segment_size > mtu + ethernet) {
        port->port.counters->dropped[SWITCH_DROP_NOT_COMPLETED]++;
        return copied;
    }
    uint64_t lost = port->port.counters->dropped[SWITCH_DROP_NO_BUFFERS];
    while (segmenter_next(&segmenter, header, &header_length, &data, &size)) {
        struct gather segment = {0};
        gather_add(&segment, header, header_length);
        gather_add(&segment, data, size);
        send(s, to, &segment, &done, now);
        copied += segment.length;
        if (port->port.counters->dropped[SWITCH_DROP_NO_BUFFERS] != lost) {
            break; /* the rest finds no room either */
        }
    }
    return copied;
}

/* Does what the receiver leaves to us, in a copy. */
static uint64_t complete(struct ethernet_switch *s, uint32_t to, const struct gather *bytes,
                         const struct net_offload *offload, uint32_t ethernet, uint64_t now)
{
    static const struct net_offload done;
    uint32_t length = gather_copy(bytes, 0, s->linear, sizeof(s->linear));
    s->ports[to].port.counters->completed++;
    if (offload->segmentation != NET_SEGMENT_NONE) {
        return send_segments(s, to, length, offload, ethernet, now);
    }
    offload_checksum(s->linear, length, offload);
    struct gather whole = {0};
    gather_add(&whole, s->linear, length);
    send(s, to, &whole, &done, now);
    return 2ull * length;
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
    bool tagged = (port->config->flags & SWITCH_PORT_TRUNK) != 0 && port->config->vlan != vlan;
    uint16_t tag = (uint16_t)((frame->tag & ~VLAN_MASK) | vlan);
    if (tagged != frame->tagged || (tagged && tag != frame->tag)) {
        frame_retag(frame, tagged, tag, header, &retagged, &offload);
        bytes = &retagged;
        ethernet = tagged ? FRAME_HEAD : ETHERNET_HEADER;
    }
    if ((offload_needs(&offload, frame->ethertype) & ~port->port.accepted) != 0) {
        return complete(s, to, bytes, &offload, ethernet, now);
    }
    send(s, to, bytes, &offload, now);
    return bytes->length;
}
