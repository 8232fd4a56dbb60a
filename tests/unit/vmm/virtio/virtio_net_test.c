/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames between a guest's driver and the switch, with what was negotiated; and what is offered. */
#include <string.h>

#include "net_machine.h"

static uint8_t pattern[66000];

static void frames_go_both_ways(void **state)
{
    struct net_machine *f = *state;
    static const uint64_t formats[] = {0, VIRTIO_F_RING_PACKED, VIRTIO_F_EVENT_IDX,
                                       VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_MRG_RXBUF};
    for (unsigned int i = 0; i < 4; i++) {
        net_machine_start(f, BASE | formats[i]);
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
        net_machine_create(f);
    }
}

static void a_legacy_header_is_short(void **state)
{
    struct net_machine *f = *state;
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
    net_machine_run(f);
    assert_true(peer_receives(f));
    assert_int_equal(f->length, 300);
    assert_memory_equal(f->received, pattern, 300);
    /* It chooses its address by writing it. */
    virtio_write_config(device, 5, 1, 0x77);
    assert_int_equal(virtio_read_config(device, 5, 1), 0x77);
    virtio_device_reset(device);
    assert_int_equal(virtio_read_config(device, 5, 1), 1);
}

static void the_configuration_says_what_there_is(void **state)
{
    struct net_machine *f = *state;
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
    struct net_machine *f = *state;
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
    struct net_machine *f = *state;
    f->device_config.net.client.flags = NET_CLIENT_EXTENDED;
    f->device_config.net.mtu = 0;
    net_machine_create(f);
    assert_int_equal(f->net->device.offered & (OFFLOADS | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS | VIRTIO_NET_F_MTU), 0);
}

static void large_frames_fill_several_buffers(void **state)
{
    struct net_machine *f = *state;
    net_machine_start(f, BASE | VIRTIO_NET_F_MRG_RXBUF | OFFLOADS);
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
    net_machine_run(f);
    assert_true(peer_receives(f));
    assert_int_equal(f->length, 60000);
    assert_memory_equal(f->received, pattern, 60000);
    assert_memory_equal(&f->frame.offload, &offload, 10);
}

static void without_merging_a_frame_needs_one_buffer(void **state)
{
    struct net_machine *f = *state;
    net_machine_start(f, BASE);
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
    struct net_machine *f = *state;
    net_machine_start(f, BASE);
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
    net_machine_run(f);
    assert_true(peer_receives(f));
    assert_memory_equal(f->received, pattern, 200);
    assert_int_equal(f->frame.offload.flags, 0);
    assert_false(peer_receives(f));
    assert_int_equal(f->net->counters.transmit_errors, 1);
}

static void the_switch_knows_whether_there_is_a_card(void **state)
{
    struct net_machine *f = *state;
    const struct switch_port_status *port = &f->status.ports[DEVICE];
    f->device_config.hotplug = 1;
    f->device_config.plugged = 1;
    net_machine_create(f);
    assert_true(port->link_up == 1 && port->plugged == 1);
    f->net->device.ops->plugged(f->net, false);
    assert_int_equal(f->to_switch, 1); /* it is told */
    net_machine_run(f);
    assert_true(port->link_up == 0 && port->plugged == 0);
    uint8_t frame[60];
    make_frame(frame, guest_mac, peer_mac, sizeof(frame));
    peer_sends(f, frame, sizeof(frame), NULL);
    assert_int_equal(f->status.ports[PEER].counters.dropped[SWITCH_DROP_NO_RECEIVER], 1);
    assert_int_equal(port->counters.frames_out, 0);
    f->net->device.ops->plugged(f->net, true);
    net_machine_run(f);
    assert_true(port->link_up == 1 && port->plugged == 1);
    /* A monitor that begins anew says what its configuration says. */
    f->device_config.plugged = 0;
    f->workspace_used = 0;
    struct virtio_device *device;
    assert_null(virtio_net_kind.create(&f->machine.vm, &f->device_config, &device));
    f->net = device->context;
    net_machine_run(f);
    assert_int_equal(port->plugged, 0);
    assert_true(net_port_is_up(&f->net->port));
}

static void a_wrong_configuration_is_refused(void **state)
{
    struct net_machine *f = *state;
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
    static const struct CMUnitTest tests[] = {
        TEST(frames_go_both_ways),
        TEST(a_legacy_header_is_short),
        TEST(the_configuration_says_what_there_is),
        TEST(features_depend_on_each_other),
        OWN(a_network_without_offloads_offers_none),
        TEST(large_frames_fill_several_buffers),
        TEST(without_merging_a_frame_needs_one_buffer),
        TEST(offloads_are_those_of_the_guest),
        OWN(the_switch_knows_whether_there_is_a_card),
        OWN(a_wrong_configuration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
