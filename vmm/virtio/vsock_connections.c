/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/vsock_connections.h>

#include <stddef.h>

#include <base/memory.h>

static uint32_t bucket_of(const struct vsock_key *key)
{
    /* Ports are counted up by their users: their low bits spread well. */
    return (key->guest_port ^ key->peer_port * 31u ^ key->peer * 7u ^ key->type) % VSOCK_BUCKETS;
}

static bool same(const struct vsock_key *a, const struct vsock_key *b)
{
    return a->peer == b->peer && a->guest_port == b->guest_port && a->peer_port == b->peer_port && a->type == b->type;
}

void vsock_connections_init(struct vsock_connections *table)
{
    memset(table, 0, sizeof(*table));
    memset(table->buckets, 0xff, sizeof(table->buckets)); /* VSOCK_NONE */
    memset(table->owed, 0xff, sizeof(table->owed));
    for (uint32_t i = 0; i < VSOCK_MAX_CONNECTIONS; i++) {
        table->entries[i].next = i + 1 < VSOCK_MAX_CONNECTIONS ? (uint16_t)(i + 1) : VSOCK_NONE;
    }
}

struct vsock_connection *vsock_connection_find(struct vsock_connections *table, const struct vsock_key *key)
{
    for (uint16_t i = table->buckets[bucket_of(key)]; i != VSOCK_NONE; i = table->entries[i].next) {
        if (same(&table->entries[i].key, key)) {
            return &table->entries[i];
        }
    }
    return NULL;
}

struct vsock_connection *vsock_connection_open(struct vsock_connections *table, const struct vsock_key *key)
{
    if (table->count[key->peer] >= VSOCK_CONNECTIONS_PER_PEER) {
        return NULL;
    }
    uint16_t index = table->free; /* there is one: the shares make up the table */
    struct vsock_connection *connection = &table->entries[index];
    uint16_t *bucket = &table->buckets[bucket_of(key)];
    table->free = connection->next;
    *connection = (struct vsock_connection){.key = *key, .next = *bucket};
    *bucket = index;
    table->count[key->peer]++;
    return connection;
}

static void release(struct vsock_connections *table, struct vsock_connection *connection)
{
    table->count[connection->key.peer]--;
    connection->next = table->free;
    table->free = (uint16_t)(connection - table->entries);
}

void vsock_connection_close(struct vsock_connections *table, struct vsock_connection *connection, bool owe_reset)
{
    uint16_t index = (uint16_t)(connection - table->entries);
    uint16_t *link = &table->buckets[bucket_of(&connection->key)];
    while (*link != index) {
        link = &table->entries[*link].next;
    }
    *link = connection->next;
    if (owe_reset) {
        connection->next = table->owed[connection->key.peer];
        table->owed[connection->key.peer] = index;
    } else {
        release(table, connection);
    }
}

void vsock_connections_close_all(struct vsock_connections *table)
{
    for (uint32_t i = 0; i < VSOCK_BUCKETS; i++) {
        while (table->buckets[i] != VSOCK_NONE) {
            vsock_connection_close(table, &table->entries[table->buckets[i]], true);
        }
    }
}

const struct vsock_connection *vsock_connection_owed(const struct vsock_connections *table, uint32_t peer)
{
    return table->owed[peer] != VSOCK_NONE ? &table->entries[table->owed[peer]] : NULL;
}

void vsock_connection_settled(struct vsock_connections *table, uint32_t peer)
{
    struct vsock_connection *connection = &table->entries[table->owed[peer]];
    table->owed[peer] = connection->next;
    release(table, connection);
}

void vsock_credit_given(struct vsock_connection *connection, const struct socket_header *from_guest)
{
    connection->buffer = from_guest->buffer_size;
    connection->forwarded = from_guest->forwarded;
}

bool vsock_credit_take(struct vsock_connection *connection, uint32_t length)
{
    uint32_t under_way = connection->sent - connection->forwarded;
    /* A guest that claims to have taken more than was sent gets nothing: under_way is then huge. */
    if (under_way > connection->buffer || length > connection->buffer - under_way) {
        return false;
    }
    connection->sent += length;
    return true;
}
