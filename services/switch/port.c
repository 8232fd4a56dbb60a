/* SPDX-License-Identifier: BSD-2-Clause */
#include "port.h"

#include <base/memory.h>

static bool is_extended(const struct port *port)
{
    return port->client != NULL;
}

static bool attach(struct port *port)
{
    const struct net_client_config *c = &port->config;
    return net_queue_attach(&port->transmit_free, c->transmit_free, c->capacity) &&
           net_queue_attach(&port->transmit_active, c->transmit_active, c->capacity) &&
           net_queue_attach(&port->receive_free, c->receive_free, c->capacity) &&
           net_queue_attach(&port->receive_active, c->receive_active, c->capacity);
}

/* Gives the client its buffers to send from. */
static void start(struct port *port)
{
    uint32_t count = port->config.transmit_data_size / port->config.buffer_size;
    for (uint32_t i = 0; i < count && i < port->config.capacity; i++) {
        struct net_buffer buffer = {.offset = (uint64_t)i * port->config.buffer_size};
        (void)net_queue_put(&port->transmit_free, &buffer);
    }
    net_queue_publish(&port->transmit_free);
    net_queue_cancel_signal(&port->receive_free);
    port->taken_count = 0;
    port->spare_count = 0;
    port->running = true;
    port->sent = true;
}

bool port_initialise(struct port *port, const struct net_client_config *config, struct switch_port_counters *counters)
{
    memset(port, 0, sizeof(*port));
    port->config = *config;
    port->counters = counters;
    port->switched_on = port->plugged = port->link_up = true;
    if (config->capacity > SWITCH_CAPACITY_MAX || config->buffer_size < SWITCH_BUFFER_MIN ||
        config->buffer_size > SWITCH_BUFFER_MAX || config->transmit_data_size < config->buffer_size ||
        config->receive_data_size < config->buffer_size || config->transmit_data == 0 || config->receive_data == 0 ||
        !attach(port)) {
        return false;
    }
    port->transmit_data = (const uint8_t *)(uintptr_t)config->transmit_data;
    port->receive_data = (uint8_t *)(uintptr_t)config->receive_data;
    if ((config->flags & NET_CLIENT_EXTENDED) == 0) {
        start(port);
        return true;
    }
    port->client = net_queue_state(&port->receive_free);
    port->server = net_queue_state(&port->receive_active);
    __atomic_store_n(&port->server->link_up, 1, __ATOMIC_RELAXED);
    /* What it asked of an earlier switch does not count: we would empty queues that it uses. */
    port->epoch = __atomic_load_n(&port->client->epoch, __ATOMIC_ACQUIRE);
    __atomic_store_n(&port->server->epoch, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&port->server->generation, port->server->generation + 1, __ATOMIC_RELEASE);
    return true;
}

static void empty(struct net_queue_handle *h)
{
    __atomic_store_n(&h->queue->head, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&h->queue->tail, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&h->queue->consumer_signalled, 0, __ATOMIC_RELAXED);
    h->index = 0;
}

void port_look(struct port *port)
{
    if (!is_extended(port)) {
        return;
    }
    uint32_t epoch = __atomic_load_n(&port->client->epoch, __ATOMIC_ACQUIRE);
    port->accepted = __atomic_load_n(&port->client->accepted, __ATOMIC_RELAXED);
    if (epoch == port->epoch) {
        return;
    }
    port->epoch = epoch;
    port->running = false;
    port->counters->restarts++;
    empty(&port->transmit_free);
    empty(&port->transmit_active);
    empty(&port->receive_free);
    empty(&port->receive_active);
    if (epoch != 0) {
        start(port);
    }
    __atomic_store_n(&port->server->epoch, epoch, __ATOMIC_RELEASE);
    port->received = true; /* notify it in any case */
}

bool port_look_for_card(struct port *port)
{
    bool plugged = !is_extended(port) || __atomic_load_n(&port->client->unplugged, __ATOMIC_RELAXED) == 0;
    if (plugged == port->plugged) {
        return false;
    }
    port->plugged = plugged;
    port->link_up = port->switched_on && plugged;
    return true;
}

void port_set_link(struct port *port, bool on)
{
    port->switched_on = on;
    port->link_up = on && port->plugged;
    if (is_extended(port)) {
        __atomic_store_n(&port->server->link_up, on ? 1u : 0u, __ATOMIC_RELEASE);
        port->received = true;
    }
}

/* --- From the client --- */

bool port_has_frames(const struct port *port)
{
    return port->running && net_queue_length(&port->transmit_active) > 0;
}

void port_give_back(struct port *port)
{
    for (uint32_t i = 0; i < port->taken_count; i++) {
        struct net_buffer buffer = {.offset = port->taken[i].offset};
        /* No room: the client has put more than it got, or says so. */
        (void)net_queue_put(&port->transmit_free, &buffer);
    }
    port->sent = port->sent || port->taken_count > 0;
    port->taken_count = 0;
}

static bool is_inside(uint64_t offset, uint32_t length, uint32_t size)
{
    return length <= size && offset <= size - length;
}

/* Adds what a descriptor points to. The first one of an extended port begins with what is to be done to the frame. */
static bool add_piece(const struct port *port, const struct net_buffer *buffer, bool first, struct gather *bytes,
                      struct net_offload *offload)
{
    if (!is_inside(buffer->offset, buffer->length, port->config.transmit_data_size)) {
        return false;
    }
    const uint8_t *data = port->transmit_data + buffer->offset;
    uint32_t skip = 0;
    if (first && is_extended(port)) {
        if ((buffer->flags & NET_BUFFER_OFFLOAD) == 0 || buffer->length < sizeof(*offload)) {
            return false;
        }
        memcpy(offload, data, sizeof(*offload));
        skip = sizeof(*offload);
    }
    gather_add(bytes, data + skip, buffer->length - skip);
    return true;
}

