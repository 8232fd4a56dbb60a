/* SPDX-License-Identifier: BSD-2-Clause */
#include "switch.h"

#include <base/memory.h>

#include "forward.h"
#include "limits.h"

/* Bytes that the frames of a port may cost in a round. */
#define ROUND_CREDIT    0x10000
/* And each descriptor that was looked at. */
#define DESCRIPTOR_COST 32u
#define MAX_ROUNDS      16u

/* --- Configuration --- */

static bool is_name(const char *name)
{
    return name[0] != '\0' && strnlen(name, VM_NAME_LENGTH) < VM_NAME_LENGTH;
}

static const char *check_network(const struct switch_network_config *network)
{
    if (!is_name(network->name)) {
        return "a network has no name";
    }
    return network->mtu < SWITCH_MTU_MIN || network->mtu > SWITCH_MTU_MAX ? "a network's MTU is out of range" : NULL;
}

static const char *check_port(const struct switch_config *config, const struct switch_port_config *port)
{
    static const uint8_t none[6];
    if (!is_name(port->name)) {
        return "a port has no name";
    }
    if (port->network >= config->network_count) {
        return "a port is in a network that is not there";
    }
    if (port->vlan > SWITCH_VLAN_MAX || (port->vlan == 0 && (port->flags & SWITCH_PORT_TRUNK) == 0)) {
        return "a port's VLAN is out of range";
    }
    if ((port->flags & SWITCH_PORT_LOCKED) != 0 &&
        ((port->mac[0] & 1u) != 0 || memcmp(port->mac, none, sizeof(none)) == 0)) {
        return "a port is locked to an address that is no station's";
    }
    return NULL;
}

static const char *check_config(const struct switch_config *config)
{
    if (config == NULL || config->magic != SWITCH_CONFIG_MAGIC || config->version != SWITCH_CONFIG_VERSION ||
        config->size < sizeof(*config)) {
        return "there is none of this version";
    }
    if (config->network_count > SWITCH_MAX_NETWORKS || config->port_count > SWITCH_MAX_PORTS) {
        return "it has more networks or ports than there can be";
    }
    if (config->status == 0 || config->status % 8 != 0 || config->request % 8 != 0) {
        return "the addresses of status or request are not valid";
    }
    const char *problem = NULL;
    for (uint32_t i = 0; i < config->network_count && problem == NULL; i++) {
        problem = check_network(&config->networks[i]);
    }
    for (uint32_t i = 0; i < config->port_count && problem == NULL; i++) {
        problem = check_port(config, &config->ports[i]);
    }
    return problem;
}

/* --- Ports --- */

static const char *add_port(struct ethernet_switch *s, const struct switch_port_config *config, uint64_t now)
{
    uint32_t index = s->port_count;
    struct switch_port *port = &s->ports[index];
    struct switch_port_status *status = &s->status->ports[index];
    memset(status, 0, sizeof(*status));
    memcpy(status->name, config->name, sizeof(status->name));
    memcpy(status->network, s->config->networks[config->network].name, sizeof(status->network));
    memcpy(status->mac, config->mac, sizeof(status->mac));
    status->vlan = config->vlan;
    status->flags = config->flags;
    status->link_up = status->plugged = 1;
    if (!port_initialise(&port->port, &config->queues, &status->counters)) {
        return "the queues of a port are not valid";
    }
    port->config = config;
    port->credit = 0;
    limits_set(s, index, &config->limits, now);
    if ((config->flags & SWITCH_PORT_LOCKED) != 0) {
        enum mac_learned learned =
            mac_table_learn(&s->table, config->network, MAC_TABLE_ANY_VLAN, config->mac, index, 0, 0);
        if (learned == MAC_LEARNED_MOVED) {
            return "two ports are locked to the same address";
        }
        if (learned == MAC_LEARNED_NO_ROOM) {
            return "there is no room for the addresses of so many locked ports";
        }
    }
    s->port_count++;
    return NULL;
}

