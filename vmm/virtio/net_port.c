/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/net_port.h>

#include <stddef.h>

#include <base/memory.h>

#define BUFFER_MINIMUM 256u
#define BUFFER_MAXIMUM 32768u

static bool attach(struct net_port *port)
{
    const struct net_client_config *c = &port->config;
    return net_queue_attach(&port->transmit_free, c->transmit_free, c->capacity) &&
           net_queue_attach(&port->transmit_active, c->transmit_active, c->capacity) &&
           net_queue_attach(&port->receive_free, c->receive_free, c->capacity) &&
           net_queue_attach(&port->receive_active, c->receive_active, c->capacity);
}

/* Gives the switch all buffers to receive into. */
static void begin(struct net_port *port)
{
    (void)attach(port); /* which checked the same addresses before */
    port->published = port->transmit_active.index;
    uint32_t count = port->config.receive_data_size / port->config.buffer_size;
    for (uint32_t i = 0; i < count && i < port->config.capacity; i++) {
        struct net_buffer buffer = {.offset = (uint64_t)i * port->config.buffer_size};
        (void)net_queue_put(&port->receive_free, &buffer);
    }
    net_queue_publish(&port->receive_free);
    net_queue_cancel_signal(&port->transmit_free);
    port->connected = true;
}

/* Asks the switch to empty the queues. */
static void ask(struct net_port *port)
{
    port->connected = false;
    port->generation = __atomic_load_n(&port->server->generation, __ATOMIC_ACQUIRE);
    port->epoch++;
    if (port->epoch == 0) {
        port->epoch = 1;
    }
    __atomic_store_n(&port->client->epoch, port->epoch, __ATOMIC_RELEASE);
}

const char *net_port_init(struct net_port *port, const struct net_client_config *config)
{
    *port = (struct net_port){.config = *config, .link_up = true};
    const struct net_client_config *c = &port->config;
    if (c->capacity > NET_PORT_MAX_CAPACITY || !attach(port)) {
        return "the network's queues are not valid";
    }
    if (c->buffer_size < BUFFER_MINIMUM || c->buffer_size > BUFFER_MAXIMUM || c->transmit_data_size < c->buffer_size ||
        c->receive_data_size < c->buffer_size || c->transmit_data == 0 || c->receive_data == 0) {
        return "the network's data regions are not valid";
    }
    port->transmit_data = (uint8_t *)(uintptr_t)c->transmit_data;
    port->receive_data = (const uint8_t *)(uintptr_t)c->receive_data;
    if ((c->flags & NET_CLIENT_EXTENDED) == 0) {
        begin(port);
        return NULL;
    }
    port->client = net_queue_state(&port->receive_free);
    port->server = net_queue_state(&port->receive_active);
    port->link_up = false;
    port->epoch = port->client->epoch; /* of an earlier life of ours */
    ask(port);
    return NULL;
}

void net_port_accept(struct net_port *port, uint32_t accepted)
{
    if (port->client != NULL) {
        __atomic_store_n(&port->client->accepted, accepted, __ATOMIC_RELEASE);
    }
}

void net_port_plug(struct net_port *port, bool there)
{
    if (port->client != NULL) {
        __atomic_store_n(&port->client->unplugged, there ? 0u : 1u, __ATOMIC_RELEASE);
    }
}

bool net_port_look(struct net_port *port)
{
    if (port->client == NULL) {
        return false;
    }
    bool was_up = net_port_is_up(port);
    uint32_t generation = __atomic_load_n(&port->server->generation, __ATOMIC_ACQUIRE);
    uint32_t epoch = __atomic_load_n(&port->server->epoch, __ATOMIC_ACQUIRE);
    port->link_up = __atomic_load_n(&port->server->link_up, __ATOMIC_RELAXED) != 0;
    if (generation != port->generation || (port->connected && epoch != port->epoch)) {
        port->restarts += port->connected ? 1 : 0;
        ask(port);
        return true;
    }
    if (epoch == port->epoch && !port->connected) {
        begin(port);
    }
    return was_up != net_port_is_up(port);
}

/* --- Sending --- */

static uint32_t prefix(const struct net_port *port)
{
    return port->client != NULL ? (uint32_t)sizeof(struct net_offload) : 0;
}

uint32_t net_port_buffers(const struct net_port *port, uint32_t length)
{
    return (length + prefix(port) + port->config.buffer_size - 1) / port->config.buffer_size;
}

bool net_port_has_room(const struct net_port *port, uint32_t length)
{
    uint32_t needed = net_port_buffers(port, length);
    return port->connected && net_queue_length(&port->transmit_free) >= needed &&
           net_queue_room(&port->transmit_active) >= needed;
}

bool net_port_want_room(struct net_port *port)
{
    if (!port->connected) {
        return false;
    }
    uint32_t before = net_queue_length(&port->transmit_free);
    net_queue_request_signal(&port->transmit_free);
    return net_queue_length(&port->transmit_free) > before;
}

/* What the next bytes go into: one buffer after the other. */
struct writer {
    struct net_port *port;
    struct net_buffer buffer;
    uint32_t left; /* bytes of the frame to come */
    bool open, first, broken;
};

