/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/virtio_vsock.h>

#include <stddef.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

#define HEADER_SIZE   ((uint32_t)sizeof(struct socket_header))
/* Packets taken from one peer before the others have their turn, and the guest its CPU. */
#define ROUND_PACKETS 64u

/* --- Answers of our own to the guest --- */

static bool reply_room(const struct virtio_vsock *socket)
{
    return socket->reply_count < VSOCK_REPLIES;
}

static void reply_reset(struct virtio_vsock *socket, uint64_t peer_cid, uint32_t peer_port, uint32_t guest_port,
                        uint16_t type)
{
    if (!reply_room(socket)) { /* callers look first; a reset that is lost costs the guest a timeout */
        return;
    }
    uint32_t at = (socket->reply_first + socket->reply_count++) % VSOCK_REPLIES;
    socket->replies[at] = (struct socket_header){
        .source_cid = peer_cid,
        .destination_cid = socket->config,
        .source_port = peer_port,
        .destination_port = guest_port,
        .type = type,
        .operation = SOCKET_OPERATION_RESET,
    };
}

/* Refuses a packet of the guest. A reset is not answered by a reset. */
static void refuse_guest(struct virtio_vsock *socket, const struct socket_header *header)
{
    socket->counters.refused++;
    if (header->operation != SOCKET_OPERATION_RESET) {
        reply_reset(socket, header->destination_cid, header->destination_port, header->source_port, header->type);
    }
}

/* --- To a peer --- */

static bool send_reset(struct virtio_vsock *socket, struct vsock_peer *peer, const struct vsock_key *key)
{
    struct socket_header header = {
        .source_cid = socket->config,
        .destination_cid = peer->cid,
        .source_port = key->guest_port,
        .destination_port = key->peer_port,
        .type = key->type,
        .operation = SOCKET_OPERATION_RESET,
    };
    if (!socket_queue_put(&peer->transmit, &header, NULL)) {
        return false;
    }
    peer->written = true;
    return true;
}

/* Tells a peer of ended connections first: a new one may have the same ports. True if it has been told all. */
static bool settle(struct virtio_vsock *socket, uint32_t index)
{
    const struct vsock_connection *connection;
    while ((connection = vsock_connection_owed(&socket->connections, index)) != NULL) {
        if (!send_reset(socket, &socket->peers[index], &connection->key)) {
            return false;
        }
        vsock_connection_settled(&socket->connections, index);
    }
    return true;
}

/* Refuses a packet of a peer; if there is no room to say so, it waits for an answer in vain. */
static void refuse_peer(struct virtio_vsock *socket, struct vsock_peer *peer, const struct socket_header *header)
{
    socket->counters.refused++;
    if (header->operation != SOCKET_OPERATION_RESET) {
        struct vsock_key key = {
            .guest_port = header->destination_port, .peer_port = header->source_port, .type = header->type};
        (void)send_reset(socket, peer, &key);
    }
}

/* --- From the guest --- */

static struct vsock_peer *find_peer(struct virtio_vsock *socket, uint64_t cid, uint32_t *index)
{
    for (uint32_t i = 0; i < socket->peer_count; i++) {
        if (socket->peers[i].cid == cid) {
            *index = i;
            return &socket->peers[i];
        }
    }
    return NULL;
}

static bool type_known(const struct virtio_vsock *socket, uint16_t type)
{
    if (type == SOCKET_TYPE_SEQPACKET) {
        return virtio_has(&socket->device, VIRTIO_VSOCK_F_SEQPACKET);
    }
    return type == SOCKET_TYPE_STREAM;
}

static void copy_to_peer(struct vsock_peer *peer, const struct socket_header *header,
                         const struct virtqueue_chain *chain)
{
    socket_queue_write(&peer->transmit, 0, header, HEADER_SIZE);
    uint64_t skip = HEADER_SIZE;
    uint32_t done = 0;
    for (uint32_t i = 0; i < chain->readable_count && done < header->length; i++) {
        const struct virtio_segment *segment = &chain->segments[i];
        if (skip >= segment->length) {
            skip -= segment->length;
            continue;
        }
        uint32_t part = segment->length - (uint32_t)skip;
        part = part < header->length - done ? part : header->length - done;
        socket_queue_write(&peer->transmit, HEADER_SIZE + done, segment->data + skip, part);
        done += part;
        skip = 0;
    }
    socket_queue_commit(&peer->transmit, header->length);
    peer->written = true;
}

