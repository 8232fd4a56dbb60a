/* SPDX-License-Identifier: BSD-2-Clause */
#include "vsock_internal.h"

#include <stddef.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

struct vsock_peer *vsock_find_peer(struct virtio_vsock *socket, uint64_t cid, uint32_t *index)
{
    for (uint32_t i = 0; i < socket->peer_count; i++) {
        if (socket->peers[i].cid == cid) {
            *index = i;
            return &socket->peers[i];
        }
    }
    return NULL;
}

bool vsock_type_known(const struct virtio_vsock *socket, uint16_t type)
{
    if (type == SOCKET_TYPE_SEQPACKET) {
        return virtio_has(&socket->device, VIRTIO_VSOCK_F_SEQPACKET);
    }
    return type == SOCKET_TYPE_STREAM;
}

/* --- Work --- */

static void notify_peers(struct virtio_vsock *socket)
{
    for (uint32_t i = 0; i < socket->peer_count; i++) {
        struct vsock_peer *peer = &socket->peers[i];
        bool signal = peer->written && serial_queue_take_signal(&peer->transmit.handle);
        signal |= peer->taken && serial_queue_take_space_request(&peer->receive.handle);
        peer->written = false;
        peer->taken = false;
        if (signal) {
            hv_notify(peer->channel);
        }
    }
}

static void work(struct virtio_vsock *socket)
{
    socket->more = false;
    if (virtio_is_live(&socket->device)) {
        vsock_deliver_replies(socket);
        vsock_transmit(socket);
        vsock_deliver_replies(socket);
    }
    for (uint32_t i = 0; i < socket->peer_count; i++) {
        uint32_t index = (socket->next_peer + i) % socket->peer_count;
        vsock_receive_from(socket, index);
        (void)vsock_settle(socket, index);
    }
    socket->next_peer = socket->peer_count != 0 ? (socket->next_peer + 1) % socket->peer_count : 0;
    if (virtio_is_live(&socket->device)) {
        vsock_deliver_replies(socket);
        virtqueue_flush(&socket->device.queues[VSOCK_QUEUE_RECEIVE]);
    }
}

/* Asks the guest to be told of packets and of buffers, as far as they are waited for; true if some came meanwhile. */
static bool ask_for_notifications(struct virtio_vsock *socket)
{
    if (!virtio_is_live(&socket->device)) {
        return false;
    }
    bool changed = virtqueue_want_notification(&socket->device.queues[VSOCK_QUEUE_TRANSMIT], !socket->held);
    /* Buffers that lie ready are no news; they are wanted when something waits for one. */
    bool had = virtqueue_has_buffers(&socket->device.queues[VSOCK_QUEUE_RECEIVE]);
    bool has = virtqueue_want_notification(&socket->device.queues[VSOCK_QUEUE_RECEIVE], true);
    return (changed && vsock_reply_room(socket)) || (has && !had);
}

/* Asks the peers to be told of whatever may change; true if something did meanwhile. */
static bool ask_for_signals(struct virtio_vsock *socket)
{
    bool changed = ask_for_notifications(socket);
    for (uint32_t i = 0; i < socket->peer_count; i++) {
        struct vsock_peer *peer = &socket->peers[i];
        uint32_t seen = serial_queue_length(&peer->receive.handle);
        serial_queue_request_signal(&peer->receive.handle);
        changed |= serial_queue_length(&peer->receive.handle) != seen;
    }
    if (socket->held && virtio_is_live(&socket->device)) {
        uint32_t index;
        struct vsock_peer *peer = vsock_find_peer(socket, socket->held_header.destination_cid, &index);
        if (peer != NULL) {
            serial_queue_request_space(&peer->transmit.handle);
            changed |= socket_queue_room(&peer->transmit) >= socket_packet_size(socket->held_header.length);
        }
    }
    return changed;
}

static void run(struct virtio_vsock *socket)
{
    work(socket);
    bool live = virtio_is_live(&socket->device);
    bool again = ask_for_signals(socket) || socket->more;
    notify_peers(socket);
    uint64_t deadline = 0;
    if (again) {
        deadline = hv_now() + 1;
    } else if (live && socket->held) { /* a broken device's packet goes nowhere before the reset */
        deadline = socket->held_since + timer_scale(socket->device.vm->clock.frequency, VSOCK_STUCK_MILLISECONDS, 1000);
    }
    timer_arm(&socket->device.vm->vcpus[0].timers, &socket->timer, deadline);
}

