/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the client of a port may send: bytes and frames a second, and how much of it to everybody. What is above the
 * first two waits in the client's queue, so that nothing is lost and the client has to wait; what is above the others
 * is dropped.
 */
#pragma once

#include "switch.h"

/* From now on; also shown in the port's status. now: ticks of the switch's clock, as in all that follow. */
void limits_set(struct ethernet_switch *s, uint32_t index, const struct switch_limits *limits, uint64_t now);

/* Of a port with `limited` set: whether its next frame has to wait. Then `waiting` is set, and s->deadline is not after
 * the tick at which it may go on. */
bool limits_hold(struct ethernet_switch *s, uint32_t index, uint64_t now);
/* The client has no frames any more: it does not wait. */
void limits_release(struct ethernet_switch *s, uint32_t index);
/* Of a port with `limited` set: a frame of `length` bytes was taken. */
void limits_take(struct switch_port *port, uint32_t length, uint64_t now);
