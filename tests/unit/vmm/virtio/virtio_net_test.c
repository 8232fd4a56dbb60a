/* SPDX-License-Identifier: BSD-2-Clause */
/* The network device between a guest's driver and the real switch; at its other port is a client that is no guest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtio_machine.h"

#include <switch.h>
#include <vmm/hv.h>
#include <vmm/virtio/virtio_net.h>

#define CAPACITY  128u
#define BUFFER    2048u
#define FREQUENCY 1000000u
#define DEVICE    0u /* port and channel */
#define PEER      1u
#define RECEIVE   0u
#define TRANSMIT  1u

#define BASE     (VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_CTRL_VQ)
#define OFFLOADS (VIRTIO_NET_HOST_OFFLOADS | VIRTIO_NET_GUEST_OFFLOADS)

static const uint8_t guest_mac[6] = {0x02, 0, 0, 0, 0, 1};
static const uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0, 2};
static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct wire {
    _Alignas(8) uint8_t queues[4][NET_QUEUE_SIZE(CAPACITY)];
    uint8_t transmit[CAPACITY * BUFFER], receive[CAPACITY * BUFFER];
};

struct fixture {
    struct virtio_machine machine;
    struct virtio_net *net;
    struct ethernet_switch s;
    struct switch_config config;
    struct switch_status status;
    struct switch_request request;
    struct wire wires[2];
    struct vm_device_config device_config;
    struct net_port peer;
    struct net_frame frame;
    uint8_t received[70000]; /* by the peer, or by the guest with the header */
    uint32_t length;
    uint8_t header[12];
    uint64_t buffers[NET_QUEUE_ENTRIES]; /* of the guest, by id */
    uint32_t buffer_size;
    uint32_t workspace_used;
};

static struct fixture *current;
static _Alignas(64) uint8_t workspace[1 << 20];
static uint64_t clock_value;
static unsigned int to_switch, to_device;
static void (*listener)(void *context);
static void *listener_context;

/* --- What the VMM has around it --- */

uint64_t hv_now(void)
{
    return clock_value;
}

void hv_notify(unsigned int channel)
{
    assert_int_equal(channel, DEVICE);
    to_switch++;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    void *memory = workspace + current->workspace_used;
    current->workspace_used += (uint32_t)((size + 63) & ~63ull);
    assert_true(current->workspace_used <= sizeof(workspace));
    memset(memory, 0, size);
    return memory;
}

int device_listen(struct vm *vm, uint32_t channel, void (*notified)(void *context), void *context)
{
    (void)vm;
    assert_int_equal(channel, DEVICE);
    listener = notified;
    listener_context = context;
    return 0;
}

static void switch_notifies(unsigned int channel)
{
    to_device += channel == DEVICE ? 1u : 0u;
}

/* Lets switch, device and timers work until nothing moves. */
static void run(struct fixture *f)
{
    bool moved = true;
    for (unsigned int i = 0; moved; i++) {
        assert_true(i < 1000);
        moved = switch_serve(&f->s, clock_value);
        if (to_device > 0) {
            to_device = 0;
            listener(listener_context);
            moved = true;
        }
        if (to_switch > 0) {
            to_switch = 0;
            moved = true;
        }
        if (f->net->timer.deadline != 0) {
            clock_value = f->net->timer.deadline;
            timer_run(&f->machine.vm.vcpus[0].timers, clock_value);
            moved = true;
        }
    }
    (void)net_port_look(&f->peer);
}

/* --- Setting up --- */

static struct net_client_config client(struct wire *wire, uint32_t channel)
{
    return (struct net_client_config){
        .transmit_free = (uintptr_t)wire->queues[0],
        .transmit_active = (uintptr_t)wire->queues[1],
        .receive_free = (uintptr_t)wire->queues[2],
        .receive_active = (uintptr_t)wire->queues[3],
        .transmit_data = (uintptr_t)wire->transmit,
        .receive_data = (uintptr_t)wire->receive,
        .transmit_data_size = sizeof(wire->transmit),
        .receive_data_size = sizeof(wire->receive),
        .capacity = CAPACITY,
        .buffer_size = BUFFER,
        .channel = channel,
        .flags = NET_CLIENT_EXTENDED | NET_CLIENT_OFFLOAD,
    };
}

static int prepare(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    current = f;
    clock_value = 1000;
    to_switch = to_device = 0;
    machine_create(&f->machine);
    f->machine.vm.clock.frequency = FREQUENCY;
    f->config = (struct switch_config){
        .magic = SWITCH_CONFIG_MAGIC,
        .version = SWITCH_CONFIG_VERSION,
        .size = sizeof(f->config),
        .network_count = 1,
        .port_count = 2,
        .request = (uintptr_t)&f->request,
        .status = (uintptr_t)&f->status,
        .networks = {{.name = "lan", .mtu = 9000, .ageing_seconds = 300}},
    };
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(f->config.ports[i].name, VM_NAME_LENGTH, "port%u", i);
        f->config.ports[i].vlan = 1;
        f->config.ports[i].queues = client(&f->wires[i], i);
    }
    assert_null(switch_initialise(&f->s, &f->config, switch_notifies, FREQUENCY, clock_value));
    f->device_config = (struct vm_device_config){.kind = VM_DEVICE_NET, .queues = 1, .name = "net0"};
    f->device_config.net.client = client(&f->wires[DEVICE], DEVICE);
    f->device_config.net.mtu = 9000;
    memcpy(f->device_config.net.mac, guest_mac, 6);
    f->config.ports[PEER].queues.channel = PEER;
    assert_null(net_port_init(&f->peer, &f->config.ports[PEER].queues));
    return 0;
}

