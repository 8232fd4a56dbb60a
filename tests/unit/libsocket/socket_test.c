/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of protection domains: two endpoints on one pair of queues, and a peer that keeps no rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <skyscope_socket.h>

#define CAPACITY    0x40000u
#define BUFFERS     3u
#define SERVER_CID  10u
#define CLIENT_CID  11u
#define CHANNEL     5u
#define SERVER_PORT 7u

struct side {
    struct socket_endpoint endpoint;
    struct socket_config config;
    uint8_t buffers[BUFFERS][SOCKET_STREAM_BUFFER];
};

struct fixture {
    struct serial_queue queue[2]; /* client to server, server to client */
    char data[2][CAPACITY];
    struct side server, client;
};

static unsigned int notifications;

static void count_notification(unsigned int channel)
{
    assert_int_equal(channel, CHANNEL);
    notifications++;
}

static void configure(struct fixture *f, struct side *side, uint64_t cid, uint64_t peer_cid, unsigned int out)
{
    side->config = (struct socket_config){
        .magic = SOCKET_CONFIG_MAGIC,
        .version = SOCKET_CONFIG_VERSION,
        .size = sizeof(side->config),
        .cid = cid,
        .peer_count = 1,
        .peers[0] = {.cid = peer_cid,
                     .queue = {.transmit_queue = (uintptr_t)&f->queue[out],
                               .transmit_data = (uintptr_t)f->data[out],
                               .receive_queue = (uintptr_t)&f->queue[1 - out],
                               .receive_data = (uintptr_t)f->data[1 - out],
                               .transmit_capacity = CAPACITY,
                               .receive_capacity = CAPACITY,
                               .channel = CHANNEL,
                               .present = 1}},
    };
    assert_null(socket_endpoint_init(&side->endpoint, &side->config, count_notification));
    for (unsigned int i = 0; i < BUFFERS; i++) {
        assert_true(socket_endpoint_add_buffer(&side->endpoint, side->buffers[i], SOCKET_STREAM_BUFFER));
    }
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    configure(f, &f->client, CLIENT_CID, SERVER_CID, 0);
    configure(f, &f->server, SERVER_CID, CLIENT_CID, 1);
    assert_true(socket_endpoint_listen(&f->server.endpoint, SERVER_PORT));
    notifications = 0;
    return 0;
}

static int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

static void receive(struct side *side)
{
    bool more = true;
    while (more) {
        assert_true(socket_endpoint_receive(&side->endpoint, CHANNEL, &more));
    }
    socket_endpoint_flush(&side->endpoint);
}

static void exchange(struct fixture *f)
{
    for (int i = 0; i < 4; i++) {
        receive(&f->server);
        receive(&f->client);
    }
}

static void connect_pair(struct fixture *f, struct socket_stream **client, struct socket_stream **server)
{
    *client = socket_endpoint_connect(&f->client.endpoint, SERVER_CID, SERVER_PORT);
    assert_non_null(*client);
    assert_int_equal((*client)->state, SOCKET_STREAM_CONNECTING);
    exchange(f);
    *server = socket_endpoint_accept(&f->server.endpoint);
    assert_non_null(*server);
    assert_int_equal((*client)->state, SOCKET_STREAM_OPEN);
    assert_int_equal((*server)->state, SOCKET_STREAM_OPEN);
}

static void test_bytes_arrive_in_order_however_many(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client, *server;
    connect_pair(f, &client, &server);
    static uint8_t text[300000], back[300000];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i * 7 + i / 251);
    }
    uint32_t sent = 0, got = 0;
    while (got < sizeof(text)) {
        sent += socket_stream_write(client, text + sent, (uint32_t)sizeof(text) - sent);
        exchange(f);
        uint32_t count = socket_stream_read(server, back + got, 1000);
        assert_true(count != 0);
        got += count;
        socket_endpoint_flush(&f->server.endpoint);
        exchange(f);
    }
    assert_memory_equal(text, back, sizeof(text));
    assert_true(notifications != 0);
    assert_int_equal(f->server.endpoint.violations, 0);
}

