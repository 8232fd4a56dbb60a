/* SPDX-License-Identifier: BSD-2-Clause */
/* The network device's control queue: VirtIO 1.2 §5.1.6.5. */
#include <vmm/virtio/virtio_net.h>

#include <base/memory.h>

enum control_class {
    CONTROL_RECEIVE = 0,
    CONTROL_MAC = 1,
    CONTROL_VLAN = 2,
    CONTROL_ANNOUNCE = 3,
    CONTROL_PAIRS = 4,
    CONTROL_GUEST_OFFLOADS = 5,
};

#define RECEIVE_PROMISCUOUS   0u
#define RECEIVE_ALL_MULTICAST 1u
#define RECEIVE_ALL_UNICAST   2u
#define RECEIVE_NO_MULTICAST  3u
#define RECEIVE_NO_UNICAST    4u
#define RECEIVE_NO_BROADCAST  5u
#define MAC_TABLE_SET         0u
#define MAC_ADDRESS_SET       1u
#define VLAN_ADD              0u
#define VLAN_DELETE           1u
#define ANNOUNCE_ACKNOWLEDGE  0u
#define PAIRS_SET             0u
#define GUEST_OFFLOADS_SET    0u

#define CONTROL_OK    0u
#define CONTROL_ERROR 1u

#define STATUS_ANNOUNCE 2u

/* Segments of a command: header, two tables in pieces, the answer. */
#define CONTROL_SEGMENTS NET_CONTROL_SIZE

/* A command's data, read piece by piece. */
struct command {
    const struct virtqueue_chain *chain;
    uint64_t position;
};

static bool take(struct command *command, void *to, uint32_t size)
{
    bool all = virtqueue_chain_read(command->chain, command->position, to, size) == size;
    command->position += size;
    return all;
}

static bool receive_command(struct virtio_net *net, uint8_t number, struct command *command)
{
    struct net_filter *filter = &net->filter;
    bool *const modes[] = {
        [RECEIVE_PROMISCUOUS] = &filter->promiscuous, [RECEIVE_ALL_MULTICAST] = &filter->all_multicast,
        [RECEIVE_ALL_UNICAST] = &filter->all_unicast, [RECEIVE_NO_MULTICAST] = &filter->no_multicast,
        [RECEIVE_NO_UNICAST] = &filter->no_unicast,   [RECEIVE_NO_BROADCAST] = &filter->no_broadcast,
    };
    uint64_t feature = number <= RECEIVE_ALL_MULTICAST ? VIRTIO_NET_F_CTRL_RX : VIRTIO_NET_F_CTRL_RX_EXTRA;
    uint8_t on;
    if (number > RECEIVE_NO_BROADCAST || !virtio_has(&net->device, feature) || !take(command, &on, sizeof(on))) {
        return false;
    }
    *modes[number] = on != 0;
    return true;
}

/* One of the two tables. Addresses for which there is no room are counted only: then all are let through. */
static bool take_table(struct command *command, uint8_t macs[NET_FILTER_MACS][6], uint32_t *count, bool *overflow)
{
    uint32_t entries;
    if (!take(command, &entries, sizeof(entries)) ||
        entries > (command->chain->readable_length - command->position) / 6) {
        return false;
    }
    *overflow = entries > NET_FILTER_MACS;
    *count = *overflow ? 0 : entries;
    for (uint32_t i = 0; i < *count; i++) {
        if (!take(command, macs[i], 6)) {
            return false;
        }
    }
    command->position += *overflow ? 6ull * entries : 0;
    return true;
}

static bool mac_command(struct virtio_net *net, uint8_t number, struct command *command)
{
    if (number == MAC_TABLE_SET && virtio_has(&net->device, VIRTIO_NET_F_CTRL_RX)) {
        struct net_filter filter = net->filter;
        if (!take_table(command, filter.unicast, &filter.unicast_count, &filter.unicast_overflow) ||
            !take_table(command, filter.multicast, &filter.multicast_count, &filter.multicast_overflow)) {
            return false;
        }
        net->filter = filter;
        return true;
    }
    uint8_t mac[6];
    if (number == MAC_ADDRESS_SET && virtio_has(&net->device, VIRTIO_NET_F_CTRL_MAC_ADDR) &&
        take(command, mac, sizeof(mac)) && (mac[0] & 1u) == 0) {
        memcpy(net->config.mac, mac, sizeof(mac));
        return true;
    }
    return false;
}

