/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices of each kind between a driver that asks for anything, in any shape, on any queue, and a service or peer on
 * the other side that writes what it likes into the memory that it shares: balloon, file system, network, image in
 * memory, random numbers, sockets. (Disks and consoles have fuzzers of their own.) The device touches nothing but the
 * driver's buffers, comes to an end of its work, and is as new after a reset.
 */
#include <stdlib.h>
#include <string.h>

#include "virtio_machine.h"

#include "input.h"

#include <linux/fuse.h>

#include <switch.h>
#include <vmm/entropy.h>
#include <vmm/hv.h>
#include <vmm/virtio/device_set.h>
#include <vmm/virtio/virtio_balloon.h>
#include <vmm/virtio/virtio_fs.h>
#include <vmm/virtio/virtio_net.h>
#include <vmm/virtio/virtio_pmem.h>
#include <vmm/virtio/virtio_rng.h>
#include <vmm/virtio/virtio_vsock.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHANNEL      3u
#define NET_CAPACITY 16u
#define NET_BUFFER   512u
#define GUEST_CID    3u
#define PEER_CID     10u
#define FILES_SIZE   0x40000u
#define IMAGE_SIZE   0x200000u
#define QUEUE_SIZE   16u
#define BUFFERS_END  0x300000u
#define PATIENCE     20000u

struct wire {
    _Alignas(64) uint8_t queues[4][NET_QUEUE_SIZE(NET_CAPACITY)];
    uint8_t transmit[NET_CAPACITY * NET_BUFFER], receive[NET_CAPACITY * NET_BUFFER];
};

struct sockets {
    struct serial_queue queue[2]; /* from the guest, to it */
    char data[2][SOCKET_QUEUE_MINIMUM];
};

struct world {
    struct virtio_machine machine;
    struct vm_control control;
    struct virtio_device *device;
    struct vm_device_config config;
    struct ethernet_switch ethernet_switch;
    struct switch_config switch_config;
    struct switch_status switch_status;
    struct switch_request switch_request;
    struct wire wire;
    struct sockets sockets;
};

static _Alignas(4096) uint8_t files[FILES_SIZE], image[4096];
static _Alignas(64) uint8_t workspace[1 << 20];
static struct world world;
static size_t workspace_used;
static uint64_t now;
static bool network, kicked;
static void (*listener)(void *context);
static void *listener_context;

/* --- What the VMM has around a device --- */

uint64_t hv_now(void)
{
    return now;
}

void hv_notify(unsigned int channel)
{
    (void)channel;
    kicked = true;
}

bool vmm_entropy(struct vm *vm, void *buffer, size_t size)
{
    (void)vm;
    memset(buffer, 0x5a, size);
    return true;
}

void vm_control_answer(struct vm *vm, enum vm_result result)
{
    (void)vm;
    (void)result;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    void *memory = workspace + workspace_used;
    workspace_used += (size + 63) & ~63ull;
    if (workspace_used > sizeof(workspace)) {
        abort();
    }
    memset(memory, 0, size);
    return memory;
}

int device_listen(struct vm *vm, uint32_t channel, void (*notified)(void *context), void *context)
{
    (void)vm;
    (void)channel;
    listener = notified;
    listener_context = context;
    return 0;
}

static void switch_notifies(unsigned int channel)
{
    (void)channel;
    kicked = true;
}

/* --- Devices --- */

