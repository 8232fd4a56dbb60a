/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch's program. Each time it is woken it serves all ports in turns of bounded size, for a bounded number of
 * rounds; what is left then waits for a tenth of a millisecond, and who has reached his limits until it is time.
 */
#include <skyscope.h>

#include "switch.h"

uintptr_t skyscope_config; /* written by the tool: address of a struct switch_config */

#define REST_PER_SECOND 10000u

static struct ethernet_switch ethernet_switch;
static uint64_t frequency;
static bool running;

static void serve(void)
{
    if (!running) {
        return;
    }
    uint64_t now = skyscope_clock();
    if (switch_control(&ethernet_switch, now)) {
        microkit_notify(ethernet_switch.config->manager_channel);
    }
    if (switch_serve(&ethernet_switch, now)) {
        skyscope_timer_set(skyscope_clock() + frequency / REST_PER_SECOND);
    } else if (ethernet_switch.deadline != SWITCH_NO_DEADLINE) {
        skyscope_timer_set(ethernet_switch.deadline);
    }
}

static void notify(unsigned int channel)
{
    microkit_notify(channel);
}

static bool channels_are_valid(const struct switch_config *config)
{
    bool valid = config->manager_channel <= MICROKIT_MAX_CHANNEL_ID;
    for (uint32_t i = 0; i < config->port_count && i < SWITCH_MAX_PORTS; i++) {
        valid = valid && config->ports[i].queues.channel <= MICROKIT_MAX_CHANNEL_ID;
    }
    return valid;
}

void init(void)
{
    const struct switch_config *config = (const struct switch_config *)skyscope_config;
    frequency = skyscope_time().tick_frequency;
    const char *problem = "there is none";
    if (config != NULL) {
        problem = channels_are_valid(config)
                      ? switch_initialise(&ethernet_switch, config, notify, frequency, skyscope_clock())
                      : "a channel is out of range";
    }
    if (problem != NULL) {
        microkit_dbg_puts("switch: it does not start: ");
        microkit_dbg_puts(problem);
        microkit_dbg_puts("\n");
        return;
    }
    running = true;
    serve();
}

void notified(microkit_channel channel)
{
    (void)channel;
    serve();
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
    serve();
}
