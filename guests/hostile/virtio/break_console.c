/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver must not say to a console with ports: VirtIO 1.2 §5.3.6.2. */
#include "provocation.h"

#define CONTROL_RECEIVE 2u
#define MESSAGES        16u

enum event {
    DEVICE_READY,
    PORT_ADD,
    PORT_REMOVE,
    PORT_READY,
    CONSOLE_PORT,
    RESIZE,
    PORT_OPEN,
    PORT_NAME,
    BEYOND, /* no event */
};

/* Says it, whole or in part, and waits until the device has it: there are more messages than places in the ring. */
static void say(struct device *device, uint32_t port, uint32_t event, uint32_t value, uint32_t length)
{
    write_at(BUFFERS, 4, port);
    write_at(BUFFERS + 4, 2, event);
    write_at(BUFFERS + 6, 2, value);
    (void)ring_take(device);
    ring_add(device, &(struct piece){BUFFERS, length, 0}, 1);
    device_notify(device, device->queue);
    if (!device_answers(device, PATIENCE)) {
        surprise(device, "a control message", "it does not answer, event", event);
    }
}

static void ports_that_are_not_there(struct device *device)
{
    static const uint32_t ports[] = {2, 7, 8, 31, 32, 0x7fffffff, 0x80000000, 0xffffffff};
    for (uint32_t event = PORT_ADD; event <= BEYOND; event++) {
        say(device, ports[random_number() % 8], event, 1, 8);
        say(device, (uint32_t)random_number() | 8, event, 0, 8);
    }
}

static void events_of_devices(struct device *device)
{
    static const uint32_t events[] = {PORT_ADD, PORT_REMOVE, CONSOLE_PORT, RESIZE, PORT_NAME, BEYOND, 0x7fff, 0xffff};
    for (uint32_t i = 0; i < MESSAGES; i++) {
        say(device, i & 1, events[i / 2], (uint32_t)random_number(), 8);
    }
}

static void wrong_lengths(struct device *device)
{
    static const uint32_t lengths[] = {1, 2, 3, 4, 5, 6, 7, 9, 12, 511, 4096, 0xffff};
    for (uint32_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        say(device, 1, PORT_READY, 1, lengths[i]);
    }
}

static void opened_before_it_is_ready(struct device *device)
{
    say(device, 0, DEVICE_READY, 1, 8);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        say(device, i & 1, PORT_OPEN, i >> 1 & 1, 8);
    }
}

/* The device has something to say each time, and nowhere to say it. */
static void nowhere_to_answer(struct device *device)
{
    for (uint32_t i = 0; i < MESSAGES; i++) {
        say(device, 0, DEVICE_READY, 1, 8);
        say(device, i & 1, PORT_READY, 1, 8);
        say(device, i & 1, PORT_OPEN, 1, 8);
        say(device, i & 1, PORT_READY, 0, 8);
    }
}

/* One buffer for answers, of a length into which none goes. */
static void no_room_for_an_answer(struct device *device)
{
    device_begin(device, device->wanted);
    struct device receive = *device;
    receive.queue = CONTROL_RECEIVE;
    receive.ring_offset = POOL_SECOND_RING;
    device_lay_ring(&receive);
    device_place_queue(&receive, receive.ring.descriptors, receive.ring.driver, receive.ring.device, true);
    device_lay_ring(device);
    device_place_queue(device, device->ring.descriptors, device->ring.driver, device->ring.device, true);
    device_set_status(device, (uint8_t)(device_status(device) | STATUS_DRIVER_OK));
    ring_add(&receive, &(struct piece){BUFFERS + 0x1000, 4, DESCRIPTOR_WRITE}, 1);
    write_at(BUFFERS, 8, (uint64_t)DEVICE_READY << 32 | 1ull << 48);
    ring_add(device, &(struct piece){BUFFERS, 8, 0}, 1);
    device_notify(device, device->queue);
}

const struct provocation console_provocations[] = {
    {"messages on ports that are not there", ON_ANY | ON_CONSOLES_ONLY, OUTCOME_GOES_ON, 0,
     .act = ports_that_are_not_there},
    {"messages that are the device's", ON_ANY | ON_CONSOLES_ONLY, OUTCOME_GOES_ON, 0, .act = events_of_devices},
    {"messages of wrong lengths", ON_ANY | ON_CONSOLES_ONLY, OUTCOME_GOES_ON, 0, .act = wrong_lengths},
    {"ports opened before they are ready", ON_ANY | ON_CONSOLES_ONLY, OUTCOME_GOES_ON, 0,
     .act = opened_before_it_is_ready},
    {"messages without room for answers", ON_ANY | ON_CONSOLES_ONLY, OUTCOME_GOES_ON, 0, .act = nowhere_to_answer},
    {"a buffer too short for a message", ON_ANY | ON_CONSOLES_ONLY | BARE, OUTCOME_NEEDS_RESET, 0,
     .act = no_room_for_an_answer},
    {0},
};
