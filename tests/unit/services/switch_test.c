/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch: where frames go, and where they do not. */
#include "switch_fixture.h"

/* --- Learning --- */

static void unknown_goes_to_all_and_known_to_one(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[100] = {0};
    for (unsigned int i = 14; i < sizeof(frame); i++) {
        frame[i] = (uint8_t)i;
    }
    send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 0), 0);
    assert_int_equal(received_frames(f, 2), 1);
    assert_true(receive_frame(f, 1));
    assert_int_equal(f->clients[1].length, sizeof(frame));
    assert_memory_equal(f->clients[1].frame, frame, sizeof(frame));
    /* 1 answers: 0 is known, so 2 hears nothing. */
    send_frame(f, 1, ethernet(frame, mac_of(0), mac_of(1), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 0), 1);
    assert_int_equal(received_frames(f, 2), 0);
    send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 1), 1);
    assert_int_equal(received_frames(f, 2), 0);
    assert_int_equal(f->status.ports[0].counters.frames_in, 2);
    assert_int_equal(f->status.ports[0].counters.flooded, 1);
    assert_int_equal(f->status.ports[1].counters.frames_out, 2);
    assert_int_equal(f->status.ports[1].counters.bytes_out, 200);
}

static void addresses_age_and_move(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60] = {0};
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 1) + received_frames(f, 2), 2);
    f->now += 300ull * FREQUENCY;
    send_frame(f, 1, ethernet(frame, mac_of(0), mac_of(1), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 2), 0);
    f->now += FREQUENCY;
    send_frame(f, 1, ethernet(frame, mac_of(0), mac_of(1), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 2), 1);
    /* The address of 0 turns up at 2. */
    send_frame(f, 2, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    (void)received_frames(f, 0);
    send_frame(f, 1, ethernet(frame, mac_of(0), mac_of(1), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 0), 0);
    assert_int_equal(received_frames(f, 2), 1);
}

static void inventing_addresses_displaces_ones_own_only(void **state)
{
    (void)state;
    struct mac_table table;
    mac_table_initialise(&table);
    uint8_t victim[6] = {0x02, 1, 2, 3, 4, 5};
    assert_int_equal(mac_table_learn(&table, 0, 1, victim, 7, 0, 300), MAC_LEARNED_NEW);
    for (uint32_t i = 0; i < 100000; i++) {
        uint8_t mac[6] = {0x06, 0, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        assert_int_not_equal(mac_table_learn(&table, 0, 1, mac, 3, 1, 300), MAC_LEARNED_NO_ROOM);
    }
    assert_int_equal(mac_table_find(&table, 0, 1, victim, 1), 7);
    assert_int_equal(mac_table_count(&table, 3, 1), MAC_TABLE_SETS * MAC_TABLE_PER_PORT);
    /* Networks and VLANs have addresses of their own. */
    assert_int_equal(mac_table_find(&table, 1, 1, victim, 1), MAC_TABLE_NONE);
    assert_int_equal(mac_table_find(&table, 0, 2, victim, 1), MAC_TABLE_NONE);
    assert_int_equal(mac_table_count(&table, 3, 301), MAC_TABLE_SETS * MAC_TABLE_PER_PORT);
    assert_int_equal(mac_table_count(&table, 3, 302), 0);
}

/* Each entry counts for as long as its own network says, whoever looks for room. */
static void what_does_not_age_is_not_displaced(void **state)
{
    (void)state;
    struct mac_table table;
    mac_table_initialise(&table);
    uint8_t locked[6] = {0x02, 1, 2, 3, 4, 5}, lasting[6] = {0x02, 1, 2, 3, 4, 6};
    assert_int_equal(mac_table_learn(&table, 0, MAC_TABLE_ANY_VLAN, locked, 7, 0, 0), MAC_LEARNED_NEW);
    assert_int_equal(mac_table_learn(&table, 0, 1, lasting, 8, 0, 100000), MAC_LEARNED_NEW);
    for (uint32_t i = 0; i < 100000; i++) {
        uint8_t mac[6] = {0x06, 0, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        (void)mac_table_learn(&table, 1, 1, mac, i % 16 < 7 ? i % 16 : 9 + i % 16, 5000, 1);
    }
    assert_int_equal(mac_table_find(&table, 0, MAC_TABLE_ANY_VLAN, locked, 5000), 7);
    assert_int_equal(mac_table_find(&table, 0, 1, lasting, 5000), 8);
}

/* --- Who may reach whom --- */

static void networks_are_apart(void **state)
{
    struct fixture *f = *state;
    f->config.ports[2].network = 1;
    start_fixture(f, 0);
    uint8_t frame[60] = {0};
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    send_frame(f, 0, ethernet(frame, mac_of(2), mac_of(0), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 1), 2);
    assert_int_equal(received_frames(f, 2), 0);
    send_frame(f, 2, ethernet(frame, everybody, mac_of(2), 0x0806), sizeof(frame));
    assert_int_equal(dropped(f, 2, SWITCH_DROP_NO_RECEIVER), 1);
    assert_int_equal(received_frames(f, 0), 0);
}

static void isolated_ports_reach_the_others_only(void **state)
{
    struct fixture *f = *state;
    f->config.ports[0].flags = SWITCH_PORT_ISOLATED;
    f->config.ports[1].flags = SWITCH_PORT_ISOLATED;
    start_fixture(f, 0);
    uint8_t frame[60] = {0};
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 1), 0);
    assert_int_equal(received_frames(f, 2), 1);
    send_frame(f, 1, ethernet(frame, mac_of(0), mac_of(1), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 0), 0);
    assert_int_equal(dropped(f, 1, SWITCH_DROP_NO_RECEIVER), 1);
    send_frame(f, 2, ethernet(frame, everybody, mac_of(2), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 0) + received_frames(f, 1), 2);
}