static void test_no_more_is_sent_than_the_peer_has_room_for(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client, *server;
    static uint8_t text[3 * SOCKET_STREAM_BUFFER];
    connect_pair(f, &client, &server);
    assert_int_equal(socket_stream_write(client, text, sizeof(text)), SOCKET_STREAM_BUFFER);
    assert_int_equal(socket_stream_write(client, text, sizeof(text)), 0);
    exchange(f);
    assert_int_equal(socket_stream_readable(server), SOCKET_STREAM_BUFFER);
    assert_int_equal(socket_stream_read(server, text, SOCKET_STREAM_BUFFER / 2), SOCKET_STREAM_BUFFER / 2);
    exchange(f);
    assert_int_equal(socket_stream_writable(client), SOCKET_STREAM_BUFFER / 2);
}

static void test_a_closed_stream_can_be_read_to_its_end(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client, *server;
    char text[8];
    connect_pair(f, &client, &server);
    assert_int_equal(socket_stream_write(client, "last", 4), 4);
    assert_true(socket_stream_close(client));
    assert_int_equal(client->state, SOCKET_STREAM_UNUSED);
    exchange(f);
    assert_int_equal(server->state, SOCKET_STREAM_ENDED);
    assert_int_equal(socket_stream_read(server, text, sizeof(text)), 4);
    assert_memory_equal(text, "last", 4);
    assert_int_equal(socket_stream_read(server, text, sizeof(text)), 0);
    assert_int_equal(socket_stream_write(server, "x", 1), 0);
    assert_true(socket_stream_close(server));
    exchange(f);
    connect_pair(f, &client, &server); /* both have their buffers back */
}

static void test_a_port_nobody_listens_to_refuses(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client = socket_endpoint_connect(&f->client.endpoint, SERVER_CID, SERVER_PORT + 1);
    exchange(f);
    assert_int_equal(client->state, SOCKET_STREAM_ENDED);
    assert_null(socket_endpoint_accept(&f->server.endpoint));
    assert_int_equal(f->server.endpoint.refused, 1);
    assert_null(socket_endpoint_connect(&f->client.endpoint, SERVER_CID + 1, SERVER_PORT));
}

static void test_more_connections_than_buffers_are_refused(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client, *server;
    for (unsigned int i = 0; i < BUFFERS; i++) {
        connect_pair(f, &client, &server);
    }
    assert_null(socket_endpoint_connect(&f->client.endpoint, SERVER_CID, SERVER_PORT));
    assert_true(socket_stream_close(client));
    client = socket_endpoint_connect(&f->client.endpoint, SERVER_CID, SERVER_PORT);
    receive(&f->server); /* the close and the request: the server has not closed its end yet */
    receive(&f->client);
    assert_int_equal(client->state, SOCKET_STREAM_ENDED);
    assert_true(socket_stream_close(client));
    assert_true(socket_stream_close(server));
    exchange(f);
    connect_pair(f, &client, &server);
}

/* --- A peer that keeps no rule: the test writes into the client's queue itself --- */

static struct socket_queue wire_of(struct fixture *f)
{
    return f->client.endpoint.peers[0].transmit;
}

static struct socket_header packet(const struct socket_stream *client, enum socket_operation operation, uint32_t length)
{
    return (struct socket_header){.source_cid = CLIENT_CID,
                                  .destination_cid = SERVER_CID,
                                  .source_port = client->local_port,
                                  .destination_port = client->peer_port,
                                  .type = SOCKET_TYPE_STREAM,
                                  .operation = (uint16_t)operation,
                                  .length = length,
                                  .buffer_size = 0x1000};
}

static void test_data_beyond_the_credit_ends_the_stream(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client, *server;
    static uint8_t flood[SOCKET_STREAM_BUFFER + 1];
    connect_pair(f, &client, &server);
    struct socket_queue wire = wire_of(f);
    struct socket_header header = packet(client, SOCKET_OPERATION_DATA, sizeof(flood));
    assert_true(socket_queue_put(&wire, &header, flood));
    receive(&f->server);
    assert_int_equal(server->state, SOCKET_STREAM_ENDED);
    assert_int_equal(f->server.endpoint.violations, 1);
    assert_int_equal(socket_stream_readable(server), 0);
}

static void test_a_second_request_ends_the_stream(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client, *server;
    connect_pair(f, &client, &server);
    struct socket_queue wire = wire_of(f);
    struct socket_header header = packet(client, SOCKET_OPERATION_REQUEST, 0);
    assert_true(socket_queue_put(&wire, &header, NULL));
    receive(&f->server);
    assert_int_equal(server->state, SOCKET_STREAM_ENDED);
    receive(&f->client);
    assert_int_equal(client->state, SOCKET_STREAM_ENDED);
}