/* The connection that a packet of the guest belongs to, made if it asks for one; NULL: to be refused. */
static struct vsock_connection *connection_of_guest(struct virtio_vsock *socket, uint32_t peer,
                                                    const struct socket_header *header)
{
    struct vsock_key key = {
        .peer = peer, .guest_port = header->source_port, .peer_port = header->destination_port, .type = header->type};
    struct vsock_connection *connection = vsock_connection_find(&socket->connections, &key);
    if (header->operation != SOCKET_OPERATION_REQUEST) {
        return connection;
    }
    if (connection != NULL) { /* asked for twice: neither is right any more */
        vsock_connection_close(&socket->connections, connection, true);
        return NULL;
    }
    return vsock_connection_open(&socket->connections, &key);
}

static void note_guest_operation(struct virtio_vsock *socket, struct vsock_connection *connection,
                                 const struct socket_header *header)
{
    vsock_credit_given(connection, header);
    if (header->operation == SOCKET_OPERATION_RESET) {
        vsock_connection_close(&socket->connections, connection, false);
    }
}

/* Carries one packet of the guest to its peer. False: its peer has no room now, and nothing has changed. */
static bool carry(struct virtio_vsock *socket, const struct socket_header *header, const struct virtqueue_chain *chain)
{
    uint32_t index;
    struct vsock_peer *peer = find_peer(socket, header->destination_cid, &index);
    if (peer == NULL || !type_known(socket, header->type)) {
        refuse_guest(socket, header);
        return true;
    }
    bool room = settle(socket, index) && socket_queue_room(&peer->transmit) >= socket_packet_size(header->length);
    if (!room && !peer->stuck) {
        return false;
    }
    peer->stuck = !room;
    struct vsock_connection *connection = connection_of_guest(socket, index, header);
    if (connection == NULL || peer->stuck) {
        if (connection != NULL) {
            vsock_connection_close(&socket->connections, connection, header->operation != SOCKET_OPERATION_REQUEST);
        }
        refuse_guest(socket, header);
        return true;
    }
    struct socket_header sent = *header;
    sent.source_cid = socket->config;
    copy_to_peer(peer, &sent, chain);
    socket->counters.packets_sent++;
    socket->counters.bytes_sent += header->length;
    note_guest_operation(socket, connection, header);
    return true;
}

/* Copies and checks the header of a packet of the guest. */
static bool guest_header(struct virtio_vsock *socket, const struct virtqueue_chain *chain, struct socket_header *header)
{
    if (virtqueue_chain_read(chain, 0, header, HEADER_SIZE) != HEADER_SIZE ||
        header->length > chain->readable_length - HEADER_SIZE || header->length > SOCKET_MAX_PAYLOAD) {
        log_guest_error(socket->device.vm, &socket->device.limit, socket->device.name,
                        "packet of %llu bytes without a whole header or payload: dropped",
                        (unsigned long long)chain->readable_length);
        return false;
    }
    if (header->source_cid != socket->config) {
        log_guest_error(socket->device.vm, &socket->device.limit, socket->device.name,
                        "packet from context %llu, which is not this guest: dropped",
                        (unsigned long long)header->source_cid);
        return false;
    }
    return true;
}

