/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of the network device: a VM with it, the real switch, and at its other port a client that is no guest. */
#pragma once

#include <switch.h>
#include <vmm/virtio/virtio_net.h>

#include "virtio_machine.h"

#define CAPACITY  128u
#define BUFFER    2048u
#define FREQUENCY 1000000u
#define DEVICE    0u /* port and channel */
#define PEER      1u
#define RECEIVE   0u
#define TRANSMIT  1u

#define BASE     (VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_CTRL_VQ)
#define OFFLOADS (VIRTIO_NET_HOST_OFFLOADS | VIRTIO_NET_GUEST_OFFLOADS)

extern const uint8_t guest_mac[6], peer_mac[6];

struct net_machine_wire {
    _Alignas(8) uint8_t queues[4][NET_QUEUE_SIZE(CAPACITY)];
    uint8_t transmit[CAPACITY * BUFFER], receive[CAPACITY * BUFFER];
};

struct net_machine {
    struct virtio_machine machine;
    struct virtio_net *net;
    struct ethernet_switch s;
    struct switch_config config;
    struct switch_status status;
    struct switch_request request;
    struct net_machine_wire wires[2];
    struct vm_device_config device_config;
    struct net_port peer;
    struct net_frame frame;
    uint8_t received[70000]; /* by the peer, or by the guest with the header */
    uint32_t length;
    uint8_t header[12];
    uint64_t buffers[NET_QUEUE_ENTRIES]; /* of the guest, by id */
    uint32_t buffer_size;
    _Alignas(64) uint8_t workspace[1 << 20]; /* that the device gets */
    uint32_t workspace_used;
    uint64_t clock;
    unsigned int to_switch, to_device; /* notifications that nobody has looked at */
    void (*listener)(void *context);
    void *listener_context;
};

/* cmocka's; the state is a struct net_machine. prepare: without the device, whose configuration can be changed. */
int net_machine_prepare(void **state);
int net_machine_set_up(void **state);
int net_machine_tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, net_machine_set_up, net_machine_tear_down)
#define OWN(name)  cmocka_unit_test_setup_teardown(name, net_machine_prepare, net_machine_tear_down)

/* The device, by f->device_config; both links are up. */
void net_machine_create(struct net_machine *f);
/* The driver starts it with these features and as many entries as the queues have. */
void net_machine_start(struct net_machine *f, uint64_t features);
/* Lets switch, device and timers work until nothing moves. */
void net_machine_run(struct net_machine *f);
/* The switch's notifications. */
void net_machine_switch_notifies(unsigned int channel);

/* The driver gives `count` buffers of `size` bytes to a queue. */
void give_buffers(struct net_machine *f, uint32_t queue, uint32_t count, uint32_t size);
/* An IPv4 frame of that length, of bytes that differ. */
void make_frame(uint8_t *frame, const uint8_t *to, const uint8_t *from, uint32_t length);
/* offload: NULL means none. */
void peer_sends(struct net_machine *f, const uint8_t *frame, uint32_t length, const struct net_offload *offload);
/* The next frame that came to the peer, in f->received; false: there is none. */
bool peer_receives(struct net_machine *f);
/* Puts a frame of the guest into its queue: header and frame in pieces of `size` bytes. */
void guest_adds(struct net_machine *f, uint32_t queue, const struct net_offload *offload, uint32_t header,
                const uint8_t *frame, uint32_t length, uint32_t size);
void guest_sends(struct net_machine *f, const uint8_t *frame, uint32_t length);
/* The next frame that came to the guest, in f->received, with the header apart in f->header; false: there is none. */
bool guest_receives(struct net_machine *f, uint32_t queue, uint32_t header);