static void create(struct fixture *f)
{
    struct virtio_device *device = NULL;
    assert_null(virtio_net_kind.create(&f->machine.vm, &f->device_config, &device));
    f->net = device->context;
    machine_attach(&f->machine, device);
    run(f);
    assert_true(net_port_is_up(&f->net->port) && net_port_is_up(&f->peer));
}

static int set_up(void **state)
{
    prepare(state);
    create(*state);
    return 0;
}

static int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

static void give_buffers(struct fixture *f, uint32_t queue, uint32_t count, uint32_t size)
{
    f->buffer_size = size;
    for (uint32_t i = 0; i < count; i++) {
        struct piece piece = {.address = machine_allocate(&f->machine, size, 2), .length = size, .writable = true};
        f->buffers[driver_add(&f->machine, queue, &piece, 1, false)] = piece.address;
    }
    virtio_notify(&f->net->device, queue);
    run(f);
}

static void start(struct fixture *f, uint64_t features)
{
    driver_start(&f->machine, &f->net->device, features, NET_QUEUE_ENTRIES);
    run(f);
}

/* --- Frames --- */

static uint8_t pattern[66000];

static void make_frame(uint8_t *frame, const uint8_t *to, const uint8_t *from, uint32_t length)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    frame[12] = 0x08;
    frame[13] = 0x00;
    for (uint32_t i = 14; i < length; i++) {
        frame[i] = (uint8_t)(i * 5 + (i >> 7));
    }
}

static void peer_sends(struct fixture *f, const uint8_t *frame, uint32_t length, const struct net_offload *offload)
{
    static const struct net_offload none;
    struct virtio_segment segment = {.data = (uint8_t *)(uintptr_t)frame, .length = length};
    assert_true(net_port_has_room(&f->peer, length));
    net_port_send(&f->peer, offload != NULL ? offload : &none, &segment, 1, 0, length);
    (void)net_port_publish(&f->peer);
    run(f);
}

static bool peer_receives(struct fixture *f)
{
    f->length = 0;
    if (net_port_receive(&f->peer, &f->frame) != NET_PORT_FRAME) {
        return false;
    }
    for (uint32_t i = 0; i < f->frame.count; i++) {
        memcpy(f->received + f->length, f->frame.pieces[i].data, f->frame.pieces[i].length);
        f->length += f->frame.pieces[i].length;
    }
    net_port_give_back(&f->peer, &f->frame);
    (void)net_port_publish(&f->peer);
    return true;
}

/* Puts a frame of the guest into its queue: header and frame in pieces of `size` bytes. */
static void guest_adds(struct fixture *f, uint32_t queue, const struct net_offload *offload, uint32_t header,
                       const uint8_t *frame, uint32_t length, uint32_t size)
{
    struct piece pieces[64];
    uint32_t count = 0, all = header + length;
    uint64_t at = machine_allocate(&f->machine, all, 2);
    static const struct net_offload none;
    memcpy(machine_memory(&f->machine, at), offload != NULL ? offload : &none, header);
    memcpy((uint8_t *)machine_memory(&f->machine, at) + header, frame, length);
    for (uint32_t i = 0; i < all; i += size) {
        pieces[count++] = (struct piece){.address = at + i, .length = all - i < size ? all - i : size};
    }
    driver_add(&f->machine, queue, pieces, count, false);
}

static void guest_sends(struct fixture *f, const uint8_t *frame, uint32_t length)
{
    guest_adds(f, TRANSMIT, NULL, 12, frame, length, 1000);
    virtio_notify(&f->net->device, TRANSMIT);
    run(f);
}

/* The next frame that came to the guest, with the header apart. */
static bool guest_receives(struct fixture *f, uint32_t queue, uint32_t header)
{
    uint16_t id, buffers = 1;
    uint32_t written;
    f->length = 0;
    for (uint16_t i = 0; i < buffers; i++) {
        if (!driver_take(&f->machine, queue, &id, &written)) {
            assert_int_equal(i, 0);
            return false;
        }
        const uint8_t *bytes = machine_memory(&f->machine, f->buffers[id]);
        uint32_t skip = i == 0 ? header : 0;
        if (i == 0) {
            memcpy(f->header, bytes, header);
            memcpy(&buffers, f->header + 10, header == 12 ? 2 : 0);
        }
        memcpy(f->received + f->length, bytes + skip, written - skip);
        f->length += written - skip;
    }
    return true;
}

