/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket device between a guest's driver and two peers: one is the protection domains' library, one keeps no rule.
 */
#include <stdlib.h>
#include <string.h>

#include "virtio_machine.h"

#include <skyscope_socket.h>
#include <vmm/hv.h>
#include <vmm/virtio/virtio_vsock.h>

#define GUEST_CID       3u
#define SERVER_CID      10u /* peer 0: the library */
#define WILD_CID        11u /* peer 1: written by the test */
#define STRANGER_CID    12u
#define CAPACITY        SOCKET_QUEUE_MINIMUM
#define SERVER_CHANNEL  4u
#define WILD_CHANNEL    5u
#define PORT            7u
#define GUEST_PORT      1000u
#define GUEST_BUFFER    0x2000u
#define RECEIVE_BUFFER  (sizeof(struct socket_header) + 0x400u)
#define RECEIVE_BUFFERS 32u
#define FREQUENCY       1000000u

struct wire {
    struct serial_queue queue[2]; /* from the guest, to the guest */
    char data[2][CAPACITY];
};

struct fixture {
    struct virtio_machine machine;
    struct virtio_vsock socket;
    struct wire wires[2];
    struct socket_endpoint server;
    struct socket_config server_config;
    uint8_t server_buffers[2][SOCKET_STREAM_BUFFER];
    struct socket_queue wild_in, wild_out; /* from the guest, to the guest */
    uint64_t receive_buffers[RECEIVE_BUFFERS];
    uint16_t receive_ids[RECEIVE_BUFFERS];
};

static uint64_t clock_value;
static unsigned int notified[8];

uint64_t hv_now(void)
{
    return clock_value;
}

void hv_notify(unsigned int channel)
{
    notified[channel]++;
}

static struct queue_pair_config pair(struct wire *wire, unsigned int out, unsigned int channel)
{
    return (struct queue_pair_config){.transmit_queue = (uintptr_t)&wire->queue[out],
                                      .transmit_data = (uintptr_t)wire->data[out],
                                      .receive_queue = (uintptr_t)&wire->queue[1 - out],
                                      .receive_data = (uintptr_t)wire->data[1 - out],
                                      .transmit_capacity = CAPACITY,
                                      .receive_capacity = CAPACITY,
                                      .channel = channel,
                                      .present = 1};
}

/* Notifies as a driver does: only if the device wants it. */
static void kick(struct fixture *f, uint32_t queue)
{
    if (driver_must_notify(&f->machine, queue, 1)) {
        virtio_notify(&f->socket.device, queue);
    }
}

static void give_buffer(struct fixture *f, unsigned int i)
{
    struct piece piece = {.address = f->receive_buffers[i], .length = RECEIVE_BUFFER, .writable = true};
    f->receive_ids[i] = driver_add(&f->machine, VSOCK_QUEUE_RECEIVE, &piece, 1, false);
}

static struct vm_device_config configuration(struct fixture *f)
{
    struct vm_device_config config = {.kind = VM_DEVICE_SOCKET, .name = "vsock0"};
    config.socket.cid = GUEST_CID;
    config.socket.peer_count = 2;
    config.socket.peers[0] =
        (struct socket_peer_config){.cid = SERVER_CID, .queue = pair(&f->wires[0], 0, SERVER_CHANNEL)};
    config.socket.peers[1] = (struct socket_peer_config){.cid = WILD_CID, .queue = pair(&f->wires[1], 0, WILD_CHANNEL)};
    return config;
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    clock_value = 1000;
    memset(notified, 0, sizeof(notified));
    machine_create(&f->machine);
    f->machine.vm.clock.frequency = FREQUENCY;
    struct vm_device_config config = configuration(f);
    assert_null(virtio_vsock_init(&f->socket, &f->machine.vm, &config));
    machine_attach(&f->machine, &f->socket.device);

