/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients that break the rules of the queues: each harms itself. */
#include "switch_fixture.h"

static uint8_t frame_to_1[60];

/* 1 still gets what 2 sends. */
static void others_are_well(struct fixture *f)
{
    uint8_t frame[60] = {0};
    (void)received_frames(f, 1);
    uint64_t before = f->status.ports[1].counters.frames_out;
    send_frame(f, 2, ethernet(frame, mac_of(1), mac_of(2), 0x0800), sizeof(frame));
    assert_int_equal(f->status.ports[1].counters.frames_out, before + 1);
    assert_int_equal(received_frames(f, 1), 1);
}

static void put_descriptor(struct fixture *f, uint64_t offset, uint16_t length, uint8_t flags)
{
    struct net_buffer buffer = {.offset = offset, .length = length, .flags = flags};
    assert_true(net_queue_put(&f->clients[0].transmit_active, &buffer));
    net_queue_publish(&f->clients[0].transmit_active);
}

static void descriptors_outside_the_region_are_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint64_t offset;
        uint16_t length;
        uint8_t flags;
    } bad[] = {
        {BUFFERS * BUFFER, 1, NET_BUFFER_OFFLOAD},
        {BUFFERS * BUFFER - 71, 72, NET_BUFFER_OFFLOAD},
        {UINT64_MAX, 72, NET_BUFFER_OFFLOAD},
        {UINT64_MAX - 71, 72, NET_BUFFER_OFFLOAD},
        {0, 65535, 0},                                 /* not said to begin with an offload */
        {0, 11, NET_BUFFER_OFFLOAD},                   /* no room for it */
        {0, 72, NET_BUFFER_OFFLOAD | NET_BUFFER_MORE}, /* does not go on */
    };
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put_descriptor(f, bad[i].offset, bad[i].length, bad[i].flags);
        run(f);
        assert_int_equal(dropped(f, 0, SWITCH_DROP_DESCRIPTOR), i + 1);
        others_are_well(f);
    }
    /* Another piece of a frame outside. */
    put_descriptor(f, 0, 72, NET_BUFFER_OFFLOAD | NET_BUFFER_MORE);
    put_descriptor(f, BUFFERS * BUFFER, 1, 0);
    run(f);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_DESCRIPTOR), 8);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_FRAME), 0);
}

static void a_chain_without_end_is_cut(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < CAPACITY; i++) {
        struct net_buffer buffer = {.length = 100, .flags = NET_BUFFER_OFFLOAD | NET_BUFFER_MORE};
        assert_true(net_queue_put(&f->clients[0].transmit_active, &buffer));
    }
    net_queue_publish(&f->clients[0].transmit_active);
    run(f);
    assert_true(dropped(f, 0, SWITCH_DROP_DESCRIPTOR) >= 1);
    others_are_well(f);
    /* A frame that is longer than any may be. */
    for (uint32_t i = 0; i < 40; i++) {
        struct net_buffer buffer = {.length = 2048,
                                    .flags = (uint8_t)(NET_BUFFER_OFFLOAD | (i < 39 ? NET_BUFFER_MORE : 0))};
        assert_true(net_queue_put(&f->clients[0].transmit_active, &buffer));
    }
    net_queue_publish(&f->clients[0].transmit_active);
    run(f);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_TOO_LONG), 1);
}

static void indices_that_jump_look_empty(void **state)
{
    struct fixture *f = *state;
    struct client *c = &f->clients[0];
    for (uint32_t jump = CAPACITY + 1; jump < 0x10000; jump += 997) {
        c->transmit_active.queue->tail = (uint16_t)(c->transmit_active.index + jump);
        run(f);
        others_are_well(f);
    }
    assert_int_equal(f->status.ports[0].counters.frames_in, 0);
    c->transmit_active.queue->tail = c->transmit_active.index;
    /* The other's words: the switch keeps indices of its own. */
    uint16_t head = c->transmit_active.queue->head;
    c->transmit_active.queue->head = 12345;
    c->transmit_free.queue->tail = 54321;
    send_frame(f, 2, frame_to_1, sizeof(frame_to_1));
    run(f);
    assert_int_equal(c->transmit_active.queue->head, head);
    others_are_well(f);
}

