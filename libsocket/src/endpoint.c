/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of an endpoint: what comes from its peers, and what is sent to them. */
#include <stddef.h>

#include <base/memory.h>

#include "endpoint.h"

/* Packets taken in one call: a peer that goes on and on does not keep us for ever. */
#define ROUND_PACKETS 256u
#define FIRST_PORT    0x80000000u

static const char *attach(struct socket_endpoint_peer *peer, const struct socket_peer_config *config)
{
    const struct queue_pair_config *queue = &config->queue;
    if (config->cid < SOCKET_CID_MIN || queue->present == 0 ||
        !socket_queue_attach_producer(&peer->transmit, queue->transmit_queue, queue->transmit_data,
                                      queue->transmit_capacity) ||
        !socket_queue_attach_consumer(&peer->receive, queue->receive_queue, queue->receive_data,
                                      queue->receive_capacity)) {
        return "socket configuration: bad peer";
    }
    peer->cid = config->cid;
    peer->channel = queue->channel;
    serial_queue_request_signal(&peer->receive.handle);
    return NULL;
}

const char *socket_endpoint_init(struct socket_endpoint *endpoint, const struct socket_config *config,
                                 void (*notify)(unsigned int channel))
{
    memset(endpoint, 0, sizeof(*endpoint));
    if (config == NULL || config->magic != SOCKET_CONFIG_MAGIC || config->version != SOCKET_CONFIG_VERSION ||
        config->size != sizeof(*config)) {
        return "socket configuration: not of this version";
    }
    if (config->cid < SOCKET_CID_MIN || config->peer_count > VM_SOCKET_MAX_PEERS) {
        return "socket configuration: bad context identifier or number of peers";
    }
    for (uint32_t i = 0; i < config->peer_count; i++) {
        const char *problem = attach(&endpoint->peers[i], &config->peers[i]);
        if (problem != NULL) {
            return problem;
        }
    }
    endpoint->cid = config->cid;
    endpoint->peer_count = config->peer_count;
    endpoint->notify = notify;
    endpoint->next_port = FIRST_PORT;
    return NULL;
}

bool socket_endpoint_add_buffer(struct socket_endpoint *endpoint, uint8_t *buffer, uint32_t size)
{
    if (endpoint->stream_count == SOCKET_MAX_STREAMS || size < SOCKET_STREAM_BUFFER || (size & (size - 1)) != 0) {
        return false;
    }
    endpoint->streams[endpoint->stream_count++] =
        (struct socket_stream){.endpoint = endpoint, .buffer = buffer, .buffer_size = size};
    return true;
}

bool socket_endpoint_listen(struct socket_endpoint *endpoint, uint32_t port)
{
    if (endpoint->listener_count == SOCKET_MAX_LISTENERS) {
        return false;
    }
    endpoint->listeners[endpoint->listener_count++] = port;
    return true;
}

/* --- Sending --- */

static bool send_control(struct socket_endpoint *endpoint, uint32_t peer, struct socket_header header)
{
    header.length = 0;
    header.source_cid = endpoint->cid;
    header.destination_cid = endpoint->peers[peer].cid;
    header.type = SOCKET_TYPE_STREAM;
    if (!socket_queue_put(&endpoint->peers[peer].transmit, &header, NULL)) {
        return false;
    }
    endpoint->peers[peer].written = true;
    return true;
}

struct socket_header endpoint_header(struct socket_stream *stream, enum socket_operation operation)
{
    stream->told = stream->taken;
    return (struct socket_header){
        .source_cid = stream->endpoint->cid,
        .destination_cid = stream->endpoint->peers[stream->peer].cid,
        .source_port = stream->local_port,
        .destination_port = stream->peer_port,
        .type = SOCKET_TYPE_STREAM,
        .operation = (uint16_t)operation,
        .buffer_size = stream->buffer_size,
        .forwarded = stream->taken,
    };
}

bool endpoint_send(struct socket_stream *stream, enum socket_operation operation, uint32_t flags)
{
    struct socket_header header = endpoint_header(stream, operation);
    header.flags = flags;
    return send_control(stream->endpoint, stream->peer, header);
}

