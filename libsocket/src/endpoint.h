/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the endpoint and its streams. */
#pragma once

#include <skyscope_socket.h>

/* Header of a packet of this stream, which tells the peer how much was taken of what it sent. */
struct socket_header endpoint_header(struct socket_stream *stream, enum socket_operation operation);
/* Sends a packet without payload. False if there is no room. */
bool endpoint_send(struct socket_stream *stream, enum socket_operation operation, uint32_t flags);
