/* SPDX-License-Identifier: BSD-2-Clause */
/* <network>: what the <net> devices of VMs are connected to. */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>
#include <tool/system.h>

struct network {
    long line;
    const char *name; /* never NULL */
    uint32_t mtu;     /* bytes behind the Ethernet header */
    uint32_t ageing;  /* seconds, 0: never */
    /* Frames a second from each port; 0: no limit. */
    uint32_t broadcast_limit, multicast_limit;
    bool offload;
    uint32_t index; /* in the switch's configuration; UINT32_MAX: not there yet */
};

/* <net> */
struct net_device {
    const char *network_name; /* NULL: none given, or in error */
    uint8_t mac[6];
    bool locked, isolated;
    bool vlan_given, trunk_given;
    uint16_t vlan;      /* 0: a trunk that takes no untagged frames */
    uint8_t trunk[512]; /* bit v % 8 of byte v / 8: VLAN v */
    /* That it may send; 0: no limit. */
    uint64_t frames_per_second, bytes_per_second;
};

void parse_network(struct system *system, xmlNodePtr node);
/* NULL: there is none of this name. */
struct network *system_find_network(const struct system *system, const char *name);

/* "10,20-30", or "all": a bit for each VLAN 1 to 4094. False if it is no such list. */
bool parse_vlan_list(const char *text, uint8_t vlans[512]);
/* "02:00:00:00:00:01". False if it is no such address. */
bool parse_mac_address(const char *text, uint8_t mac[6]);
/* A locally administered address that is the same whenever the same system is built. */
void derive_mac_address(const char *system, const char *vm, const char *device, uint8_t mac[6]);
