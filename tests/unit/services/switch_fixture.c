/* SPDX-License-Identifier: BSD-2-Clause */
#include "switch_fixture.h"

const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static struct fixture *current;

static void notify(unsigned int channel)
{
    if (channel < CLIENTS) {
        current->clients[channel].notified++;
    }
}

const uint8_t *mac_of(unsigned int client)
{
    static const uint8_t macs[CLIENTS][6] = {{0x02, 0, 0, 0, 0, 0}, {0x02, 0, 0, 0, 0, 1}, {0x02, 0, 0, 0, 0, 2}};
    return macs[client];
}

int prepare(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    current = f;
    f->now = 10ull * FREQUENCY;
    f->config = (struct switch_config){
        .magic = SWITCH_CONFIG_MAGIC,
        .version = SWITCH_CONFIG_VERSION,
        .size = sizeof(f->config),
        .network_count = 2,
        .port_count = CLIENTS,
        .request = (uintptr_t)&f->request,
        .status = (uintptr_t)&f->status,
        .capture = (uintptr_t)f->capture,
        .capture_size = sizeof(f->capture),
        .manager_channel = 60,
        .networks = {{.name = "lan", .mtu = 1500, .ageing_seconds = 300},
                     {.name = "other", .mtu = 1500, .ageing_seconds = 300}},
    };
    for (unsigned int i = 0; i < CLIENTS; i++) {
        struct client *c = &f->clients[i];
        c->transmit_data = malloc(BUFFERS * BUFFER);
        c->receive_data = malloc(BUFFERS * BUFFER);
        struct switch_port_config *port = &f->config.ports[i];
        snprintf(port->name, sizeof(port->name), "vm%u", i);
        port->vlan = 1;
        memcpy(port->mac, mac_of(i), 6);
        port->queues = (struct net_client_config){
            .transmit_free = (uintptr_t)c->queues[0],
            .transmit_active = (uintptr_t)c->queues[1],
            .receive_free = (uintptr_t)c->queues[2],
            .receive_active = (uintptr_t)c->queues[3],
            .transmit_data = (uintptr_t)c->transmit_data,
            .receive_data = (uintptr_t)c->receive_data,
            .transmit_data_size = BUFFERS * BUFFER,
            .receive_data_size = BUFFERS * BUFFER,
            .capacity = CAPACITY,
            .buffer_size = BUFFER,
            .channel = i,
            .flags = NET_CLIENT_EXTENDED | NET_CLIENT_OFFLOAD,
        };
    }
    return 0;
}

void give_buffers(struct fixture *f, unsigned int client, uint32_t count)
{
    struct client *c = &f->clients[client];
    for (uint32_t i = 0; i < count; i++) {
        struct net_buffer buffer = {.offset = (uint64_t)i * BUFFER};
        assert_true(net_queue_put(&c->receive_free, &buffer));
    }
    net_queue_publish(&c->receive_free);
}

void client_connect(struct fixture *f, unsigned int client)
{
    struct client *c = &f->clients[client];
    bool extended = (f->config.ports[client].queues.flags & NET_CLIENT_EXTENDED) != 0;
    net_queue_attach(&c->transmit_free, (uintptr_t)c->queues[0], CAPACITY);
    net_queue_attach(&c->transmit_active, (uintptr_t)c->queues[1], CAPACITY);
    net_queue_attach(&c->receive_free, (uintptr_t)c->queues[2], CAPACITY);
    net_queue_attach(&c->receive_active, (uintptr_t)c->queues[3], CAPACITY);
    if (extended) {
        struct net_client_state *own = net_queue_state(&c->receive_free);
        const struct net_server_state *server = net_queue_state(&c->receive_active);
        own->epoch++;
        run(f);
        assert_int_equal(server->epoch, own->epoch);
    }
}

void start_fixture(struct fixture *f, uint32_t accepted)
{
    assert_null(switch_initialise(&f->s, &f->config, notify, FREQUENCY, f->now));
    for (unsigned int i = 0; i < CLIENTS; i++) {
        client_connect(f, i);
        give_buffers(f, i, CAPACITY);
        if (f->s.ports[i].port.client != NULL) {
            struct net_client_state *own = net_queue_state(&f->clients[i].receive_free);
            own->accepted = accepted;
        }
    }
    run(f);
}