static void locked_addresses_cannot_be_taken(void **state)
{
    struct fixture *f = *state;
    f->config.ports[0].flags = SWITCH_PORT_LOCKED;
    f->config.ports[1].flags = SWITCH_PORT_LOCKED;
    start_fixture(f, 0);
    uint8_t frame[60] = {0};
    /* A locked port from another address. */
    send_frame(f, 0, ethernet(frame, everybody, mac_of(2), 0x0806), sizeof(frame));
    assert_int_equal(dropped(f, 0, SWITCH_DROP_SPOOFED), 1);
    /* An unlocked port from the address of a locked one. */
    send_frame(f, 2, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(dropped(f, 2, SWITCH_DROP_SPOOFED), 1);
    assert_int_equal(received_frames(f, 0) + received_frames(f, 1) + received_frames(f, 2), 0);
    /* A locked address is known from the start, and does not age. */
    f->now += 10000ull * FREQUENCY;
    send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 1), 1);
    assert_int_equal(received_frames(f, 2), 0);
    /* Nor can it be pushed out by addresses that somebody invents. */
    for (uint32_t i = 0; i < 20000; i++) {
        const uint8_t invented[6] = {0x06, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        send_frame(f, 2, ethernet(frame, mac_of(2), invented, 0x0800), sizeof(frame));
        (void)received_frames(f, 0);
        (void)received_frames(f, 1);
    }
    send_frame(f, 2, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(dropped(f, 2, SWITCH_DROP_SPOOFED), 2);
    assert_int_equal(received_frames(f, 0) + received_frames(f, 1), 0);
}

static void two_locks_on_one_address_are_refused(void **state)
{
    struct fixture *f = *state;
    f->config.ports[0].flags = SWITCH_PORT_LOCKED;
    f->config.ports[1].flags = SWITCH_PORT_LOCKED;
    memcpy(f->config.ports[1].mac, f->config.ports[0].mac, 6);
    assert_non_null(switch_initialise(&f->s, &f->config, (void (*)(unsigned int))abort, FREQUENCY, 0));
}

/* --- VLANs --- */

static void allow(struct switch_port_config *port, uint32_t vlan)
{
    port->trunk[vlan / 8] |= (uint8_t)(1u << vlan % 8);
}

static void vlans_are_apart_and_trunks_are_tagged(void **state)
{
    struct fixture *f = *state;
    f->config.ports[0].vlan = 10;
    f->config.ports[1].vlan = 20;
    f->config.ports[2].vlan = 0;
    f->config.ports[2].flags = SWITCH_PORT_TRUNK;
    allow(&f->config.ports[2], 10);
    start_fixture(f, 0);
    uint8_t frame[64] = {0};
    for (unsigned int i = 14; i < sizeof(frame); i++) {
        frame[i] = (uint8_t)(i * 3);
    }
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 1), 0);
    assert_true(receive_frame(f, 2));
    struct client *trunk = &f->clients[2];
    static const uint8_t tag[] = {0x81, 0x00, 0x00, 0x0a, 0x08, 0x06};
    assert_int_equal(trunk->length, sizeof(frame) + 4);
    assert_memory_equal(trunk->frame + 12, tag, sizeof(tag));
    assert_memory_equal(trunk->frame + 18, frame + 14, sizeof(frame) - 14);
    send_frame(f, 1, ethernet(frame, everybody, mac_of(1), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 0) + received_frames(f, 2), 0);
    /* Back, with a priority: the tag goes. */
    uint8_t tagged[68] = {0};
    ethernet(tagged, mac_of(0), mac_of(2), 0x8100);
    memcpy(tagged + 14, (uint8_t[]){0x60, 0x0a, 0x08, 0x00, 0x77}, 5);
    send_frame(f, 2, tagged, sizeof(tagged));
    assert_true(receive_frame(f, 0));
    assert_int_equal(f->clients[0].length, 64);
    assert_int_equal(f->clients[0].frame[12], 0x08);
    assert_int_equal(f->clients[0].frame[14], 0x77);
    /* A VLAN that is not the trunk's, none at all, and a tag from an access port. */
    tagged[15] = 20;
    send_frame(f, 2, tagged, sizeof(tagged));
    send_frame(f, 2, ethernet(frame, everybody, mac_of(2), 0x0806), sizeof(frame));
    assert_int_equal(dropped(f, 2, SWITCH_DROP_VLAN), 2);
    tagged[15] = 10;
    send_frame(f, 0, ethernet(tagged, everybody, mac_of(0), 0x8100), sizeof(tagged));
    assert_int_equal(dropped(f, 0, SWITCH_DROP_VLAN), 1);
    assert_int_equal(received_frames(f, 0) + received_frames(f, 1) + received_frames(f, 2), 0);
}

