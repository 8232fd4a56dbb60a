/* SPDX-License-Identifier: BSD-2-Clause */
#include "forward.h"

#include <base/memory.h>

#include "deliver.h"
#include "offload.h"

#define VLAN_MASK 0xfffu

static bool in_trunk(const struct switch_port_config *config, uint32_t vlan)
{
    return (config->trunk[vlan / 8] & 1u << vlan % 8) != 0;
}

/* The VLAN of a frame that came from a port; 0: none that the port is in. A tag with VLAN 0 gives a priority only. */
static uint32_t vlan_of(const struct switch_port_config *config, const struct frame *frame)
{
    uint32_t tagged = frame->tagged ? frame->tag & VLAN_MASK : 0u;
    if (tagged == 0) {
        return config->vlan;
    }
    return (config->flags & SWITCH_PORT_TRUNK) != 0 && tagged <= SWITCH_VLAN_MAX && in_trunk(config, tagged) ? tagged
                                                                                                             : 0;
}

static bool is_member(const struct switch_port_config *config, uint32_t vlan)
{
    return config->vlan == vlan || ((config->flags & SWITCH_PORT_TRUNK) != 0 && in_trunk(config, vlan));
}

/* A second tag would become the first where a trunk gets frames of this VLAN without one, and say another VLAN there.
 */
static bool hides_vlan(const struct switch_port_config *receiver, const struct frame *frame, uint32_t vlan)
{
    return (receiver->flags & SWITCH_PORT_TRUNK) != 0 && receiver->vlan == vlan && frame->ethertype == ETHERTYPE_VLAN;
}

static bool may_reach(const struct ethernet_switch *s, uint32_t from, uint32_t to, uint32_t vlan)
{
    const struct switch_port_config *a = s->ports[from].config, *b = s->ports[to].config;
    return from != to && a->network == b->network && is_member(b, vlan) && !hides_vlan(b, &s->frame, vlan) &&
           s->ports[to].port.link_up && (a->flags & b->flags & SWITCH_PORT_ISOLATED) == 0;
}

static void drop(struct ethernet_switch *s, uint32_t port, enum switch_drop reason)
{
    s->ports[port].port.counters->dropped[reason]++;
}

/* IEEE 802.1Q table 8-1: addresses that no bridge forwards to. */
static bool is_reserved(const uint8_t mac[6])
{
    static const uint8_t prefix[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};
    return memcmp(mac, prefix, sizeof(prefix)) == 0 && mac[5] < 0x10;
}

static bool is_broadcast(const uint8_t mac[6])
{
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return memcmp(mac, broadcast, sizeof(broadcast)) == 0;
}

/* Whether the sender may use this source address. An unlocked port learns it. */
static bool accept_source(struct ethernet_switch *s, uint32_t from, uint32_t vlan, uint32_t now)
{
    const struct switch_port_config *config = s->ports[from].config;
    const uint8_t *source = frame_source(&s->frame);
    if ((config->flags & SWITCH_PORT_LOCKED) != 0) {
        return memcmp(source, config->mac, sizeof(config->mac)) == 0;
    }
    if (mac_table_find(&s->table, config->network, MAC_TABLE_ANY_VLAN, source, now) != MAC_TABLE_NONE) {
        return false; /* another port's, locked */
    }
    (void)mac_table_learn(&s->table, config->network, vlan, source, from, now,
                          s->config->networks[config->network].ageing_seconds);
    return true;
}

/* The port of a station, MAC_TABLE_NONE: not known. */
static uint32_t find_station(struct ethernet_switch *s, uint32_t network, uint32_t vlan, uint32_t now)
{
    const uint8_t *destination = frame_destination(&s->frame);
    uint32_t to = mac_table_find(&s->table, network, MAC_TABLE_ANY_VLAN, destination, now);
    if (to == MAC_TABLE_NONE) {
        to = mac_table_find(&s->table, network, vlan, destination, now);
    }
    return to;
}

static uint64_t flood(struct ethernet_switch *s, uint32_t from, uint32_t vlan, uint64_t now)
{
    struct switch_port *sender = &s->ports[from];
    bool broadcast = is_broadcast(frame_destination(&s->frame));
    if (!rate_limit_take(broadcast ? &sender->broadcast : &sender->multicast, now)) {
        drop(s, from, broadcast ? SWITCH_DROP_BROADCAST_LIMIT : SWITCH_DROP_MULTICAST_LIMIT);
        return 0;
    }
    uint64_t cost = 0;
    uint32_t receivers = 0;
    for (uint32_t to = 0; to < s->port_count; to++) {
        if (may_reach(s, from, to, vlan)) {
            cost += deliver_frame(s, to, vlan, now);
            receivers++;
        }
    }
    sender->port.counters->flooded++;
    if (receivers == 0) {
        drop(s, from, SWITCH_DROP_NO_RECEIVER);
    }
    return cost;
}

/* Longer than the network allows, or to be cut into what is. */
static bool is_too_long(const struct ethernet_switch *s, uint32_t network)
{
    const struct frame *frame = &s->frame;
    uint32_t mtu = s->config->networks[network].mtu;
    return frame->offload.segmentation == NET_SEGMENT_NONE ? frame->bytes.length > mtu + frame->head_length
                                                           : frame->offload.segment_size > mtu;
}

uint64_t forward_frame(struct ethernet_switch *s, uint32_t from, uint64_t now)
{
    const struct switch_port_config *config = s->ports[from].config;
    uint32_t second = (uint32_t)(now / s->frequency);
    uint32_t vlan = vlan_of(config, &s->frame);
    if (is_too_long(s, config->network)) {
        drop(s, from, SWITCH_DROP_TOO_LONG);
        return 0;
    }
    if (is_reserved(frame_destination(&s->frame))) {
        drop(s, from, SWITCH_DROP_RESERVED);
        return 0;
    }
    if (vlan == 0) {
        drop(s, from, SWITCH_DROP_VLAN);
        return 0;
    }
    if (!accept_source(s, from, vlan, second)) {
        drop(s, from, SWITCH_DROP_SPOOFED);
        return 0;
    }
    bool group = (frame_destination(&s->frame)[0] & 1u) != 0;
    uint32_t to = group ? MAC_TABLE_NONE : find_station(s, config->network, vlan, second);
    if (to == MAC_TABLE_NONE) {
        return flood(s, from, vlan, now);
    }
    if (to >= s->port_count || !may_reach(s, from, to, vlan)) {
        drop(s, from, SWITCH_DROP_NO_RECEIVER);
        return 0;
    }
    return deliver_frame(s, to, vlan, now);
}