    f->server_config = (struct socket_config){
        .magic = SOCKET_CONFIG_MAGIC,
        .version = SOCKET_CONFIG_VERSION,
        .size = sizeof(struct socket_config),
        .cid = SERVER_CID,
        .peer_count = 1,
        .peers[0] = {.cid = GUEST_CID, .queue = pair(&f->wires[0], 1, SERVER_CHANNEL)},
    };
    assert_null(socket_endpoint_init(&f->server, &f->server_config, hv_notify));
    for (unsigned int i = 0; i < 2; i++) {
        assert_true(socket_endpoint_add_buffer(&f->server, f->server_buffers[i], SOCKET_STREAM_BUFFER));
    }
    assert_true(socket_endpoint_listen(&f->server, PORT));
    struct queue_pair_config wild = pair(&f->wires[1], 1, WILD_CHANNEL);
    assert_true(socket_queue_attach_producer(&f->wild_out, wild.transmit_queue, wild.transmit_data, CAPACITY));
    assert_true(socket_queue_attach_consumer(&f->wild_in, wild.receive_queue, wild.receive_data, CAPACITY));

    driver_start(&f->machine, &f->socket.device, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_VSOCK_F_STREAM, 64);
    for (unsigned int i = 0; i < RECEIVE_BUFFERS; i++) {
        f->receive_buffers[i] = machine_allocate(&f->machine, RECEIVE_BUFFER, 16);
        give_buffer(f, i);
    }
    virtio_notify(&f->socket.device, VSOCK_QUEUE_RECEIVE);
    return 0;
}

static int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    (void)size;
    return NULL;
}

int device_listen(struct vm *vm, uint32_t channel, void (*listener)(void *context), void *context)
{
    (void)vm;
    (void)channel;
    (void)listener;
    (void)context;
    return -1;
}

/* --- The guest --- */

static struct socket_header from_guest(uint64_t cid, enum socket_operation operation, uint32_t length)
{
    return (struct socket_header){.source_cid = GUEST_CID,
                                  .destination_cid = cid,
                                  .source_port = GUEST_PORT,
                                  .destination_port = PORT,
                                  .length = length,
                                  .type = SOCKET_TYPE_STREAM,
                                  .operation = (uint16_t)operation,
                                  .buffer_size = GUEST_BUFFER};
}

/* The guest sends a packet: header and payload in pieces of their own. */
static void guest_sends(struct fixture *f, const struct socket_header *header, const void *payload, uint32_t length)
{
    uint64_t at = machine_allocate(&f->machine, sizeof(*header) + length, 16);
    uint8_t *memory = machine_memory(&f->machine, at);
    memcpy(memory, header, sizeof(*header));
    memcpy(memory + sizeof(*header), payload, length);
    struct piece pieces[2] = {{.address = at, .length = sizeof(*header)},
                              {.address = at + sizeof(*header), .length = length}};
    driver_add(&f->machine, VSOCK_QUEUE_TRANSMIT, pieces, length != 0 ? 2 : 1, false);
    kick(f, VSOCK_QUEUE_TRANSMIT);
}

static void guest_asks(struct fixture *f, uint64_t cid, enum socket_operation operation)
{
    struct socket_header header = from_guest(cid, operation, 0);
    guest_sends(f, &header, "", 0);
}

/* The next packet that the guest got: its payload's length; the buffer is given back. False: none. */
static bool guest_gets(struct fixture *f, struct socket_header *header, uint8_t *payload)
{
    uint16_t id;
    uint32_t written;
    if (!driver_take(&f->machine, VSOCK_QUEUE_RECEIVE, &id, &written)) {
        return false;
    }
    for (unsigned int i = 0; i < RECEIVE_BUFFERS; i++) {
        if (f->receive_ids[i] == id) {
            const uint8_t *memory = machine_memory(&f->machine, f->receive_buffers[i]);
            memcpy(header, memory, sizeof(*header));
            assert_int_equal(written, sizeof(*header) + header->length);
            if (payload != NULL) {
                memcpy(payload, memory + sizeof(*header), header->length);
            }
            give_buffer(f, i);
            kick(f, VSOCK_QUEUE_RECEIVE);
            return true;
        }
    }
    fail_msg("a buffer came back that was not given");
    return false;
}