/* Answers what belongs to nothing. */
static void refuse(struct socket_endpoint *endpoint, uint32_t peer, const struct socket_header *header)
{
    endpoint->refused++;
    if (header->operation != SOCKET_OPERATION_RESET) {
        struct socket_header reset = {.source_port = header->destination_port,
                                      .destination_port = header->source_port,
                                      .operation = SOCKET_OPERATION_RESET};
        (void)send_control(endpoint, peer, reset); /* no room: the peer waits in vain for what it brought about */
    }
}

/* --- Streams --- */

static struct socket_stream *find(struct socket_endpoint *endpoint, uint32_t peer, const struct socket_header *header)
{
    for (uint32_t i = 0; i < endpoint->stream_count; i++) {
        struct socket_stream *stream = &endpoint->streams[i];
        if ((stream->state == SOCKET_STREAM_OPEN || stream->state == SOCKET_STREAM_CONNECTING) &&
            stream->peer == peer && stream->local_port == header->destination_port &&
            stream->peer_port == header->source_port) {
            return stream;
        }
    }
    return NULL;
}

static struct socket_stream *claim(struct socket_endpoint *endpoint, uint32_t peer, uint32_t local_port,
                                   uint32_t peer_port)
{
    for (uint32_t i = 0; i < endpoint->stream_count; i++) {
        struct socket_stream *stream = &endpoint->streams[i];
        if (stream->state == SOCKET_STREAM_UNUSED) {
            *stream = (struct socket_stream){.endpoint = endpoint,
                                             .peer = peer,
                                             .local_port = local_port,
                                             .peer_port = peer_port,
                                             .buffer = stream->buffer,
                                             .buffer_size = stream->buffer_size};
            return stream;
        }
    }
    return NULL;
}

static void end(struct socket_stream *stream)
{
    /* One that the program never saw it need not close. */
    bool seen = stream->accepted;
    stream->state = seen ? SOCKET_STREAM_ENDED : SOCKET_STREAM_UNUSED;
}

struct socket_stream *socket_endpoint_accept(struct socket_endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->stream_count; i++) {
        struct socket_stream *stream = &endpoint->streams[i];
        if (stream->state == SOCKET_STREAM_OPEN && !stream->accepted) {
            stream->accepted = true;
            return stream;
        }
    }
    return NULL;
}

static bool port_in_use(const struct socket_endpoint *endpoint, uint32_t port)
{
    for (uint32_t i = 0; i < endpoint->stream_count; i++) {
        if (endpoint->streams[i].state != SOCKET_STREAM_UNUSED && endpoint->streams[i].local_port == port) {
            return true;
        }
    }
    return false;
}

static uint32_t new_port(struct socket_endpoint *endpoint)
{
    do {
        endpoint->next_port = endpoint->next_port == UINT32_MAX - 1 ? FIRST_PORT : endpoint->next_port + 1;
    } while (port_in_use(endpoint, endpoint->next_port)); /* at most one for each stream */
    return endpoint->next_port;
}

struct socket_stream *socket_endpoint_connect(struct socket_endpoint *endpoint, uint64_t cid, uint32_t port)
{
    for (uint32_t i = 0; i < endpoint->peer_count; i++) {
        if (endpoint->peers[i].cid != cid || socket_queue_room(&endpoint->peers[i].transmit) < socket_packet_size(0)) {
            continue;
        }
        struct socket_stream *stream = claim(endpoint, i, new_port(endpoint), port);
        if (stream == NULL) {
            return NULL;
        }
        stream->state = SOCKET_STREAM_CONNECTING;
        stream->accepted = true;
        (void)endpoint_send(stream, SOCKET_OPERATION_REQUEST, 0); /* there is room */
        return stream;
    }
    return NULL;
}

/* --- Receiving --- */

static bool listens(const struct socket_endpoint *endpoint, uint32_t port)
{
    for (uint32_t i = 0; i < endpoint->listener_count; i++) {
        if (endpoint->listeners[i] == port) {
            return true;
        }
    }
    return false;
}

static void take_request(struct socket_endpoint *endpoint, uint32_t peer, const struct socket_header *header)
{
    struct socket_stream *stream = NULL;
    if (listens(endpoint, header->destination_port) &&
        socket_queue_room(&endpoint->peers[peer].transmit) >= socket_packet_size(0)) {
        stream = claim(endpoint, peer, header->destination_port, header->source_port);
    }
    if (stream == NULL) {
        refuse(endpoint, peer, header);
        return;
    }
    stream->state = SOCKET_STREAM_OPEN;
    stream->peer_buffer = header->buffer_size;
    stream->peer_forwarded = header->forwarded;
    (void)endpoint_send(stream, SOCKET_OPERATION_RESPONSE, 0); /* there is room */
}

