/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manager's commands to the switch: `net link`, `net limit`, `net capture`. What was captured is printed as a pcap
 * file in base64, piece by piece, as the console takes it; the prompt waits meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <crypto/armour.h>
#include <skyscope/switch_control.h>

#include "command_line.h"

#define CAPTURE_BEGIN "-----BEGIN SKYSCOPE CAPTURE-----"
#define CAPTURE_END   "-----END SKYSCOPE CAPTURE-----"

struct manager;
struct manager_config;

struct net_control {
    struct switch_request *request;
    const struct switch_status *status; /* NULL: no networks */
    const struct switch_capture *capture;
    uint32_t capture_size; /* bytes of its data */
    uint32_t channel;
    uint32_t sequence; /* of the last request */
    bool waiting;      /* for its confirmation */
    uint64_t deadline; /* clock value: then the switch has not answered */
    /* What is being printed. */
    bool printing;
    uint64_t position, end; /* in the ring */
    uint32_t frames;
    struct armour_encoder armour;
};

/* Takes over what the configuration says of the switch. False if that is not valid. */
bool net_initialise(struct manager *manager, const struct manager_config *config);
/* The command `net ...`. */
void run_net(struct manager *manager, const struct command_words *words);
/* Looks for answers, prints. True if more is to come. */
bool net_step(struct manager *manager);
