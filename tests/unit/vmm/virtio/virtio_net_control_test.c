/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest's driver asks for over the network device's control queue: filters, offloads, pairs of queues. */
#include <string.h>

#include "net_machine.h"

static uint8_t pattern[66000];

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Carries out a command; its answer. */
static uint8_t command(struct net_machine *f, uint8_t class, uint8_t number, const void *data, uint32_t size)
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

static void the_link_follows_the_switch(void **state)
{
    struct net_machine *f = *state;
    net_machine_start(f, BASE | VIRTIO_NET_F_GUEST_ANNOUNCE);
    uint32_t changes = f->machine.config_interrupts;
    f->request = (struct switch_request){.sequence = 1, .command = SWITCH_COMMAND_LINK_DOWN, .port = DEVICE};
    assert_true(switch_control(&f->s, f->clock));
    net_machine_run(f);
    assert_int_equal(virtio_read_config(&f->net->device, 6, 2), 0);
    assert_int_equal(f->machine.config_interrupts, changes + 1);
    make_frame(pattern, peer_mac, guest_mac, 100);
    guest_sends(f, pattern, 100);
    assert_false(peer_receives(f));
    f->request = (struct switch_request){.sequence = 2, .command = SWITCH_COMMAND_LINK_UP, .port = DEVICE};
    assert_true(switch_control(&f->s, f->clock));
    net_machine_run(f);
    /* Up, and to be announced. */
    assert_int_equal(virtio_read_config(&f->net->device, 6, 2), 3);
    assert_int_equal(command(f, 3, 0, "", 0), 0);
    assert_int_equal(virtio_read_config(&f->net->device, 6, 2), 1);
    guest_sends(f, pattern, 100);
    assert_true(peer_receives(f));
}

static void the_filter_is_the_guests(void **state)
{
    struct net_machine *f = *state;
    static const uint8_t group[6] = {0x01, 0x00, 0x5e, 0, 0, 5}, other[6] = {0x02, 9, 9, 9, 9, 9};
    net_machine_start(f, BASE | VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_RX_EXTRA |
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
    struct net_machine *f = *state;
    uint8_t data[16] = {0};
    net_machine_start(f, BASE | VIRTIO_NET_F_CTRL_RX);
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
    struct net_machine *f = *state;
    net_machine_start(f, BASE | OFFLOADS | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
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
    struct net_machine *f = *state;
    f->device_config.queues = 4;
    net_machine_create(f);
    net_machine_start(f, BASE | VIRTIO_NET_F_MQ);
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
        net_machine_run(f);
        assert_true(peer_receives(f));
        make_frame(frame, guest_mac, peer_mac, 100);
        frame[14] = 0x45;
        frame[23] = 17;
        memcpy(frame + 26, (uint8_t[]){10, 0, 0, 2, 10, 0, 0, 1, 0x20, 0x02, 0x10, (uint8_t)(pair * 37)}, 12);
        peer_sends(f, frame, 100, NULL);
        assert_true(guest_receives(f, 2 * pair, 12));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_link_follows_the_switch), TEST(the_filter_is_the_guests),     TEST(wrong_commands_are_refused),
        TEST(guest_offloads_change),       OWN(flows_come_back_to_their_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