static void test_a_packet_longer_than_what_was_published_breaks_the_queue(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client, *server;
    connect_pair(f, &client, &server);
    struct socket_queue wire = wire_of(f);
    struct socket_header header = packet(client, SOCKET_OPERATION_DATA, 100);
    socket_queue_write(&wire, 0, &header, sizeof(header));
    f->queue[0].tail += socket_packet_size(0);
    receive(&f->server);
    assert_true(f->server.endpoint.peers[0].receive.broken);
    assert_int_equal(socket_stream_readable(server), 0);
}

static void test_an_index_out_of_range_breaks_the_queue(void **state)
{
    struct fixture *f = *state;
    f->queue[0].tail += CAPACITY + 8;
    receive(&f->server);
    assert_true(f->server.endpoint.peers[0].receive.broken);
    f->queue[1].head += 64; /* claims to have taken what was never written */
    assert_int_equal(socket_queue_room(&f->server.endpoint.peers[0].transmit), 0);
}

static void test_a_peer_that_claims_credit_for_what_was_not_sent_gets_nothing(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client, *server;
    connect_pair(f, &client, &server);
    struct socket_queue wire = wire_of(f);
    struct socket_header header = packet(client, SOCKET_OPERATION_CREDIT_UPDATE, 0);
    header.forwarded = 1;
    assert_true(socket_queue_put(&wire, &header, NULL));
    receive(&f->server);
    assert_int_equal(socket_stream_writable(server), 0);
}

static void test_sequences_and_unknown_operations_do_no_harm(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *client, *server;
    connect_pair(f, &client, &server);
    struct socket_queue wire = wire_of(f);
    struct socket_header header = packet(client, SOCKET_OPERATION_DATA, 0);
    header.type = SOCKET_TYPE_SEQPACKET;
    assert_true(socket_queue_put(&wire, &header, NULL));
    header = packet(client, (enum socket_operation)99, 0);
    assert_true(socket_queue_put(&wire, &header, NULL));
    receive(&f->server);
    assert_int_equal(server->state, SOCKET_STREAM_OPEN);
    assert_int_equal(f->server.endpoint.refused, 1);
}

static void test_configurations_that_make_no_sense_are_refused(void **state)
{
    struct fixture *f = *state;
    struct socket_endpoint endpoint;
    struct socket_config good = f->server.config, bad;
    assert_non_null(socket_endpoint_init(&endpoint, NULL, count_notification));
#define REFUSED(field, value)                                                                                          \
    bad = good;                                                                                                        \
    bad.field = (value);                                                                                               \
    assert_non_null(socket_endpoint_init(&endpoint, &bad, count_notification))
    REFUSED(magic, 1);
    REFUSED(version, 0);
    REFUSED(size, 8);
    REFUSED(cid, SOCKET_CID_HOST);
    REFUSED(peer_count, VM_SOCKET_MAX_PEERS + 1);
    REFUSED(peers[0].cid, 0);
    REFUSED(peers[0].queue.present, 0);
    REFUSED(peers[0].queue.transmit_capacity, SOCKET_QUEUE_MINIMUM / 2);
    REFUSED(peers[0].queue.receive_capacity, SOCKET_QUEUE_MINIMUM + 8);
    REFUSED(peers[0].queue.receive_data, 0);
    uint8_t buffer[1];
    assert_false(socket_endpoint_add_buffer(&f->server.endpoint, buffer, SOCKET_STREAM_BUFFER - 1));
    assert_false(socket_endpoint_add_buffer(&f->server.endpoint, buffer, SOCKET_STREAM_BUFFER + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes_arrive_in_order_however_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_more_is_sent_than_the_peer_has_room_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_closed_stream_can_be_read_to_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_port_nobody_listens_to_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_connections_than_buffers_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data_beyond_the_credit_ends_the_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_second_request_ends_the_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_packet_longer_than_what_was_published_breaks_the_queue, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_index_out_of_range_breaks_the_queue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_peer_that_claims_credit_for_what_was_not_sent_gets_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_sequences_and_unknown_operations_do_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_configurations_that_make_no_sense_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
