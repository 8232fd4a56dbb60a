/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch's PD: added with the first <net>; each is a port of it. */
#include "expand.h"
#include <skyscope/net_queue.h>
#include <skyscope/switch_control.h>
#include <string.h>
#include <tool/layout.h>
#include <tool/network.h>

#define SWITCH_PRIORITY 195u
#define SWITCH_STACK    0x8000u

/* In the switch and, a megabyte each, in the manager. */
#define REQUEST_ADDRESS 0x11000000ull
#define STATUS_ADDRESS  0x11100000ull
#define CAPTURE_ADDRESS 0x11200000ull
#define CAPTURE_SIZE    0x40000u

#define MANAGER_CHANNEL    0u
#define FIRST_PORT_CHANNEL 1u

/* Of one port's queues, in both address spaces from a base on. */
#define QUEUE_CAPACITY  256u
#define BUFFER_SIZE     2048u
#define DATA_SIZE       (QUEUE_CAPACITY * BUFFER_SIZE)
#define QUEUE_STRIDE    0x2000ull
#define TRANSMIT_OFFSET 0x100000ull
#define RECEIVE_OFFSET  0x200000ull

_Static_assert(NET_QUEUE_SIZE(QUEUE_CAPACITY) <= QUEUE_STRIDE, "a queue fits");
_Static_assert(RECEIVE_OFFSET + DATA_SIZE <= CLIENT_SPAN, "a port fits");

static struct region *share_with_manager(struct system *system, const struct services *services, const char *name,
                                         uint64_t size, uint64_t offset, bool manager_writes)
{
    struct region *region = add_region(system, services->line, name, size, PAGE_SIZE_4K, NULL);
    add_map(system, &services->network_switch->maps, services->line, region, REQUEST_ADDRESS + offset,
            manager_writes ? READ : READ_WRITE, NULL);
    add_map(system, &services->manager->maps, services->line, region, MANAGER_SWITCH_ADDRESS + offset,
            manager_writes ? READ_WRITE : READ, NULL);
    return region;
}

static void add_switch(struct system *system, struct services *services)
{
    struct pd *pd = add_service(system, services, "switch", "switch.elf", SWITCH_PRIORITY);
    pd->stack_size = SWITCH_STACK;
    services->network_switch = pd;
    services->switch_config = add_service_config(system, pd, "switch", sizeof(struct switch_config));
    *services->switch_config = (struct switch_config){
        .magic = SWITCH_CONFIG_MAGIC,
        .version = SWITCH_CONFIG_VERSION,
        .size = sizeof(struct switch_config),
        .request = REQUEST_ADDRESS,
        .status = STATUS_ADDRESS,
        .capture = CAPTURE_ADDRESS,
        .capture_size = CAPTURE_SIZE,
        .manager_channel = MANAGER_CHANNEL,
    };
    uint64_t status = align_up(sizeof(struct switch_status), LAYOUT_PAGE);
    share_with_manager(system, services, "switch_request", LAYOUT_PAGE, 0, true);
    share_with_manager(system, services, "switch_status", status, STATUS_ADDRESS - REQUEST_ADDRESS, false);
    share_with_manager(system, services, "switch_capture", CAPTURE_SIZE, CAPTURE_ADDRESS - REQUEST_ADDRESS, false);
    add_channel(system, services->line, services->manager, MANAGER_SWITCH_CHANNEL, pd, MANAGER_CHANNEL);
    struct manager_config *manager = services->manager_config;
    manager->switch_request = MANAGER_SWITCH_ADDRESS;
    manager->switch_status = MANAGER_SWITCH_ADDRESS + (STATUS_ADDRESS - REQUEST_ADDRESS);
    manager->switch_capture = MANAGER_SWITCH_ADDRESS + (CAPTURE_ADDRESS - REQUEST_ADDRESS);
    manager->switch_capture_size = CAPTURE_SIZE;
    manager->switch_channel = MANAGER_SWITCH_CHANNEL;
}

/* The network's index in the switch's configuration, in which it is put if it is not there yet. */
static bool use_network(struct system *system, struct switch_config *config, struct network *network)
{
    if (network->index != UINT32_MAX) {
        return true;
    }
    if (config->network_count == SWITCH_MAX_NETWORKS) {
        report_error(&system->diagnostics, network->line,
                     "<network name=\"%s\"> is one too many; at most %u can be used", network->name,
                     SWITCH_MAX_NETWORKS);
        return false;
    }
    network->index = config->network_count++;
    struct switch_network_config *entry = &config->networks[network->index];
    entry->mtu = network->mtu;
    entry->ageing_seconds = network->ageing;
    memcpy(entry->name, network->name, strnlen(network->name, sizeof(entry->name) - 1));
    return true;
}

