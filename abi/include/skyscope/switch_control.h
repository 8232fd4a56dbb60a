/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the manager and the switch: a page with requests, which the manager writes; counters and answers, which the
 * switch writes; and the frames of a port that were captured, which the switch writes.
 */
#pragma once

#include <stdint.h>

#include <skyscope/switch_config.h>

enum switch_command {
    SWITCH_COMMAND_NONE = 0,
    SWITCH_COMMAND_CAPTURE_START = 1, /* port; value: bytes kept of each frame */
    SWITCH_COMMAND_CAPTURE_STOP = 2,
    SWITCH_COMMAND_LINK_UP = 3, /* port */
    SWITCH_COMMAND_LINK_DOWN = 4,
    SWITCH_COMMAND_LIMIT = 5, /* port; limits: all of them */
};

enum switch_result {
    SWITCH_RESULT_DONE = 0,
    SWITCH_RESULT_UNKNOWN_COMMAND = 1,
    SWITCH_RESULT_NO_PORT = 2,
    SWITCH_RESULT_NO_CAPTURE = 3, /* no memory for it in this system */
};

struct switch_request {
    uint32_t sequence; /* incremented after the rest is written */
    uint32_t command;  /* enum switch_command */
    uint32_t port;
    uint32_t value;
    struct switch_limits limits;
};

/* Why a frame was dropped. The first ones count at the port it came from, the rest at the port it was for. */
enum switch_drop {
    SWITCH_DROP_DESCRIPTOR = 0, /* buffers outside the data region, too many of them, or not all published */
    SWITCH_DROP_FRAME,          /* too short, a source that is no station, offloads that make no sense */
    SWITCH_DROP_TOO_LONG,
    SWITCH_DROP_RESERVED, /* for the bridge itself: 01-80-c2-00-00-0x */
    SWITCH_DROP_VLAN,
    SWITCH_DROP_SPOOFED, /* source address that the port may not use */
    SWITCH_DROP_BROADCAST_LIMIT,
    SWITCH_DROP_MULTICAST_LIMIT,
    SWITCH_DROP_NO_RECEIVER,
    SWITCH_DROP_LINK_DOWN,
    SWITCH_DROP_NO_BUFFERS,    /* the receiver had given none */
    SWITCH_DROP_BAD_BUFFER,    /* the receiver's buffers lie outside its data region */
    SWITCH_DROP_NOT_COMPLETED, /* offloads that the receiver does not take, and that could not be completed */
    SWITCH_DROP_REASONS,
};

struct switch_port_counters {
    uint64_t frames_in, bytes_in; /* from the client, before any drop */
    uint64_t frames_out, bytes_out;
    uint64_t flooded;   /* of frames_in, that went to all */
    uint64_t completed; /* frames for the client whose offloads were completed here */
    uint64_t restarts;  /* of the client */
    uint64_t notified;
    uint64_t dropped[SWITCH_DROP_REASONS];
};

/* A port as `net list` shows it. */
struct switch_port_status {
    char name[VM_NAME_LENGTH];
    char network[VM_NAME_LENGTH];
    uint8_t mac[6];
    uint16_t vlan;
    uint32_t flags;   /* enum switch_port_flags */
    uint32_t link_up; /* it is switched on, and a card is there */
    uint32_t plugged; /* a card is there */
    uint32_t learned; /* addresses */
    struct switch_limits limits;
    uint64_t waits;     /* times that frames and bytes a second made it wait */
    uint32_t waits_now; /* 1: it does */
    uint32_t reserved;
    struct switch_port_counters counters;
};

#define SWITCH_STATUS_VERSION 3u

struct switch_status {
    uint32_t version; /* written last */
    uint32_t port_count;
    uint32_t sequence;  /* last request carried out */
    uint32_t result;    /* enum switch_result */
    uint32_t capturing; /* 1: frames of capture_port are being kept */
    uint32_t capture_port;
    uint64_t wake_ups;
    struct switch_port_status ports[SWITCH_MAX_PORTS];
};

/* The last frames of a port, as records of a pcap file: 16 bytes of header, which are seconds and microseconds since
 * boot, bytes kept, bytes of the frame, then the bytes kept. The records from `oldest` to `newest`, which run freely,
 * lie at those positions modulo `size`; one may go over the end. Not to be read while the capture goes on. */
struct switch_capture {
    uint64_t oldest, newest;
    uint64_t overwritten; /* records that were older */
    uint32_t size;        /* bytes of data[] */
    uint32_t snap_length; /* most bytes kept of a frame */
    uint8_t data[];
};