/* A tag with VLAN 0 gives a priority; the VLAN is the port's. */
static void priorities_are_kept(void **state)
{
    struct fixture *f = *state;
    f->config.ports[0].vlan = SWITCH_VLAN_MAX;
    f->config.ports[2].vlan = 0;
    f->config.ports[2].flags = SWITCH_PORT_TRUNK;
    allow(&f->config.ports[2], SWITCH_VLAN_MAX);
    start_fixture(f, 0);
    uint8_t frame[64] = {0};
    memcpy(frame + 14, (uint8_t[]){0xa0, 0x00, 0x08, 0x00, 0x77}, 5);
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x8100), sizeof(frame));
    assert_true(receive_frame(f, 2));
    assert_int_equal(f->clients[2].length, sizeof(frame));
    frame[14] |= SWITCH_VLAN_MAX >> 8;
    frame[15] = SWITCH_VLAN_MAX & 0xff;
    assert_memory_equal(f->clients[2].frame, frame, sizeof(frame));
}

static void a_trunks_own_vlan_is_untagged(void **state)
{
    struct fixture *f = *state;
    f->config.ports[0].vlan = 10;
    f->config.ports[2].vlan = 10;
    f->config.ports[2].flags = SWITCH_PORT_TRUNK;
    start_fixture(f, 0);
    uint8_t frame[64] = {0};
    send_frame(f, 2, ethernet(frame, everybody, mac_of(2), 0x0806), sizeof(frame));
    assert_true(receive_frame(f, 0));
    assert_int_equal(f->clients[0].length, 64);
    send_frame(f, 0, ethernet(frame, mac_of(2), mac_of(0), 0x0806), sizeof(frame));
    assert_true(receive_frame(f, 2));
    assert_int_equal(f->clients[2].length, 64);
}