static void put_buffer(struct writer *w)
{
    w->buffer.flags =
        (uint8_t)((w->first && w->port->client != NULL ? NET_BUFFER_OFFLOAD : 0) | (w->left > 0 ? NET_BUFFER_MORE : 0));
    (void)net_queue_put(&w->port->transmit_active, &w->buffer);
    w->open = false;
    w->first = false;
}

/* A buffer of the switch that is not inside the region is not used; the frame then lacks its end. */
static bool next_buffer(struct writer *w)
{
    const struct net_client_config *c = &w->port->config;
    if (!net_queue_take(&w->port->transmit_free, &w->buffer)) {
        w->broken = true;
    } else if (w->buffer.offset > c->transmit_data_size - c->buffer_size) {
        w->port->bad_descriptors++;
        w->broken = true;
    } else {
        w->buffer.length = 0;
        w->buffer.owner = 0;
        w->buffer.reserved = 0;
        w->open = true;
    }
    return !w->broken;
}

static void write_bytes(struct writer *w, const void *bytes, uint32_t length)
{
    const uint8_t *from = bytes;
    uint32_t size = w->port->config.buffer_size;
    while (length > 0 && (w->open || (!w->broken && next_buffer(w)))) {
        uint32_t room = size - w->buffer.length;
        uint32_t count = room < length ? room : length;
        memcpy(w->port->transmit_data + w->buffer.offset + w->buffer.length, from, count);
        w->buffer.length = (uint16_t)(w->buffer.length + count);
        w->left -= count;
        from += count;
        length -= count;
        if (w->buffer.length == size || w->left == 0) {
            put_buffer(w);
        }
    }
}

void net_port_send(struct net_port *port, const struct net_offload *offload, const struct virtio_segment *segments,
                   uint32_t count, uint32_t skip, uint32_t length)
{
    struct writer w = {.port = port, .left = prefix(port) + length, .first = true};
    write_bytes(&w, offload, prefix(port));
    for (uint32_t i = 0; i < count && length > 0; i++) {
        uint32_t skipped = skip < segments[i].length ? skip : segments[i].length;
        uint32_t part = segments[i].length - skipped < length ? segments[i].length - skipped : length;
        write_bytes(&w, segments[i].data + skipped, part);
        skip -= skipped;
        length -= part;
    }
}

/* --- Receiving --- */

/* Adds a descriptor's bytes; the first one of an extended port begins with what is to be done to the frame. */
static bool add_piece(const struct net_port *port, struct net_frame *frame, const struct net_buffer *buffer)
{
    uint32_t skip = frame->buffer_count == 1 ? prefix(port) : 0;
    if (buffer->offset > port->config.receive_data_size - port->config.buffer_size ||
        buffer->length > port->config.buffer_size || buffer->length < skip) {
        return false;
    }
    const uint8_t *data = port->receive_data + buffer->offset;
    memcpy(&frame->offload, data, skip);
    frame->pieces[frame->count++] = (struct net_piece){data + skip, buffer->length - skip};
    frame->length += buffer->length - skip;
    return true;
}

enum net_port_result net_port_receive(struct net_port *port, struct net_frame *frame)
{
    struct net_buffer buffer;
    bool good = true, more = true;
    frame->offload = (struct net_offload){0};
    frame->count = 0;
    frame->length = 0;
    frame->buffer_count = 0;
    if (!port->connected) {
        return NET_PORT_EMPTY;
    }
    while (more && frame->buffer_count < NET_PORT_MAX_PIECES) {
        if (!net_queue_take(&port->receive_active, &buffer)) {
            break;
        }
        more = (buffer.flags & NET_BUFFER_MORE) != 0 && port->client != NULL;
        frame->buffers[frame->buffer_count++] = buffer.offset;
        good = good && add_piece(port, frame, &buffer);
    }
    if (frame->buffer_count == 0) {
        return NET_PORT_EMPTY;
    }
    if (!good || more || frame->length > NET_PORT_MAX_FRAME) {
        port->bad_descriptors++;
        return NET_PORT_BAD;
    }
    return NET_PORT_FRAME;
}

void net_port_give_back(struct net_port *port, struct net_frame *frame)
{
    for (uint32_t i = 0; i < frame->buffer_count; i++) {
        struct net_buffer buffer = {.offset = frame->buffers[i]};
        (void)net_queue_put(&port->receive_free, &buffer);
    }
    frame->buffer_count = 0;
}

/* --- Both --- */

bool net_port_publish(struct net_port *port)
{
    if (!port->connected) {
        return false;
    }
    bool sent = port->transmit_active.index != port->published;
    port->published = port->transmit_active.index;
    net_queue_release(&port->transmit_free);
    net_queue_release(&port->receive_active);
    net_queue_publish(&port->receive_free);
    net_queue_publish(&port->transmit_active);
    return sent && net_queue_take_signal(&port->transmit_active);
}

bool net_port_request_signal(struct net_port *port)
{
    if (!port->connected) {
        return false;
    }
    net_queue_request_signal(&port->receive_active);
    return net_queue_length(&port->receive_active) > 0;
}