int set_up(void **state)
{
    prepare(state);
    start_fixture(*state, 0x3f);
    return 0;
}

int tear_down(void **state)
{
    struct fixture *f = *state;
    for (unsigned int i = 0; i < CLIENTS; i++) {
        free(f->clients[i].transmit_data);
        free(f->clients[i].receive_data);
    }
    test_free(f);
    return 0;
}

void run(struct fixture *f)
{
    unsigned int calls = 0;
    while (switch_serve(&f->s, f->now)) {
        assert_true(++calls < 10000);
    }
}

bool put_frame(struct fixture *f, unsigned int client, const void *frame, uint32_t length,
               const struct net_offload *offload)
{
    struct client *c = &f->clients[client];
    bool extended = (f->config.ports[client].queues.flags & NET_CLIENT_EXTENDED) != 0;
    static const struct net_offload none;
    uint8_t bytes[FRAME_MAX + 100];
    uint32_t size = extended ? sizeof(none) : 0;
    memcpy(bytes, offload != NULL ? offload : &none, size);
    memcpy(bytes + size, frame, length);
    size += length;
    uint32_t count = (size + BUFFER - 1) / BUFFER;
    if (net_queue_length(&c->transmit_free) < count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct net_buffer buffer = {0};
        assert_true(net_queue_take(&c->transmit_free, &buffer));
        assert_true(buffer.offset % BUFFER == 0 && buffer.offset < BUFFERS * BUFFER);
        uint32_t part = size - i * BUFFER < BUFFER ? size - i * BUFFER : BUFFER;
        memcpy(c->transmit_data + buffer.offset, bytes + i * BUFFER, part);
        buffer.length = (uint16_t)part;
        buffer.flags = (uint8_t)((extended && i == 0 ? NET_BUFFER_OFFLOAD : 0) | (i + 1 < count ? NET_BUFFER_MORE : 0));
        assert_true(net_queue_put(&c->transmit_active, &buffer));
    }
    net_queue_release(&c->transmit_free);
    net_queue_publish(&c->transmit_active);
    return true;
}

void send_frame(struct fixture *f, unsigned int client, const void *frame, uint32_t length)
{
    assert_true(put_frame(f, client, frame, length, NULL));
    run(f);
}

bool receive_frame(struct fixture *f, unsigned int client)
{
    struct client *c = &f->clients[client];
    bool extended = (f->config.ports[client].queues.flags & NET_CLIENT_EXTENDED) != 0;
    struct net_buffer buffer;
    uint8_t bytes[FRAME_MAX + 100];
    uint32_t size = 0;
    do {
        if (!net_queue_take(&c->receive_active, &buffer)) {
            assert_int_equal(size, 0);
            return false;
        }
        assert_true(buffer.offset + buffer.length <= BUFFERS * BUFFER);
        memcpy(bytes + size, c->receive_data + buffer.offset, buffer.length);
        size += buffer.length;
        struct net_buffer again = {.offset = buffer.offset};
        assert_true(net_queue_put(&c->receive_free, &again));
    } while ((buffer.flags & NET_BUFFER_MORE) != 0);
    net_queue_release(&c->receive_active);
    net_queue_publish(&c->receive_free);
    uint32_t skip = extended ? sizeof(c->offload) : 0;
    memcpy(&c->offload, bytes, skip);
    c->length = size - skip;
    memcpy(c->frame, bytes + skip, c->length);
    return true;
}

uint32_t received_frames(struct fixture *f, unsigned int client)
{
    uint32_t count = 0;
    while (receive_frame(f, client)) {
        count++;
    }
    return count;
}

uint8_t *ethernet(uint8_t *frame, const uint8_t *to, const uint8_t *from, uint16_t type)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    frame[12] = (uint8_t)(type >> 8);
    frame[13] = (uint8_t)type;
    return frame;
}

uint64_t dropped(const struct fixture *f, unsigned int client, enum switch_drop reason)
{
    return f->status.ports[client].counters.dropped[reason];
}