/* Carries out a command; its answer. */
static uint8_t command(struct fixture *f, uint8_t class, uint8_t number, const void *data, uint32_t size)
{
    uint32_t queue = virtio_has(&f->net->device, VIRTIO_NET_F_MQ) ? 2 * f->net->max_pairs : 2;
    uint64_t at = machine_allocate(&f->machine, size + 3, 2);
    uint8_t *bytes = machine_memory(&f->machine, at);
    bytes[0] = class;
    bytes[1] = number;
    memcpy(bytes + 2, data, size);
    bytes[2 + size] = 0x55;
    struct piece pieces[2] = {{.address = at, .length = 2 + size},
                              {.address = at + 2 + size, .length = 1, .writable = true}};
    driver_add(&f->machine, queue, pieces, 2, false);
    assert_true(driver_must_notify(&f->machine, queue, 1));
    virtio_notify(&f->net->device, queue);
    uint16_t id;
    uint32_t written;
    assert_true(driver_take(&f->machine, queue, &id, &written));
    assert_int_equal(written, 1);
    return bytes[2 + size];
}

/* --- Tests --- */

static void frames_go_both_ways(void **state)
{
    struct fixture *f = *state;
    static const uint64_t formats[] = {0, VIRTIO_F_RING_PACKED, VIRTIO_F_EVENT_IDX,
                                       VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_MRG_RXBUF};
    for (unsigned int i = 0; i < 4; i++) {
        start(f, BASE | formats[i]);
        give_buffers(f, RECEIVE, 8, 4096);
        for (uint32_t length = 14; length < 4000; length = length * 2 + 3) {
            make_frame(pattern, peer_mac, guest_mac, length);
            guest_sends(f, pattern, length);
            assert_true(peer_receives(f));
            assert_int_equal(f->length, length);
            assert_memory_equal(f->received, pattern, length);
            make_frame(pattern, guest_mac, peer_mac, length);
            peer_sends(f, pattern, length, NULL);
            assert_true(f->machine.interrupts[RECEIVE] > 0);
            assert_true(guest_receives(f, RECEIVE, 12));
            assert_int_equal(f->length, length);
            assert_memory_equal(f->received, pattern, length);
        }
        virtio_write_status(&f->net->device, 0);
        machine_create(&f->machine);
        f->machine.vm.clock.frequency = FREQUENCY;
        create(f);
    }
}

static void a_legacy_header_is_short(void **state)
{
    struct fixture *f = *state;
    struct virtio_device *device = &f->net->device;
    virtio_set_legacy(device);
    virtio_write_features(device, 0, (uint32_t)(VIRTIO_NET_F_MAC | VIRTIO_NET_F_CSUM));
    driver_start_queue(&f->machine, device, RECEIVE, 64);
    driver_start_queue(&f->machine, device, TRANSMIT, 64);
    virtio_write_status(device, 7);
    give_buffers(f, RECEIVE, 8, 2000);
    make_frame(pattern, guest_mac, peer_mac, 300);
    peer_sends(f, pattern, 300, NULL);
    assert_true(guest_receives(f, RECEIVE, 10));
    assert_int_equal(f->length, 300);
    assert_memory_equal(f->received, pattern, 300);
    make_frame(pattern, peer_mac, guest_mac, 300);
    guest_adds(f, TRANSMIT, NULL, 10, pattern, 300, 10);
    virtio_notify(device, TRANSMIT);
    run(f);
    assert_true(peer_receives(f));
    assert_int_equal(f->length, 300);
    assert_memory_equal(f->received, pattern, 300);
    /* It chooses its address by writing it. */
    virtio_write_config(device, 5, 1, 0x77);
    assert_int_equal(virtio_read_config(device, 5, 1), 0x77);
    virtio_device_reset(device);
    assert_int_equal(virtio_read_config(device, 5, 1), 1);
}

static void frames_for_a_broken_device_are_lost_and_keep_nobody_busy(void **state)
{
    struct fixture *f = *state;
    start(f, BASE);
    give_buffers(f, RECEIVE, 8, 4096);
    struct piece nowhere = {.address = 1ull << 40, .length = 100};
    driver_add(&f->machine, TRANSMIT, &nowhere, 1, false);
    virtio_notify(&f->net->device, TRANSMIT);
    assert_true(f->net->device.broken);
    make_frame(pattern, guest_mac, peer_mac, 300);
    for (uint32_t i = 0; i < 2 * CAPACITY; i++) {
        peer_sends(f, pattern, 300, NULL); /* run() sees to it that all this ends */
    }
    assert_false(guest_receives(f, RECEIVE, 12));
}