const char *switch_initialise(struct ethernet_switch *s, const struct switch_config *config,
                              void (*notify)(unsigned int channel), uint64_t frequency, uint64_t now)
{
    const char *problem = frequency == 0 ? "there is no clock" : check_config(config);
    if (problem != NULL) {
        return problem;
    }
    s->config = config;
    s->notify = notify;
    s->frequency = frequency;
    s->port_count = 0;
    s->status = (struct switch_status *)(uintptr_t)config->status;
    s->request = (const struct switch_request *)(uintptr_t)config->request;
    s->request_sequence = 0;
    s->capture_port = SWITCH_MAX_PORTS;
    mac_table_initialise(&s->table);
    capture_initialise(&s->capture, config->capture, config->capture_size, frequency);
    for (uint32_t i = 0; i < config->port_count && problem == NULL; i++) {
        problem = add_port(s, &config->ports[i], now);
    }
    if (problem != NULL) {
        return problem;
    }
    s->status->port_count = s->port_count;
    s->status->capturing = 0;
    __atomic_store_n(&s->status->version, SWITCH_STATUS_VERSION, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < s->port_count; i++) {
        notify(s->ports[i].config->queues.channel);
    }
    return NULL;
}

/* --- Serving --- */

static void count_drop(struct port *port, enum switch_drop reason)
{
    port->counters->dropped[reason]++;
}

/* Takes one frame of a port and forwards it. False if there was none. */
static bool serve_frame(struct ethernet_switch *s, uint32_t index, uint64_t now)
{
    struct switch_port *port = &s->ports[index];
    struct gather bytes;
    struct net_offload offload;
    enum port_result result = port_take(&port->port, &bytes, &offload);
    if (result == PORT_EMPTY) {
        return false;
    }
    if (port->limited) {
        limits_take(port, bytes.length, now);
    }
    port->credit -= (int64_t)(SWITCH_FRAME_COST + port->port.taken_count * DESCRIPTOR_COST);
    if (result == PORT_DONE) {
        if (!port->port.link_up) {
            count_drop(&port->port, SWITCH_DROP_LINK_DOWN);
        } else if (bytes.length > FRAME_MAX) {
            count_drop(&port->port, SWITCH_DROP_TOO_LONG);
        } else if (((port->config->queues.flags & NET_CLIENT_OFFLOAD) == 0 &&
                    (offload.flags != 0 || offload.segmentation != 0)) ||
                   frame_parse(&s->frame, &bytes, &offload) != FRAME_OK) {
            count_drop(&port->port, SWITCH_DROP_FRAME);
        } else {
            if (s->capture_port == index) {
                capture_add(&s->capture, &s->frame.bytes, now);
            }
            port->credit -= (int64_t)forward_frame(s, index, now);
        }
    }
    port_give_back(&port->port);
    return true;
}

/* One port's turn. True if it has frames left that it may send now. */
static bool serve_port(struct ethernet_switch *s, uint32_t index, uint64_t now)
{
    struct switch_port *port = &s->ports[index];
    if (!port_has_frames(&port->port)) {
        port->credit = 0;
        if (port->waiting) {
            limits_release(s, index);
        }
        return false;
    }
    port->credit += ROUND_CREDIT;
    while (port->credit > 0) {
        if ((port->limited && limits_hold(s, index, now)) || !serve_frame(s, index, now)) {
            port->credit = 0;
            return false;
        }
    }
    return true;
}

static void publish(struct ethernet_switch *s)
{
    for (uint32_t i = 0; i < s->port_count; i++) {
        if (port_publish(&s->ports[i].port)) {
            s->notify(s->ports[i].config->queues.channel);
        }
    }
}

/* Who waits for his limits is looked at when it is time, whatever he adds meanwhile. */
static bool request_signals(struct ethernet_switch *s)
{
    bool more = false;
    for (uint32_t i = 0; i < s->port_count; i++) {
        if (!s->ports[i].waiting) {
            more = port_request_signal(&s->ports[i].port) || more;
        }
    }
    return more;
}

