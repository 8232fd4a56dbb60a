/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net_machine.h"

#include <vmm/hv.h>

const uint8_t guest_mac[6] = {0x02, 0, 0, 0, 0, 1}, peer_mac[6] = {0x02, 0, 0, 0, 0, 2};

static struct net_machine *current;

/* --- What the VMM has around it --- */

uint64_t hv_now(void)
{
    return current->clock;
}

void hv_notify(unsigned int channel)
{
    assert_int_equal(channel, DEVICE);
    current->to_switch++;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    void *memory = current->workspace + current->workspace_used;
    current->workspace_used += (uint32_t)((size + 63) & ~63ull);
    assert_true(current->workspace_used <= sizeof(current->workspace));
    memset(memory, 0, size);
    return memory;
}

int device_listen(struct vm *vm, uint32_t channel, void (*notified)(void *context), void *context)
{
    (void)vm;
    assert_int_equal(channel, DEVICE);
    current->listener = notified;
    current->listener_context = context;
    return 0;
}

void net_machine_switch_notifies(unsigned int channel)
{
    current->to_device += channel == DEVICE ? 1u : 0u;
}

void net_machine_run(struct net_machine *f)
{
    bool moved = true;
    for (unsigned int i = 0; moved; i++) {
        assert_true(i < 1000);
        moved = switch_serve(&f->s, f->clock);
        if (f->to_device > 0) {
            f->to_device = 0;
            f->listener(f->listener_context);
            moved = true;
        }
        if (f->to_switch > 0) {
            f->to_switch = 0;
            moved = true;
        }
        if (f->net->timer.deadline != 0) {
            f->clock = f->net->timer.deadline;
            timer_run(&f->machine.vm.vcpus[0].timers, f->clock);
            moved = true;
        }
    }
    (void)net_port_look(&f->peer);
}

/* --- Setting up --- */

static struct net_client_config client(struct net_machine_wire *wire, uint32_t channel)
{
    return (struct net_client_config){
        .transmit_free = (uintptr_t)wire->queues[0],
        .transmit_active = (uintptr_t)wire->queues[1],
        .receive_free = (uintptr_t)wire->queues[2],
        .receive_active = (uintptr_t)wire->queues[3],
        .transmit_data = (uintptr_t)wire->transmit,
        .receive_data = (uintptr_t)wire->receive,
        .transmit_data_size = sizeof(wire->transmit),
        .receive_data_size = sizeof(wire->receive),
        .capacity = CAPACITY,
        .buffer_size = BUFFER,
        .channel = channel,
        .flags = NET_CLIENT_EXTENDED | NET_CLIENT_OFFLOAD,
    };
}

int net_machine_prepare(void **state)
{
    struct net_machine *f = aligned_alloc(64, sizeof(*f));
    assert_non_null(f);
    memset(f, 0, sizeof(*f));
    *state = f;
    current = f;
    f->clock = 1000;
    machine_create(&f->machine);
    f->machine.vm.clock.frequency = FREQUENCY;
    f->config = (struct switch_config){
        .magic = SWITCH_CONFIG_MAGIC,
        .version = SWITCH_CONFIG_VERSION,
        .size = sizeof(f->config),
        .network_count = 1,
        .port_count = 2,
        .request = (uintptr_t)&f->request,
        .status = (uintptr_t)&f->status,
        .networks = {{.name = "lan", .mtu = 9000, .ageing_seconds = 300}},
    };
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(f->config.ports[i].name, VM_NAME_LENGTH, "port%u", i);
        f->config.ports[i].vlan = 1;
        f->config.ports[i].queues = client(&f->wires[i], i);
    }
    assert_null(switch_initialise(&f->s, &f->config, net_machine_switch_notifies, FREQUENCY, f->clock));
    f->device_config = (struct vm_device_config){.kind = VM_DEVICE_NET, .queues = 1, .name = "net0"};
    f->device_config.net.client = client(&f->wires[DEVICE], DEVICE);
    f->device_config.net.mtu = 9000;
    memcpy(f->device_config.net.mac, guest_mac, 6);
    f->config.ports[PEER].queues.channel = PEER;
    assert_null(net_port_init(&f->peer, &f->config.ports[PEER].queues));
    return 0;
}