/* A priority tag, or that of a trunk's own VLAN, is taken off: what was behind it must not look like a tag then. */
static void a_second_tag_leads_to_no_other_vlan(void **state)
{
    struct fixture *f = *state;
    f->config.ports[1].flags = SWITCH_PORT_TRUNK;
    allow(&f->config.ports[1], 20);
    start_fixture(f, 0);
    uint8_t frame[68] = {0};
    static const uint8_t tags[] = {0x00, 0x00, 0x81, 0x00, 0x00, 0x14, 0x08, 0x00};
    memcpy(frame + 14, tags, sizeof(tags));
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x8100), sizeof(frame));
    assert_int_equal(received_frames(f, 1), 0);
    assert_int_equal(received_frames(f, 2), 1); /* no trunk: nothing there depends on tags */
    uint8_t plain[60] = {0};
    send_frame(f, 1, ethernet(plain, everybody, mac_of(1), 0x0806), sizeof(plain));
    assert_int_equal(received_frames(f, 0) + received_frames(f, 2), 2);
    send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x8100), sizeof(frame));
    assert_int_equal(received_frames(f, 1) + received_frames(f, 2), 0);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_NO_RECEIVER), 1);
    /* Where the first tag stays the second does no harm. */
    allow(&f->config.ports[2], 30);
    f->config.ports[0].vlan = f->config.ports[2].vlan = 0;
    f->config.ports[0].flags = f->config.ports[2].flags = SWITCH_PORT_TRUNK;
    allow(&f->config.ports[0], 30);
    frame[15] = 30;
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x8100), sizeof(frame));
    assert_true(receive_frame(f, 2));
    assert_memory_equal(f->clients[2].frame, frame, sizeof(frame));
}

/* --- Frames that are none --- */

static void wrong_frames_are_dropped(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[2000] = {0};
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), 13);
    send_frame(f, 0, ethernet(frame, everybody, everybody, 0x0806), 60);
    send_frame(f, 0, ethernet(frame, everybody, (const uint8_t[6]){0}, 0x0806), 60);
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x8100), 17);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_FRAME), 4);
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0800), 1515);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_TOO_LONG), 1);
    static const uint8_t bridges[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e};
    send_frame(f, 0, ethernet(frame, bridges, mac_of(0), 0x88cc), 60);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_RESERVED), 1);
    assert_int_equal(received_frames(f, 1), 0);
    static const uint8_t next[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x10};
    send_frame(f, 0, ethernet(frame, next, mac_of(0), 0x88cc), 60);
    assert_int_equal(received_frames(f, 1), 1);
    assert_int_equal(received_frames(f, 2), 1);
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0800), 1514);
    assert_int_equal(received_frames(f, 1), 1);
    assert_int_equal(received_frames(f, 2), 1);
}

/* --- Limits --- */

static void storms_are_limited(void **state)
{
    struct fixture *f = *state;
    f->config.ports[0].limits.broadcasts_per_second = 100;
    f->config.ports[0].limits.multicasts_per_second = 1000;
    start_fixture(f, 0);
    uint8_t frame[60] = {0};
    static const uint8_t group[6] = {0x01, 0x00, 0x5e, 0, 0, 1};
    uint32_t broadcasts = 0, multicasts = 0;
    for (unsigned int i = 0; i < 1000; i++) {
        send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
        broadcasts += received_frames(f, 1);
    }
    for (unsigned int i = 0; i < 1000; i++) {
        send_frame(f, 0, ethernet(frame, group, mac_of(0), 0x0800), sizeof(frame));
        multicasts += received_frames(f, 1);
    }
    assert_int_equal(broadcasts, 16);
    assert_int_equal(multicasts, 100);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_BROADCAST_LIMIT), 984);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_MULTICAST_LIMIT), 900);
    (void)received_frames(f, 2);
    /* Half a second earns no more than the bucket holds; 20 ms two frames. */
    f->now += FREQUENCY / 2;
    for (unsigned int i = 0; i < 20; i++) {
        send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    }
    assert_int_equal(received_frames(f, 1), 16);
    f->now += FREQUENCY / 50;
    for (unsigned int i = 0; i < 20; i++) {
        send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    }
    assert_int_equal(received_frames(f, 1), 2);
    /* Others and known stations have nothing to do with it. */
    send_frame(f, 1, ethernet(frame, everybody, mac_of(1), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 0), 1);
    (void)received_frames(f, 2);
    for (unsigned int i = 0; i < 2000; i++) {
        send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
        assert_int_equal(received_frames(f, 1), 1);
    }
}