static void the_configuration_says_what_there_is(void **state)
{
    struct fixture *f = *state;
    struct virtio_device *device = &f->net->device;
    assert_int_equal(virtio_read_config(device, 0, 4), 2);
    assert_int_equal(virtio_read_config(device, 6, 2), 1);
    assert_int_equal(virtio_read_config(device, 8, 2), 1);
    assert_int_equal(virtio_read_config(device, 10, 2), 9000);
    assert_int_equal(virtio_read_config(device, 12, 4), 10000);
    assert_int_equal(virtio_read_config(device, 16, 1), 1);
    driver_start(&f->machine, device, BASE, 16);
    virtio_write_config(device, 0, 1, 0x77);
    assert_int_equal(virtio_read_config(device, 0, 1), 2);
}

static void features_depend_on_each_other(void **state)
{
    struct fixture *f = *state;
    static const uint64_t wrong[] = {VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_GUEST_TSO6,
                                     VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_ECN,
                                     VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_ECN, VIRTIO_NET_F_GUEST_USO4};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        driver_negotiate(&f->net->device, BASE | wrong[i]);
        assert_int_equal(f->net->device.status & VIRTIO_STATUS_FEATURES_OK, 0);
    }
    driver_negotiate(&f->net->device, VIRTIO_F_VERSION_1 | VIRTIO_NET_F_CTRL_RX);
    assert_int_equal(f->net->device.status & VIRTIO_STATUS_FEATURES_OK, 0);
    driver_negotiate(&f->net->device, BASE | OFFLOADS);
    assert_int_not_equal(f->net->device.status & VIRTIO_STATUS_FEATURES_OK, 0);
}

static void a_network_without_offloads_offers_none(void **state)
{
    struct fixture *f = *state;
    f->device_config.net.client.flags = NET_CLIENT_EXTENDED;
    f->device_config.net.mtu = 0;
    create(f);
    assert_int_equal(f->net->device.offered & (OFFLOADS | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS | VIRTIO_NET_F_MTU), 0);
}

static void large_frames_fill_several_buffers(void **state)
{
    struct fixture *f = *state;
    start(f, BASE | VIRTIO_NET_F_MRG_RXBUF | OFFLOADS);
    give_buffers(f, RECEIVE, 64, 1536);
    make_frame(pattern, guest_mac, peer_mac, 60000);
    pattern[14] = 0x45;
    struct net_offload offload = {.flags = 1,
                                  .segmentation = 1,
                                  .header_length = 54,
                                  .segment_size = 1400,
                                  .checksum_start = 34,
                                  .checksum_offset = 16};
    peer_sends(f, pattern, 60000, &offload);
    assert_true(guest_receives(f, RECEIVE, 12));
    assert_int_equal(f->length, 60000);
    assert_memory_equal(f->received, pattern, 60000);
    assert_memory_equal(f->header, &offload, 10);
    assert_int_equal(f->header[10], (60012 + 1535) / 1536);
    assert_int_equal(f->machine.interrupts[RECEIVE], 1);
    /* And back, as it is. */
    net_port_accept(&f->peer, 0x3f);
    make_frame(pattern, peer_mac, guest_mac, 60000);
    guest_adds(f, TRANSMIT, &offload, 12, pattern, 60000, 4096);
    virtio_notify(&f->net->device, TRANSMIT);
    run(f);
    assert_true(peer_receives(f));
    assert_int_equal(f->length, 60000);
    assert_memory_equal(f->received, pattern, 60000);
    assert_memory_equal(&f->frame.offload, &offload, 10);
}

static void without_merging_a_frame_needs_one_buffer(void **state)
{
    struct fixture *f = *state;
    start(f, BASE);
    give_buffers(f, RECEIVE, 4, 1526);
    make_frame(pattern, guest_mac, peer_mac, 3000);
    peer_sends(f, pattern, 3000, NULL);
    assert_false(guest_receives(f, RECEIVE, 12));
    assert_int_equal(f->net->counters.receive_errors, 1);
    for (unsigned int i = 0; i < 4; i++) {
        peer_sends(f, pattern, 1514, NULL);
        assert_true(guest_receives(f, RECEIVE, 12));
        assert_int_equal(f->header[10], 1);
        assert_int_equal(f->length, 1514);
    }
}

/* What a guest has not negotiated does not come to it, even if the switch thought otherwise. */
static void offloads_are_those_of_the_guest(void **state)
{
    struct fixture *f = *state;
    start(f, BASE);
    give_buffers(f, RECEIVE, 8, 4096);
    make_frame(pattern, guest_mac, peer_mac, 200);
    struct net_offload checksum = {.flags = 1, .checksum_start = 34, .checksum_offset = 16};
    peer_sends(f, pattern, 200, &checksum);
    assert_true(guest_receives(f, RECEIVE, 12));
    assert_int_equal(f->header[0], 0);
    assert_memory_equal(f->received, pattern, 34);
    assert_memory_not_equal(f->received + 50, pattern + 50, 2); /* completed by the switch */
    /* The switch is late. */
    f->s.ports[DEVICE].port.client = NULL;
    struct net_client_state fixed = {.epoch = f->net->port.epoch, .accepted = 0x3f};
    f->s.ports[DEVICE].port.client = &fixed;
    peer_sends(f, pattern, 200, &checksum);
    assert_false(guest_receives(f, RECEIVE, 12));
    assert_int_equal(f->net->counters.receive_errors, 1);
    /* A header that says more than was negotiated. */
    make_frame(pattern, peer_mac, guest_mac, 200);
    struct net_offload segments = {
        .flags = 1, .segmentation = 1, .segment_size = 100, .checksum_start = 34, .checksum_offset = 16};
    guest_adds(f, TRANSMIT, &segments, 12, pattern, 200, 300);
    guest_adds(f, TRANSMIT, &checksum, 12, pattern, 200, 300);
    virtio_notify(&f->net->device, TRANSMIT);
    run(f);
    assert_true(peer_receives(f));
    assert_memory_equal(f->received, pattern, 200);
    assert_int_equal(f->frame.offload.flags, 0);
    assert_false(peer_receives(f));
    assert_int_equal(f->net->counters.transmit_errors, 1);
}

