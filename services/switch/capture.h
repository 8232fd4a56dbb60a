/* SPDX-License-Identifier: BSD-2-Clause */
/* The last frames of a port, as records of a pcap file in a ring: <skyscope/switch_control.h>. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/switch_control.h>

#include "frame.h"

#define CAPTURE_SNAP_MAX 65535u

struct capture {
    struct switch_capture *ring; /* NULL: no memory for it */
    uint32_t size;               /* bytes of the ring's data */
    uint32_t snap_length;        /* our own copies: the reader may write to its mapping, were it allowed to */
    uint64_t oldest, newest;
    uint64_t frequency; /* ticks per second */
};

/* region: `size` bytes, or address 0. */
void capture_initialise(struct capture *capture, uint64_t region, uint32_t size, uint64_t frequency);
/* Forgets what was there. snap_length: bytes kept of a frame, 1..CAPTURE_SNAP_MAX; 0: all. False: no memory. */
bool capture_start(struct capture *capture, uint32_t snap_length);
/* Keeps a frame, at the cost of the oldest ones. */
void capture_add(struct capture *capture, const struct gather *bytes, uint64_t now);
