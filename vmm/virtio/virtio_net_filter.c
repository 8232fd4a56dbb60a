/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames the guest wants: VirtIO 1.2 §5.1.6.5.1 to §5.1.6.5.3. */
#include <vmm/virtio/virtio_net.h>

#include <base/memory.h>

#define ETHERTYPE_VLAN 0x8100u

void net_filter_reset(struct net_filter *filter)
{
    /* All, until the driver says what. */
    *filter = (struct net_filter){.promiscuous = true};
}

static bool is_in(const uint8_t macs[][6], uint32_t count, const uint8_t *mac)
{
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(macs[i], mac, 6) == 0) {
            return true;
        }
    }
    return false;
}

static bool wants_vlan(const struct virtio_net *net, const uint8_t header[18])
{
    if (!virtio_has(&net->device, VIRTIO_NET_F_CTRL_VLAN) || (header[12] << 8 | header[13]) != ETHERTYPE_VLAN) {
        return true;
    }
    uint32_t vlan = (uint32_t)(header[14] << 8 | header[15]) & 0xfffu;
    return (net->filter.vlans[vlan / 8] & 1u << vlan % 8) != 0;
}

bool net_filter_wants(const struct virtio_net *net, const uint8_t header[18])
{
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const struct net_filter *filter = &net->filter;
    if (!wants_vlan(net, header)) {
        return false;
    }
    if (filter->promiscuous) {
        return true;
    }
    if (memcmp(header, broadcast, sizeof(broadcast)) == 0) {
        return !filter->no_broadcast;
    }
    if ((header[0] & 1u) != 0) {
        return !filter->no_multicast && (filter->all_multicast || filter->multicast_overflow ||
                                         is_in(filter->multicast, filter->multicast_count, header));
    }
    return !filter->no_unicast && (filter->all_unicast || filter->unicast_overflow ||
                                   memcmp(net->config.mac, header, sizeof(net->config.mac)) == 0 ||
                                   is_in(filter->unicast, filter->unicast_count, header));
}