static void a_receiver_without_buffers_harms_itself(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60] = {0};
    for (unsigned int i = 0; i < 3 * CAPACITY; i++) {
        send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
        assert_int_equal(received_frames(f, 1), 1);
    }
    assert_int_equal(dropped(f, 2, SWITCH_DROP_NO_BUFFERS), 2 * CAPACITY);
    assert_int_equal(received_frames(f, 2), CAPACITY);
    assert_int_equal(f->status.ports[1].counters.frames_out, 3 * CAPACITY);
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 2), 1);
}

static void turns_are_fair(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[1514] = {0};
    /* Both queues are full of frames for 2, which has room for all buffers but few of the frames. */
    uint32_t sent[2] = {0};
    for (unsigned int i = 0; i < 2; i++) {
        while (put_frame(f, i, ethernet(frame, mac_of(2), mac_of(i), 0x0800), 1514, NULL)) {
            sent[i]++;
        }
        assert_int_equal(sent[i], CAPACITY);
    }
    run(f);
    uint32_t from[2] = {0};
    while (receive_frame(f, 2)) {
        from[f->clients[2].frame[11]]++;
    }
    assert_int_equal(from[0] + from[1], CAPACITY);
    assert_true(from[0] >= CAPACITY / 4 && from[1] >= CAPACITY / 4);
}

/* A turn ends when what was sent in it has cost more than the port had: a frame, its descriptor, and two copies. */
static void turns_have_a_price(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60] = {0};
    for (unsigned int i = 0; i < 2; i++) {
        assert_true(put_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame), NULL));
    }
    f->s.ports[0].credit = 1 - 16 * 0x10000; /* as many rounds' as it works without a rest */
    assert_true(switch_serve(&f->s, f->now));
    assert_int_equal(received_frames(f, 1), 1);
    assert_int_equal(received_frames(f, 2), 1);
    const int64_t cost = SWITCH_FRAME_COST + 32 + 2 * (60 + SWITCH_FRAME_COST);
    assert_true(f->s.ports[0].credit == 1 - cost);
    run(f);
    assert_int_equal(received_frames(f, 1), 1);
}

static void a_batch_is_one_notification(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60] = {0};
    f->clients[1].notified = 0;
    net_queue_request_signal(&f->clients[1].receive_active);
    for (unsigned int i = 0; i < 32; i++) {
        assert_true(put_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame), NULL));
    }
    run(f);
    assert_int_equal(f->clients[1].notified, 1);
    net_queue_cancel_signal(&f->clients[1].receive_active);
    send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(f->clients[1].notified, 1);
    assert_int_equal(received_frames(f, 1), 33);
}

/* --- The manager --- */

static void command(struct fixture *f, enum switch_command command, uint32_t port, uint32_t value,
                    enum switch_result expected)
{
    f->request.command = command;
    f->request.port = port;
    f->request.value = value;
    f->request.sequence++;
    assert_true(switch_control(&f->s, f->now));
    assert_false(switch_control(&f->s, f->now));
    assert_int_equal(f->status.sequence, f->request.sequence);
    assert_int_equal(f->status.result, expected);
}