static void expired(void *context, uint64_t now)
{
    struct virtio_vsock *socket = context;
    uint64_t patience = timer_scale(socket->device.vm->clock.frequency, VSOCK_STUCK_MILLISECONDS, 1000);
    uint32_t index;
    if (socket->held && now - socket->held_since >= patience) {
        struct vsock_peer *peer = vsock_find_peer(socket, socket->held_header.destination_cid, &index);
        if (peer != NULL) {
            peer->stuck = true;
        }
    }
    run(socket);
}

static void queue_notified(void *context, uint32_t queue)
{
    (void)queue; /* buffers for what comes, or packets */
    run(context);
}

static void reset(void *context)
{
    struct virtio_vsock *socket = context;
    socket->held = false;
    socket->reply_count = 0;
    vsock_connections_close_all(&socket->connections);
    for (uint32_t i = 0; i < socket->peer_count; i++) {
        socket->peers[i].stuck = false;
        /* What is left of a packet goes to no connection: it is refused as a whole. */
        socket->peers[i].delivered = 0;
        (void)vsock_settle(socket, i);
    }
    timer_arm(&socket->device.vm->vcpus[0].timers, &socket->timer, 0);
    notify_peers(socket);
}

static void queue_reset(void *context, uint32_t queue)
{
    struct virtio_vsock *socket = context;
    if (queue == VSOCK_QUEUE_TRANSMIT) {
        socket->held = false;
    }
}

static void start(void *context)
{
    run(context);
}

void virtio_vsock_notified(void *context)
{
    run(context);
}

static const struct virtio_ops ops = {
    .type = VIRTIO_TYPE_SOCKET,
    .name = "vsock",
    .start = start,
    .queue_notified = queue_notified,
    .reset = reset,
    .queue_reset = queue_reset,
};

static const char *attach(struct vsock_peer *peer, const struct socket_peer_config *config)
{
    const struct queue_pair_config *queue = &config->queue;
    if (config->cid < SOCKET_CID_MIN || queue->present == 0 || queue->channel >= 62 ||
        !socket_queue_attach_producer(&peer->transmit, queue->transmit_queue, queue->transmit_data,
                                      queue->transmit_capacity) ||
        !socket_queue_attach_consumer(&peer->receive, queue->receive_queue, queue->receive_data,
                                      queue->receive_capacity)) {
        return "configuration: bad peer of the socket device";
    }
    peer->cid = config->cid;
    peer->channel = queue->channel;
    return NULL;
}

const char *virtio_vsock_init(struct virtio_vsock *socket, struct vm *vm, const struct vm_device_config *config)
{
    memset(socket, 0, sizeof(*socket));
    if (config->socket.cid < SOCKET_CID_MIN || config->socket.peer_count > VM_SOCKET_MAX_PEERS) {
        return "configuration: bad socket device";
    }
    socket->config = config->socket.cid;
    for (uint32_t i = 0; i < config->socket.peer_count; i++) {
        const char *problem = attach(&socket->peers[i], &config->socket.peers[i]);
        if (problem != NULL) {
            return problem;
        }
    }
    socket->peer_count = (uint32_t)config->socket.peer_count;
    vsock_connections_init(&socket->connections);
    virtio_device_init(&socket->device, &ops, socket, vm, config->name,
                       VIRTIO_VSOCK_F_STREAM | VIRTIO_VSOCK_F_SEQPACKET, &socket->config, sizeof(socket->config));
    for (uint32_t i = 0; i <= VSOCK_QUEUE_EVENT; i++) {
        if (virtio_add_queue(&socket->device, VSOCK_QUEUE_SIZE) != 0) {
            return "no room for the socket device's queues";
        }
    }
    socket->timer = (struct timer){.expired = expired, .device = socket};
    return timer_add(&vm->vcpus[0].timers, &socket->timer) == 0 ? NULL : "no room for the socket device's timer";
}

static const char *create(struct vm *vm, const struct vm_device_config *config, struct virtio_device **device)
{
    _Static_assert(sizeof(struct virtio_vsock) <= VM_WORKSPACE_SOCKET, "it has to fit");
    struct virtio_vsock *socket = device_allocate(vm, sizeof(*socket));
    if (socket == NULL) {
        return "configuration: the workspace of the devices is too small";
    }
    const char *problem = virtio_vsock_init(socket, vm, config);
    for (uint32_t i = 0; problem == NULL && i < socket->peer_count; i++) {
        if (device_listen(vm, socket->peers[i].channel, virtio_vsock_notified, socket) != 0) {
            problem = "configuration: a channel that two devices listen to";
        }
    }
    *device = &socket->device;
    return problem;
}

const struct device_kind virtio_vsock_kind = {.kind = VM_DEVICE_SOCKET, .create = create};