static void expect_for_guest(struct fixture *f, uint64_t cid, enum socket_operation operation)
{
    struct socket_header header = {0};
    assert_true(guest_gets(f, &header, NULL));
    assert_int_equal(header.source_cid, cid);
    assert_int_equal(header.destination_cid, GUEST_CID);
    assert_int_equal(header.operation, operation);
    assert_int_equal(header.destination_port, GUEST_PORT);
    assert_int_equal(header.source_port, PORT);
}

static void expect_nothing_for_guest(struct fixture *f)
{
    struct socket_header header;
    assert_false(guest_gets(f, &header, NULL));
}

/* --- The peers --- */

static void serve(struct fixture *f)
{
    bool more;
    assert_true(socket_endpoint_receive(&f->server, SERVER_CHANNEL, &more));
    socket_endpoint_flush(&f->server);
    virtio_vsock_notified(&f->socket);
}

static struct socket_stream *connect_server(struct fixture *f)
{
    guest_asks(f, SERVER_CID, SOCKET_OPERATION_REQUEST);
    serve(f);
    expect_for_guest(f, SERVER_CID, SOCKET_OPERATION_RESPONSE);
    struct socket_stream *stream = socket_endpoint_accept(&f->server);
    assert_non_null(stream);
    return stream;
}

static struct socket_header from_wild(enum socket_operation operation, uint32_t length)
{
    return (struct socket_header){.source_cid = WILD_CID,
                                  .destination_cid = GUEST_CID,
                                  .source_port = PORT,
                                  .destination_port = GUEST_PORT,
                                  .length = length,
                                  .type = SOCKET_TYPE_STREAM,
                                  .operation = (uint16_t)operation,
                                  .buffer_size = 0x10000};
}

static void wild_sends(struct fixture *f, const struct socket_header *header, const void *payload)
{
    assert_true(socket_queue_put(&f->wild_out, header, header->length != 0 ? payload : NULL));
    virtio_vsock_notified(&f->socket);
}

static bool wild_gets(struct fixture *f, struct socket_header *header)
{
    if (!socket_queue_peek(&f->wild_in, header)) {
        return false;
    }
    socket_queue_release(&f->wild_in, header->length);
    return true;
}

static void expect_for_wild(struct fixture *f, enum socket_operation operation)
{
    struct socket_header header = {0};
    assert_true(wild_gets(f, &header));
    assert_int_equal(header.source_cid, GUEST_CID);
    assert_int_equal(header.operation, operation);
}

static void connect_wild(struct fixture *f)
{
    guest_asks(f, WILD_CID, SOCKET_OPERATION_REQUEST);
    expect_for_wild(f, SOCKET_OPERATION_REQUEST);
    struct socket_header response = from_wild(SOCKET_OPERATION_RESPONSE, 0);
    wild_sends(f, &response, NULL);
    expect_for_guest(f, WILD_CID, SOCKET_OPERATION_RESPONSE);
}

/* --- Tests --- */

static void test_bytes_go_both_ways(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *stream = connect_server(f);
    uint8_t text[3000], back[3000];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i * 13 + i / 256);
    }
    struct socket_header header = from_guest(SERVER_CID, SOCKET_OPERATION_DATA, sizeof(text));
    guest_sends(f, &header, text, sizeof(text));
    serve(f);
    assert_int_equal(socket_stream_read(stream, back, sizeof(back)), sizeof(text));
    assert_memory_equal(text, back, sizeof(text));
    assert_int_equal(socket_stream_write(stream, text, sizeof(text)), sizeof(text));
    serve(f);
    uint32_t got = 0;
    while (got < sizeof(text)) { /* in pieces of what the guest's buffers hold */
        assert_true(guest_gets(f, &header, back + got));
        if (header.operation == SOCKET_OPERATION_CREDIT_UPDATE) {
            continue;
        }
        assert_int_equal(header.operation, SOCKET_OPERATION_DATA);
        assert_int_equal(header.source_cid, SERVER_CID);
        got += header.length;
    }
    assert_int_equal(got, sizeof(text));
    assert_memory_equal(text, back, sizeof(text));
}