static void transmit(struct virtio_vsock *socket)
{
    struct virtqueue *queue = &socket->device.queues[VSOCK_QUEUE_TRANSMIT];
    struct virtqueue_chain *chain = &socket->held_chain;
    uint32_t packets = 0;
    for (;;) {
        if (!socket->held) {
            if (!reply_room(socket)) { /* goes on when the guest has made room for what it was answered */
                break;
            }
            if (packets == VSOCK_QUEUE_SIZE) {
                socket->more = true;
                break;
            }
            chain->segments = socket->transmit_segments;
            chain->capacity = VSOCK_QUEUE_SIZE;
            if (virtqueue_pop(queue, chain) != VIRTQUEUE_CHAIN) {
                break;
            }
            packets++;
            socket->held = guest_header(socket, chain, &socket->held_header);
            socket->held_since = hv_now();
        }
        if (socket->held && !carry(socket, &socket->held_header, chain)) {
            break;
        }
        socket->held = false;
        virtqueue_push(queue, chain->id, chain->slots, 0);
    }
    virtqueue_flush(queue);
}

/* --- To the guest --- */

enum delivery { DELIVERED, NO_BUFFER, DROPPED };

static enum delivery pop_receive(struct virtio_vsock *socket, struct virtqueue_chain *chain, uint32_t least)
{
    chain->segments = socket->receive_segments;
    chain->capacity = VSOCK_QUEUE_SIZE;
    if (virtqueue_pop(&socket->device.queues[VSOCK_QUEUE_RECEIVE], chain) != VIRTQUEUE_CHAIN) {
        return NO_BUFFER;
    }
    if (chain->writable_length < least) {
        virtio_fail(&socket->device, "receive buffer of %llu bytes, too small for a packet",
                    (unsigned long long)chain->writable_length);
        return NO_BUFFER;
    }
    return DELIVERED;
}

static void deliver_replies(struct virtio_vsock *socket)
{
    struct virtqueue_chain chain;
    while (socket->reply_count != 0 && pop_receive(socket, &chain, HEADER_SIZE) == DELIVERED) {
        virtqueue_chain_write(&chain, 0, &socket->replies[socket->reply_first], HEADER_SIZE);
        virtqueue_push(&socket->device.queues[VSOCK_QUEUE_RECEIVE], chain.id, chain.slots, HEADER_SIZE);
        socket->reply_first = (socket->reply_first + 1) % VSOCK_REPLIES;
        socket->reply_count--;
    }
}

static void copy_to_guest(const struct vsock_peer *peer, const struct virtqueue_chain *chain,
                          const struct socket_header *header)
{
    virtqueue_chain_write(chain, 0, header, HEADER_SIZE);
    uint64_t skip = HEADER_SIZE;
    uint32_t done = 0;
    for (uint32_t i = 0; i < chain->writable_count && done < header->length; i++) {
        const struct virtio_segment *segment = &chain->segments[chain->readable_count + i];
        if (skip >= segment->length) {
            skip -= segment->length;
            continue;
        }
        uint32_t part = segment->length - (uint32_t)skip;
        part = part < header->length - done ? part : header->length - done;
        socket_queue_read(&peer->receive, HEADER_SIZE + peer->delivered + done, segment->data + skip, part);
        done += part;
        skip = 0;
    }
}

/* Hands the guest one buffer's worth of the packet in front. */
static enum delivery deliver_piece(struct virtio_vsock *socket, struct vsock_peer *peer,
                                   const struct socket_header *header)
{
    struct virtqueue_chain chain;
    uint32_t rest = header->length - peer->delivered;
    if (pop_receive(socket, &chain, HEADER_SIZE + (rest != 0 ? 1 : 0)) != DELIVERED) {
        return NO_BUFFER;
    }
    uint64_t room = chain.writable_length - HEADER_SIZE;
    struct socket_header piece = *header;
    piece.source_cid = peer->cid;
    piece.destination_cid = socket->config;
    piece.length = rest < room ? rest : (uint32_t)room;
    if (piece.length < rest) { /* the end of the message is in the last piece */
        piece.flags &= ~(uint32_t)(SOCKET_DATA_END_OF_MESSAGE | SOCKET_DATA_END_OF_RECORD);
    }
    copy_to_guest(peer, &chain, &piece);
    virtqueue_push(&socket->device.queues[VSOCK_QUEUE_RECEIVE], chain.id, chain.slots, HEADER_SIZE + piece.length);
    peer->delivered += piece.length;
    return DELIVERED;
}

