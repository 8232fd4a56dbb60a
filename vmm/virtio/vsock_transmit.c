/* SPDX-License-Identifier: BSD-2-Clause */
/* From the guest to its peers. */
#include "vsock_internal.h"

#include <stddef.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

bool vsock_send_reset(struct virtio_vsock *socket, struct vsock_peer *peer, const struct vsock_key *key)
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
bool vsock_settle(struct virtio_vsock *socket, uint32_t index)
{
    const struct vsock_connection *connection;
    while ((connection = vsock_connection_owed(&socket->connections, index)) != NULL) {
        if (!vsock_send_reset(socket, &socket->peers[index], &connection->key)) {
            return false;
        }
        vsock_connection_settled(&socket->connections, index);
    }
    return true;
}

/* Refuses a packet of the guest. A reset is not answered by a reset. */
static void refuse_guest(struct virtio_vsock *socket, const struct socket_header *header)
{
    socket->counters.refused++;
    if (header->operation != SOCKET_OPERATION_RESET) {
        vsock_reply_reset(socket, header->destination_cid, header->destination_port, header->source_port, header->type);
    }
}

static void copy_to_peer(struct vsock_peer *peer, const struct socket_header *header,
                         const struct virtqueue_chain *chain)
{
    socket_queue_write(&peer->transmit, 0, header, VSOCK_HEADER_SIZE);
    uint64_t skip = VSOCK_HEADER_SIZE;
    uint32_t done = 0;
    for (uint32_t i = 0; i < chain->readable_count && done < header->length; i++) {
        const struct virtio_segment *segment = &chain->segments[i];
        if (skip >= segment->length) {
            skip -= segment->length;
            continue;
        }
        uint32_t part = segment->length - (uint32_t)skip;
        part = part < header->length - done ? part : header->length - done;
        socket_queue_write(&peer->transmit, VSOCK_HEADER_SIZE + done, segment->data + skip, part);
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
    struct vsock_peer *peer = vsock_find_peer(socket, header->destination_cid, &index);
    if (peer == NULL || !vsock_type_known(socket, header->type)) {
        refuse_guest(socket, header);
        return true;
    }
    bool room = vsock_settle(socket, index) && socket_queue_room(&peer->transmit) >= socket_packet_size(header->length);
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
    if (virtqueue_chain_read(chain, 0, header, VSOCK_HEADER_SIZE) != VSOCK_HEADER_SIZE ||
        header->length > chain->readable_length - VSOCK_HEADER_SIZE || header->length > SOCKET_MAX_PAYLOAD) {
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

void vsock_transmit(struct virtio_vsock *socket)
{
    struct virtqueue *queue = &socket->device.queues[VSOCK_QUEUE_TRANSMIT];
    struct virtqueue_chain *chain = &socket->held_chain;
    uint32_t packets = 0;
    for (;;) {
        if (!socket->held) {
            if (!vsock_reply_room(socket)) { /* goes on when the guest has made room for what it was answered */
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
