/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of a port of the switch: <skyscope/net_queue.h>. What the switch writes is not believed either: a
 * descriptor is copied once and its copy checked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/net_queue.h>
#include <skyscope/vm_devices.h>

#include <vmm/virtio/virtqueue.h>

#define NET_PORT_MAX_CAPACITY 4096u
/* Buffers of one frame. */
#define NET_PORT_MAX_PIECES   64u
/* 64 KiB of IP behind an Ethernet header with a tag. */
#define NET_PORT_MAX_FRAME    (65535u + 18u)

struct net_piece {
    const uint8_t *data;
    uint32_t length; /* bytes */
};

/* A received frame: it lies in the port's buffers until net_port_give_back(). */
struct net_frame {
    struct net_offload offload; /* a copy */
    struct net_piece pieces[NET_PORT_MAX_PIECES];
    uint32_t count;
    uint32_t length; /* bytes of the frame, in all pieces */
    uint64_t buffers[NET_PORT_MAX_PIECES];
    uint32_t buffer_count;
};

struct net_port {
    struct net_client_config config;
    struct net_queue_handle transmit_free, transmit_active, receive_free, receive_active;
    uint8_t *transmit_data;
    const uint8_t *receive_data;
    struct net_client_state *client; /* NULL: not an extended port */
    const struct net_server_state *server;
    uint16_t published; /* what the switch was shown of transmit_active */
    uint32_t epoch, generation;
    bool connected; /* the queues are in use */
    bool link_up;
    uint64_t bad_descriptors; /* of the switch */
    uint64_t restarts;        /* of the switch */
};

enum net_port_result {
    NET_PORT_EMPTY,
    NET_PORT_FRAME,
    NET_PORT_BAD, /* counted; its buffers are to be given back */
};

/* Checks and takes over the configuration, and asks the switch to begin. NULL, or what is wrong. */
const char *net_port_init(struct net_port *port, const struct net_client_config *config);
/* What the guest takes of offloads: enum net_accept. */
void net_port_accept(struct net_port *port, uint32_t accepted);
/* Whether a card is there; the switch is then to be notified. */
void net_port_plug(struct net_port *port, bool there);
/* To be called whenever the switch may have written: follows beginnings and the link. True if either changed; the
 * switch is then to be notified. */
bool net_port_look(struct net_port *port);
static inline bool net_port_is_up(const struct net_port *port)
{
    return port->connected && port->link_up;
}

/* Buffers that a frame takes. */
uint32_t net_port_buffers(const struct net_port *port, uint32_t length);
/* True if a frame of `length` bytes can be sent now. False: if it can ever be, net_port_want_room() says when. */
bool net_port_has_room(const struct net_port *port, uint32_t length);
/* Asks to be notified of room. True if some came meanwhile. */
bool net_port_want_room(struct net_port *port);
/* Copies a frame of `length` bytes, from `skip` bytes behind the start of the segments on. There is room for it. */
void net_port_send(struct net_port *port, const struct net_offload *offload, const struct virtio_segment *segments,
                   uint32_t count, uint32_t skip, uint32_t length);

/* The next frame that came. */
enum net_port_result net_port_receive(struct net_port *port, struct net_frame *frame);
/* Its buffers go back, as soon as net_port_publish() says so. */
void net_port_give_back(struct net_port *port, struct net_frame *frame);

/* Lets the switch see what was sent and given back. True if it is to be notified. */
bool net_port_publish(struct net_port *port);
/* About to wait: asks for a notification of frames. True if some came meanwhile. */
bool net_port_request_signal(struct net_port *port);
