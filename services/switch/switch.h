/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A learning Ethernet switch (IEEE 802.1D, 802.1Q): several networks that have nothing to do with each other, each with
 * VLANs; isolated ports; ports whose address is locked, or whose card comes and goes; limits on what goes to everybody.
 * services/switch/switch_main.c is its program.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/switch_config.h>
#include <skyscope/switch_control.h>

#include "../shared/throttle.h"
#include "capture.h"
#include "mac_table.h"
#include "port.h"
#include "rate_limit.h"

/* What a frame costs its sender when it is taken, and each copy of it when it is made, besides its bytes. */
#define SWITCH_FRAME_COST  256u
#define SWITCH_NO_DEADLINE UINT64_MAX

struct switch_port {
    struct port port;
    const struct switch_port_config *config;
    struct throttle frames, bytes; /* that it sends */
    struct rate_limit broadcast, multicast;
    bool limited;   /* by frames or bytes a second */
    bool waiting;   /* for them, with frames in its queue */
    int64_t credit; /* bytes that it may still cost in this round, below 0 if the last frame was dear */
};

struct ethernet_switch {
    const struct switch_config *config;
    void (*notify)(unsigned int channel);
    uint64_t frequency; /* ticks per second */
    uint32_t port_count;
    struct switch_port ports[SWITCH_MAX_PORTS];
    struct mac_table table;
    struct capture capture;
    uint32_t capture_port; /* SWITCH_MAX_PORTS: none */
    struct switch_status *status;
    const struct switch_request *request; /* NULL: no manager */
    uint32_t request_sequence;            /* last one carried out */
    uint64_t deadline;                    /* when the first port that waits for its limits may go on */
    /* Of the frame that is being forwarded. */
    struct frame frame;
    uint8_t linear[FRAME_MAX + VLAN_TAG];
};

/* Takes over the configuration, which stays where it is. frequency: of the clock, Hz; now: its ticks, here and below.
 * NULL, or what is wrong. */
const char *switch_initialise(struct ethernet_switch *s, const struct switch_config *config,
                              void (*notify)(unsigned int channel), uint64_t frequency, uint64_t now);
/* Forwards what waits, each port in its turn, for a bounded number of rounds. True if something is left to do, or has
 * come meanwhile: then it is to be called again soon. False: at the tick `deadline`, unless that is SWITCH_NO_DEADLINE.
 */
bool switch_serve(struct ethernet_switch *s, uint64_t now);
/* Carries out the manager's request, if there is a new one. True if so. */
bool switch_control(struct ethernet_switch *s, uint64_t now);
