/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch with three clients, each with its queues in memory of its own. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <offload.h>
#include <switch.h>

#define FREQUENCY 1000000u
#define CLIENTS   3u
#define CAPACITY  64u
#define BUFFER    2048u
#define BUFFERS   CAPACITY

struct client {
    _Alignas(8) uint8_t queues[4][NET_QUEUE_SIZE(CAPACITY)];
    uint8_t *transmit_data, *receive_data; /* allocated apart, so that the sanitizer sees their ends */
    struct net_queue_handle transmit_free, transmit_active, receive_free, receive_active;
    uint32_t notified;
    /* The frame received last. */
    struct net_offload offload;
    uint8_t frame[FRAME_MAX + 4];
    uint32_t length;
};

struct fixture {
    struct ethernet_switch s;
    struct switch_config config;
    struct switch_status status;
    struct switch_request request;
    struct client clients[CLIENTS];
    _Alignas(8) uint8_t capture[16384];
    uint64_t now;
};

/* The address of a client: 02:00:00:00:00:0N. */
const uint8_t *mac_of(unsigned int client);
/* A configuration of three ports in one network, VLAN 1, extended, with offloads; nothing is running. */
int prepare(void **state);
/* Starts switch and clients. `accepted`: enum net_accept of each client. */
void start_fixture(struct fixture *f, uint32_t accepted);
/* Both, with all offloads accepted. */
int set_up(void **state);
int tear_down(void **state);
/* What a client does when it begins anew. */
void client_connect(struct fixture *f, unsigned int client);
void give_buffers(struct fixture *f, unsigned int client, uint32_t count);

/* Lets the switch work until it has nothing left. */
void run(struct fixture *f);
/* Puts a frame into the client's buffers; the switch has not run. False if it has no buffers. */
bool put_frame(struct fixture *f, unsigned int client, const void *frame, uint32_t length,
               const struct net_offload *offload);
/* The same with run(). */
void send_frame(struct fixture *f, unsigned int client, const void *frame, uint32_t length);
/* Takes the next frame that came for a client into client->frame. False if there is none. */
bool receive_frame(struct fixture *f, unsigned int client);
uint32_t received_frames(struct fixture *f, unsigned int client);

/* Writes an Ethernet header; returns the frame. */
uint8_t *ethernet(uint8_t *frame, const uint8_t *to, const uint8_t *from, uint16_t type);
uint64_t dropped(const struct fixture *f, unsigned int client, enum switch_drop reason);
extern const uint8_t everybody[6];