static void a_batch_is_one_kick_and_one_interrupt(void **state)
{
    struct fixture *f = *state;
    start(f, BASE | VIRTIO_F_EVENT_IDX);
    give_buffers(f, RECEIVE, 100, 256);
    make_frame(pattern, peer_mac, guest_mac, 100);
    for (unsigned int i = 0; i < 64; i++) {
        guest_adds(f, TRANSMIT, NULL, 12, pattern, 100, 200);
    }
    uint64_t kicks = f->net->counters.kicks;
    virtio_notify(&f->net->device, TRANSMIT);
    assert_int_equal(to_switch, 1);
    run(f);
    assert_int_equal(f->net->counters.kicks, kicks + 1);
    assert_int_equal(f->machine.interrupts[TRANSMIT], 1);
    unsigned int count = 0;
    while (peer_receives(f)) {
        count++;
    }
    assert_int_equal(count, 64);
    make_frame(pattern, guest_mac, peer_mac, 100);
    static const struct net_offload none;
    struct virtio_segment segment = {.data = pattern, .length = 100};
    for (unsigned int i = 0; i < 64; i++) {
        net_port_send(&f->peer, &none, &segment, 1, 0, 100);
    }
    (void)net_port_publish(&f->peer);
    run(f);
    assert_int_equal(f->machine.interrupts[RECEIVE], 1);
    for (count = 0; guest_receives(f, RECEIVE, 12); count++) {
    }
    assert_int_equal(count, 64);
}

/* More frames than the guest has buffers: they wait, none is lost before the port's are used up. */
static void frames_wait_for_buffers(void **state)
{
    struct fixture *f = *state;
    start(f, BASE);
    make_frame(pattern, guest_mac, peer_mac, 100);
    for (unsigned int i = 0; i < 100; i++) {
        pattern[50] = (uint8_t)i;
        peer_sends(f, pattern, 100, NULL);
    }
    assert_int_equal(f->status.ports[DEVICE].counters.dropped[SWITCH_DROP_NO_BUFFERS], 0);
    for (unsigned int i = 0; i < 100; i += 10) {
        give_buffers(f, RECEIVE, 10, 256);
        for (unsigned int k = 0; k < 10; k++) {
            assert_true(guest_receives(f, RECEIVE, 12));
            assert_int_equal(f->received[50], i + k);
        }
        assert_false(guest_receives(f, RECEIVE, 12));
    }
}

/* The port has no room: the guest's frames wait, and go on by themselves. */
static void sent_frames_wait_for_room(void **state)
{
    struct fixture *f = *state;
    start(f, BASE);
    make_frame(pattern, peer_mac, guest_mac, 100);
    for (unsigned int i = 0; i < 200; i++) {
        guest_adds(f, TRANSMIT, NULL, 12, pattern, 100, 200);
    }
    virtio_notify(&f->net->device, TRANSMIT);
    assert_true(f->net->transmit[0].held);
    assert_int_equal(f->net->counters.frames_sent, CAPACITY);
    run(f);
    assert_int_equal(f->net->counters.frames_sent, 200);
    assert_false(f->net->transmit[0].held);
    assert_int_equal(f->status.ports[DEVICE].counters.frames_in, 200);
}

static void resets_with_buffers_in_flight(void **state)
{
    struct fixture *f = *state;
    for (unsigned int round = 0; round < 20; round++) {
        start(f, BASE | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_F_RING_RESET);
        give_buffers(f, RECEIVE, 3, 1000);
        make_frame(pattern, guest_mac, peer_mac, 5000);
        peer_sends(f, pattern, 5000, NULL); /* waits with three buffers at hand */
        assert_true(f->net->frame_held);
        assert_int_equal(f->net->receive[0].kept_count, 3);
        make_frame(pattern, peer_mac, guest_mac, 100);
        for (unsigned int i = 0; i < 200; i++) {
            guest_adds(f, TRANSMIT, NULL, 12, pattern, 100, 200);
        }
        virtio_notify(&f->net->device, TRANSMIT);
        if (round % 2 == 0) {
            virtio_reset_queue(&f->net->device, RECEIVE);
            virtio_reset_queue(&f->net->device, TRANSMIT);
            assert_int_equal(f->net->receive[0].kept_count, 0);
            run(f);
        }
        virtio_write_status(&f->net->device, 0);
        assert_false(f->net->frame_held);
        assert_false(f->net->transmit[0].held);
        run(f);
        while (peer_receives(f)) {
        }
        f->machine.next_free = 0x10000;
    }
    /* All buffers of the port are still there. */
    start(f, BASE);
    for (unsigned int i = 0; i < CAPACITY; i++) {
        make_frame(pattern, guest_mac, peer_mac, 100);
        peer_sends(f, pattern, 100, NULL);
    }
    assert_int_equal(f->status.ports[DEVICE].counters.dropped[SWITCH_DROP_NO_BUFFERS], 0);
}