static void test_a_peer_that_is_not_allowed_is_not_there(void **state)
{
    struct fixture *f = *state;
    guest_asks(f, STRANGER_CID, SOCKET_OPERATION_REQUEST);
    expect_for_guest(f, STRANGER_CID, SOCKET_OPERATION_RESET);
    guest_asks(f, SOCKET_CID_HOST, SOCKET_OPERATION_REQUEST);
    expect_for_guest(f, SOCKET_CID_HOST, SOCKET_OPERATION_RESET);
    guest_asks(f, STRANGER_CID, SOCKET_OPERATION_RESET);
    expect_nothing_for_guest(f);
    assert_int_equal(f->socket.counters.refused, 3);
}

static void test_packets_without_a_connection_are_refused(void **state)
{
    struct fixture *f = *state;
    guest_asks(f, WILD_CID, SOCKET_OPERATION_DATA);
    expect_for_guest(f, WILD_CID, SOCKET_OPERATION_RESET);
    struct socket_header header;
    assert_false(wild_gets(f, &header));
    header = from_wild(SOCKET_OPERATION_DATA, 4);
    wild_sends(f, &header, "abcd");
    expect_for_wild(f, SOCKET_OPERATION_RESET);
    expect_nothing_for_guest(f);
}

static void test_a_guest_speaks_for_itself_only(void **state)
{
    struct fixture *f = *state;
    struct socket_header header = from_guest(WILD_CID, SOCKET_OPERATION_REQUEST, 0);
    header.source_cid = SERVER_CID;
    guest_sends(f, &header, "", 0);
    assert_false(wild_gets(f, &header));
    expect_nothing_for_guest(f);
    assert_non_null(strstr(machine_last_error(), "not this guest"));
}

static void test_a_header_that_promises_more_than_there_is(void **state)
{
    struct fixture *f = *state;
    connect_wild(f);
    struct socket_header header = from_guest(WILD_CID, SOCKET_OPERATION_DATA, 5);
    guest_sends(f, &header, "four", 4);
    header.length = UINT32_MAX;
    guest_sends(f, &header, "four", 4);
    assert_false(wild_gets(f, &header));
    assert_false(f->socket.device.broken);
}

static void test_a_peer_speaks_for_itself_only(void **state)
{
    struct fixture *f = *state;
    connect_wild(f);
    struct socket_header header = from_wild(SOCKET_OPERATION_DATA, 4);
    header.source_cid = SERVER_CID;
    header.destination_cid = STRANGER_CID;
    wild_sends(f, &header, "abcd");
    expect_for_guest(f, WILD_CID, SOCKET_OPERATION_DATA);
}

static void test_no_more_reaches_the_guest_than_it_gave_credit_for(void **state)
{
    struct fixture *f = *state;
    static uint8_t flood[GUEST_BUFFER + 1];
    connect_wild(f);
    struct socket_header header = from_wild(SOCKET_OPERATION_DATA, GUEST_BUFFER);
    wild_sends(f, &header, flood);
    for (uint32_t got = 0; got < GUEST_BUFFER; got += header.length) {
        assert_true(guest_gets(f, &header, NULL));
    }
    header = from_wild(SOCKET_OPERATION_DATA, 1);
    wild_sends(f, &header, flood);
    assert_int_equal(f->socket.counters.credit_violations, 1);
    expect_for_guest(f, WILD_CID, SOCKET_OPERATION_RESET);
    expect_for_wild(f, SOCKET_OPERATION_RESET);
    expect_nothing_for_guest(f);
}