static void take_data(struct socket_stream *stream, const struct socket_queue *queue,
                      const struct socket_header *header)
{
    uint32_t room = stream->buffer_size - (stream->received - stream->taken);
    if (header->length > room || stream->state != SOCKET_STREAM_OPEN) {
        stream->endpoint->violations++;
        (void)endpoint_send(stream, SOCKET_OPERATION_RESET, 0);
        end(stream);
        return;
    }
    uint32_t at = stream->received & (stream->buffer_size - 1);
    uint32_t first = header->length < stream->buffer_size - at ? header->length : stream->buffer_size - at;
    socket_queue_read(queue, sizeof(*header), stream->buffer + at, first);
    socket_queue_read(queue, (uint32_t)sizeof(*header) + first, stream->buffer, header->length - first);
    stream->received += header->length;
}

static void take_shutdown(struct socket_stream *stream, uint32_t flags)
{
    stream->peer_sends_no_more |= (flags & SOCKET_SHUTDOWN_SEND) != 0;
    stream->peer_takes_no_more |= (flags & SOCKET_SHUTDOWN_RECEIVE) != 0;
    if (stream->peer_sends_no_more && stream->peer_takes_no_more) {
        (void)endpoint_send(stream, SOCKET_OPERATION_RESET, 0);
        end(stream);
    }
}

static void take_packet(struct socket_endpoint *endpoint, uint32_t peer, const struct socket_header *header)
{
    struct socket_stream *stream = find(endpoint, peer, header);
    bool request = header->operation == SOCKET_OPERATION_REQUEST;
    if (header->type != SOCKET_TYPE_STREAM || (stream != NULL) == request) {
        /* A second request for an open stream: neither is right any more. */
        if (stream != NULL && request) {
            end(stream);
        }
        refuse(endpoint, peer, header);
        return;
    }
    if (request) {
        take_request(endpoint, peer, header);
        return;
    }
    stream->peer_buffer = header->buffer_size;
    stream->peer_forwarded = header->forwarded;
    switch (header->operation) {
    case SOCKET_OPERATION_RESPONSE:
        stream->state = SOCKET_STREAM_OPEN;
        break;
    case SOCKET_OPERATION_RESET:
        end(stream);
        break;
    case SOCKET_OPERATION_SHUTDOWN:
        take_shutdown(stream, header->flags);
        break;
    case SOCKET_OPERATION_DATA:
        take_data(stream, &endpoint->peers[peer].receive, header);
        break;
    case SOCKET_OPERATION_CREDIT_REQUEST:
        (void)endpoint_send(stream, SOCKET_OPERATION_CREDIT_UPDATE, 0);
        break;
    default: /* a credit update has been noted; nothing else is known */
        break;
    }
}

static bool receive_from(struct socket_endpoint *endpoint, uint32_t index)
{
    struct socket_endpoint_peer *peer = &endpoint->peers[index];
    struct socket_header header;
    for (uint32_t packets = 0; packets < ROUND_PACKETS; packets++) {
        if (!socket_queue_peek(&peer->receive, &header)) {
            return false;
        }
        take_packet(endpoint, index, &header);
        socket_queue_release(&peer->receive, header.length);
        peer->taken = true;
    }
    return true;
}

bool socket_endpoint_receive(struct socket_endpoint *endpoint, unsigned int channel, bool *more)
{
    *more = false;
    for (uint32_t i = 0; i < endpoint->peer_count; i++) {
        struct socket_endpoint_peer *peer = &endpoint->peers[i];
        if (peer->channel == channel) {
            *more = receive_from(endpoint, i);
            serial_queue_request_signal(&peer->receive.handle);
            *more |= !peer->receive.broken && serial_queue_length(&peer->receive.handle) != 0;
            return true;
        }
    }
    return false;
}

void socket_endpoint_flush(struct socket_endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->peer_count; i++) {
        struct socket_endpoint_peer *peer = &endpoint->peers[i];
        bool signal = peer->written && serial_queue_take_signal(&peer->transmit.handle);
        signal |= peer->taken && serial_queue_take_space_request(&peer->receive.handle);
        peer->written = false;
        peer->taken = false;
        if (signal) {
            endpoint->notify(peer->channel);
        }
    }
}
