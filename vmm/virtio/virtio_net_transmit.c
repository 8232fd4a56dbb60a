/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames from the guest: VirtIO 1.2 §5.1.6.1, §5.1.6.2. */
#include <vmm/virtio/virtio_net.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

/* Frames taken before the guest has its turn again. */
#define ROUND_FRAMES 256u

#define NEEDS_CHECKSUM 1u
#define ECN            0x80u

/* What a kind of segmentation needs. Kinds that have no feature are refused by a feature that nobody has. */
static uint64_t feature_of(uint8_t segmentation)
{
    switch (segmentation & (uint8_t)~ECN) {
    case 1:
        return VIRTIO_NET_F_HOST_TSO4;
    case 4:
        return VIRTIO_NET_F_HOST_TSO6;
    case 5:
        return VIRTIO_NET_F_HOST_USO;
    default:
        return 1ull << 63 | 1ull << 62;
    }
}

/* The header is a copy; what was not negotiated does not go on. */
static bool check_header(const struct virtio_net *net, struct net_offload *offload)
{
    offload->reserved = 0;
    if ((offload->flags & NEEDS_CHECKSUM) == 0 || !virtio_has(&net->device, VIRTIO_NET_F_CSUM)) {
        bool plain = offload->segmentation == 0;
        *offload = (struct net_offload){0};
        return plain;
    }
    return offload->segmentation == 0 ||
           (virtio_has(&net->device, feature_of(offload->segmentation)) &&
            ((offload->segmentation & ECN) == 0 || virtio_has(&net->device, VIRTIO_NET_F_HOST_ECN)));
}

/* Takes the frame of a chain. False: it waits for room. */
static bool send(struct virtio_net *net, uint32_t pair, const struct virtqueue_chain *chain)
{
    struct net_offload offload = {0};
    uint32_t header = net_header_size(net);
    uint64_t length = chain->readable_length - header;
    if (chain->readable_length <= header || length > NET_PORT_MAX_FRAME ||
        net_port_buffers(&net->port, (uint32_t)length) > NET_PORT_MAX_PIECES ||
        net_port_buffers(&net->port, (uint32_t)length) > net->port.config.capacity) {
        net->counters.transmit_errors++;
        log_guest_error(net->device.vm, &net->device.limit, net->device.name, "a frame of %llu bytes: dropped",
                        (unsigned long long)chain->readable_length);
        return true;
    }
    if (!net_port_is_up(&net->port)) {
        return true; /* as if it had got lost on the wire */
    }
    if (!net_port_has_room(&net->port, (uint32_t)length)) {
        return false;
    }
    virtqueue_chain_read(chain, 0, &offload, header);
    if (!check_header(net, &offload)) {
        net->counters.transmit_errors++;
        log_guest_error(net->device.vm, &net->device.limit, net->device.name,
                        "a frame to be cut as %u, which was not negotiated: dropped", offload.segmentation);
        return true;
    }
    if (net->pairs > 1) {
        uint8_t bytes[NET_FLOW_BYTES];
        net_flow_sent(net, pair, bytes, (uint32_t)virtqueue_chain_read(chain, header, bytes, sizeof(bytes)));
    }
    net_port_send(&net->port, &offload, chain->segments, chain->readable_count, header, (uint32_t)length);
    net->counters.frames_sent++;
    net->counters.bytes_sent += length;
    return true;
}

/* Sends until there are no frames or no room. True if the round is over before. */
static bool drain(struct virtio_net *net, uint32_t pair)
{
    struct net_transmit_queue *transmit = &net->transmit[pair];
    struct virtqueue *queue = &net->device.queues[2 * pair + 1];
    for (uint32_t frames = 0; frames < ROUND_FRAMES; frames++) {
        if (!transmit->held) {
            transmit->chain.segments = transmit->segments;
            transmit->chain.capacity = NET_QUEUE_ENTRIES;
            if (virtqueue_pop(queue, &transmit->chain) != VIRTQUEUE_CHAIN) {
                return false;
            }
        }
        transmit->held = !send(net, pair, &transmit->chain);
        if (transmit->held) {
            return false;
        }
        virtqueue_push(queue, transmit->chain.id, transmit->chain.slots, 0);
    }
    return true;
}

bool net_transmit(struct virtio_net *net, uint32_t pair)
{
    struct net_transmit_queue *transmit = &net->transmit[pair];
    struct virtqueue *queue = &net->device.queues[2 * pair + 1];
    (void)virtqueue_want_notification(queue, false);
    bool more = drain(net, pair);
    if (net_port_publish(&net->port)) {
        net->counters.kicks++;
        hv_notify(net->port.config.channel);
    }
    virtqueue_flush(queue);
    if (transmit->held) {
        return net_port_want_room(&net->port);
    }
    return more || virtqueue_want_notification(queue, true);
}
