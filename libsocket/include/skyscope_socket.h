/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stream sockets between a protection domain and guests (AF_VSOCK in Linux): what a native program calls to serve a
 * guest, or to be served by one. Runs on any kernel of the Microkit model; nothing blocks.
 *
 *     static struct socket_endpoint endpoint;
 *     static uint8_t buffers[4][SOCKET_STREAM_BUFFER];
 *     uintptr_t skyscope_socket_config;
 *
 *     void init(void)
 *     {
 *         const char *problem = socket_endpoint_init(&endpoint, (const struct socket_config *)skyscope_socket_config,
 *                                                    microkit_notify);
 *         ... socket_endpoint_add_buffer(&endpoint, buffers[i], sizeof(buffers[i])) for each stream at a time ...
 *         socket_endpoint_listen(&endpoint, 7);
 *     }
 *     void notified(microkit_channel channel)
 *     {
 *         bool more = true;
 *         while (more && socket_endpoint_receive(&endpoint, channel, &more)) {
 *             ... accept, read, write, close ...
 *             socket_endpoint_flush(&endpoint);
 *         }
 *     }
 *
 * With several peers take them in turn, as services/echo/echo.c does: one that goes on and on delays the others
 * otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/socket_config.h>
#include <skyscope/socket_queue.h>

#define SOCKET_MAX_STREAMS   64u
#define SOCKET_MAX_LISTENERS 8u
/* Bytes of a stream's receive buffer: a power of two of at least this. */
#define SOCKET_STREAM_BUFFER 0x1000u

enum socket_stream_state {
    SOCKET_STREAM_UNUSED = 0,
    SOCKET_STREAM_CONNECTING = 1, /* asked for, no answer yet */
    SOCKET_STREAM_OPEN = 2,
    SOCKET_STREAM_ENDED = 3, /* by the other side: what it sent can still be read */
};

struct socket_stream {
    enum socket_stream_state state;
    struct socket_endpoint *endpoint;
    uint32_t peer; /* index */
    uint32_t local_port, peer_port;
    bool accepted;           /* handed to the program */
    bool peer_sends_no_more; /* it has shut down that direction */
    bool peer_takes_no_more;
    uint8_t *buffer; /* what came and was not read yet */
    uint32_t buffer_size;
    uint32_t received, taken; /* bytes, running */
    uint32_t told;            /* of `taken`, as the peer knows it */
    uint32_t sent;            /* bytes to the peer, running */
    uint32_t peer_buffer, peer_forwarded;
};

struct socket_endpoint_peer {
    uint64_t cid;
    unsigned int channel;
    bool written, taken; /* since it was notified last */
    struct socket_queue transmit, receive;
};

struct socket_endpoint {
    uint64_t cid;
    void (*notify)(unsigned int channel);
    uint32_t peer_count;
    struct socket_endpoint_peer peers[VM_SOCKET_MAX_PEERS];
    uint32_t listener_count;
    uint32_t listeners[SOCKET_MAX_LISTENERS];
    uint32_t stream_count; /* with a buffer */
    struct socket_stream streams[SOCKET_MAX_STREAMS];
    uint32_t next_port;  /* for connections of ours */
    uint64_t refused;    /* packets that belong to nothing, requests without a listener or a stream */
    uint64_t violations; /* streams reset because their peer sent more than it had credit for */
};

/* Checks the configuration and opens the queues. NULL, or what is wrong. */
const char *socket_endpoint_init(struct socket_endpoint *endpoint, const struct socket_config *config,
                                 void (*notify)(unsigned int channel));
/* One more stream can be open at a time. size: a power of two of at least SOCKET_STREAM_BUFFER. False if that is not
 * so, or there are SOCKET_MAX_STREAMS. */
bool socket_endpoint_add_buffer(struct socket_endpoint *endpoint, uint8_t *buffer, uint32_t size);
/* Accepts connections to `port` from now on. False if there are SOCKET_MAX_LISTENERS. */
bool socket_endpoint_listen(struct socket_endpoint *endpoint, uint32_t port);

/* Takes what came on `channel`; false if it is none of the endpoint's. A bounded number of packets: true in *more says
 * that there is more, and no notification will come for it. */
bool socket_endpoint_receive(struct socket_endpoint *endpoint, unsigned int channel, bool *more);
/* Notifies the peers of all that was written and read since the last time. */
void socket_endpoint_flush(struct socket_endpoint *endpoint);

/* A connection that somebody made to a port listened to and that was not returned yet, or NULL. */
struct socket_stream *socket_endpoint_accept(struct socket_endpoint *endpoint);
/* Asks for a connection: CONNECTING, then OPEN or ENDED. NULL: no such peer, no free stream, or its queue is full. */
struct socket_stream *socket_endpoint_connect(struct socket_endpoint *endpoint, uint64_t cid, uint32_t port);

/* Bytes that can be read, and written, now. */
uint32_t socket_stream_readable(const struct socket_stream *stream);
uint32_t socket_stream_writable(const struct socket_stream *stream);
/* Asks for a notification of the peer's channel when more can be written; returns what can be by now. */
uint32_t socket_stream_await_room(struct socket_stream *stream);
/* Reads up to `size` bytes; returns how many. 0 of an ENDED stream, or one whose peer_sends_no_more: the end. */
uint32_t socket_stream_read(struct socket_stream *stream, void *to, uint32_t size);
/* Writes up to `size` bytes; returns how many, bounded by the peer's credit and by the room in its queue. Where not all
 * were written, a notification comes when more can be. */
uint32_t socket_stream_write(struct socket_stream *stream, const void *from, uint32_t size);
/* Ends it; the stream is not to be used any more. False if there is no room now to tell the peer: call again. */
bool socket_stream_close(struct socket_stream *stream);