static void configure_net(struct world *w)
{
    struct net_client_config client = {
        .transmit_free = (uintptr_t)w->wire.queues[0],
        .transmit_active = (uintptr_t)w->wire.queues[1],
        .receive_free = (uintptr_t)w->wire.queues[2],
        .receive_active = (uintptr_t)w->wire.queues[3],
        .transmit_data = (uintptr_t)w->wire.transmit,
        .receive_data = (uintptr_t)w->wire.receive,
        .transmit_data_size = sizeof(w->wire.transmit),
        .receive_data_size = sizeof(w->wire.receive),
        .capacity = NET_CAPACITY,
        .buffer_size = NET_BUFFER,
        .channel = CHANNEL,
        .flags = NET_CLIENT_EXTENDED | NET_CLIENT_OFFLOAD,
    };
    w->switch_config = (struct switch_config){
        .magic = SWITCH_CONFIG_MAGIC,
        .version = SWITCH_CONFIG_VERSION,
        .size = sizeof(w->switch_config),
        .network_count = 1,
        .port_count = 1,
        .request = (uintptr_t)&w->switch_request,
        .status = (uintptr_t)&w->switch_status,
        .networks = {{.name = "lan", .mtu = 9000, .ageing_seconds = 300}},
        .ports = {{.name = "port", .vlan = 1, .queues = client}},
    };
    w->config.queues = 2;
    w->config.net.client = client;
    w->config.net.mtu = 9000;
    w->config.net.mac[0] = 2;
    if (switch_initialise(&w->ethernet_switch, &w->switch_config, switch_notifies, 1000000, now) != NULL) {
        abort();
    }
}

static void configure_sockets(struct world *w)
{
    w->config.socket.cid = GUEST_CID;
    w->config.socket.peer_count = 1;
    w->config.socket.peers[0] = (struct socket_peer_config){.cid = PEER_CID,
                                                            .queue = {.transmit_queue = (uintptr_t)&w->sockets.queue[0],
                                                                      .transmit_data = (uintptr_t)w->sockets.data[0],
                                                                      .receive_queue = (uintptr_t)&w->sockets.queue[1],
                                                                      .receive_data = (uintptr_t)w->sockets.data[1],
                                                                      .transmit_capacity = SOCKET_QUEUE_MINIMUM,
                                                                      .receive_capacity = SOCKET_QUEUE_MINIMUM,
                                                                      .channel = CHANNEL,
                                                                      .present = 1}};
}

static void create(struct world *w, const struct device_kind *kind)
{
    w->config = (struct vm_device_config){.kind = kind->kind, .name = "device0"};
    switch (kind->kind) {
    case VM_DEVICE_NET:
        configure_net(w);
        break;
    case VM_DEVICE_SOCKET:
        configure_sockets(w);
        break;
    case VM_DEVICE_FILE_SYSTEM:
        memset(files, 0, sizeof(files));
        memcpy(w->config.filesystem.tag, "files", 5);
        w->config.filesystem.memory = (uintptr_t)files;
        w->config.filesystem.memory_size = sizeof(files);
        break;
    case VM_DEVICE_PMEM:
        w->config.pmem.gpa = 0x200000000ull;
        w->config.pmem.size = IMAGE_SIZE;
        w->config.pmem.address = (uintptr_t)image;
        break;
    case VM_DEVICE_RNG:
        w->config.rng.bytes_per_second = 1 << 20;
        break;
    default:
        break;
    }
    if (kind->create(&w->machine.vm, &w->config, &w->device) != NULL) {
        abort();
    }
    machine_attach(&w->machine, w->device);
    network = kind->kind == VM_DEVICE_NET;
}

static void start(struct world *w, uint64_t without)
{
    const struct virtio_ops *ops = w->device->ops;
    uint64_t features = (w->device->offered & ~(without << 28) & ~(without >> 8)) | VIRTIO_F_VERSION_1;
    if (ops->accept_features != NULL && !ops->accept_features(w->device->context, features)) {
        features = (w->device->offered & ~(without << 28)) | VIRTIO_F_VERSION_1; /* the device's own go together */
    }
    w->machine.next_free = 0x10000;
    driver_start(&w->machine, w->device, features, QUEUE_SIZE);
}

/* --- The driver --- */

/* A field of a request: small, one of its edges, or anything. */
static uint64_t number(struct input *in, size_t width)
{
    uint8_t head = (uint8_t)take(in, 1);
    switch (head >> 5) {
    case 6:
        return UINT64_MAX - (head & 31);
    case 7:
        return take(in, width);
    default:
        return head & 63;
    }
}

static void put(uint8_t *to, uint64_t value, size_t width)
{
    memcpy(to, &value, width);
}