static void test_credit_comes_back_as_the_guest_says(void **state)
{
    struct fixture *f = *state;
    static uint8_t data[GUEST_BUFFER];
    connect_wild(f);
    for (uint32_t round = 1; round <= 3; round++) {
        struct socket_header header = from_wild(SOCKET_OPERATION_DATA, GUEST_BUFFER);
        wild_sends(f, &header, data);
        for (uint32_t got = 0; got < GUEST_BUFFER; got += header.length) {
            assert_true(guest_gets(f, &header, NULL));
        }
        struct socket_header update = from_guest(WILD_CID, SOCKET_OPERATION_CREDIT_UPDATE, 0);
        update.forwarded = round * GUEST_BUFFER;
        guest_sends(f, &update, "", 0);
        expect_for_wild(f, SOCKET_OPERATION_CREDIT_UPDATE);
    }
    assert_int_equal(f->socket.counters.credit_violations, 0);
}

static void test_a_peer_that_takes_nothing_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    static uint8_t data[0x8000];
    connect_wild(f);
    struct socket_stream *stream = connect_server(f);
    struct socket_header header = from_guest(WILD_CID, SOCKET_OPERATION_DATA, sizeof(data));
    for (uint32_t i = 0; i < CAPACITY / sizeof(data); i++) {
        guest_sends(f, &header, data, sizeof(data));
    }
    assert_true(f->socket.held); /* the last one found no room */
    header = from_guest(SERVER_CID, SOCKET_OPERATION_DATA, 4);
    guest_sends(f, &header, "next", 4);
    serve(f);
    assert_int_equal(socket_stream_readable(stream), 0); /* behind it */
    clock_value += FREQUENCY * 2;
    timer_run(&f->machine.vm.vcpus[0].timers, clock_value);
    assert_false(f->socket.held);
    expect_for_guest(f, WILD_CID, SOCKET_OPERATION_RESET);
    serve(f);
    assert_int_equal(socket_stream_readable(stream), 4);
    /* It comes to its senses: it hears that its connection is gone, and can have another. */
    while (wild_gets(f, &header)) {
    }
    assert_int_equal(header.operation, SOCKET_OPERATION_RESET);
    virtio_vsock_notified(&f->socket);
    connect_wild(f);
}

static void test_room_in_time_loses_nothing(void **state)
{
    struct fixture *f = *state;
    static uint8_t data[0x8000];
    connect_wild(f);
    struct socket_header header = from_guest(WILD_CID, SOCKET_OPERATION_DATA, sizeof(data));
    uint32_t packets = CAPACITY / sizeof(data);
    for (uint32_t i = 0; i < packets; i++) {
        guest_sends(f, &header, data, sizeof(data));
    }
    assert_true(f->socket.held);
    assert_int_equal(f->wires[1].queue[0].consumer_signalled, 1); /* room was asked for */
    uint32_t got = 0;
    while (wild_gets(f, &header)) {
        got++;
        virtio_vsock_notified(&f->socket);
    }
    assert_int_equal(got, packets);
    assert_false(f->socket.held);
    expect_nothing_for_guest(f);
}

static void test_one_peer_takes_no_connections_from_another(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < VSOCK_CONNECTIONS_PER_PEER + 4; i++) {
        struct socket_header header = from_wild(SOCKET_OPERATION_REQUEST, 0);
        header.source_port = i;
        wild_sends(f, &header, NULL);
        while (guest_gets(f, &header, NULL)) {
        }
    }
    for (uint32_t i = 0; i < 4; i++) {
        expect_for_wild(f, SOCKET_OPERATION_RESET);
    }
    struct socket_header header;
    assert_false(wild_gets(f, &header));
    connect_server(f);
}

static void test_a_second_request_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    connect_wild(f);
    guest_asks(f, WILD_CID, SOCKET_OPERATION_REQUEST);
    expect_for_guest(f, WILD_CID, SOCKET_OPERATION_RESET);
    expect_for_wild(f, SOCKET_OPERATION_RESET);
    connect_wild(f);
}

static void test_a_reset_guest_leaves_no_connection_behind(void **state)
{
    struct fixture *f = *state;
    struct socket_stream *stream = connect_server(f);
    connect_wild(f);
    virtio_write_status(&f->socket.device, 0);
    expect_for_wild(f, SOCKET_OPERATION_RESET);
    serve(f);
    assert_int_equal(stream->state, SOCKET_STREAM_ENDED);
    /* While nobody is there, requests are refused at once. */
    struct socket_header header = from_wild(SOCKET_OPERATION_REQUEST, 0);
    wild_sends(f, &header, NULL);
    expect_for_wild(f, SOCKET_OPERATION_RESET);
}

