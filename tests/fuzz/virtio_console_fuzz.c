/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console device between a driver that says anything on the control queues, in any shape and order, and a peer that
 * scribbles on its queues. Only the driver's own buffers are touched, and the device comes to an end of its work.
 */
#include <stdlib.h>
#include <string.h>

#include "virtio_machine.h"

#include "input.h"

#include <vmm/hv.h>
#include <vmm/virtio/virtio_console.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PORTS      3u
#define CAPACITY   64u
#define QUEUES     ((PORTS + 1) * 2)
#define PATIENCE   1000u
#define QUEUE_SIZE 16u

struct line {
    _Alignas(SERIAL_PAGE_SIZE) struct serial_queue_page page;
    char data[CAPACITY];
};

struct world {
    struct line out[PORTS], in[PORTS];
    struct virtio_machine machine;
    struct virtio_console console;
    struct vm_device_config config;
};

static uint64_t now;

uint64_t hv_now(void)
{
    return now;
}

void hv_notify(unsigned int channel)
{
    (void)channel;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    (void)size;
    return NULL;
}

int device_listen(struct vm *vm, uint32_t channel, void (*notified)(void *context), void *context)
{
    (void)vm;
    (void)channel;
    (void)notified;
    (void)context;
    return -1;
}

static void create(struct world *w)
{
    w->config = (struct vm_device_config){.kind = VM_DEVICE_CONSOLE, .queues = PORTS, .name = "console0"};
    for (uint32_t i = 0; i < PORTS; i++) {
        w->config.console.ports[i] = (struct console_port_config){
            .name = "port",
            .queue = {.transmit_queue = (uintptr_t)&w->out[i].page,
                      .transmit_data = (uintptr_t)w->out[i].data,
                      .receive_queue = (uintptr_t)&w->in[i].page,
                      .receive_data = (uintptr_t)w->in[i].data,
                      .transmit_capacity = CAPACITY,
                      .receive_capacity = CAPACITY,
                      .channel = 2 + i,
                      .present = 1},
        };
    }
    w->machine.vm.clock.frequency = 1000000;
    if (virtio_console_init(&w->console, &w->machine.vm, &w->config) != NULL) {
        abort();
    }
    machine_attach(&w->machine, &w->console.device);
}

static void start(struct world *w, uint8_t how)
{
    uint64_t features = w->console.device.offered;
    features &= ~((how & 1 ? VIRTIO_F_RING_PACKED : 0) | (how & 2 ? VIRTIO_F_INDIRECT_DESC : 0) |
                  (how & 4 ? VIRTIO_F_EVENT_IDX : 0) | (how & 8 ? VIRTIO_CONSOLE_F_MULTIPORT : 0) |
                  (how & 16 ? VIRTIO_CONSOLE_F_SIZE : 0));
    w->machine.next_free = 0x10000;
    driver_start(&w->machine, &w->console.device, features, QUEUE_SIZE);
}

/* A message that is nearly right, or characters; or a buffer to be written. */
static void add(struct world *w, struct input *in)
{
    uint32_t queue = (uint8_t)take(in, 1) % QUEUES, how = (uint8_t)take(in, 1);
    struct driver_queue *q = &w->machine.queues[queue];
    if (q->free_count < 4 || w->machine.next_free > 0x300000 || w->console.device.broken) {
        return;
    }
    uint64_t at = machine_allocate(&w->machine, 512, 16);
    uint8_t *bytes = machine_memory(&w->machine, at);
    bytes[0] = (uint8_t)(how & 0x40 ? (uint8_t)take(in, 1) : how % 4); /* port, event, value */
    bytes[4] = (uint8_t)take(in, 1) % 9;
    bytes[6] = how >> 7 & 1;
    uint32_t length = how & 0x20 ? (uint8_t)take(in, 1) + 1u : 64;
    bool writable = (queue % 2 == 0) != ((how & 0x1f) == 0x1f);
    struct piece pieces[3] = {{at, length, writable}, {at + 256, 8, writable}, {at + 264, 9, true}};
    driver_add(&w->machine, queue, pieces, 1 + (how >> 2) % 3, (how & 0x10) != 0);
}

static void peer(struct world *w, struct input *in)
{
    uint32_t how = (uint8_t)take(in, 1);
    struct line *line = how & 1 ? &w->out[how % PORTS] : &w->in[how % PORTS];
    switch (how >> 4 & 3) {
    case 0: /* as it should be */
        line->page.queue.tail += line == &w->in[how % PORTS] ? (uint8_t)take(in, 1) % CAPACITY : 0;
        line->page.queue.head += line == &w->out[how % PORTS] ? (uint8_t)take(in, 1) % CAPACITY : 0;
        break;
    case 1:
        line->page.queue.tail = (uint32_t)take(in, 4);
        break;
    case 2:
        line->page.queue.head = (uint32_t)take(in, 4);
        break;
    default:
        line->page.version = (uint8_t)take(in, 1) & 1;
        line->page.terminal_size = (uint32_t)take(in, 4);
        break;
    }
    console_port_notified(&w->console.ports[how % PORTS]);
}

/* It must not go on for ever when nobody does anything. */
static void settle(struct world *w)
{
    struct timer_set *timers = &w->machine.vm.vcpus[0].timers;
    for (uint32_t i = 0; timers->next != 0; i++) {
        if (i == PATIENCE) {
            abort();
        }
        now += 10;
        timer_run(timers, now);
    }
}

static void step(struct world *w, struct input *in)
{
    uint8_t what = (uint8_t)take(in, 1);
    uint32_t queue = (what >> 4) % QUEUES;
    uint16_t id;
    uint32_t written;
    switch (what % 10) {
    case 0:
    case 1:
    case 2:
        add(w, in);
        break;
    case 3:
    case 4:
        virtio_notify(&w->console.device, queue);
        break;
    case 5:
        peer(w, in);
        break;
    case 6:
        virtio_write_config(&w->console.device, (uint8_t)take(in, 1) % 16, 1u << (what >> 4 & 3),
                            (uint32_t)take(in, 4));
        break;
    case 7:
        if (what & 0x40) {
            virtio_write_status(&w->console.device, 0);
            start(w, what >> 3);
        }
        break;
    case 8:
        if (virtio_has(&w->console.device, VIRTIO_F_RING_RESET) && !w->console.device.broken) {
            virtio_reset_queue(&w->console.device, queue);
            driver_start_queue(&w->machine, &w->console.device, queue, QUEUE_SIZE);
        }
        break;
    default:
        (void)driver_take(&w->machine, queue, &id, &written);
        settle(w);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    static _Alignas(SERIAL_PAGE_SIZE) struct world the_world; /* to allocate it would take longer than the test */
    struct world *w = &the_world;
    memset(w, 0, sizeof(*w));
    now = 1;
    machine_create(&w->machine);
    create(w);
    start(w, (uint8_t)take(&in, 1));
    while (in.size > 0) {
        step(w, &in);
    }
    settle(w);
    return 0;
}