static void the_link_follows_the_switch(void **state)
{
    struct fixture *f = *state;
    start(f, BASE | VIRTIO_NET_F_GUEST_ANNOUNCE);
    uint32_t changes = f->machine.config_interrupts;
    f->request = (struct switch_request){.sequence = 1, .command = SWITCH_COMMAND_LINK_DOWN, .port = DEVICE};
    assert_true(switch_control(&f->s, clock_value));
    run(f);
    assert_int_equal(virtio_read_config(&f->net->device, 6, 2), 0);
    assert_int_equal(f->machine.config_interrupts, changes + 1);
    make_frame(pattern, peer_mac, guest_mac, 100);
    guest_sends(f, pattern, 100);
    assert_false(peer_receives(f));
    f->request = (struct switch_request){.sequence = 2, .command = SWITCH_COMMAND_LINK_UP, .port = DEVICE};
    assert_true(switch_control(&f->s, clock_value));
    run(f);
    /* Up, and to be announced. */
    assert_int_equal(virtio_read_config(&f->net->device, 6, 2), 3);
    assert_int_equal(command(f, 3, 0, "", 0), 0);
    assert_int_equal(virtio_read_config(&f->net->device, 6, 2), 1);
    guest_sends(f, pattern, 100);
    assert_true(peer_receives(f));
}

static void the_switch_begins_anew(void **state)
{
    struct fixture *f = *state;
    start(f, BASE);
    give_buffers(f, RECEIVE, 10, 256);
    make_frame(pattern, guest_mac, peer_mac, 100);
    peer_sends(f, pattern, 100, NULL);
    assert_true(guest_receives(f, RECEIVE, 12));
    assert_null(switch_initialise(&f->s, &f->config, switch_notifies, FREQUENCY, clock_value));
    run(f);
    run(f);
    assert_int_equal(f->net->port.restarts, 1);
    assert_true(net_port_is_up(&f->net->port) && net_port_is_up(&f->peer));
    peer_sends(f, pattern, 100, NULL);
    assert_true(guest_receives(f, RECEIVE, 12));
    make_frame(pattern, peer_mac, guest_mac, 100);
    guest_sends(f, pattern, 100);
    assert_true(peer_receives(f));
}

static void the_filter_is_the_guests(void **state)
{
    struct fixture *f = *state;
    static const uint8_t group[6] = {0x01, 0x00, 0x5e, 0, 0, 5}, other[6] = {0x02, 9, 9, 9, 9, 9};
    start(f, BASE | VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_RX_EXTRA |
                 VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_NET_F_CTRL_VLAN);
    give_buffers(f, RECEIVE, 100, 256);
#define COMES(to, expected)                                                                                            \
    do {                                                                                                               \
        make_frame(pattern, to, peer_mac, 100);                                                                        \
        peer_sends(f, pattern, 100, NULL);                                                                             \
        assert_int_equal(guest_receives(f, RECEIVE, 12), expected);                                                    \
    } while (0)
    COMES(other, true); /* promiscuous until it says what it wants */
    assert_int_equal(command(f, 0, 0, (uint8_t[]){0}, 1), 0);
    COMES(other, false);
    COMES(guest_mac, true);
    COMES(everybody, true);
    COMES(group, false);
    uint8_t tables[4 + 6 + 4 + 6] = {1, 0, 0, 0};
    memcpy(tables + 4, other, 6);
    tables[10] = 1;
    memcpy(tables + 14, group, 6);
    assert_int_equal(command(f, 1, 0, tables, sizeof(tables)), 0);
    COMES(other, true);
    COMES(group, true);
    assert_int_equal(command(f, 0, 5, (uint8_t[]){1}, 1), 0);
    COMES(everybody, false);
    assert_int_equal(command(f, 0, 3, (uint8_t[]){1}, 1), 0);
    COMES(group, false);
    assert_int_equal(command(f, 0, 4, (uint8_t[]){1}, 1), 0);
    COMES(guest_mac, false);
    assert_int_equal(command(f, 0, 4, (uint8_t[]){0}, 1), 0);
    assert_int_equal(command(f, 1, 1, other, 6), 0);
    COMES(other, true);
    assert_int_equal(f->net->config.mac[1], 9);
    /* More addresses than there is room for: all come. */
    static uint8_t many[4 + 6 * 100 + 4] = {100, 0, 0, 0};
    assert_int_equal(command(f, 1, 0, many, sizeof(many)), 0);
    COMES(guest_mac, true);
    /* VLANs come when they were asked for. */
    make_frame(pattern, guest_mac, peer_mac, 100);
    memcpy(pattern + 12, (uint8_t[]){0x81, 0x00, 0x00, 0x05}, 4);
    uint8_t header[18];
    memcpy(header, pattern, 18);
    assert_false(net_filter_wants(f->net, header));
    assert_int_equal(command(f, 2, 0, (uint8_t[]){5, 0}, 2), 0);
    assert_true(net_filter_wants(f->net, header));
    assert_int_equal(command(f, 2, 1, (uint8_t[]){5, 0}, 2), 0);
    assert_false(net_filter_wants(f->net, header));
}