static void a_receiver_with_bad_buffers_loses_its_frames(void **state)
{
    struct fixture *f = *state;
    struct client *c = &f->clients[0];
    uint8_t frame[60] = {0};
    ethernet(frame, mac_of(0), mac_of(2), 0x0800);
    /* All its buffers lie outside. */
    for (uint32_t i = 0; i < CAPACITY; i++) {
        c->receive_free.queue->buffers[i].offset = BUFFERS * BUFFER - BUFFER + 1 + i;
    }
    for (uint32_t i = 0; i < CAPACITY; i++) {
        send_frame(f, 2, frame, sizeof(frame));
    }
    assert_int_equal(dropped(f, 0, SWITCH_DROP_BAD_BUFFER), CAPACITY);
    assert_int_equal(received_frames(f, 0), 0);
    /* The queue of received frames is full, or said to be. */
    give_buffers(f, 0, CAPACITY);
    c->receive_active.queue->head = (uint16_t)(c->receive_active.index + 4000);
    send_frame(f, 2, frame, sizeof(frame));
    assert_int_equal(dropped(f, 0, SWITCH_DROP_NO_BUFFERS), 1);
    others_are_well(f);
    c->receive_active.queue->head = c->receive_active.index;
    send_frame(f, 2, frame, sizeof(frame));
    assert_int_equal(received_frames(f, 0), 1);
}

/* Buffers that were taken for a frame that then did not fit are used for the next one. */
static void buffers_are_not_lost(void **state)
{
    struct fixture *f = *state;
    f->config.networks[0].mtu = 9000;
    start_fixture(f, 0);
    static uint8_t large[9014];
    struct client *c = &f->clients[1];
    /* Three buffers are left, the large frame takes five. */
    struct net_buffer buffer;
    for (uint32_t i = 0; i < CAPACITY - 3; i++) {
        send_frame(f, 2, ethernet(frame_to_1, mac_of(1), mac_of(2), 0x0800), sizeof(frame_to_1));
        (void)received_frames(f, 0);
    }
    send_frame(f, 2, ethernet(large, mac_of(1), mac_of(2), 0x0800), sizeof(large));
    (void)received_frames(f, 0);
    assert_int_equal(dropped(f, 1, SWITCH_DROP_NO_BUFFERS), 1);
    while (net_queue_take(&c->receive_active, &buffer)) {
    }
    net_queue_release(&c->receive_active);
    for (uint32_t i = 0; i < 3; i++) {
        send_frame(f, 2, frame_to_1, sizeof(frame_to_1));
    }
    send_frame(f, 2, frame_to_1, sizeof(frame_to_1));
    assert_int_equal(dropped(f, 1, SWITCH_DROP_NO_BUFFERS), 2);
    assert_int_equal(received_frames(f, 1), 3);
    send_frame(f, 2, frame_to_1, sizeof(frame_to_1));
    assert_int_equal(received_frames(f, 1), 1);
}

static void a_client_begins_anew(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60] = {0};
    for (unsigned int i = 0; i < 50; i++) {
        send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    }
    (void)received_frames(f, 1);
    (void)received_frames(f, 2);
    for (unsigned int i = 0; i < 10; i++) {
        assert_true(put_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame), NULL));
    }
    /* What it had put is forgotten; it has all its buffers again. */
    client_connect(f, 0);
    assert_int_equal(f->status.ports[0].counters.restarts, 2);
    assert_int_equal(received_frames(f, 1), 0);
    give_buffers(f, 0, CAPACITY);
    unsigned int sent = 0;
    while (put_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame), NULL)) {
        sent++;
    }
    assert_int_equal(sent, BUFFERS);
    run(f);
    assert_int_equal(received_frames(f, 1), BUFFERS);
    /* A storm of beginnings is served one at a time. */
    struct net_client_state *own = net_queue_state(&f->clients[0].receive_free);
    for (unsigned int i = 0; i < 1000; i++) {
        own->epoch += 7;
        run(f);
    }
    own->epoch = 0;
    run(f);
    send_frame(f, 2, ethernet(frame, mac_of(0), mac_of(2), 0x0800), sizeof(frame));
    others_are_well(f);
}

