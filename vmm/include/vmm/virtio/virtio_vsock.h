/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket device: VirtIO 1.2 §5.10, streams and message sequences. The guest reaches the peers that the system file
 * allows it, each by a pair of queues with it alone (<skyscope/socket_queue.h>), so that no peer can overhear another
 * or fill its queue.
 *
 * What keeps a peer harmless: a packet that comes from it counts as coming from it, whatever its header says; it sends
 * to the guest only what the guest gave credit for; and if it takes nothing out of its queue for
 * VSOCK_STUCK_MILLISECONDS its connections are reset rather than waited for. (Until then what the guest sends to others
 * waits behind it: there is one transmit queue.)
 */
#pragma once

#include <skyscope/vm_devices.h>

#include <vmm/timer.h>
#include <vmm/virtio/device_set.h>
#include <vmm/virtio/virtio.h>
#include <vmm/virtio/vsock_connections.h>

#define VSOCK_QUEUE_SIZE         128u
#define VSOCK_REPLIES            64u
#define VSOCK_STUCK_MILLISECONDS 1000u

#define VIRTIO_VSOCK_F_STREAM    (1ull << 0)
#define VIRTIO_VSOCK_F_SEQPACKET (1ull << 1)

enum vsock_queue {
    VSOCK_QUEUE_RECEIVE = 0,
    VSOCK_QUEUE_TRANSMIT = 1,
    VSOCK_QUEUE_EVENT = 2,
};

struct vsock_peer {
    uint64_t cid;
    uint32_t channel;
    bool stuck;                 /* has not taken anything for too long */
    bool written, taken;        /* since it was notified last */
    uint32_t delivered;         /* bytes of the packet in front that the guest has already */
    struct socket_header front; /* of that packet, as it was admitted: the peer can still change the shared one */
    struct socket_queue transmit, receive;
};

struct vsock_counters {
    uint64_t packets_sent, packets_received;
    uint64_t bytes_sent, bytes_received;
    uint64_t refused; /* no such peer, no such connection, no room in the table */
    uint64_t credit_violations;
};

struct virtio_vsock {
    struct virtio_device device;
    uint64_t config; /* guest_cid, little-endian */
    uint32_t peer_count;
    uint32_t next_peer; /* whose queue is looked at first */
    struct vsock_peer peers[VM_SOCKET_MAX_PEERS];
    struct vsock_connections connections;

    /* Packets of our own for the guest. */
    struct socket_header replies[VSOCK_REPLIES];
    uint32_t reply_first, reply_count;

    /* A packet of the guest that waits for room in its peer's queue. */
    bool held;
    uint32_t held_peer;
    struct virtqueue_chain held_chain;
    struct socket_header held_header;
    uint64_t held_since; /* host clock */
    struct timer timer;  /* looks again at a held packet, or at queues with more than one round's work */
    bool more;           /* such a queue was found */

    struct virtio_segment transmit_segments[VSOCK_QUEUE_SIZE];
    struct virtio_segment receive_segments[VSOCK_QUEUE_SIZE];
    struct vsock_counters counters;
};

/* Fills in the device; the caller gives it a transport. NULL, or what is wrong with the configuration. */
const char *virtio_vsock_init(struct virtio_vsock *socket, struct vm *vm, const struct vm_device_config *config);
/* A peer notified: packets or room. context: the struct virtio_vsock. */
void virtio_vsock_notified(void *context);

extern const struct device_kind virtio_vsock_kind;
