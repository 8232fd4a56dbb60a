/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three clients of the switch that write whatever they like, whenever they like, into the memory that they share with
 * it. A fourth keeps the rules, and has to get every frame that is for it alone.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <switch.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PORTS     4u
#define GOOD      3u
#define CAPACITY  16u
#define BUFFER    256u
#define DATA_SIZE (CAPACITY * BUFFER)
#define QUEUE     ((NET_QUEUE_SIZE(CAPACITY) + 7) / 8 * 8)

static uint8_t *memory[PORTS][6]; /* four queues, two data regions */
static struct switch_config config;
static struct switch_status status;
static struct switch_request request;
static struct ethernet_switch ethernet_switch;
static _Alignas(8) uint8_t capture[8192];
static struct net_queue_handle good_transmit_free, good_transmit_active;
static uint64_t now;

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static void notify(unsigned int channel)
{
    (void)channel;
}

static void describe(void)
{
    config = (struct switch_config){
        .magic = SWITCH_CONFIG_MAGIC,
        .version = SWITCH_CONFIG_VERSION,
        .size = sizeof(config),
        .network_count = 1,
        .port_count = PORTS,
        .request = (uintptr_t)&request,
        .status = (uintptr_t)&status,
        .capture = (uintptr_t)capture,
        .capture_size = sizeof(capture),
        .networks = {{.name = "lan", .mtu = 1500, .ageing_seconds = 300}},
    };
    for (uint32_t i = 0; i < PORTS; i++) {
        struct switch_port_config *port = &config.ports[i];
        snprintf(port->name, sizeof(port->name), "port%u", (unsigned int)i);
        port->vlan = 1;
        port->flags = i == GOOD ? SWITCH_PORT_LOCKED : i == 1 ? SWITCH_PORT_TRUNK : 0;
        port->trunk[0] = 0xfe;
        port->mac[0] = 2;
        port->mac[5] = (uint8_t)i;
        for (unsigned int region = 0; region < 6; region++) {
            size_t size = region < 4 ? QUEUE : DATA_SIZE;
            if (memory[i][region] == NULL) {
                memory[i][region] = malloc(size);
            }
            memset(memory[i][region], 0, size);
        }
        port->queues = (struct net_client_config){
            .transmit_free = (uintptr_t)memory[i][0],
            .transmit_active = (uintptr_t)memory[i][1],
            .receive_free = (uintptr_t)memory[i][2],
            .receive_active = (uintptr_t)memory[i][3],
            .transmit_data = (uintptr_t)memory[i][4],
            .receive_data = (uintptr_t)memory[i][5],
            .transmit_data_size = DATA_SIZE,
            .receive_data_size = DATA_SIZE,
            .capacity = CAPACITY,
            .buffer_size = BUFFER,
            .channel = i,
            .flags = i == 2 || i == GOOD ? 0u : (uint32_t)(NET_CLIENT_EXTENDED | NET_CLIENT_OFFLOAD),
        };
    }
}

/* The good client sends to itself nothing, to all a frame: each of its frames is taken. */
static void send_good_frame(void)
{
    struct net_buffer buffer;
    check(net_queue_take(&good_transmit_free, &buffer));
    net_queue_release(&good_transmit_free);
    uint8_t *frame = memory[GOOD][4] + buffer.offset;
    memset(frame, 0xff, 6);
    memcpy(frame + 6, config.ports[GOOD].mac, 6);
    frame[12] = 8;
    buffer.length = 60;
    check(net_queue_put(&good_transmit_active, &buffer));
    net_queue_publish(&good_transmit_active);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    describe();
    now = 1000000;
    request.sequence = 0;
    check(switch_initialise(&ethernet_switch, &config, notify, 1000000, now) == NULL);
    net_queue_attach(&good_transmit_free, (uintptr_t)memory[GOOD][0], CAPACITY);
    net_queue_attach(&good_transmit_active, (uintptr_t)memory[GOOD][1], CAPACITY);
    uint64_t sent = 0;
    while (size >= 4) {
        /* Four bytes say what: port and region, where, how many bytes follow; 0xff: let the switch work. */
        uint32_t port = data[0] % GOOD, region = data[0] / 16 % 6, length = data[3] % 64;
        size_t region_size = region < 4 ? QUEUE : DATA_SIZE;
        size_t offset = (size_t)(data[1] | data[2] << 8) % region_size;
        bool work = (data[3] & 0x80) != 0;
        data += 4;
        size -= 4;
        length = length < size ? length : (uint32_t)size;
        if (length > region_size - offset) {
            length = (uint32_t)(region_size - offset);
        }
        memcpy(memory[port][region] + offset, data, length);
        data += length;
        size -= length;
        if (work) {
            send_good_frame();
            sent++;
            now += 997;
            request.command = (uint32_t)(sent % 7);
            request.port = (uint32_t)(sent % 3);
            request.value = 100;
            request.limits = (struct switch_limits){sent % 5, sent % 11 << 12, (uint32_t)sent % 3, 0};
            request.sequence += sent % 2;
            (void)switch_control(&ethernet_switch, now);
            for (unsigned int i = 0; i < 1000 && switch_serve(&ethernet_switch, now); i++) {
            }
            check(status.ports[GOOD].counters.frames_in == sent);
            check(status.ports[GOOD].counters.dropped[SWITCH_DROP_SPOOFED] == 0);
        }
    }
    return 0;
}
