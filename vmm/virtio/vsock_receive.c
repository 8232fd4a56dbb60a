/* SPDX-License-Identifier: BSD-2-Clause */
/* From peers to the guest. */
#include "vsock_internal.h"

#include <stddef.h>

/* Packets taken from one peer before the others have their turn, and the guest its CPU. */
#define ROUND_PACKETS 64u

bool vsock_reply_room(const struct virtio_vsock *socket)
{
    return socket->reply_count < VSOCK_REPLIES;
}

void vsock_reply_reset(struct virtio_vsock *socket, uint64_t peer_cid, uint32_t peer_port, uint32_t guest_port,
                       uint16_t type)
{
    if (!vsock_reply_room(socket)) { /* callers look first; a reset that is lost costs the guest a timeout */
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

/* Refuses a packet of a peer; if there is no room to say so, it waits for an answer in vain. */
static void refuse_peer(struct virtio_vsock *socket, struct vsock_peer *peer, const struct socket_header *header)
{
    socket->counters.refused++;
    if (header->operation != SOCKET_OPERATION_RESET) {
        struct vsock_key key = {
            .guest_port = header->destination_port, .peer_port = header->source_port, .type = header->type};
        (void)vsock_send_reset(socket, peer, &key);
    }
}

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

void vsock_deliver_replies(struct virtio_vsock *socket)
{
    struct virtqueue_chain chain;
    while (socket->reply_count != 0 && pop_receive(socket, &chain, VSOCK_HEADER_SIZE) == DELIVERED) {
        virtqueue_chain_write(&chain, 0, &socket->replies[socket->reply_first], VSOCK_HEADER_SIZE);
        virtqueue_push(&socket->device.queues[VSOCK_QUEUE_RECEIVE], chain.id, chain.slots, VSOCK_HEADER_SIZE);
        socket->reply_first = (socket->reply_first + 1) % VSOCK_REPLIES;
        socket->reply_count--;
    }
}

static void copy_to_guest(const struct vsock_peer *peer, const struct virtqueue_chain *chain,
                          const struct socket_header *header)
{
    virtqueue_chain_write(chain, 0, header, VSOCK_HEADER_SIZE);
    uint64_t skip = VSOCK_HEADER_SIZE;
    uint32_t done = 0;
    for (uint32_t i = 0; i < chain->writable_count && done < header->length; i++) {
        const struct virtio_segment *segment = &chain->segments[chain->readable_count + i];
        if (skip >= segment->length) {
            skip -= segment->length;
            continue;
        }
        uint32_t part = segment->length - (uint32_t)skip;
        part = part < header->length - done ? part : header->length - done;
        socket_queue_read(&peer->receive, VSOCK_HEADER_SIZE + peer->delivered + done, segment->data + skip, part);
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
    if (pop_receive(socket, &chain, VSOCK_HEADER_SIZE + (rest != 0 ? 1 : 0)) != DELIVERED) {
        return NO_BUFFER;
    }
    uint64_t room = chain.writable_length - VSOCK_HEADER_SIZE;
    struct socket_header piece = *header;
    piece.source_cid = peer->cid;
    piece.destination_cid = socket->config;
    piece.length = rest < room ? rest : (uint32_t)room;
    if (piece.length < rest) { /* the end of the message is in the last piece */
        piece.flags &= ~(uint32_t)(SOCKET_DATA_END_OF_MESSAGE | SOCKET_DATA_END_OF_RECORD);
    }
    copy_to_guest(peer, &chain, &piece);
    virtqueue_push(&socket->device.queues[VSOCK_QUEUE_RECEIVE], chain.id, chain.slots,
                   VSOCK_HEADER_SIZE + piece.length);
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
    if (!vsock_type_known(socket, header->type) || (connection != NULL) == request ||
        (request && (connection = vsock_connection_open(&socket->connections, &key)) == NULL)) {
        refuse_peer(socket, peer, header);
        return false;
    }
    if (header->operation == SOCKET_OPERATION_DATA && !vsock_credit_take(connection, header->length)) {
        socket->counters.credit_violations++;
        vsock_reply_reset(socket, peer->cid, key.peer_port, key.guest_port, key.type);
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
    if (!virtqueue_has_buffers(&socket->device.queues[VSOCK_QUEUE_RECEIVE]) || !vsock_reply_room(socket)) {
        return NO_BUFFER;
    }
    if (peer->delivered == 0 && !admit(socket, index, header)) {
        return DROPPED;
    }
    return deliver_piece(socket, peer, header);
}

/* The header of the packet in front: the admitted one if the guest has part of it, else a copy of the shared one. */
static bool front(struct vsock_peer *peer, struct socket_header *header)
{
    if (peer->delivered == 0) {
        return socket_queue_peek(&peer->receive, header);
    }
    *header = peer->front;
    return true;
}

void vsock_receive_from(struct virtio_vsock *socket, uint32_t index)
{
    struct vsock_peer *peer = &socket->peers[index];
    struct socket_header header;
    uint32_t packets = 0;
    while (front(peer, &header)) {
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
                peer->front = header;
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