/* Whether the packet in front may go to the guest; it is not asked about again once part of it has gone. */
static bool admit(struct virtio_vsock *socket, uint32_t index, const struct socket_header *header)
{
    struct vsock_peer *peer = &socket->peers[index];
    struct vsock_key key = {
        .peer = index, .guest_port = header->destination_port, .peer_port = header->source_port, .type = header->type};
    struct vsock_connection *connection = vsock_connection_find(&socket->connections, &key);
    bool request = header->operation == SOCKET_OPERATION_REQUEST;
    if (!type_known(socket, header->type) || (connection != NULL) == request ||
        (request && (connection = vsock_connection_open(&socket->connections, &key)) == NULL)) {
        refuse_peer(socket, peer, header);
        return false;
    }
    if (header->operation == SOCKET_OPERATION_DATA && !vsock_credit_take(connection, header->length)) {
        socket->counters.credit_violations++;
        reply_reset(socket, peer->cid, key.peer_port, key.guest_port, key.type);
        vsock_connection_close(&socket->connections, connection, true);
        return false;
    }
    if (header->operation == SOCKET_OPERATION_RESET) {
        vsock_connection_close(&socket->connections, connection, false);
    }
    return true;
}

/* Takes the packet in front of a peer's queue, or a piece of it. */
static enum delivery receive_one(struct virtio_vsock *socket, uint32_t index, const struct socket_header *header)
{
    struct vsock_peer *peer = &socket->peers[index];
    if (!virtqueue_has_buffers(&socket->device.queues[VSOCK_QUEUE_RECEIVE]) || !reply_room(socket)) {
        return NO_BUFFER;
    }
    if (peer->delivered == 0 && !admit(socket, index, header)) {
        return DROPPED;
    }
    return deliver_piece(socket, peer, header);
}

static void receive_from(struct virtio_vsock *socket, uint32_t index)
{
    struct vsock_peer *peer = &socket->peers[index];
    struct socket_header header;
    uint32_t packets = 0;
    while (socket_queue_peek(&peer->receive, &header)) {
        if (packets++ == ROUND_PACKETS) {
            socket->more = true;
            break;
        }
        if (!virtio_is_live(&socket->device)) { /* nobody is there */
            refuse_peer(socket, peer, &header);
        } else {
            enum delivery delivery = receive_one(socket, index, &header);
            if (delivery == NO_BUFFER) {
                break;
            }
            if (delivery == DELIVERED && peer->delivered < header.length) {
                continue;
            }
            socket->counters.packets_received++;
            socket->counters.bytes_received += delivery == DELIVERED ? header.length : 0;
        }
        peer->delivered = 0;
        socket_queue_release(&peer->receive, header.length);
    }
    peer->taken |= packets != 0;
}

/* --- All of it --- */

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
        deliver_replies(socket);
        transmit(socket);
        deliver_replies(socket);
    }
    for (uint32_t i = 0; i < socket->peer_count; i++) {
        uint32_t index = (socket->next_peer + i) % socket->peer_count;
        receive_from(socket, index);
        (void)settle(socket, index);
    }
    socket->next_peer = socket->peer_count != 0 ? (socket->next_peer + 1) % socket->peer_count : 0;
    if (virtio_is_live(&socket->device)) {
        deliver_replies(socket);
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
    return (changed && reply_room(socket)) || (has && !had);
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
    if (socket->held) {
        uint32_t index;
        struct vsock_peer *peer = find_peer(socket, socket->held_header.destination_cid, &index);
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
    bool again = ask_for_signals(socket) || socket->more;
    notify_peers(socket);
    uint64_t deadline = 0;
    if (again) {
        deadline = hv_now() + 1;
    } else if (socket->held) {
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
        struct vsock_peer *peer = find_peer(socket, socket->held_header.destination_cid, &index);
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
        (void)settle(socket, i);
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
        !socket_queue_attach(&peer->transmit, queue->transmit_queue, queue->transmit_data, queue->transmit_capacity) ||
        !socket_queue_attach(&peer->receive, queue->receive_queue, queue->receive_data, queue->receive_capacity)) {
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
