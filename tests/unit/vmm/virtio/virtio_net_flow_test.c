/* SPDX-License-Identifier: BSD-2-Clause */
/* Many frames at a time, waiting, resets; and a driver and a switch that break the rules. */
#include <string.h>

#include "net_machine.h"

static uint8_t pattern[66000];

static void a_batch_is_one_kick_and_one_interrupt(void **state)
{
    struct net_machine *f = *state;
    net_machine_start(f, BASE | VIRTIO_F_EVENT_IDX);
    give_buffers(f, RECEIVE, 100, 256);
    make_frame(pattern, peer_mac, guest_mac, 100);
    for (unsigned int i = 0; i < 64; i++) {
        guest_adds(f, TRANSMIT, NULL, 12, pattern, 100, 200);
    }
    uint64_t kicks = f->net->counters.kicks;
    virtio_notify(&f->net->device, TRANSMIT);
    assert_int_equal(f->to_switch, 1);
    net_machine_run(f);
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
    net_machine_run(f);
    assert_int_equal(f->machine.interrupts[RECEIVE], 1);
    for (count = 0; guest_receives(f, RECEIVE, 12); count++) {
    }
    assert_int_equal(count, 64);
}

/* More frames than the guest has buffers: they wait, none is lost before the port's are used up. */
static void frames_wait_for_buffers(void **state)
{
    struct net_machine *f = *state;
    net_machine_start(f, BASE);
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
    struct net_machine *f = *state;
    net_machine_start(f, BASE);
    make_frame(pattern, peer_mac, guest_mac, 100);
    for (unsigned int i = 0; i < 200; i++) {
        guest_adds(f, TRANSMIT, NULL, 12, pattern, 100, 200);
    }
    virtio_notify(&f->net->device, TRANSMIT);
    assert_true(f->net->transmit[0].held);
    assert_int_equal(f->net->counters.frames_sent, CAPACITY);
    net_machine_run(f);
    assert_int_equal(f->net->counters.frames_sent, 200);
    assert_false(f->net->transmit[0].held);
    assert_int_equal(f->status.ports[DEVICE].counters.frames_in, 200);
}

static void resets_with_buffers_in_flight(void **state)
{
    struct net_machine *f = *state;
    for (unsigned int round = 0; round < 20; round++) {
        net_machine_start(f, BASE | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_F_RING_RESET);
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
            net_machine_run(f);
        }
        virtio_write_status(&f->net->device, 0);
        assert_false(f->net->frame_held);
        assert_false(f->net->transmit[0].held);
        net_machine_run(f);
        while (peer_receives(f)) {
        }
        f->machine.next_free = 0x10000;
    }
    /* All buffers of the port are still there. */
    net_machine_start(f, BASE);
    for (unsigned int i = 0; i < CAPACITY; i++) {
        make_frame(pattern, guest_mac, peer_mac, 100);
        peer_sends(f, pattern, 100, NULL);
    }
    assert_int_equal(f->status.ports[DEVICE].counters.dropped[SWITCH_DROP_NO_BUFFERS], 0);
}

static void the_switch_begins_anew(void **state)
{
    struct net_machine *f = *state;
    net_machine_start(f, BASE);
    give_buffers(f, RECEIVE, 10, 256);
    make_frame(pattern, guest_mac, peer_mac, 100);
    peer_sends(f, pattern, 100, NULL);
    assert_true(guest_receives(f, RECEIVE, 12));
    assert_null(switch_initialise(&f->s, &f->config, net_machine_switch_notifies, FREQUENCY, f->clock));
    net_machine_run(f);
    net_machine_run(f);
    assert_int_equal(f->net->port.restarts, 1);
    assert_true(net_port_is_up(&f->net->port) && net_port_is_up(&f->peer));
    peer_sends(f, pattern, 100, NULL);
    assert_true(guest_receives(f, RECEIVE, 12));
    make_frame(pattern, peer_mac, guest_mac, 100);
    guest_sends(f, pattern, 100);
    assert_true(peer_receives(f));
}

static void frames_that_are_none_are_dropped(void **state)
{
    struct net_machine *f = *state;
    net_machine_start(f, BASE);
    make_frame(pattern, peer_mac, guest_mac, 66000);
    guest_adds(f, TRANSMIT, NULL, 12, pattern, 0, 100);      /* a header only */
    guest_adds(f, TRANSMIT, NULL, 5, pattern, 0, 100);       /* not even that */
    guest_adds(f, TRANSMIT, NULL, 12, pattern, 65554, 4096); /* a byte too long */
    virtio_notify(&f->net->device, TRANSMIT);
    net_machine_run(f);
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

static void frames_for_a_broken_device_are_lost_and_keep_nobody_busy(void **state)
{
    struct net_machine *f = *state;
    net_machine_start(f, BASE);
    give_buffers(f, RECEIVE, 8, 4096);
    struct piece nowhere = {.address = 1ull << 40, .length = 100};
    driver_add(&f->machine, TRANSMIT, &nowhere, 1, false);
    virtio_notify(&f->net->device, TRANSMIT);
    assert_true(f->net->device.broken);
    make_frame(pattern, guest_mac, peer_mac, 300);
    for (uint32_t i = 0; i < 2 * CAPACITY; i++) {
        peer_sends(f, pattern, 300, NULL); /* net_machine_run() sees to it that all this ends */
    }
    assert_false(guest_receives(f, RECEIVE, 12));
}

/* Descriptors of a switch that has gone mad. */
static void the_switch_is_not_believed(void **state)
{
    struct net_machine *f = *state;
    net_machine_start(f, BASE | VIRTIO_NET_F_MRG_RXBUF);
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
    f->listener(f->listener_context);
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
        f->listener(f->listener_context);
        virtio_notify(&f->net->device, TRANSMIT);
    }
    assert_false(f->net->device.broken);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_batch_is_one_kick_and_one_interrupt),
        TEST(frames_wait_for_buffers),
        TEST(sent_frames_wait_for_room),
        TEST(resets_with_buffers_in_flight),
        TEST(the_switch_begins_anew),
        TEST(frames_that_are_none_are_dropped),
        TEST(frames_for_a_broken_device_are_lost_and_keep_nobody_busy),
        TEST(the_switch_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
