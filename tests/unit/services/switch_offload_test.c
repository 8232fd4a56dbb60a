/* SPDX-License-Identifier: BSD-2-Clause */
/* Offloads between ports: passed on to who takes them, completed for who does not. */
#include "switch_fixture.h"

#include <deliver.h>
#include <forward.h>

#define ALL                                                                                                            \
    (NET_ACCEPT_CHECKSUM | NET_ACCEPT_TSO4 | NET_ACCEPT_TSO6 | NET_ACCEPT_ECN | NET_ACCEPT_USO4 | NET_ACCEPT_USO6)

static uint32_t get_16(const uint8_t *bytes)
{
    return (uint32_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get_32(const uint8_t *bytes)
{
    return get_16(bytes) << 16 | get_16(bytes + 2);
}

static void put_16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

/* A plain ones' complement sum, word by word. */
static uint32_t sum(uint32_t start, const uint8_t *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        start += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
        start = (start & 0xffff) + (start >> 16);
    }
    return start;
}

static uint32_t pseudo_header(const uint8_t *ip, bool ipv6, uint8_t protocol, uint32_t length)
{
    uint32_t value = sum(0, ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
    uint8_t rest[6] = {
        0, protocol, (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length};
    return sum(value, rest, sizeof(rest));
}

struct packet {
    uint8_t frame[FRAME_MAX];
    uint32_t length, ip, transport, payload;
    bool ipv6;
    uint8_t protocol;
    struct net_offload offload;
};

/* A packet from client 0 to 1 with `size` bytes of data, whose checksum is left to the card, as Linux leaves it. */
static void make_packet(struct packet *p, bool ipv6, bool tcp, uint32_t size, uint16_t segment_size)
{
    memset(p, 0, sizeof(*p));
    p->ipv6 = ipv6;
    p->protocol = tcp ? 6 : 17;
    p->ip = 14;
    p->transport = 14 + (ipv6 ? 40 : 20);
    p->payload = p->transport + (tcp ? 32 : 8);
    p->length = p->payload + size;
    uint8_t *ip = ethernet(p->frame, mac_of(1), mac_of(0), ipv6 ? 0x86dd : 0x0800) + 14;
    if (ipv6) {
        ip[0] = 0x60;
        put_16(ip + 4, p->length - 54);
        ip[6] = p->protocol;
        memset(ip + 8, 0x20, 32);
    } else {
        ip[0] = 0x45;
        put_16(ip + 2, p->length - 14);
        put_16(ip + 4, 0xfffe);
        ip[8] = 64;
        ip[9] = p->protocol;
        memcpy(ip + 12, (uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
        put_16(ip + 10, ~sum(0, ip, 20) & 0xffff);
    }
    uint8_t *transport = p->frame + p->transport;
    put_16(transport, 1000);
    put_16(transport + 2, 2000);
    if (tcp) {
        memcpy(transport + 4, (uint8_t[]){0xff, 0xff, 0xff, 0x00}, 4);
        transport[12] = 0x80;
        transport[13] = 0x10 | 0x08 | 0x01 | 0x80; /* ACK PSH FIN CWR */
    } else {
        put_16(transport + 4, 8 + size);
    }
    uint32_t offset = tcp ? 16 : 6;
    put_16(transport + offset, pseudo_header(ip, ipv6, p->protocol, p->length - p->transport));
    for (uint32_t i = 0; i < size; i++) {
        p->frame[p->payload + i] = (uint8_t)(i * 7 + (i >> 8));
    }
    uint8_t kind = segment_size == 0 ? NET_SEGMENT_NONE
                   : !tcp            ? NET_SEGMENT_UDP
                   : ipv6            ? NET_SEGMENT_TCP6
                                     : NET_SEGMENT_TCP4;
    p->offload = (struct net_offload){
        .flags = NET_OFFLOAD_NEEDS_CHECKSUM,
        .segmentation = kind,
        .header_length = (uint16_t)(segment_size == 0 ? 0 : p->payload),
        .segment_size = segment_size,
        .checksum_start = (uint16_t)p->transport,
        .checksum_offset = (uint16_t)offset,
    };
}

static void accept(struct fixture *f, unsigned int client, uint32_t accepted)
{
    struct net_client_state *own = net_queue_state(&f->clients[client].receive_free);
    own->accepted = accepted;
}

static void send_packet(struct fixture *f, const struct packet *p)
{
    assert_true(put_frame(f, 0, p->frame, p->length, &p->offload));
    run(f);
}

static void check_checksums(const struct packet *p, const uint8_t *frame, uint32_t length)
{
    const uint8_t *ip = frame + p->ip;
    if (!p->ipv6) {
        assert_int_equal(sum(0, ip, 20), 0xffff);
        assert_int_equal(get_16(ip + 2), length - 14);
    } else {
        assert_int_equal(get_16(ip + 4), length - 54);
    }
    uint32_t transport = length - p->transport;
    assert_int_equal(sum(pseudo_header(ip, p->ipv6, p->protocol, transport), frame + p->transport, transport), 0xffff);
}

/* --- Tests --- */

static void who_takes_offloads_gets_them(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    for (unsigned int kind = 0; kind < 4; kind++) {
        make_packet(&p, kind % 2 != 0, kind / 2 != 0, 30000, 1400);
        send_packet(f, &p);
        assert_true(receive_frame(f, 1));
        assert_int_equal(f->clients[1].length, p.length);
        assert_memory_equal(f->clients[1].frame, p.frame, p.length);
        assert_memory_equal(&f->clients[1].offload, &p.offload, sizeof(p.offload));
        assert_int_equal(received_frames(f, 2), 1);
    }
}

static void checksums_are_completed(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    accept(f, 1, 0);
    for (unsigned int kind = 0; kind < 4; kind++) {
        for (uint32_t size = 0; size < 300; size += 37) {
            make_packet(&p, kind % 2 != 0, kind / 2 != 0, size, 0);
            send_packet(f, &p);
            assert_true(receive_frame(f, 1));
            assert_int_equal(f->clients[1].length, p.length);
            assert_int_equal(f->clients[1].offload.flags, 0);
            check_checksums(&p, f->clients[1].frame, p.length);
            assert_memory_equal(f->clients[1].frame + p.payload, p.frame + p.payload, size);
            /* 2 takes it as it is. */
            assert_true(receive_frame(f, 2));
            assert_memory_equal(f->clients[2].frame, p.frame, p.length);
        }
    }
    assert_int_equal(f->status.ports[1].counters.completed, 4 * 9);
}

/* Zero in UDP would say that there is no checksum. */
static void a_udp_checksum_of_zero_is_all_ones(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    accept(f, 1, 0);
    make_packet(&p, false, false, 2, 0);
    put_16(p.frame + p.payload, 0);
    uint32_t rest = sum(pseudo_header(p.frame + 14, false, 17, 10), p.frame + p.transport, 6);
    put_16(p.frame + p.payload, ~rest & 0xffff);
    send_packet(f, &p);
    assert_true(receive_frame(f, 1));
    assert_int_equal(get_16(f->clients[1].frame + p.transport + 6), 0xffff);
}

static void check_segments(struct fixture *f, const struct packet *p)
{
    struct client *c = &f->clients[1];
    uint32_t position = 0, size = p->length - p->payload;
    for (uint32_t n = 0; position < size; n++) {
        assert_true(receive_frame(f, 1));
        uint32_t part = size - position < p->offload.segment_size ? size - position : p->offload.segment_size;
        assert_int_equal(c->length, p->payload + part);
        assert_int_equal(c->offload.flags | c->offload.segmentation, 0);
        assert_memory_equal(c->frame + p->payload, p->frame + p->payload + position, part);
        check_checksums(p, c->frame, c->length);
        const uint8_t *transport = c->frame + p->transport;
        bool last = position + part == size;
        if (p->protocol == 6) {
            assert_int_equal(get_32(transport + 4), (uint32_t)(0xffffff00u + position));
            assert_int_equal(transport[13], 0x10 | (last ? 0x09 : 0) | (n == 0 ? 0x80 : 0));
        } else {
            assert_int_equal(get_16(transport + 4), 8 + part);
        }
        if (!p->ipv6) {
            assert_int_equal(get_16(c->frame + 18), (0xfffe + n) & 0xffff);
        }
        position += part;
    }
    assert_int_equal(received_frames(f, 1), 0);
}

static void large_packets_are_cut(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    accept(f, 1, NET_ACCEPT_CHECKSUM);
    for (unsigned int kind = 0; kind < 4; kind++) {
        for (uint32_t size = 1; size < 60000; size = size * 5 + 13) {
            make_packet(&p, kind % 2 != 0, kind / 2 != 0, size, 1400);
            send_packet(f, &p);
            check_segments(f, &p);
            (void)received_frames(f, 2);
        }
    }
}

static void each_kind_is_accepted_on_its_own(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    static const uint32_t bits[4] = {NET_ACCEPT_USO4, NET_ACCEPT_USO6, NET_ACCEPT_TSO4, NET_ACCEPT_TSO6};
    for (unsigned int kind = 0; kind < 4; kind++) {
        make_packet(&p, kind % 2 != 0, kind / 2 != 0, 5000, 1400);
        accept(f, 1, ALL & ~bits[kind]);
        send_packet(f, &p);
        assert_int_equal(received_frames(f, 1), 4);
        accept(f, 1, NET_ACCEPT_CHECKSUM | bits[kind]);
        send_packet(f, &p);
        assert_int_equal(received_frames(f, 1), 1);
        (void)received_frames(f, 2);
    }
    make_packet(&p, false, true, 5000, 1400);
    p.offload.segmentation |= NET_SEGMENT_ECN;
    accept(f, 1, ALL & ~(uint32_t)NET_ACCEPT_ECN);
    send_packet(f, &p);
    assert_int_equal(received_frames(f, 1), 4);
}

static void offsets_move_with_a_tag(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    f->config.ports[1].flags = SWITCH_PORT_TRUNK;
    f->config.ports[1].vlan = 0;
    f->config.ports[1].trunk[0] = 1u << 1;
    start_fixture(f, ALL);
    make_packet(&p, false, true, 5000, 1400);
    send_packet(f, &p);
    assert_true(receive_frame(f, 1));
    assert_int_equal(f->clients[1].length, p.length + 4);
    assert_int_equal(f->clients[1].offload.checksum_start, p.transport + 4);
    assert_int_equal(f->clients[1].offload.header_length, p.payload + 4);
    accept(f, 1, 0);
    send_packet(f, &p);
    assert_true(receive_frame(f, 1));
    assert_int_equal(f->clients[1].length, p.payload + 1400 + 4);
    p.ip += 4;
    p.transport += 4;
    assert_int_equal(sum(0, f->clients[1].frame + 18, 20), 0xffff);
    uint32_t transport = f->clients[1].length - p.transport;
    assert_int_equal(
        sum(pseudo_header(f->clients[1].frame + 18, false, 6, transport), f->clients[1].frame + p.transport, transport),
        0xffff);
}

static void a_plain_client_gets_plain_frames(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    f->config.ports[1].queues.flags = 0;
    start_fixture(f, ALL);
    make_packet(&p, false, true, 5000, 1400);
    send_packet(f, &p);
    check_segments(f, &p);
    make_packet(&p, true, false, 900, 0);
    send_packet(f, &p);
    assert_true(receive_frame(f, 1));
    check_checksums(&p, f->clients[1].frame, p.length);
    /* And sends them. */
    uint8_t frame[60] = {0};
    send_frame(f, 1, ethernet(frame, mac_of(0), mac_of(1), 0x0800), sizeof(frame));
    assert_true(receive_frame(f, 0));
    assert_int_equal(f->clients[0].length, sizeof(frame));
}

static void offloads_that_make_no_sense_are_refused(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    make_packet(&p, false, true, 3000, 1400);
    const struct net_offload good = p.offload;
    struct net_offload bad[12];
    for (unsigned int i = 0; i < 12; i++) {
        bad[i] = good;
    }
    bad[0].segment_size = 0;
    bad[1].segmentation = 3; /* UFO */
    bad[2].segmentation = 0x7f;
    bad[3].checksum_start = 13;
    bad[4].checksum_start = 0xffff;
    bad[5].checksum_offset = 0xffff;
    bad[6].flags = 0; /* segmentation without a checksum */
    bad[7].checksum_offset = 6;
    bad[8].segmentation = NET_SEGMENT_UDP | NET_SEGMENT_ECN;
    bad[9].segmentation = NET_SEGMENT_UDP; /* whose checksum is elsewhere */
    bad[10].segmentation = bad[11].segmentation = NET_SEGMENT_NONE;
    bad[10].checksum_offset = (uint16_t)(p.length - good.checksum_start - 1); /* half of it behind the end */
    bad[11].checksum_offset = (uint16_t)(p.length - good.checksum_start);
    for (unsigned int i = 0; i < 12; i++) {
        p.offload = bad[i];
        send_packet(f, &p);
        assert_int_equal(dropped(f, 0, SWITCH_DROP_FRAME), i + 1);
    }
    assert_int_equal(received_frames(f, 1) + received_frames(f, 2), 0);
    /* What only a receiver can say is taken away. */
    make_packet(&p, false, true, 100, 0);
    p.offload.flags = NET_OFFLOAD_CHECKSUM_VALID;
    send_packet(f, &p);
    assert_true(receive_frame(f, 1));
    assert_int_equal(f->clients[1].offload.flags, 0);
}

/* Who takes no large packets does not get this one, in no piece; how many that were so far. */
static void send_uncut(struct fixture *f, const struct packet *p, uint64_t dropped_so_far)
{
    send_packet(f, p);
    assert_int_equal(dropped(f, 1, SWITCH_DROP_NOT_COMPLETED), dropped_so_far);
    assert_int_equal(received_frames(f, 1), 0);
    (void)received_frames(f, 2);
}

/* The headers say something else than the offload: nothing comes out that was never checked. */
static void headers_that_do_not_fit_are_not_cut(void **state)
{
    struct fixture *f = *state;
    static struct packet good, p;
    accept(f, 1, 0);
    make_packet(&good, false, true, 5000, 1400);
    for (unsigned int i = 0; i < 8; i++) {
        p = good;
        switch (i) {
        case 0:
            p.frame[14] = 0x46;
            break;
        case 1:
            p.frame[23] = 17;
            break;
        case 2:
            p.frame[p.transport + 12] = 0x40;
            break;
        case 3:
            p.frame[20] = 0x20; /* a fragment */
            break;
        case 4:
            p.frame[12] = 0x86;
            p.frame[13] = 0xdd;
            break;
        case 5:
            p.offload.segmentation = NET_SEGMENT_TCP6;
            break;
        case 6:
            p.offload.checksum_start = 54;
            break;
        case 7:
            p.offload.segment_size = 1500; /* longer than the MTU, with the headers */
            break;
        default:
            break;
        }
        send_uncut(f, &p, i + 1);
    }
}

static void segments_fill_the_mtu(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    accept(f, 1, 0);
    make_packet(&p, false, true, 2000, 1448);
    send_packet(f, &p);
    assert_int_equal(received_frames(f, 1), 2);
    make_packet(&p, false, true, 2000, 1449);
    send_uncut(f, &p, 1);
}

static void ipv6_headers_that_do_not_fit_are_not_cut(void **state)
{
    struct fixture *f = *state;
    static struct packet good, p;
    accept(f, 1, 0);
    make_packet(&good, true, true, 5000, 1400);
    for (unsigned int i = 0; i < 4; i++) {
        p = good;
        switch (i) {
        case 0:
            p.frame[20] = 17; /* UDP, and no extension before it */
            break;
        case 1:
            p.frame[14] = 0x45;
            break;
        case 2:
            p.frame[12] = 0x88; /* neither IPv4 nor IPv6 */
            break;
        case 3:
            p.offload.checksum_start = 53;
            break;
        default:
            break;
        }
        send_uncut(f, &p, i + 1);
    }
}

/* Who takes large packets is not led to believe that the network has a larger MTU. */
static void segments_are_no_longer_than_the_network_allows(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    make_packet(&p, false, true, 5000, 1501);
    send_packet(f, &p);
    assert_int_equal(received_frames(f, 1), 0);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_TOO_LONG), 1);
    make_packet(&p, false, true, 5000, 1500);
    send_packet(f, &p);
    assert_int_equal(received_frames(f, 1), 1);
}

/* No more segments than the receiver has buffers for, and never thousands. */
static void tiny_segments_end_where_the_buffers_do(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    accept(f, 1, 0);
    make_packet(&p, false, true, 60000, 30);
    send_packet(f, &p);
    assert_int_equal(received_frames(f, 1), CAPACITY);
    assert_int_equal(dropped(f, 1, SWITCH_DROP_NO_BUFFERS), 1);
    make_packet(&p, false, true, 60000, 29);
    send_uncut(f, &p, 1);
}

/* A receiver whose buffers are none does not make the switch cut the rest in vain. */
static void segments_end_at_the_first_bad_buffer(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    accept(f, 1, 0);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        f->clients[1].receive_free.queue->buffers[i].offset = BUFFERS * BUFFER;
    }
    make_packet(&p, false, true, 60000, 1000);
    send_packet(f, &p);
    assert_int_equal(dropped(f, 1, SWITCH_DROP_BAD_BUFFER), 1);
    assert_int_equal(received_frames(f, 1), 0);
}

/* Whoever has frames copied to many, or cut, pays for each. */
static void each_copy_is_paid_for(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    uint8_t frame[60] = {0};
    struct gather bytes = {0};
    gather_add(&bytes, ethernet(frame, everybody, mac_of(0), 0x0806), sizeof(frame));
    assert_int_equal(frame_parse(&f->s.frame, &bytes, &(const struct net_offload){0}), FRAME_OK);
    assert_int_equal(forward_frame(&f->s, 0, f->now), 2 * (60 + SWITCH_FRAME_COST));
    accept(f, 1, 0);
    run(f);
    make_packet(&p, false, true, 10000, 1000);
    struct gather packet = {0};
    gather_add(&packet, p.frame, p.length);
    assert_int_equal(frame_parse(&f->s.frame, &packet, &p.offload), FRAME_OK);
    assert_int_equal(deliver_frame(&f->s, 1, 1, f->now), p.length + 10000 + 10 * (66 + SWITCH_FRAME_COST));
}

static void a_network_without_offloads_takes_none(void **state)
{
    struct fixture *f = *state;
    static struct packet p;
    f->config.ports[0].queues.flags = NET_CLIENT_EXTENDED;
    start_fixture(f, ALL);
    make_packet(&p, false, true, 100, 0);
    send_packet(f, &p);
    assert_int_equal(dropped(f, 0, SWITCH_DROP_FRAME), 1);
    p.offload = (struct net_offload){0};
    send_packet(f, &p);
    assert_int_equal(received_frames(f, 1), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define OWN(name)  cmocka_unit_test_setup_teardown(name, prepare, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(who_takes_offloads_gets_them),
        TEST(checksums_are_completed),
        TEST(a_udp_checksum_of_zero_is_all_ones),
        TEST(large_packets_are_cut),
        TEST(each_kind_is_accepted_on_its_own),
        OWN(offsets_move_with_a_tag),
        OWN(a_plain_client_gets_plain_frames),
        TEST(offloads_that_make_no_sense_are_refused),
        TEST(headers_that_do_not_fit_are_not_cut),
        TEST(tiny_segments_end_where_the_buffers_do),
        TEST(segments_end_at_the_first_bad_buffer),
        TEST(each_copy_is_paid_for),
        TEST(segments_fill_the_mtu),
        TEST(ipv6_headers_that_do_not_fit_are_not_cut),
        TEST(segments_are_no_longer_than_the_network_allows),
        OWN(a_network_without_offloads_takes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
