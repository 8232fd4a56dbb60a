/* SPDX-License-Identifier: BSD-2-Clause */
/* <net>: a network card of a VM, at a port of the switch. */
#include "expand.h"
#include <string.h>
#include <tool/network.h>
#include <tool/number.h>
#include <tool/xml_reader.h>

#define NET_QUEUES_MAX 8u
#define VLAN_DEFAULT   1u
#define FRAMES_MAX     1000000000u
/* The largest frame in a second: with less, drivers take their queue for stuck. */
#define BANDWIDTH_MIN  (64ull << 10)
#define BANDWIDTH_MAX  (1ull << 40)

static void parse_mac(struct system *system, xmlNodePtr node, const struct vm_element *vm, struct vm_device *device,
                      struct net_device *net)
{
    static const uint8_t none[6];
    const char *text = attribute(system, node, "mac");
    uint8_t mac[6];
    derive_mac_address(system->name, vm->name, device->name, net->mac);
    if (text == NULL) {
        return;
    }
    if (!parse_mac_address(text, mac)) {
        report_error(&system->diagnostics, device->line,
                     "<net> mac=\"%s\" is no MAC address; write six bytes such as \"02:00:00:00:00:01\", or leave it "
                     "out",
                     text);
    } else if ((mac[0] & 1u) != 0 || memcmp(mac, none, sizeof(none)) == 0) {
        report_error(&system->diagnostics, device->line,
                     "<net> mac=\"%s\" is not the address of a station; the first byte has to be even, and not all may "
                     "be 0: use 02 for one of your own",
                     text);
    } else {
        memcpy(net->mac, mac, sizeof(mac));
    }
}

static void parse_vlans(struct system *system, xmlNodePtr node, struct vm_device *device, struct net_device *net)
{
    uint64_t vlan = VLAN_DEFAULT;
    const char *trunk = attribute(system, node, "trunk");
    net->vlan_given = number_attribute(system, node, "vlan", 1, SWITCH_VLAN_MAX, &vlan);
    net->trunk_given = trunk != NULL;
    if (trunk != NULL && !parse_vlan_list(trunk, net->trunk)) {
        report_error(&system->diagnostics, device->line,
                     "<net> trunk=\"%s\" is no list of VLANs; write numbers from 1 to %u such as \"10,20-30\", or "
                     "\"all\"",
                     trunk, SWITCH_VLAN_MAX);
    }
    /* A trunk has a VLAN for untagged frames only if it is said. */
    net->vlan = net->trunk_given && !net->vlan_given ? 0 : (uint16_t)vlan;
}

static void parse_limits(struct system *system, xmlNodePtr node, struct net_device *net)
{
    number_attribute(system, node, "frames", 1, FRAMES_MAX, &net->frames_per_second);
    if (size_attribute(system, node, "bandwidth", &net->bytes_per_second) &&
        (net->bytes_per_second < BANDWIDTH_MIN || net->bytes_per_second > BANDWIDTH_MAX)) {
        report_error(&system->diagnostics, element_line(node),
                     "<net> bandwidth=\"%s\" is out of range; give 64 KiB to 1 TiB a second, or leave it out for no "
                     "limit",
                     attribute(system, node, "bandwidth"));
    }
}

static void parse(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_device *device)
{
    struct net_device *net = ARENA_NEW(&system->arena, struct net_device);
    device->details = net;
    check_empty(system, node);
    net->network_name = required_attribute(system, node, "network");
    net->locked = true;
    boolean_attribute(system, node, "locked", &net->locked);
    boolean_attribute(system, node, "isolated", &net->isolated);
    parse_mac(system, node, vm, device, net);
    parse_vlans(system, node, device, net);
    parse_limits(system, node, net);
    uint64_t queues = 1;
    number_attribute(system, node, "queues", 1, NET_QUEUES_MAX, &queues);
    device->queues = (uint32_t)queues;
}

/* "'lan', 'dmz'" */
static const char *network_names(struct system *system)
{
    const char *names = "";
    LIST_FOR (const struct network, network, &system->networks) {
        names = arena_format(&system->arena, "%s%s'%s'", names, names[0] == '\0' ? "" : ", ", network->name);
    }
    return names;
}

static void expand(struct device_expansion *expansion, const struct vm_device *device, struct vm_device_config *config)
{
    struct system *system = expansion->system;
    const struct net_device *net = device->details;
    if (net->network_name == NULL) {
        return;
    }
    struct network *network = system_find_network(system, net->network_name);
    if (network == NULL && system->networks.count == 0) {
        report_error(&system->diagnostics, device->line,
                     "<net network=\"%s\"> of VM '%s': there is no such network; add <network name=\"%s\" /> to "
                     "<system>",
                     net->network_name, expansion->vm->name, net->network_name);
        return;
    }
    if (network == NULL) {
        report_error(&system->diagnostics, device->line,
                     "<net network=\"%s\"> of VM '%s': there is no such network, but there is %s; use one of them or "
                     "add <network name=\"%s\" /> to <system>",
                     net->network_name, expansion->vm->name, network_names(system), net->network_name);
        return;
    }
    memcpy(config->net.mac, net->mac, sizeof(config->net.mac));
    config->net.mtu = (uint16_t)network->mtu;
    add_switch_port(expansion, device, net, network, &config->net.client);
}

static const char *const attributes[] = {"name",     "bus",    "network", "mac",       "vlan",    "trunk",   "queues",
                                         "isolated", "locked", "frames",  "bandwidth", "hotplug", "plugged", NULL};

const struct vm_device_type net_device_type = {
    .element = "net",
    .kind = VM_DEVICE_NET,
    .workspace = VM_WORKSPACE_NET,
    .workspace_per_queue = VM_WORKSPACE_NET_PAIR,
    .attributes = attributes,
    .parse = parse,
    .expand = expand,
};