/* The beginning of a request of that kind, nearly right. */
static void fill(const struct world *w, uint32_t queue, uint8_t *bytes, struct input *in)
{
    static const uint8_t socket_widths[] = {8, 8, 4, 4, 4, 2, 2, 4, 4, 4};
    static const uint8_t net_widths[] = {1, 1, 2, 2, 2, 2, 2};
    struct fuse_in_header fuse = {.len = (uint32_t)number(in, 4), .opcode = (uint32_t)number(in, 2)};
    switch (w->config.kind) {
    case VM_DEVICE_SOCKET:
        for (uint32_t i = 0, at = 0; i < sizeof(socket_widths); at += socket_widths[i++]) {
            put(bytes + at, number(in, socket_widths[i]), socket_widths[i]);
        }
        if ((bytes[0] & 1) == 0) {
            put(bytes, GUEST_CID, 8);
            put(bytes + 8, bytes[8] & 2 ? PEER_CID : 2, 8);
            put(bytes + 28, 1, 2);
        }
        break;
    case VM_DEVICE_NET:
        for (uint32_t i = 0, at = 0; i < sizeof(net_widths); at += net_widths[i++]) {
            put(bytes + at, number(in, net_widths[i]), net_widths[i]);
        }
        if (queue + 1 == w->device->queue_count) {
            bytes[0] %= 6;
            bytes[1] %= 4;
        }
        break;
    case VM_DEVICE_FILE_SYSTEM:
        fuse.len = fuse.len < 64 ? fuse.len + 40 : fuse.len;
        fuse.nodeid = number(in, 8);
        memcpy(bytes, &fuse, sizeof(fuse));
        for (uint32_t i = 0; i < 4; i++) {
            put(bytes + sizeof(fuse) + 8 * i, number(in, 8), 8);
        }
        break;
    default:
        for (uint32_t i = 0; i < 4; i++) {
            put(bytes + 4 * i, number(in, 4), 4);
        }
        break;
    }
}

static void add(struct world *w, struct input *in)
{
    uint32_t queue = (uint8_t)take(in, 1) % w->device->queue_count;
    uint8_t how = (uint8_t)take(in, 1);
    struct driver_queue *q = &w->machine.queues[queue];
    if (q->free_count < 8 || w->machine.next_free > BUFFERS_END || !q->queue->enabled) {
        return;
    }
    uint64_t at = machine_allocate(&w->machine, 0x4000, 16);
    fill(w, queue, machine_memory(&w->machine, at), in);
    struct piece pieces[6];
    uint32_t count = 1 + how % 5;
    bool writable = (how & 0x20) != 0;
    for (uint32_t i = 0; i < count; i++) {
        static const uint32_t lengths[] = {1, 2, 12, 16, 40, 44, 64, 512, 1526, 4096};
        uint8_t shape = (uint8_t)take(in, 1);
        uint32_t length = shape >= 0xf0 ? (uint32_t)take(in, 2) + 1 : lengths[shape % 10];
        writable = writable || (i != 0 && (shape & 0x40) != 0);
        pieces[i] = (struct piece){at, length, writable};
        at += length < 0x800 ? length : 0x800;
    }
    driver_add(&w->machine, queue, pieces, count, (how & 0x40) != 0);
    if ((how & 0x80) != 0) {
        virtio_notify(w->device, queue);
    }
}

/* --- The other side --- */

static void scribble(struct world *w, struct input *in)
{
    uint8_t *memory = network ? (uint8_t *)&w->wire : (uint8_t *)&w->sockets;
    size_t size = network ? sizeof(w->wire) : sizeof(w->sockets);
    size_t place = (size_t)take(in, 2) % (size - 8);
    if ((place & 1) != 0) {
        place %= 256;
    }
    uint64_t value = number(in, 4);
    memcpy(memory + place, &value, (size_t)1 << (value & 3));
    if (listener != NULL) {
        listener(listener_context);
    }
}