/* Makes device and driver anew, with the same queues to the peers: the monitor has failed and was restarted. */
static void restart_monitor(struct fixture *f)
{
    struct vm_device_config config = configuration(f);
    machine_create(&f->machine);
    f->machine.vm.clock.frequency = FREQUENCY;
    assert_null(virtio_vsock_init(&f->socket, &f->machine.vm, &config));
    machine_attach(&f->machine, &f->socket.device);
    driver_start(&f->machine, &f->socket.device, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_VSOCK_F_STREAM, 64);
    for (unsigned int i = 0; i < RECEIVE_BUFFERS; i++) {
        f->receive_buffers[i] = machine_allocate(&f->machine, RECEIVE_BUFFER, 16);
        give_buffer(f, i);
    }
    virtio_notify(&f->socket.device, VSOCK_QUEUE_RECEIVE);
}

static void test_a_restarted_monitor_goes_on_with_its_peers(void **state)
{
    struct fixture *f = *state;
    static uint8_t data[0x1000];
    struct socket_stream *stream = connect_server(f);
    connect_wild(f);
    struct socket_header header = from_guest(WILD_CID, SOCKET_OPERATION_DATA, sizeof(data));
    guest_sends(f, &header, data, sizeof(data));
    header = from_wild(SOCKET_OPERATION_DATA, 4);
    assert_true(socket_queue_put(&f->wild_out, &header, "lost")); /* what it has not taken yet */
    restart_monitor(f);
    assert_true(wild_gets(f, &header)); /* what it had sent */
    assert_int_equal(header.length, sizeof(data));
    expect_for_wild(f, SOCKET_OPERATION_RESET); /* the connection is gone */
    connect_wild(f);
    /* The other peer hears of it when it uses its connection. */
    assert_int_equal(socket_stream_write(stream, "there?", 6), 6);
    socket_endpoint_flush(&f->server);
    virtio_vsock_notified(&f->socket);
    serve(f);
    assert_int_equal(stream->state, SOCKET_STREAM_ENDED);
    assert_true(socket_stream_close(stream));
    connect_server(f);
}

static void test_all_that_came_for_nobody_is_refused(void **state)
{
    struct fixture *f = *state;
    struct socket_header header = from_wild(SOCKET_OPERATION_DATA, 0);
    uint32_t packets = 1000, refused = 0;
    virtio_write_status(&f->socket.device, 0);
    for (uint32_t i = 0; i < packets; i++) {
        assert_true(socket_queue_put(&f->wild_out, &header, NULL));
    }
    virtio_vsock_notified(&f->socket); /* once for all of them; the rest goes by the timer */
    while (f->socket.timer.deadline != 0) {
        clock_value = f->socket.timer.deadline;
        timer_run(&f->machine.vm.vcpus[0].timers, clock_value);
    }
    for (; wild_gets(f, &header); refused++) {
        assert_int_equal(header.operation, SOCKET_OPERATION_RESET);
    }
    assert_int_equal(refused, packets);
}

static void test_broken_queues_of_a_peer_harm_nobody_else(void **state)
{
    struct fixture *f = *state;
    connect_wild(f);
    f->wires[1].queue[1].tail += 3 * CAPACITY;
    virtio_vsock_notified(&f->socket);
    assert_true(f->socket.peers[1].receive.broken);
    f->wires[1].queue[0].head -= 12345;
    struct socket_stream *stream = connect_server(f);
    struct socket_header header = from_guest(SERVER_CID, SOCKET_OPERATION_DATA, 2);
    guest_sends(f, &header, "ok", 2);
    serve(f);
    assert_int_equal(socket_stream_readable(stream), 2);
}