/* Who is not there any more is at no port. */
static void link_changed(struct ethernet_switch *s, uint32_t index)
{
    const struct port *port = &s->ports[index].port;
    s->status->ports[index].link_up = port->link_up ? 1 : 0;
    s->status->ports[index].plugged = port->plugged ? 1 : 0;
    if (!port->link_up) {
        mac_table_forget(&s->table, index);
    }
}

/* Once each time the switch is woken: forgetting takes longer than a frame. */
static void look_for_cards(struct ethernet_switch *s)
{
    for (uint32_t i = 0; i < s->port_count; i++) {
        if (port_look_for_card(&s->ports[i].port)) {
            link_changed(s, i);
        }
    }
}

bool switch_serve(struct ethernet_switch *s, uint64_t now)
{
    s->status->wake_ups++;
    look_for_cards(s);
    for (uint32_t round = 0; round < MAX_ROUNDS; round++) {
        bool more = false;
        s->deadline = SWITCH_NO_DEADLINE;
        for (uint32_t i = 0; i < s->port_count; i++) {
            port_look(&s->ports[i].port);
        }
        for (uint32_t i = 0; i < s->port_count; i++) {
            more = serve_port(s, i, now) || more;
        }
        publish(s);
        if (!more && !request_signals(s)) {
            return false;
        }
    }
    return true;
}

/* --- The manager's requests --- */

static enum switch_result carry_out(struct ethernet_switch *s, const struct switch_request *request, uint64_t now)
{
    bool port_valid = request->port < s->port_count;
    switch (request->command) {
    case SWITCH_COMMAND_CAPTURE_START:
        if (!port_valid) {
            return SWITCH_RESULT_NO_PORT;
        }
        if (!capture_start(&s->capture, request->value)) {
            return SWITCH_RESULT_NO_CAPTURE;
        }
        s->capture_port = request->port;
        s->status->capture_port = request->port;
        return SWITCH_RESULT_DONE;
    case SWITCH_COMMAND_CAPTURE_STOP:
        s->capture_port = SWITCH_MAX_PORTS;
        return SWITCH_RESULT_DONE;
    case SWITCH_COMMAND_LINK_UP:
    case SWITCH_COMMAND_LINK_DOWN:
        if (!port_valid) {
            return SWITCH_RESULT_NO_PORT;
        }
        port_set_link(&s->ports[request->port].port, request->command == SWITCH_COMMAND_LINK_UP);
        link_changed(s, request->port);
        return SWITCH_RESULT_DONE;
    case SWITCH_COMMAND_LIMIT:
        if (!port_valid) {
            return SWITCH_RESULT_NO_PORT;
        }
        limits_set(s, request->port, &request->limits, now);
        return SWITCH_RESULT_DONE;
    default:
        return SWITCH_RESULT_UNKNOWN_COMMAND;
    }
}

/* The addresses that each port has now, for who looks at them. */
static void count_learned(struct ethernet_switch *s, uint32_t now)
{
    for (uint32_t i = 0; i < s->port_count; i++) {
        s->status->ports[i].learned = mac_table_count(&s->table, i, now);
    }
}

bool switch_control(struct ethernet_switch *s, uint64_t now)
{
    if (s->request == NULL) {
        return false;
    }
    uint32_t sequence = __atomic_load_n(&s->request->sequence, __ATOMIC_ACQUIRE);
    if (sequence == s->request_sequence) {
        return false;
    }
    struct switch_request request = *(const volatile struct switch_request *)s->request;
    s->status->result = carry_out(s, &request, now);
    s->status->capturing = s->capture_port < SWITCH_MAX_PORTS ? 1 : 0;
    count_learned(s, (uint32_t)(now / s->frequency));
    s->request_sequence = sequence;
    __atomic_store_n(&s->status->sequence, sequence, __ATOMIC_RELEASE);
    return true;
}