/* Two stations with one address would take each other's frames. */
static void check_mac(struct device_expansion *expansion, const struct vm_device *device, const struct net_device *net,
                      const struct network *network)
{
    const struct switch_config *config = expansion->services->switch_config;
    for (uint32_t i = 0; i < config->port_count; i++) {
        if (config->ports[i].network == network->index && memcmp(config->ports[i].mac, net->mac, 6) == 0) {
            report_error(&expansion->system->diagnostics, device->line,
                         "<net> mac=\"%02x:%02x:%02x:%02x:%02x:%02x\" of VM '%s' is that of %s in network '%s'; give "
                         "each its own, or leave mac out",
                         net->mac[0], net->mac[1], net->mac[2], net->mac[3], net->mac[4], net->mac[5],
                         expansion->vm->name, config->ports[i].name, network->name);
            return;
        }
    }
}

static void describe_port(const struct device_expansion *expansion, const struct vm_device *device,
                          const struct net_device *net, const struct network *network, struct switch_port_config *port)
{
    const char *name = arena_format(&expansion->system->arena, "%s/%s", expansion->vm->name, device->name);
    memcpy(port->name, name, strnlen(name, sizeof(port->name) - 1));
    memcpy(port->mac, net->mac, sizeof(port->mac));
    memcpy(port->trunk, net->trunk, sizeof(port->trunk));
    port->network = network->index;
    port->flags = (net->isolated ? SWITCH_PORT_ISOLATED : 0u) | (net->locked ? SWITCH_PORT_LOCKED : 0u) |
                  (net->trunk_given ? SWITCH_PORT_TRUNK : 0u);
    port->vlan = net->vlan;
    port->limits = (struct switch_limits){
        .frames_per_second = net->frames_per_second,
        .bytes_per_second = net->bytes_per_second,
        .broadcasts_per_second = network->broadcast_limit,
        .multicasts_per_second = network->multicast_limit,
    };
}

static struct net_client_config queues_at(uint64_t base, uint32_t channel, const struct network *network)
{
    return (struct net_client_config){
        .transmit_free = base,
        .transmit_active = base + QUEUE_STRIDE,
        .receive_free = base + 2 * QUEUE_STRIDE,
        .receive_active = base + 3 * QUEUE_STRIDE,
        .transmit_data = base + TRANSMIT_OFFSET,
        .receive_data = base + RECEIVE_OFFSET,
        .transmit_data_size = DATA_SIZE,
        .receive_data_size = DATA_SIZE,
        .capacity = QUEUE_CAPACITY,
        .buffer_size = BUFFER_SIZE,
        .channel = channel,
        .flags = NET_CLIENT_EXTENDED | (network->offload ? NET_CLIENT_OFFLOAD : 0u),
    };
}

void add_switch_port(struct device_expansion *expansion, const struct vm_device *device, const struct net_device *net,
                     struct network *network, struct net_client_config *client)
{
    struct system *system = expansion->system;
    struct services *services = expansion->services;
    long line = device->line;
    if (services->network_switch == NULL) {
        add_switch(system, services);
    }
    struct switch_config *config = services->switch_config;
    if (config->port_count == SWITCH_MAX_PORTS) {
        report_error(&system->diagnostics, line, "<net> of VM '%s' is one too many; the switch has at most %u ports",
                     expansion->vm->name, SWITCH_MAX_PORTS);
        return;
    }
    if (!use_network(system, config, network)) {
        return;
    }
    check_mac(expansion, device, net, network);
    uint32_t index = config->port_count++;
    struct switch_port_config *port = &config->ports[index];
    uint64_t base = CLIENT_ADDRESS + index * CLIENT_SPAN;
    uint32_t channel = expansion_channel(expansion, device);
    describe_port(expansion, device, net, network, port);
    struct region *queues =
        add_region(system, line, device_part_name(expansion, device, "queues"), 4 * QUEUE_STRIDE, PAGE_SIZE_4K, NULL);
    struct region *transmit =
        add_region(system, line, device_part_name(expansion, device, "transmit"), DATA_SIZE, PAGE_SIZE_4K, NULL);
    struct region *receive =
        add_region(system, line, device_part_name(expansion, device, "receive"), DATA_SIZE, PAGE_SIZE_4K, NULL);
    struct list *vmm = &expansion->vmm->maps, *there = &services->network_switch->maps;
    add_map(system, vmm, line, queues, expansion->base, READ_WRITE, NULL);
    add_map(system, vmm, line, transmit, expansion->base + TRANSMIT_OFFSET, READ_WRITE, NULL);
    add_map(system, vmm, line, receive, expansion->base + RECEIVE_OFFSET, READ, NULL);
    add_map(system, there, line, queues, base, READ_WRITE, NULL);
    add_map(system, there, line, transmit, base + TRANSMIT_OFFSET, READ, NULL);
    add_map(system, there, line, receive, base + RECEIVE_OFFSET, READ_WRITE, NULL);
    add_channel(system, line, expansion->vmm, channel, services->network_switch, FIRST_PORT_CHANNEL + index);
    port->queues = queues_at(base, FIRST_PORT_CHANNEL + index, network);
    *client = queues_at(expansion->base, channel, network);
}