static void links_go_down_and_up(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60] = {0};
    command(f, SWITCH_COMMAND_LINK_DOWN, 1, 0, SWITCH_RESULT_DONE);
    run(f);
    const struct net_server_state *server = net_queue_state(&f->clients[1].receive_active);
    assert_int_equal(server->link_up, 0);
    assert_int_equal(f->status.ports[1].link_up, 0);
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    send_frame(f, 1, ethernet(frame, everybody, mac_of(1), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 0) + received_frames(f, 1), 0);
    assert_int_equal(dropped(f, 1, SWITCH_DROP_LINK_DOWN), 1);
    command(f, SWITCH_COMMAND_LINK_UP, 1, 0, SWITCH_RESULT_DONE);
    send_frame(f, 1, ethernet(frame, everybody, mac_of(1), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 0), 1);
    command(f, SWITCH_COMMAND_LINK_UP, CLIENTS, 0, SWITCH_RESULT_NO_PORT);
    command(f, (enum switch_command)99, 0, 0, SWITCH_RESULT_UNKNOWN_COMMAND);
    assert_int_equal(f->status.ports[0].learned, 1);
}

static void plug(struct fixture *f, unsigned int client, bool there)
{
    struct net_client_state *own = net_queue_state(&f->clients[client].receive_free);
    own->unplugged = there ? 0 : 7;
    run(f);
}

static void a_port_without_a_card_is_down(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60] = {0};
    const struct switch_port_status *port = &f->status.ports[1];
    send_frame(f, 1, ethernet(frame, everybody, mac_of(1), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 0) + received_frames(f, 2), 2);
    plug(f, 1, false);
    assert_true(port->link_up == 0 && port->plugged == 0);
    /* Where it was is forgotten: what is for it is looked for everywhere but there. */
    send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 2), 1);
    assert_int_equal(received_frames(f, 1), 0);
    assert_int_equal(port->counters.frames_out, 0);
    /* Nor does anything come from there. */
    send_frame(f, 1, ethernet(frame, everybody, mac_of(1), 0x0806), sizeof(frame));
    assert_int_equal(dropped(f, 1, SWITCH_DROP_LINK_DOWN), 1);
    assert_int_equal(received_frames(f, 0) + received_frames(f, 2), 0);
    /* Switching it on makes no card; what a new one finds is a port that is on. */
    command(f, SWITCH_COMMAND_LINK_UP, 1, 0, SWITCH_RESULT_DONE);
    run(f);
    assert_true(port->link_up == 0 && port->learned == 0);
    const struct net_server_state *server = net_queue_state(&f->clients[1].receive_active);
    assert_int_equal(server->link_up, 1);
    plug(f, 1, true);
    assert_true(port->link_up == 1 && port->plugged == 1);
    send_frame(f, 1, ethernet(frame, everybody, mac_of(1), 0x0806), sizeof(frame));
    assert_int_equal(received_frames(f, 0) + received_frames(f, 2), 2);
    send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 1), 1);
    /* A card in a port that is switched off. */
    command(f, SWITCH_COMMAND_LINK_DOWN, 1, 0, SWITCH_RESULT_DONE);
    plug(f, 1, false);
    assert_true(port->link_up == 0 && port->plugged == 0);
    plug(f, 1, true);
    assert_true(port->link_up == 0 && port->plugged == 1);
    command(f, SWITCH_COMMAND_LINK_UP, 1, 0, SWITCH_RESULT_DONE);
    assert_int_equal(port->link_up, 1);
}

static void what_is_for_a_locked_port_without_a_card_is_dropped(void **state)
{
    struct fixture *f = *state;
    f->config.ports[1].flags = SWITCH_PORT_LOCKED;
    start_fixture(f, 0);
    uint8_t frame[60] = {0};
    plug(f, 1, false);
    send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(dropped(f, 0, SWITCH_DROP_NO_RECEIVER), 1);
    assert_int_equal(received_frames(f, 1) + received_frames(f, 2), 0);
    /* Its address is its own all the same. */
    send_frame(f, 2, ethernet(frame, everybody, mac_of(1), 0x0806), sizeof(frame));
    assert_int_equal(dropped(f, 2, SWITCH_DROP_SPOOFED), 1);
    plug(f, 1, true);
    send_frame(f, 0, ethernet(frame, mac_of(1), mac_of(0), 0x0800), sizeof(frame));
    assert_int_equal(received_frames(f, 1), 1);
    assert_int_equal(received_frames(f, 2), 0);
}

