/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch's configuration block: networks, and the ports that connect clients to them. Made by the tool, read by the
 * switch. Virtual addresses are the switch's.
 */
#pragma once

#include <stdint.h>

#include <skyscope/vm_config.h>
#include <skyscope/vm_devices.h>

#define SWITCH_CONFIG_MAGIC   0x3047464348435753ull /* "SWCHCFG0" */
#define SWITCH_CONFIG_VERSION 2u
#define SWITCH_MAX_NETWORKS   16u
#define SWITCH_MAX_PORTS      48u

#define SWITCH_VLAN_MAX     4094u
#define SWITCH_MTU_MIN      68u
#define SWITCH_MTU_MAX      65535u
#define SWITCH_BUFFER_MIN   256u
#define SWITCH_BUFFER_MAX   32768u
#define SWITCH_CAPACITY_MAX 4096u

struct switch_network_config {
    char name[VM_NAME_LENGTH];
    uint32_t mtu;            /* bytes after the Ethernet header: 68..65535 */
    uint32_t ageing_seconds; /* an address not heard of for so long is forgotten; 0: never */
};

enum switch_port_flags {
    SWITCH_PORT_ISOLATED = 1u << 0, /* reaches only ports that are not isolated */
    SWITCH_PORT_LOCKED = 1u << 1,   /* may send from its own address only, and nobody else may */
    SWITCH_PORT_TRUNK = 1u << 2,    /* frames are tagged, for the VLANs in `trunk` */
};

/* What the client of a port may send in a second; 0: no limit. A tenth of it may come at once. */
struct switch_limits {
    /* What is more waits in the client's queue. A frame that is still to be cut counts as one. */
    uint64_t frames_per_second, bytes_per_second;
    /* Frames that go to everybody; what is more is dropped. */
    uint32_t broadcasts_per_second;
    uint32_t multicasts_per_second; /* and those to destinations that are not known */
};

struct switch_port_config {
    char name[VM_NAME_LENGTH];
    uint32_t network; /* index in networks[] */
    uint32_t flags;   /* enum switch_port_flags */
    uint8_t mac[6];
    uint16_t vlan; /* access port: its VLAN, 1..4094; trunk: that of untagged frames, 0: they are dropped */
    struct switch_limits limits;
    /* transmit: what the client sends. */
    struct net_client_config queues;
    uint8_t trunk[512]; /* bit v % 8 of byte v / 8: VLAN v */
};

struct switch_config {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* sizeof(struct switch_config) */
    uint32_t network_count;
    uint32_t port_count;
    uint64_t request;      /* struct switch_request, written by the manager; 0: no manager */
    uint64_t status;       /* struct switch_status, see <skyscope/switch_control.h> */
    uint64_t capture;      /* struct switch_capture */
    uint32_t capture_size; /* bytes of the capture's region; 0: no capture */
    uint32_t manager_channel;
    struct switch_network_config networks[SWITCH_MAX_NETWORKS];
    struct switch_port_config ports[SWITCH_MAX_PORTS];
};
