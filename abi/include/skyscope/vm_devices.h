/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio devices of one VM: a configuration block of its own beside struct vm_config, which says where it is
 * (vm_config.devices). Made by the tool, read by the VMM. Virtual addresses are the VMM's.
 */
#pragma once

#include <stdint.h>

#include <skyscope/vm_config.h>

#define VM_DEVICES_MAGIC   0x3056454456534b53ull /* "SKSVDEV0" */
#define VM_DEVICES_VERSION 3u
#define VM_MAX_DEVICES     24u
#define VM_DEVICE_NAME     32u

/* Bytes of workspace that the VMM takes at most: for a device's transport and queues, and for a device of each kind. */
#define VM_WORKSPACE_TRANSPORT 0x4000u
#define VM_WORKSPACE_BLOCK     0x40000u
#define VM_WORKSPACE_RNG       0x2000u
#define VM_WORKSPACE_NET       0x4000u
#define VM_WORKSPACE_NET_PAIR  0x6000u /* for each pair of queues besides */
#define VM_WORKSPACE_SOCKET    0x14000u
#define VM_WORKSPACE_FILES     0x4000u
#define VM_WORKSPACE_PMEM      0x2000u
#define VM_WORKSPACE_BALLOON   0x4000u
#define VM_WORKSPACE_CONSOLE   0x7000u

enum vm_device_kind {
    VM_DEVICE_BLOCK = 1,
    VM_DEVICE_NET = 2,
    VM_DEVICE_RNG = 3,
    VM_DEVICE_CONSOLE = 4,
    VM_DEVICE_SOCKET = 5, /* vsock */
    VM_DEVICE_BALLOON = 6,
    VM_DEVICE_FILE_SYSTEM = 7,
    VM_DEVICE_PMEM = 8,
};

enum vm_transport {
    VM_TRANSPORT_PCI = 1,              /* modern only */
    VM_TRANSPORT_PCI_TRANSITIONAL = 2, /* modern and legacy, §4.1.3 */
    VM_TRANSPORT_MMIO = 3,             /* version 2 */
    VM_TRANSPORT_MMIO_LEGACY = 4,      /* version 1 */
};

/* One client's end of a block queue pair: see <skyscope/block_queue.h>. */
struct block_client_config {
    uint64_t request_queue; /* virtual addresses */
    uint64_t response_queue;
    uint64_t data;         /* data region, shared with the server */
    uint64_t storage_info; /* struct block_storage_info, read-only */
    uint32_t data_size;    /* bytes, multiple of 4096 */
    uint32_t capacity;     /* entries of each queue, power of two */
    uint32_t channel;
    uint32_t transfer_size; /* bytes per block of the queue: 512 or 4096 */
};

/* One client's end of the network queues: see <skyscope/net_queue.h>. */
struct net_client_config {
    uint64_t transmit_free, transmit_active; /* virtual addresses of the queues */
    uint64_t receive_free, receive_active;
    uint64_t transmit_data, receive_data; /* data regions */
    uint32_t transmit_data_size, receive_data_size;
    uint32_t capacity;    /* entries of each queue, power of two, up to 32768 */
    uint32_t buffer_size; /* bytes of a buffer: the data regions are cut into such */
    uint32_t channel;
    uint32_t flags; /* enum net_client_flags */
};

enum net_client_flags {
    NET_CLIENT_EXTENDED = 1u << 0, /* an extended port of our switch, see <skyscope/net_queue.h> */
    NET_CLIENT_OFFLOAD = 1u << 1,  /* the switch takes frames whose offloads are still to be done */
};

#define VM_SOCKET_MAX_PEERS 8u

/* One other side that a guest's sockets reach: a VM or a native PD. A pair of queues with it alone, see
 * <skyscope/socket_queue.h>. */
struct socket_peer_config {
    uint64_t cid;                   /* its context identifier */
    struct queue_pair_config queue; /* transmit: to the peer; receive: from it */
};

#define VM_CONSOLE_MAX_PORTS 8u

/* One port of a console device. The other side of the queues is the console multiplexer, or whoever speaks likewise. */
struct console_port_config {
    char name[VM_DEVICE_NAME]; /* what the guest is told; NUL-terminated */
    struct queue_pair_config queue;
};

enum vm_block_flags {
    VM_BLOCK_READ_ONLY = 1u << 0,
    VM_BLOCK_WRITE_THROUGH = 1u << 1, /* starts without a write cache */
};

struct vm_device_config {
    uint32_t kind;      /* enum vm_device_kind */
    uint32_t transport; /* enum vm_transport */
    uint32_t slot;      /* PCI: device number on bus 0, 1..31; MMIO: number of the transport, 0..31 */
    uint32_t flags;     /* by kind */
    uint32_t queues;    /* block: request queues; net: queue pairs; console: ports */
    uint32_t plugged;   /* 0: there from the start is only the slot; the manager plugs it */
    uint32_t hotplug;   /* 1, on PCI only: the manager may plug and unplug it */
    uint32_t reserved;
    char name[VM_DEVICE_NAME];
    union {
        struct {
            struct block_client_config client;
            char serial[20];             /* virtio's serial number, NUL-padded */
            uint32_t logical_block_size; /* bytes: 512..4096 */
        } block;
        struct {
            struct net_client_config client;
            uint8_t mac[6];
            uint16_t mtu; /* 0: not announced */
        } net;
        struct {
            uint64_t cid; /* this guest's context identifier, 3 and above */
            uint64_t peer_count;
            struct socket_peer_config peers[VM_SOCKET_MAX_PEERS];
        } socket;
        struct {
            uint64_t bytes_per_second; /* 0: no limit */
        } rng;
        struct {
            char tag[36]; /* what the guest mounts, NUL-padded */
            uint32_t reserved;
            uint64_t tree; /* virtual address of a packed directory tree, <skyscope/tree.h>; 0: none */
            uint64_t tree_size;
            uint64_t memory; /* or memory for files that the guest makes; 0: none */
            uint64_t memory_size;
        } filesystem;
        struct {
            uint64_t gpa;     /* where the guest sees the image */
            uint64_t size;    /* bytes, multiple of 2 MiB */
            uint64_t address; /* where the VMM sees it, read-only */
        } pmem;
        struct {
            struct console_port_config ports[VM_CONSOLE_MAX_PORTS]; /* as many as `queues` says; port 0 is a console */
        } console;
        uint64_t words[80];
    };
};

struct vm_devices_config {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* sizeof(struct vm_devices_config) */
    uint32_t count;
    uint32_t reserved;
    /* Memory that devices take their buffers from when the VM is created. */
    uint64_t workspace; /* virtual address */
    uint64_t workspace_size;
    struct vm_device_config devices[VM_MAX_DEVICES];
};
