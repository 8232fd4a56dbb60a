/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of a stream, and the credit for them: VirtIO 1.2 §5.10.6.3. */
#include <base/memory.h>

#include "endpoint.h"

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t socket_stream_readable(const struct socket_stream *stream)
{
    return stream->received - stream->taken;
}

uint32_t socket_stream_writable(const struct socket_stream *stream)
{
    uint32_t under_way = stream->sent - stream->peer_forwarded;
    if (stream->state != SOCKET_STREAM_OPEN || stream->peer_takes_no_more || under_way > stream->peer_buffer) {
        return 0;
    }
    uint32_t credit = stream->peer_buffer - under_way;
    uint32_t room = socket_queue_room(&stream->endpoint->peers[stream->peer].transmit);
    uint32_t header = socket_packet_size(0);
    return room > header ? smaller(smaller(credit, room - header), SOCKET_MAX_PAYLOAD) : 0;
}

uint32_t socket_stream_read(struct socket_stream *stream, void *to, uint32_t size)
{
    uint32_t count = smaller(size, socket_stream_readable(stream));
    uint32_t at = stream->taken & (stream->buffer_size - 1);
    uint32_t first = smaller(count, stream->buffer_size - at);
    memcpy(to, stream->buffer + at, first);
    memcpy((uint8_t *)to + first, stream->buffer, count - first);
    stream->taken += count;
    /* The peer may wait for room: it is told of half a buffer at once, not of each byte. */
    if (stream->state == SOCKET_STREAM_OPEN && stream->taken - stream->told >= stream->buffer_size / 2) {
        uint32_t told = stream->told;
        if (!endpoint_send(stream, SOCKET_OPERATION_CREDIT_UPDATE, 0)) {
            stream->told = told; /* with the next packet, or the next read */
        }
    }
    return count;
}

uint32_t socket_stream_await_room(struct socket_stream *stream)
{
    if (stream->state == SOCKET_STREAM_OPEN) {
        serial_queue_request_space(&stream->endpoint->peers[stream->peer].transmit.handle);
    }
    return socket_stream_writable(stream); /* some may have been made in between */
}

uint32_t socket_stream_write(struct socket_stream *stream, const void *from, uint32_t size)
{
    struct socket_endpoint_peer *peer = &stream->endpoint->peers[stream->peer];
    uint32_t count = smaller(size, socket_stream_writable(stream));
    if (count < size) {
        count = smaller(size, socket_stream_await_room(stream));
    }
    if (count == 0) {
        return 0;
    }
    struct socket_header header = endpoint_header(stream, SOCKET_OPERATION_DATA);
    header.length = count;
    (void)socket_queue_put(&peer->transmit, &header, from); /* there is room */
    peer->written = true;
    stream->sent += count;
    return count;
}

bool socket_stream_close(struct socket_stream *stream)
{
    bool told = stream->state == SOCKET_STREAM_ENDED;
    if (!told && stream->state != SOCKET_STREAM_UNUSED) {
        uint32_t both = SOCKET_SHUTDOWN_RECEIVE | SOCKET_SHUTDOWN_SEND;
        told = endpoint_send(stream, SOCKET_OPERATION_SHUTDOWN, both);
    }
    if (told) {
        stream->state = SOCKET_STREAM_UNUSED;
    }
    return told;
}