/* A packet to the guest: a header that is nearly right, and what follows it in the queue. */
static void send_packet(struct world *w, struct input *in)
{
    uint32_t tail = w->sockets.queue[1].tail;
    uint8_t bytes[64];
    fill(w, 0, bytes, in);
    put(bytes, PEER_CID, 8);
    put(bytes + 8, GUEST_CID, 8);
    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        w->sockets.data[1][(tail + i) % SOCKET_QUEUE_MINIMUM] = (char)bytes[i];
    }
    w->sockets.queue[1].tail = tail + 44 + (uint32_t)take(in, 1);
    listener(listener_context);
}

/* --- Play --- */

/* Lets timers and services work; it must not go on for ever when the driver does nothing. */
static void settle(struct world *w)
{
    struct timer_set *timers = &w->machine.vm.vcpus[0].timers;
    for (uint32_t i = 0; i < PATIENCE; i++) {
        bool moved = false;
        if (network) {
            moved = switch_serve(&w->ethernet_switch, now) || kicked;
            kicked = false;
            listener(listener_context);
        }
        if (timers->next != 0 && timers->next <= now + 1000) {
            now = timers->next;
            timer_run(timers, now);
            moved = true;
        }
        if (!moved) {
            return;
        }
    }
    abort();
}

static void step(struct world *w, struct input *in)
{
    uint8_t what = (uint8_t)take(in, 1);
    if (w->device->queue_count == 0) {
        abort(); /* each device has one at least */
    }
    uint32_t queue = (uint32_t)(what >> 4) % w->device->queue_count;
    uint16_t id;
    uint32_t written;
    switch (what % 12) {
    case 0:
    case 1:
    case 2:
    case 3:
        add(w, in);
        break;
    case 4:
        virtio_notify(w->device, queue);
        break;
    case 5:
        now += take(in, 2);
        settle(w);
        break;
    case 6:
        if (network || w->config.kind == VM_DEVICE_SOCKET) {
            scribble(w, in);
        }
        break;
    case 7:
        if (w->config.kind == VM_DEVICE_SOCKET) {
            send_packet(w, in);
        }
        break;
    case 8:
        virtio_write_config(w->device, (uint8_t)take(in, 1) % 64, 1u << (what >> 4 & 3), take(in, 4));
        break;
    case 9:
        if ((what & 0x80) != 0) {
            virtio_write_status(w->device, 0);
            start(w, take(in, 2));
        }
        break;
    case 10:
        if (virtio_has(w->device, VIRTIO_F_RING_RESET) && !w->device->broken) {
            virtio_reset_queue(w->device, queue);
            driver_start_queue(&w->machine, w->device, queue, QUEUE_SIZE);
        }
        break;
    default:
        /* A balloon may have been given the driver's own rings, which it zeroes: no more comes back than went out. */
        if (w->machine.queues[queue].free_count < QUEUE_SIZE) {
            (void)driver_take(&w->machine, queue, &id, &written);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct device_kind *const kinds[] = {
        &virtio_balloon_kind, &virtio_fs_kind,    &virtio_net_kind, &virtio_pmem_kind,
        &virtio_rng_kind,     &virtio_vsock_kind, &virtio_net_kind, &virtio_vsock_kind,
    };
    struct input in = {data, size};
    memset(&world, 0, sizeof(world));
    workspace_used = 0;
    listener = NULL;
    kicked = false;
    now = 1000;
    machine_create(&world.machine);
    world.machine.vm.clock.frequency = 1000000;
    world.machine.vm.control = &world.control;
    create(&world, kinds[take(&in, 1) % 8]);
    start(&world, take(&in, 2));
    while (in.size > 0) {
        step(&world, &in);
        for (uint32_t i = 0; i < world.device->queue_count; i++) {
            if (world.device->queues[i].outstanding > world.device->queues[i].maximum_size) {
                abort();
            }
        }
    }
    settle(&world);
    virtio_device_reset(world.device);
    settle(&world);
    if (world.device->status != 0 || world.device->broken) {
        abort();
    }
    return 0;
}