static void wrong_commands_are_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t data[16] = {0};
    start(f, BASE | VIRTIO_NET_F_CTRL_RX);
    assert_int_equal(command(f, 0, 0, data, 0), 1); /* no data */
    assert_int_equal(command(f, 0, 2, data, 1), 1); /* not negotiated: CTRL_RX_EXTRA */
    assert_int_equal(command(f, 0, 9, data, 1), 1); /* no such command */
    assert_int_equal(command(f, 1, 0, data, 7), 1); /* half a table */
    memset(data, 0xff, sizeof(data));
    assert_int_equal(command(f, 1, 0, data, 16), 1); /* 2^32 - 1 addresses */
    assert_int_equal(command(f, 1, 1, data, 6), 1);
    assert_int_equal(command(f, 2, 0, data, 2), 1);
    assert_int_equal(command(f, 3, 0, data, 0), 1);
    assert_int_equal(command(f, 4, 0, data, 2), 1);
    assert_int_equal(command(f, 5, 0, data, 8), 1);
    assert_int_equal(command(f, 99, 0, data, 8), 1);
    assert_true(f->net->filter.promiscuous);
    /* No room for an answer. */
    uint64_t at = machine_allocate(&f->machine, 3, 2);
    struct piece piece = {.address = at, .length = 3};
    driver_add(&f->machine, 2, &piece, 1, false);
    virtio_notify(&f->net->device, 2);
    assert_true(f->net->device.broken);
}