/* Walks through the ring as the manager does; returns the number of records, and the last frame's first bytes. */
static uint32_t read_capture(const struct fixture *f, uint8_t last[60], uint32_t *length)
{
    const struct switch_capture *ring = (const void *)f->capture;
    uint32_t records = 0;
    for (uint64_t position = ring->oldest; position < ring->newest; records++) {
        uint8_t header[16];
        for (unsigned int i = 0; i < 16; i++) {
            header[i] = ring->data[(position + i) % ring->size];
        }
        uint32_t kept;
        memcpy(&kept, header + 8, 4);
        memcpy(length, header + 12, 4);
        for (uint32_t i = 0; i < 60 && i < kept; i++) {
            last[i] = ring->data[(position + 16 + i) % ring->size];
        }
        position += 16 + kept;
        assert_true(position <= ring->newest);
    }
    return records;
}

static void frames_of_a_port_are_captured(void **state)
{
    struct fixture *f = *state;
    const struct switch_capture *ring = (const void *)f->capture;
    uint8_t frame[1000] = {0}, last[60];
    uint32_t length = 0;
    command(f, SWITCH_COMMAND_CAPTURE_START, 1, 60, SWITCH_RESULT_DONE);
    assert_int_equal(f->status.capturing, 1);
    frame[20] = 0xaa;
    send_frame(f, 0, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    send_frame(f, 0, ethernet(frame, mac_of(2), mac_of(0), 0x0806), sizeof(frame));
    send_frame(f, 1, ethernet(frame, mac_of(0), mac_of(1), 0x0800), sizeof(frame));
    send_frame(f, 2, ethernet(frame, mac_of(0), mac_of(2), 0x0800), sizeof(frame));
    assert_int_equal(read_capture(f, last, &length), 3); /* the one for 2 came to all */
    assert_int_equal(length, sizeof(frame));
    assert_memory_equal(last, ethernet(frame, mac_of(0), mac_of(1), 0x0800), 60);
    for (unsigned int i = 0; i < 1000; i++) {
        frame[30] = (uint8_t)i;
        send_frame(f, 1, ethernet(frame, mac_of(0), mac_of(1), 0x0800), sizeof(frame));
        (void)received_frames(f, 0);
        assert_true(ring->newest - ring->oldest <= ring->size);
    }
    uint32_t records = read_capture(f, last, &length);
    assert_int_equal(records, ring->size / 76);
    assert_int_equal(ring->overwritten + records, 1003);
    assert_int_equal(last[30], 999 % 256);
    command(f, SWITCH_COMMAND_CAPTURE_STOP, 0, 0, SWITCH_RESULT_DONE);
    assert_int_equal(f->status.capturing, 0);
    send_frame(f, 1, ethernet(frame, mac_of(0), mac_of(1), 0x0800), sizeof(frame));
    assert_int_equal(read_capture(f, last, &length), records);
    command(f, SWITCH_COMMAND_CAPTURE_START, 77, 60, SWITCH_RESULT_NO_PORT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define OWN(name)  cmocka_unit_test_setup_teardown(name, prepare, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(unknown_goes_to_all_and_known_to_one),
        TEST(addresses_age_and_move),
        cmocka_unit_test(inventing_addresses_displaces_ones_own_only),
        cmocka_unit_test(what_does_not_age_is_not_displaced),
        OWN(networks_are_apart),
        OWN(isolated_ports_reach_the_others_only),
        OWN(locked_addresses_cannot_be_taken),
        OWN(two_locks_on_one_address_are_refused),
        OWN(vlans_are_apart_and_trunks_are_tagged),
        OWN(priorities_are_kept),
        OWN(a_trunks_own_vlan_is_untagged),
        OWN(a_second_tag_leads_to_no_other_vlan),
        TEST(wrong_frames_are_dropped),
        OWN(storms_are_limited),
        TEST(a_receiver_without_buffers_harms_itself),
        TEST(turns_are_fair),
        TEST(turns_have_a_price),
        TEST(a_batch_is_one_notification),
        TEST(links_go_down_and_up),
        TEST(a_port_without_a_card_is_down),
        OWN(what_is_for_a_locked_port_without_a_card_is_dropped),
        TEST(frames_of_a_port_are_captured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
