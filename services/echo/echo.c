/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A native program that guests talk to by sockets: what comes to port 7 goes back (RFC 862). The smallest server there
 * can be, and so a start for one's own: `socat - VSOCK-CONNECT:CID:7` in a Linux guest talks to it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microkit.h>
#include <skyscope_socket.h>

#define ECHO_PORT 7u
#define STREAMS   8u
#define BUFFER    0x10000u

/* Written by the tool: address of a struct socket_config. */
uintptr_t skyscope_socket_config;

static struct socket_endpoint endpoint;
static uint8_t buffers[STREAMS][BUFFER];
static struct socket_stream *streams[STREAMS];

void init(void)
{
    const char *problem =
        socket_endpoint_init(&endpoint, (const struct socket_config *)skyscope_socket_config, microkit_notify);
    if (problem != NULL) {
        microkit_dbg_puts(problem);
        microkit_dbg_puts("\n");
        return;
    }
    for (uint32_t i = 0; i < STREAMS; i++) {
        (void)socket_endpoint_add_buffer(&endpoint, buffers[i], BUFFER);
    }
    (void)socket_endpoint_listen(&endpoint, ECHO_PORT);
}

/* Sends back what came; what finds no room waits until the peer has made some. True when all has been done that there
 * was to do, and the peer has ended. */
static bool echo(struct socket_stream *stream)
{
    static uint8_t bytes[0x1000];
    uint32_t room = socket_stream_writable(stream);
    while (socket_stream_readable(stream) != 0) {
        if (room == 0 && (room = socket_stream_await_room(stream)) == 0) {
            return stream->state == SOCKET_STREAM_ENDED;
        }
        uint32_t count = socket_stream_read(stream, bytes, room < sizeof(bytes) ? room : (uint32_t)sizeof(bytes));
        (void)socket_stream_write(stream, bytes, count); /* there is room */
        room = socket_stream_writable(stream);
    }
    return stream->state == SOCKET_STREAM_ENDED || stream->peer_sends_no_more;
}

static void serve(void)
{
    for (uint32_t i = 0; i < STREAMS; i++) {
        if (streams[i] == NULL) {
            streams[i] = socket_endpoint_accept(&endpoint);
        }
        /* A close that finds no room is tried again with the next notification. */
        if (streams[i] != NULL && echo(streams[i]) && socket_stream_close(streams[i])) {
            streams[i] = NULL;
        }
    }
}

/* All peers in turn, whoever notified: one that goes on and on does not keep the others waiting. */
void notified(microkit_channel channel)
{
    (void)channel;
    bool more = true;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < endpoint.peer_count; i++) {
            bool left = false;
            (void)socket_endpoint_receive(&endpoint, endpoint.peers[i].channel, &left);
            more = more || left;
        }
        serve();
        socket_endpoint_flush(&endpoint);
    }
}
