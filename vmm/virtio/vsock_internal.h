/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the socket device. */
#pragma once

#include <vmm/virtio/virtio_vsock.h>

#define VSOCK_HEADER_SIZE ((uint32_t)sizeof(struct socket_header))

/* The peer with that context identifier and its index, or NULL. */
struct vsock_peer *vsock_find_peer(struct virtio_vsock *socket, uint64_t cid, uint32_t *index);
/* A type of socket that the guest's driver knows. */
bool vsock_type_known(const struct virtio_vsock *socket, uint16_t type);

/* --- To a peer (vsock_transmit.c) --- */

/* Tells a peer of ended connections, before anything else: a new one may have the same ports. True if it has been told
 * all. */
bool vsock_settle(struct virtio_vsock *socket, uint32_t index);
/* False if there is no room. */
bool vsock_send_reset(struct virtio_vsock *socket, struct vsock_peer *peer, const struct vsock_key *key);
/* Carries what the guest has made available to its peers, until one of them has no room. */
void vsock_transmit(struct virtio_vsock *socket);

/* --- To the guest (vsock_receive.c) --- */

/* Room for an answer of our own. Who may have to give one looks first. */
bool vsock_reply_room(const struct virtio_vsock *socket);
void vsock_reply_reset(struct virtio_vsock *socket, uint64_t peer_cid, uint32_t peer_port, uint32_t guest_port,
                       uint16_t type);
/* Gives the guest the answers of our own, as far as it has buffers. */
void vsock_deliver_replies(struct virtio_vsock *socket);
/* Takes what a peer has sent, as far as the guest has buffers; one round of it. */
void vsock_receive_from(struct virtio_vsock *socket, uint32_t index);