static bool vlan_command(struct virtio_net *net, uint8_t number, struct command *command)
{
    uint16_t vlan;
    if (number > VLAN_DELETE || !virtio_has(&net->device, VIRTIO_NET_F_CTRL_VLAN) ||
        !take(command, &vlan, sizeof(vlan)) || vlan > 0xfffu) {
        return false;
    }
    uint8_t bit = (uint8_t)(1u << vlan % 8);
    if (number == VLAN_ADD) {
        net->filter.vlans[vlan / 8] |= bit;
    } else {
        net->filter.vlans[vlan / 8] &= (uint8_t)~bit;
    }
    return true;
}

static bool pairs_command(struct virtio_net *net, uint8_t number, struct command *command)
{
    uint16_t pairs;
    if (number != PAIRS_SET || !virtio_has(&net->device, VIRTIO_NET_F_MQ) || !take(command, &pairs, sizeof(pairs)) ||
        pairs == 0 || pairs > net->max_pairs) {
        return false;
    }
    net->pairs = pairs;
    return true;
}

static bool carry_out(struct virtio_net *net, struct command *command)
{
    uint8_t header[2];
    if (!take(command, header, sizeof(header))) {
        return false;
    }
    uint64_t offloads;
    switch (header[0]) {
    case CONTROL_RECEIVE:
        return receive_command(net, header[1], command);
    case CONTROL_MAC:
        return mac_command(net, header[1], command);
    case CONTROL_VLAN:
        return vlan_command(net, header[1], command);
    case CONTROL_ANNOUNCE:
        if (header[1] != ANNOUNCE_ACKNOWLEDGE || !virtio_has(&net->device, VIRTIO_NET_F_GUEST_ANNOUNCE)) {
            return false;
        }
        net->config.status &= (uint16_t)~STATUS_ANNOUNCE;
        return true;
    case CONTROL_PAIRS:
        return pairs_command(net, header[1], command);
    case CONTROL_GUEST_OFFLOADS:
        if (header[1] != GUEST_OFFLOADS_SET || !virtio_has(&net->device, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) ||
            !take(command, &offloads, sizeof(offloads)) ||
            (offloads & ~(net->device.features & VIRTIO_NET_GUEST_OFFLOADS)) != 0) {
            return false;
        }
        net_set_guest_offloads(net, offloads);
        return true;
    default:
        return false;
    }
}

/* Carries out one command. False: there is none. */
static bool serve(struct virtio_net *net, struct virtqueue *queue)
{
    struct virtio_segment segments[CONTROL_SEGMENTS];
    struct virtqueue_chain chain = {.segments = segments, .capacity = CONTROL_SEGMENTS};
    struct command command = {.chain = &chain};
    if (virtqueue_pop(queue, &chain) != VIRTQUEUE_CHAIN) {
        return false;
    }
    if (chain.writable_length == 0) {
        virtio_fail(&net->device, "a command without room for its answer");
        return false;
    }
    uint8_t answer = (uint8_t)(carry_out(net, &command) ? CONTROL_OK : CONTROL_ERROR);
    virtqueue_chain_write(&chain, 0, &answer, sizeof(answer));
    virtqueue_push(queue, chain.id, chain.slots, sizeof(answer));
    return true;
}

bool net_control(struct virtio_net *net, struct virtqueue *queue)
{
    for (uint32_t i = 0; i < NET_CONTROL_SIZE && serve(net, queue); i++) {
    }
    virtqueue_flush(queue);
    return virtqueue_want_notification(queue, true) && virtio_is_live(&net->device);
}
