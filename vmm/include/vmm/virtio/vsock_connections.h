/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket connections of one guest, and the credit that the guest has given to the other side of each: VirtIO 1.2
 * §5.10.6.3. A bounded table with a share for each peer, so that none can take another's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/socket_queue.h>
#include <skyscope/vm_devices.h>

#define VSOCK_CONNECTIONS_PER_PEER 128u
#define VSOCK_MAX_CONNECTIONS      (VSOCK_CONNECTIONS_PER_PEER * VM_SOCKET_MAX_PEERS)
#define VSOCK_BUCKETS              256u
#define VSOCK_NONE                 0xffffu

struct vsock_key {
    uint32_t peer; /* index */
    uint32_t guest_port, peer_port;
    uint16_t type; /* enum socket_type */
};

struct vsock_connection {
    struct vsock_key key;
    uint16_t next;      /* of its bucket, of its peer's owed resets, or of the free list */
    uint32_t buffer;    /* bytes that the guest has for it, by its own word */
    uint32_t forwarded; /* bytes that the guest has taken out of that, running */
    uint32_t sent;      /* bytes that the peer has sent to the guest, running */
};

struct vsock_connections {
    struct vsock_connection entries[VSOCK_MAX_CONNECTIONS];
    uint16_t buckets[VSOCK_BUCKETS];
    uint16_t owed[VM_SOCKET_MAX_PEERS];  /* lists: ended, and the peer has not been told yet */
    uint32_t count[VM_SOCKET_MAX_PEERS]; /* entries that each peer has, owed resets included */
    uint16_t free;                       /* list */
};

void vsock_connections_init(struct vsock_connections *table);
/* The open connection, or NULL. */
struct vsock_connection *vsock_connection_find(struct vsock_connections *table, const struct vsock_key *key);
/* A new one; NULL if the peer's share is used up. The key must not be open. */
struct vsock_connection *vsock_connection_open(struct vsock_connections *table, const struct vsock_key *key);
/* Ends it. owe_reset: its peer is to be told, by whoever finds it with vsock_connection_owed(). */
void vsock_connection_close(struct vsock_connections *table, struct vsock_connection *connection, bool owe_reset);
/* Ends all, owing each peer a reset. */
void vsock_connections_close_all(struct vsock_connections *table);
/* A connection of which this peer has not been told the end, or NULL. */
const struct vsock_connection *vsock_connection_owed(const struct vsock_connections *table, uint32_t peer);
/* It has been told of that one. */
void vsock_connection_settled(struct vsock_connections *table, uint32_t peer);

/* Learns from a header that the guest sent what room it has. */
void vsock_credit_given(struct vsock_connection *connection, const struct socket_header *from_guest);
/* Counts `length` bytes to the guest. False, and nothing counted, if the guest has not given credit for them. */
bool vsock_credit_take(struct vsock_connection *connection, uint32_t length);
