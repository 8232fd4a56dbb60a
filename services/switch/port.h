/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's queues, seen from the switch. Nothing that the client writes is believed: a descriptor is copied once and
 * its copy checked; what it breaks costs the client's own frames.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/switch_control.h>

#include "frame.h"

struct port {
    struct net_client_config config;
    struct net_queue_handle transmit_free, transmit_active, receive_free, receive_active;
    const uint8_t *transmit_data;
    uint8_t *receive_data;
    const struct net_client_state *client; /* extended ports; otherwise NULL */
    struct net_server_state *server;
    uint32_t epoch; /* of the client, on extended ports */
    bool running;   /* the queues are in use */
    bool switched_on, plugged;
    bool link_up;        /* both */
    bool sent, received; /* since the client was notified last: buffers came back, frames came */
    uint32_t accepted;   /* enum net_accept */
    struct switch_port_counters *counters;
    /* Buffers of the frame that is being taken. */
    struct net_buffer taken[FRAME_MAX_PIECES];
    uint32_t taken_count;
    /* Buffers for received frames that were taken and not used yet. */
    uint64_t spare[FRAME_MAX_PIECES];
    uint32_t spare_count;
};

enum port_result {
    PORT_DONE,
    PORT_EMPTY,
    PORT_DROPPED, /* and counted */
};

/* False if the configuration makes no sense. */
bool port_initialise(struct port *port, const struct net_client_config *config, struct switch_port_counters *counters);
/* Looks whether the client has begun anew. To be called before each turn. */
void port_look(struct port *port);
/* Looks whether the client has put a card in or out. True if so. */
bool port_look_for_card(struct port *port);

/* Takes the next frame: its pieces are in the client's memory until port_give_back(). */
enum port_result port_take(struct port *port, struct gather *bytes, struct net_offload *offload);
void port_give_back(struct port *port);
/* Frames wait. */
bool port_has_frames(const struct port *port);

/* Copies a frame into the client's buffers. */
enum port_result port_send(struct port *port, const struct gather *bytes, const struct net_offload *offload);

/* Lets the client see what was taken and sent. True if it is to be notified. */
bool port_publish(struct port *port);
/* About to sleep: asks for a notification. True if frames have come meanwhile. */
bool port_request_signal(struct port *port);
/* Switches it on or off: without a card the link stays down. */
void port_set_link(struct port *port, bool on);