void net_machine_create(struct net_machine *f)
{
    struct virtio_device *device = NULL;
    assert_null(virtio_net_kind.create(&f->machine.vm, &f->device_config, &device));
    f->net = device->context;
    machine_attach(&f->machine, device);
    net_machine_run(f);
    assert_true(net_port_is_up(&f->net->port) && net_port_is_up(&f->peer));
}

int net_machine_set_up(void **state)
{
    net_machine_prepare(state);
    net_machine_create(*state);
    return 0;
}

int net_machine_tear_down(void **state)
{
    free(*state);
    return 0;
}

void give_buffers(struct net_machine *f, uint32_t queue, uint32_t count, uint32_t size)
{
    f->buffer_size = size;
    for (uint32_t i = 0; i < count; i++) {
        struct piece piece = {.address = machine_allocate(&f->machine, size, 2), .length = size, .writable = true};
        f->buffers[driver_add(&f->machine, queue, &piece, 1, false)] = piece.address;
    }
    virtio_notify(&f->net->device, queue);
    net_machine_run(f);
}

void net_machine_start(struct net_machine *f, uint64_t features)
{
    driver_start(&f->machine, &f->net->device, features, NET_QUEUE_ENTRIES);
    net_machine_run(f);
}

/* --- Frames --- */

void make_frame(uint8_t *frame, const uint8_t *to, const uint8_t *from, uint32_t length)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    frame[12] = 0x08;
    frame[13] = 0x00;
    for (uint32_t i = 14; i < length; i++) {
        frame[i] = (uint8_t)(i * 5 + (i >> 7));
    }
}

void peer_sends(struct net_machine *f, const uint8_t *frame, uint32_t length, const struct net_offload *offload)
{
    static const struct net_offload none;
    struct virtio_segment segment = {.data = (uint8_t *)(uintptr_t)frame, .length = length};
    assert_true(net_port_has_room(&f->peer, length));
    net_port_send(&f->peer, offload != NULL ? offload : &none, &segment, 1, 0, length);
    (void)net_port_publish(&f->peer);
    net_machine_run(f);
}

bool peer_receives(struct net_machine *f)
{
    f->length = 0;
    if (net_port_receive(&f->peer, &f->frame) != NET_PORT_FRAME) {
        return false;
    }
    for (uint32_t i = 0; i < f->frame.count; i++) {
        memcpy(f->received + f->length, f->frame.pieces[i].data, f->frame.pieces[i].length);
        f->length += f->frame.pieces[i].length;
    }
    net_port_give_back(&f->peer, &f->frame);
    (void)net_port_publish(&f->peer);
    return true;
}

void guest_adds(struct net_machine *f, uint32_t queue, const struct net_offload *offload, uint32_t header,
                const uint8_t *frame, uint32_t length, uint32_t size)
{
    struct piece pieces[64];
    uint32_t count = 0, all = header + length;
    uint64_t at = machine_allocate(&f->machine, all, 2);
    static const struct net_offload none;
    memcpy(machine_memory(&f->machine, at), offload != NULL ? offload : &none, header);
    memcpy((uint8_t *)machine_memory(&f->machine, at) + header, frame, length);
    for (uint32_t i = 0; i < all; i += size) {
        pieces[count++] = (struct piece){.address = at + i, .length = all - i < size ? all - i : size};
    }
    driver_add(&f->machine, queue, pieces, count, false);
}

void guest_sends(struct net_machine *f, const uint8_t *frame, uint32_t length)
{
    guest_adds(f, TRANSMIT, NULL, 12, frame, length, 1000);
    virtio_notify(&f->net->device, TRANSMIT);
    net_machine_run(f);
}

bool guest_receives(struct net_machine *f, uint32_t queue, uint32_t header)
{
    uint16_t id, buffers = 1;
    uint32_t written;
    f->length = 0;
    for (uint16_t i = 0; i < buffers; i++) {
        if (!driver_take(&f->machine, queue, &id, &written)) {
            assert_int_equal(i, 0);
            return false;
        }
        const uint8_t *bytes = machine_memory(&f->machine, f->buffers[id]);
        uint32_t skip = i == 0 ? header : 0;
        if (i == 0) {
            memcpy(f->header, bytes, header);
            memcpy(&buffers, f->header + 10, header == 12 ? 2 : 0);
        }
        memcpy(f->received + f->length, bytes + skip, written - skip);
        f->length += written - skip;
    }
    return true;
}
