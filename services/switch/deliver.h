/* SPDX-License-Identifier: BSD-2-Clause */
/* A frame as its receiver wants it: with or without a tag, with its offloads done if the receiver does not take them.
 */
#pragma once

#include "switch.h"

/* Copies s->frame to a port. Returns what the sender has to pay for that: the bytes copied, and SWITCH_FRAME_COST for
 * each frame that was made of it. */
uint64_t deliver_frame(struct ethernet_switch *s, uint32_t to, uint32_t vlan, uint64_t now);
