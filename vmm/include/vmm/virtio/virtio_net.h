/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network device: VirtIO 1.2 §5.1. Frames go from the guest's buffers into those of a port of the switch and back, one
 * copy each way; what the guest leaves to be done to a frame goes along with it.
 */
#pragma once

#include <vmm/timer.h>
#include <vmm/virtio/device_set.h>
#include <vmm/virtio/net_port.h>
#include <vmm/virtio/virtio.h>

#define VIRTIO_NET_F_CSUM                (1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM          (1ull << 1)
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS (1ull << 2)
#define VIRTIO_NET_F_MTU                 (1ull << 3)
#define VIRTIO_NET_F_MAC                 (1ull << 5)
#define VIRTIO_NET_F_GUEST_TSO4          (1ull << 7)
#define VIRTIO_NET_F_GUEST_TSO6          (1ull << 8)
#define VIRTIO_NET_F_GUEST_ECN           (1ull << 9)
#define VIRTIO_NET_F_HOST_TSO4           (1ull << 11)
#define VIRTIO_NET_F_HOST_TSO6           (1ull << 12)
#define VIRTIO_NET_F_HOST_ECN            (1ull << 13)
#define VIRTIO_NET_F_MRG_RXBUF           (1ull << 15)
#define VIRTIO_NET_F_STATUS              (1ull << 16)
#define VIRTIO_NET_F_CTRL_VQ             (1ull << 17)
#define VIRTIO_NET_F_CTRL_RX             (1ull << 18)
#define VIRTIO_NET_F_CTRL_VLAN           (1ull << 19)
#define VIRTIO_NET_F_CTRL_RX_EXTRA       (1ull << 20)
#define VIRTIO_NET_F_GUEST_ANNOUNCE      (1ull << 21)
#define VIRTIO_NET_F_MQ                  (1ull << 22)
#define VIRTIO_NET_F_CTRL_MAC_ADDR       (1ull << 23)
#define VIRTIO_NET_F_GUEST_USO4          (1ull << 54)
#define VIRTIO_NET_F_GUEST_USO6          (1ull << 55)
#define VIRTIO_NET_F_HOST_USO            (1ull << 56)
#define VIRTIO_NET_F_SPEED_DUPLEX        (1ull << 63)

/* What the guest leaves to us, and what it takes: only where the network has offloads. */
#define VIRTIO_NET_HOST_OFFLOADS                                                                                       \
    (VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN |                     \
     VIRTIO_NET_F_HOST_USO)
#define VIRTIO_NET_GUEST_OFFLOADS                                                                                      \
    (VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN |            \
     VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6)

#define NET_MAX_PAIRS     8u
#define NET_QUEUE_ENTRIES 256u
#define NET_CONTROL_SIZE  64u
#define NET_FILTER_MACS   32u
#define NET_FLOWS         256u
/* Segments of buffers that a receive queue keeps at hand: those of several small ones, and the longest chain. */
#define NET_KEPT_SEGMENTS (512u + NET_QUEUE_ENTRIES)
#define NET_KEPT_CHAINS   128u

/* §5.1.4, little-endian. */
struct __attribute__((packed)) virtio_net_config {
    uint8_t mac[6];
    uint16_t status; /* 1: link up, 2: announce */
    uint16_t max_pairs;
    uint16_t mtu;
    uint32_t speed; /* Mbit/s */
    uint8_t duplex; /* 1: full */
};

/* §5.1.6: with 10 bytes where neither MRG_RXBUF nor VERSION_1 was negotiated. */
struct virtio_net_header {
    struct net_offload offload; /* its last field: the number of buffers */
};

/* A buffer that was taken from the guest and not yet used. */
struct net_kept {
    uint32_t first_segment, segment_count;
    uint64_t length; /* bytes that may be written */
    uint16_t id, slots;
};