static void test_no_buffers_no_loss(void **state)
{
    struct fixture *f = *state;
    struct socket_header header;
    uint32_t ports = RECEIVE_BUFFERS + 10;
    for (uint32_t i = 0; i < ports; i++) {
        header = from_wild(SOCKET_OPERATION_REQUEST, 0);
        header.source_port = i;
        wild_sends(f, &header, NULL);
    }
    uint32_t got = 0;
    while (guest_gets(f, &header, NULL)) {
        assert_int_equal(header.source_port, got);
        got++;
    }
    assert_int_equal(got, ports);
}

static void test_a_header_changed_after_part_of_its_packet_has_gone_counts_as_it_was(void **state)
{
    struct fixture *f = *state;
    static uint8_t data[GUEST_BUFFER];
    connect_wild(f);
    for (uint32_t i = 0; i < RECEIVE_BUFFERS - 2; i++) { /* leaves the guest two buffers */
        struct socket_header request = from_wild(SOCKET_OPERATION_REQUEST, 0);
        request.source_port = 100 + i;
        wild_sends(f, &request, NULL);
    }
    struct socket_header header = from_wild(SOCKET_OPERATION_DATA, GUEST_BUFFER);
    struct socket_header changed = header;
    char *shared = f->wires[1].data[1] + (f->wild_out.index & (CAPACITY - 1));
    wild_sends(f, &header, data);
    assert_int_equal(f->socket.peers[1].delivered, 2 * (RECEIVE_BUFFER - sizeof(header)));
    changed.length = 1; /* less than the guest has already */
    changed.destination_port = GUEST_PORT + 1;
    memcpy(shared, &changed, sizeof(changed));
    uint32_t got = 0;
    while (guest_gets(f, &header, NULL)) {
        assert_int_equal(header.destination_port, GUEST_PORT);
        got += header.length;
    }
    assert_int_equal(got, GUEST_BUFFER);
    header = from_wild(SOCKET_OPERATION_CREDIT_UPDATE, 0);
    wild_sends(f, &header, NULL);
    expect_for_guest(f, WILD_CID, SOCKET_OPERATION_CREDIT_UPDATE);
}

static void test_configurations_that_make_no_sense(void **state)
{
    struct fixture *f = *state;
    static struct virtio_vsock socket;
    struct vm_device_config bad;
#define REFUSED(field, value)                                                                                          \
    bad = configuration(f);                                                                                            \
    bad.socket.field = (value);                                                                                        \
    assert_non_null(virtio_vsock_init(&socket, &f->machine.vm, &bad))
    REFUSED(cid, 2);
    REFUSED(peer_count, VM_SOCKET_MAX_PEERS + 1);
    REFUSED(peers[1].cid, 1);
    REFUSED(peers[0].queue.present, 0);
    REFUSED(peers[0].queue.channel, 62);
    REFUSED(peers[0].queue.transmit_capacity, 0x1000);
    REFUSED(peers[0].queue.receive_queue, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_bytes_go_both_ways),
        TEST(test_a_peer_that_is_not_allowed_is_not_there),
        TEST(test_packets_without_a_connection_are_refused),
        TEST(test_a_guest_speaks_for_itself_only),
        TEST(test_a_header_that_promises_more_than_there_is),
        TEST(test_a_peer_speaks_for_itself_only),
        TEST(test_no_more_reaches_the_guest_than_it_gave_credit_for),
        TEST(test_credit_comes_back_as_the_guest_says),
        TEST(test_a_peer_that_takes_nothing_is_not_waited_for),
        TEST(test_room_in_time_loses_nothing),
        TEST(test_one_peer_takes_no_connections_from_another),
        TEST(test_a_second_request_ends_the_connection),
        TEST(test_a_reset_guest_leaves_no_connection_behind),
        TEST(test_a_restarted_monitor_goes_on_with_its_peers),
        TEST(test_all_that_came_for_nobody_is_refused),
        TEST(test_broken_queues_of_a_peer_harm_nobody_else),
        TEST(test_no_buffers_no_loss),
        TEST(test_a_header_changed_after_part_of_its_packet_has_gone_counts_as_it_was),
        TEST(test_configurations_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