/* A card that comes and goes all the time, and sends meanwhile. */
static void a_storm_of_cards_harms_its_own_port(void **state)
{
    struct fixture *f = *state;
    struct net_client_state *own = net_queue_state(&f->clients[0].receive_free);
    uint8_t frame[60] = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        own->unplugged = i % 3 == 0 ? 0 : i;
        assert_true(put_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame), NULL));
        (void)switch_serve(&f->s, f->now);
        if (i % 2 == 0) {
            client_connect(f, 0);
        }
        others_are_well(f);
    }
    assert_true(dropped(f, 0, SWITCH_DROP_LINK_DOWN) > 0 && f->status.ports[0].counters.flooded > 0);
    own->unplugged = UINT32_MAX;
    run(f);
    assert_int_equal(f->status.ports[0].link_up, 0);
    others_are_well(f);
}

/* What the other side may change between two looks is looked at once: the first 18 bytes decide, and go on. */
static void the_header_that_was_checked_is_the_one_that_goes_on(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[60] = {0};
    struct gather gather = {0};
    static const struct net_offload none;
    gather_add(&gather, ethernet(bytes, mac_of(1), mac_of(0), 0x0800), sizeof(bytes));
    assert_int_equal(frame_parse(&f->s.frame, &gather, &none), FRAME_OK);
    memset(bytes, 0xff, 14);
    uint8_t copy[60];
    assert_int_equal(gather_copy(&f->s.frame.bytes, copy, sizeof(copy)), 60);
    assert_memory_equal(copy, mac_of(1), 6);
    assert_memory_equal(copy + 6, mac_of(0), 6);
    assert_int_equal(copy[12], 0x08);
}

static void a_wrong_configuration_is_refused(void **state)
{
    struct fixture *f = *state;
    struct switch_config good = f->config;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        f->config = good;                                                                                              \
        change;                                                                                                        \
        assert_non_null(switch_initialise(&f->s, &f->config, NULL, FREQUENCY, 0));                                     \
        assert_int_equal(f->status.version, 0);                                                                        \
    } while (0)
    REFUSED(f->config.magic++);
    REFUSED(f->config.version++);
    REFUSED(f->config.size--);
    REFUSED(f->config.port_count = SWITCH_MAX_PORTS + 1);
    REFUSED(f->config.network_count = SWITCH_MAX_NETWORKS + 1);
    REFUSED(f->config.network_count = 0);
    REFUSED(f->config.status = 0);
    REFUSED(f->config.networks[1].mtu = 67);
    REFUSED(f->config.networks[0].name[0] = '\0');
    REFUSED(memset(f->config.ports[0].name, 'x', VM_NAME_LENGTH));
    REFUSED(f->config.ports[2].network = 2);
    REFUSED(f->config.ports[2].vlan = 4095);
    REFUSED(f->config.ports[2].vlan = 0);
    REFUSED(f->config.ports[0].queues.capacity = 63);
    REFUSED(f->config.ports[0].queues.capacity = 2 * SWITCH_CAPACITY_MAX);
    REFUSED(f->config.ports[0].queues.buffer_size = 128);
    REFUSED(f->config.ports[0].queues.receive_data_size = BUFFER - 1);
    REFUSED(f->config.ports[0].queues.transmit_active += 4);
    REFUSED(f->config.ports[0].queues.receive_data = 0);
    REFUSED(f->config.ports[0].flags = SWITCH_PORT_LOCKED; f->config.ports[0].mac[0] = 1);
    f->config = good;
    assert_string_equal(switch_initialise(&f->s, &f->config, NULL, 0, 0), "there is no clock");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define OWN(name)  cmocka_unit_test_setup_teardown(name, prepare, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(descriptors_outside_the_region_are_refused),
        TEST(a_chain_without_end_is_cut),
        TEST(indices_that_jump_look_empty),
        TEST(a_receiver_with_bad_buffers_loses_its_frames),
        OWN(buffers_are_not_lost),
        TEST(a_client_begins_anew),
        TEST(a_storm_of_cards_harms_its_own_port),
        TEST(the_header_that_was_checked_is_the_one_that_goes_on),
        OWN(a_wrong_configuration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