struct net_receive_queue {
    struct net_kept kept[NET_KEPT_CHAINS];
    uint32_t kept_count;
    struct virtio_segment segments[NET_KEPT_SEGMENTS];
    uint32_t segment_count;
};

struct net_transmit_queue {
    struct virtqueue_chain chain; /* waits for room, if held */
    bool held;
    struct virtio_segment segments[NET_QUEUE_ENTRIES];
};

/* Which frames the guest wants. */
struct net_filter {
    bool promiscuous, all_multicast, all_unicast, no_multicast, no_unicast, no_broadcast;
    bool unicast_overflow, multicast_overflow; /* more addresses than there is room for: all of them */
    uint32_t unicast_count, multicast_count;
    uint8_t unicast[NET_FILTER_MACS][6], multicast[NET_FILTER_MACS][6];
    uint8_t vlans[512]; /* bit v % 8 of byte v / 8 */
};

struct net_counters {
    uint64_t frames_sent, bytes_sent, frames_received, bytes_received;
    uint64_t kicks;           /* notifications of the switch */
    uint64_t transmit_errors; /* frames of the guest that are none */
    uint64_t filtered;        /* that the guest does not want */
    uint64_t receive_errors;  /* that no buffer of the guest can hold, or with offloads that it does not take */
};

struct virtio_net {
    struct virtio_device device;
    struct virtio_net_config config;
    uint8_t original_mac[6];
    struct net_port port;
    uint32_t max_pairs;
    uint32_t pairs;    /* in use */
    uint32_t accepted; /* enum net_accept */
    bool was_up;       /* the link, once */
    struct net_filter filter;
    uint8_t flows[NET_FLOWS]; /* the pair that a flow's frames were sent by last */
    struct net_frame frame;   /* received; waits for buffers of the guest, if frame_held */
    bool frame_held;
    struct timer timer; /* goes on after the guest had its turn */
    struct net_counters counters;
    struct net_receive_queue *receive; /* one for each pair */
    struct net_transmit_queue *transmit;
};

_Static_assert(sizeof(struct virtio_net) <= VM_WORKSPACE_NET, "what the tool gives");
_Static_assert(sizeof(struct net_receive_queue) + sizeof(struct net_transmit_queue) + 128 <= VM_WORKSPACE_NET_PAIR,
               "what the tool gives");

extern const struct device_kind virtio_net_kind;

/* --- Between the parts of the device --- */

static inline uint32_t net_header_size(const struct virtio_net *net)
{
    bool short_header =
        !virtio_has(&net->device, VIRTIO_F_VERSION_1) && !virtio_has(&net->device, VIRTIO_NET_F_MRG_RXBUF);
    return short_header ? 10 : 12;
}

/* Sends what waits in a pair's transmit queue. True if there is more than one round's work. (virtio_net_transmit.c) */
bool net_transmit(struct virtio_net *net, uint32_t pair);
/* Hands received frames to the guest. True if there is more than one round's work. (virtio_net_receive.c) */
bool net_receive(struct virtio_net *net);
/* Carries out the commands in the control queue. True if there is more than one round's work. (virtio_net_control.c) */
bool net_control(struct virtio_net *net, struct virtqueue *queue);
/* What features and commands make of `accepted`. */
void net_set_guest_offloads(struct virtio_net *net, uint64_t offloads);

/* As after a reset. (virtio_net_filter.c) */
void net_filter_reset(struct net_filter *filter);
/* Whether the guest wants a frame; `header`: its first 18 bytes, as far as there are any. */
bool net_filter_wants(const struct virtio_net *net, const uint8_t header[18]);

/* Remembers which pair sends a flow's frames; chooses the one that gets the answers. `bytes`: a frame's first ones.
 * (virtio_net_flow.c) */
void net_flow_sent(struct virtio_net *net, uint32_t pair, const uint8_t *bytes, uint32_t length);
uint32_t net_flow_pair(const struct virtio_net *net, const uint8_t *bytes, uint32_t length);
#define NET_FLOW_BYTES 62u