enum port_result port_take(struct port *port, struct gather *bytes, struct net_offload *offload)
{
    struct net_buffer buffer;
    bool good = true, more = true;
    bytes->count = 0;
    bytes->length = 0;
    *offload = (struct net_offload){0};
    port->taken_count = 0;
    while (more) {
        if (!net_queue_take(&port->transmit_active, &buffer)) {
            if (port->taken_count == 0) {
                return PORT_EMPTY;
            }
            good = false; /* the frame should go on */
            break;
        }
        more = (buffer.flags & NET_BUFFER_MORE) != 0 && is_extended(port);
        good = add_piece(port, &buffer, port->taken_count == 0, bytes, offload) && good;
        port->taken[port->taken_count++] = buffer;
        if (port->taken_count == FRAME_MAX_PIECES && more) {
            /* What follows counts as a frame of its own, so that the work stays bounded. */
            good = false;
            break;
        }
    }
    port->counters->frames_in++;
    port->counters->bytes_in += bytes->length;
    if (!good) {
        port->counters->dropped[SWITCH_DROP_DESCRIPTOR]++;
        return PORT_DROPPED;
    }
    return PORT_DONE;
}

/* --- To the client --- */

/* Takes care that there are `count` spare buffers. */
static enum port_result get_buffers(struct port *port, uint32_t count)
{
    if (count > FRAME_MAX_PIECES) {
        port->counters->dropped[SWITCH_DROP_NO_BUFFERS]++;
        return PORT_DROPPED;
    }
    while (port->spare_count < count) {
        struct net_buffer buffer;
        if (!net_queue_take(&port->receive_free, &buffer)) {
            port->counters->dropped[SWITCH_DROP_NO_BUFFERS]++;
            return PORT_DROPPED;
        }
        if (!is_inside(buffer.offset, port->config.buffer_size, port->config.receive_data_size)) {
            port->counters->dropped[SWITCH_DROP_BAD_BUFFER]++;
            return PORT_DROPPED;
        }
        port->spare[port->spare_count++] = buffer.offset;
    }
    return PORT_DONE;
}

/* Where the next bytes go: through as many buffers as it takes. */
struct writer {
    struct port *port;
    struct net_buffer buffers[FRAME_MAX_PIECES];
    uint32_t count;
};

static void write_bytes(struct writer *w, const void *bytes, uint32_t length)
{
    const uint8_t *from = bytes;
    uint32_t size = w->port->config.buffer_size;
    while (length > 0) {
        if (w->count == 0 || w->buffers[w->count - 1].length == size) {
            w->buffers[w->count++] = (struct net_buffer){.offset = w->port->spare[--w->port->spare_count]};
        }
        struct net_buffer *buffer = &w->buffers[w->count - 1];
        uint32_t count = size - buffer->length < length ? size - buffer->length : length;
        memcpy(w->port->receive_data + buffer->offset + buffer->length, from, count);
        buffer->length = (uint16_t)(buffer->length + count);
        from += count;
        length -= count;
    }
}

enum port_result port_send(struct port *port, const struct gather *bytes, const struct net_offload *offload)
{
    uint32_t size = port->config.buffer_size;
    uint32_t length = bytes->length + (is_extended(port) ? (uint32_t)sizeof(*offload) : 0u);
    uint32_t needed = (length + size - 1) / size;
    if (!port->running || (needed > 1 && !is_extended(port)) || net_queue_room(&port->receive_active) < needed) {
        port->counters->dropped[SWITCH_DROP_NO_BUFFERS]++;
        return PORT_DROPPED;
    }
    if (get_buffers(port, needed) != PORT_DONE) {
        return PORT_DROPPED;
    }
    struct writer w;
    w.port = port;
    w.count = 0;
    if (is_extended(port)) {
        write_bytes(&w, offload, sizeof(*offload));
        w.buffers[0].flags = NET_BUFFER_OFFLOAD;
    }
    for (uint32_t i = 0; i < bytes->count; i++) {
        write_bytes(&w, bytes->pieces[i].data, bytes->pieces[i].length);
    }
    for (uint32_t i = 0; i < w.count; i++) {
        w.buffers[i].flags |= i + 1 < w.count ? (uint8_t)NET_BUFFER_MORE : (uint8_t)0;
        (void)net_queue_put(&port->receive_active, &w.buffers[i]);
    }
    port->received = true;
    port->counters->frames_out++;
    port->counters->bytes_out += bytes->length;
    return PORT_DONE;
}

/* --- Both --- */

bool port_publish(struct port *port)
{
    bool wanted = port->received && !port->running;
    if (port->running) {
        net_queue_release(&port->transmit_active);
        net_queue_publish(&port->transmit_free);
        net_queue_release(&port->receive_free);
        net_queue_publish(&port->receive_active);
        wanted = port->received && net_queue_take_signal(&port->receive_active);
        wanted = (port->sent && net_queue_take_signal(&port->transmit_free)) || wanted;
    }
    port->sent = false;
    port->received = false;
    port->counters->notified += wanted ? 1u : 0u;
    return wanted;
}

bool port_request_signal(struct port *port)
{
    if (!port->running) {
        return false;
    }
    net_queue_request_signal(&port->transmit_active);
    return net_queue_length(&port->transmit_active) > 0;
}