static void guest_offloads_change(void **state)
{
    struct fixture *f = *state;
    start(f, BASE | OFFLOADS | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
    assert_int_equal(f->net->accepted, 0x3f);
    uint64_t offloads = VIRTIO_NET_F_GUEST_CSUM;
    assert_int_equal(command(f, 5, 0, &offloads, 8), 0);
    assert_int_equal(f->net->accepted, NET_ACCEPT_CHECKSUM);
    offloads = VIRTIO_NET_F_CSUM;
    assert_int_equal(command(f, 5, 0, &offloads, 8), 1);
    virtio_write_status(&f->net->device, 0);
    assert_int_equal(f->net->accepted, 0);
}

static void flows_come_back_to_their_pair(void **state)
{
    struct fixture *f = *state;
    f->device_config.queues = 4;
    create(f);
    start(f, BASE | VIRTIO_NET_F_MQ);
    uint16_t pairs = 4;
    assert_int_equal(command(f, 4, 0, &pairs, 2), 0);
    assert_int_equal(f->net->pairs, 4);
    pairs = 5;
    assert_int_equal(command(f, 4, 0, &pairs, 2), 1);
    for (uint32_t pair = 0; pair < 4; pair++) {
        give_buffers(f, 2 * pair, 4, 512);
        uint8_t frame[100] = {0};
        make_frame(frame, peer_mac, guest_mac, 100);
        memcpy(frame + 14, (uint8_t[]){0x45}, 1);
        frame[23] = 17;
        memcpy(frame + 26, (uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2, 0x10, (uint8_t)(pair * 37), 0x20, 0x02}, 12);
        guest_adds(f, 2 * pair + 1, NULL, 12, frame, 100, 200);
        virtio_notify(&f->net->device, 2 * pair + 1);
        run(f);
        assert_true(peer_receives(f));
        make_frame(frame, guest_mac, peer_mac, 100);
        frame[14] = 0x45;
        frame[23] = 17;
        memcpy(frame + 26, (uint8_t[]){10, 0, 0, 2, 10, 0, 0, 1, 0x20, 0x02, 0x10, (uint8_t)(pair * 37)}, 12);
        peer_sends(f, frame, 100, NULL);
        assert_true(guest_receives(f, 2 * pair, 12));
    }
}

static void frames_that_are_none_are_dropped(void **state)
{
    struct fixture *f = *state;
    start(f, BASE);
    make_frame(pattern, peer_mac, guest_mac, 66000);
    guest_adds(f, TRANSMIT, NULL, 12, pattern, 0, 100);      /* a header only */
    guest_adds(f, TRANSMIT, NULL, 5, pattern, 0, 100);       /* not even that */
    guest_adds(f, TRANSMIT, NULL, 12, pattern, 65554, 4096); /* a byte too long */
    virtio_notify(&f->net->device, TRANSMIT);
    run(f);
    assert_int_equal(f->net->counters.transmit_errors, 3);
    uint16_t id;
    uint32_t written;
    for (unsigned int i = 0; i < 3; i++) {
        assert_true(driver_take(&f->machine, TRANSMIT, &id, &written));
    }
    assert_false(f->net->device.broken);
    guest_sends(f, pattern, 100);
    assert_true(peer_receives(f));
}

/* Descriptors of a switch that has gone mad. */
static void the_switch_is_not_believed(void **state)
{
    struct fixture *f = *state;
    start(f, BASE | VIRTIO_NET_F_MRG_RXBUF);
    give_buffers(f, RECEIVE, 32, 1000);
    struct net_queue_handle mad = f->s.ports[DEVICE].port.receive_active;
    static const struct net_buffer bad[] = {
        {.offset = CAPACITY * BUFFER, .length = 100},
        {.offset = UINT64_MAX, .length = 100},
        {.offset = 0, .length = BUFFER + 1},
        {.offset = 0, .length = 11},
        {.offset = 0, .length = 13},
    };
    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(net_queue_put(&mad, &bad[i]));
    }
    for (unsigned int i = 0; i < 100; i++) {
        struct net_buffer endless = {.length = BUFFER, .flags = NET_BUFFER_MORE};
        assert_true(net_queue_put(&mad, &endless));
    }
    net_queue_publish(&mad);
    listener(listener_context);
    assert_int_equal(f->net->port.bad_descriptors, 4 + 2);
    assert_false(guest_receives(f, RECEIVE, 12));
    /* Buffers to send from. */
    struct net_queue *queue = f->net->port.transmit_free.queue;
    for (unsigned int i = 0; i < CAPACITY; i++) {
        queue->buffers[i].offset = CAPACITY * BUFFER - 1;
    }
    make_frame(pattern, peer_mac, guest_mac, 100);
    guest_adds(f, TRANSMIT, NULL, 12, pattern, 100, 200);
    virtio_notify(&f->net->device, TRANSMIT);
    assert_int_equal(f->net->port.bad_descriptors, 7);
    for (unsigned int jump = CAPACITY + 1; jump < 0x10000; jump += 991) {
        queue->tail = (uint16_t)(f->net->port.transmit_free.index + jump);
        f->net->port.receive_active.queue->tail = (uint16_t)(f->net->port.receive_active.index + jump);
        listener(listener_context);
        virtio_notify(&f->net->device, TRANSMIT);
    }
    assert_false(f->net->device.broken);
}

static void a_wrong_configuration_is_refused(void **state)
{
    struct fixture *f = *state;
    struct vm_device_config good = f->device_config;
    struct virtio_device *device;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        f->device_config = good;                                                                                       \
        change;                                                                                                        \
        f->workspace_used = 0;                                                                                         \
        assert_non_null(virtio_net_kind.create(&f->machine.vm, &f->device_config, &device));                           \
    } while (0)
    REFUSED(f->device_config.queues = 0);
    REFUSED(f->device_config.queues = NET_MAX_PAIRS + 1);
    REFUSED(f->device_config.net.mac[0] = 1);
    REFUSED(f->device_config.net.mtu = 67);
    REFUSED(f->device_config.net.client.capacity = 100);
    REFUSED(f->device_config.net.client.capacity = 8192);
    REFUSED(f->device_config.net.client.buffer_size = 100);
    REFUSED(f->device_config.net.client.transmit_data = 0);
    REFUSED(f->device_config.net.client.receive_data_size = 2047);
    REFUSED(f->device_config.net.client.receive_free += 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define OWN(name)  cmocka_unit_test_setup_teardown(name, prepare, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(frames_go_both_ways),
        TEST(a_legacy_header_is_short),
        TEST(frames_for_a_broken_device_are_lost_and_keep_nobody_busy),
        TEST(the_configuration_says_what_there_is),
        TEST(features_depend_on_each_other),
        OWN(a_network_without_offloads_offers_none),
        TEST(large_frames_fill_several_buffers),
        TEST(without_merging_a_frame_needs_one_buffer),
        TEST(offloads_are_those_of_the_guest),
        TEST(a_batch_is_one_kick_and_one_interrupt),
        TEST(frames_wait_for_buffers),
        TEST(sent_frames_wait_for_room),
        TEST(resets_with_buffers_in_flight),
        TEST(the_link_follows_the_switch),
        TEST(the_switch_begins_anew),
        TEST(the_filter_is_the_guests),
        TEST(wrong_commands_are_refused),
        TEST(guest_offloads_change),
        OWN(flows_come_back_to_their_pair),
        TEST(frames_that_are_none_are_dropped),
        TEST(the_switch_is_not_believed),
        OWN(a_wrong_configuration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
