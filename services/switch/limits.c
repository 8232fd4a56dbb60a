/* SPDX-License-Identifier: BSD-2-Clause */
#include "limits.h"

/* Who waits, waits this part of a second at least: one wake-up is for all that may be sent by then, not for a frame.
 * The buckets hold much more, so that nobody gets less by it. */
#define PAUSE_PART 1000u

void limits_set(struct ethernet_switch *s, uint32_t index, const struct switch_limits *limits, uint64_t now)
{
    struct switch_port *port = &s->ports[index];
    throttle_initialise(&port->frames, limits->frames_per_second, s->frequency, now);
    throttle_initialise(&port->bytes, limits->bytes_per_second, s->frequency, now);
    rate_limit_initialise(&port->broadcast, limits->broadcasts_per_second, s->frequency, now);
    rate_limit_initialise(&port->multicast, limits->multicasts_per_second, s->frequency, now);
    port->limited = limits->frames_per_second != 0 || limits->bytes_per_second != 0;
    s->status->ports[index].limits = *limits;
    limits_release(s, index);
}

void limits_release(struct ethernet_switch *s, uint32_t index)
{
    s->ports[index].waiting = false;
    s->status->ports[index].waits_now = 0;
}

bool limits_hold(struct ethernet_switch *s, uint32_t index, uint64_t now)
{
    struct switch_port *port = &s->ports[index];
    uint64_t frames = throttle_ready(&port->frames), bytes = throttle_ready(&port->bytes);
    uint64_t ready = frames > bytes ? frames : bytes, pause = now + s->frequency / PAUSE_PART;
    if (ready <= now || !port_has_frames(&port->port)) {
        limits_release(s, index);
        return false;
    }
    s->status->ports[index].waits += port->waiting ? 0u : 1u;
    s->status->ports[index].waits_now = 1;
    port->waiting = true;
    ready = ready > pause ? ready : pause;
    s->deadline = s->deadline < ready ? s->deadline : ready;
    return true;
}

void limits_take(struct switch_port *port, uint32_t length, uint64_t now)
{
    throttle_take(&port->frames, 1, now);
    throttle_take(&port->bytes, length, now);
}
