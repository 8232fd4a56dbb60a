/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver that keeps the rules, as far as one queue goes: VirtIO 1.2 §2.7, §2.8, §3.1. What breaks them starts here.
 */
#include "device.h"

extern const char image_end[];

#define PAGE          4096ull
#define MIB           0x100000ull
#define RING_DRIVER   0x8000u /* packed: the event structures */
#define RING_DEVICE   0x9000u
#define AVAILABLE_IDX 2u
#define AVAILABLE     4u
#define USED_IDX      2u

uint64_t pool_base(void)
{
    return ((uintptr_t)image_end + MIB - 1) & ~(MIB - 1);
}

void memory_set(uint64_t address, uint8_t value, uint64_t size)
{
    for (uint64_t i = 0; i < size; i += 8) {
        *(volatile uint64_t *)(address + i) = value * 0x0101010101010101ull;
    }
}

/* --- Set-up --- */

void device_begin(struct device *device, uint64_t features)
{
    device_set_status(device, 0);
    device_set_status(device, STATUS_ACKNOWLEDGE);
    device_set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    features &= device_features(device);
    device->ring.packed = (features & F_PACKED) != 0;
    device_set_features(device, features);
    if (!device_is_legacy(device)) {
        device_set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    }
}

void device_lay_ring(struct device *device)
{
    struct ring *ring = &device->ring;
    uint64_t base = pool_base() + POOL_RING + device->ring_offset;
    device_select_queue(device, device->queue);
    uint32_t size = device_queue_size(device);
    if (device->transport != TRANSPORT_PORTS && device->queue_size != 0 && size > device->queue_size) {
        size = device->queue_size;
    }
    device_set_queue_size(device, size);
    *ring = (struct ring){.packed = ring->packed, .size = (uint16_t)size, .descriptors = base, .wrap = true};
    ring->used_wrap = true;
    /* Whatever a second processor makes of a descriptor that is not in use leads to the buffers, not to where this
     * program or its page tables lie. */
    for (uint32_t i = 0; i < size; i++) {
        *(volatile uint64_t *)(base + 16ull * i) = pool_base() + POOL_BUFFERS;
        *(volatile uint64_t *)(base + 16ull * i + 8) = 0;
    }
    memory_set(base + 16ull * size, 0, RING_DEVICE + PAGE - 16ull * size);
    ring->driver = ring->packed ? base + RING_DRIVER : base + 16 * size;
    ring->device = ring->packed ? base + RING_DEVICE : (ring->driver + 6 + 2 * size + PAGE - 1) & ~(PAGE - 1);
}

void device_set_up(struct device *device)
{
    device_begin(device, device->wanted);
    device_lay_ring(device);
    device_place_queue(device, device->ring.descriptors, device->ring.driver, device->ring.device, true);
    device_set_status(device, (uint8_t)(device_status(device) | STATUS_DRIVER_OK));
}

/* --- Rings --- */

void ring_set_descriptor(const struct device *device, uint32_t index, const struct piece *piece, uint16_t next)
{
    uint64_t at = device->ring.descriptors + 16ull * index;
    write_at(at, 8, piece->address);
    write_at(at + 8, 4, piece->length);
    if (device->ring.packed) {
        write_at(at + 12, 2, index); /* the buffer's name */
        barrier();
        write_at(at + 14, 2, piece->flags | (device->ring.wrap ? DESCRIPTOR_AVAILABLE : DESCRIPTOR_USED));
    } else {
        write_at(at + 12, 2, piece->flags);
        write_at(at + 14, 2, next);
    }
}

void ring_advance(struct device *device, uint16_t count)
{
    struct ring *ring = &device->ring;
    if (!ring->packed) {
        ring->next = (uint16_t)(ring->next + count);
        write_at(ring->driver + AVAILABLE_IDX, 2, ring->next);
        barrier();
        return;
    }
    ring->next = (uint16_t)(ring->next + count);
    if (ring->next >= ring->size) {
        ring->next = (uint16_t)(ring->next - ring->size);
        ring->wrap = !ring->wrap;
    }
}

void ring_add(struct device *device, const struct piece *pieces, uint32_t count)
{
    struct ring *ring = &device->ring;
    uint32_t first = ring->packed ? ring->next : ring->next * 4u % ring->size;
    bool wrap = ring->wrap;
    /* Backwards: a packed buffer is there as soon as its first descriptor is. */
    for (uint32_t i = count; i-- > 0;) {
        uint32_t index = (first + i) % ring->size;
        struct piece piece = pieces[i];
        piece.flags = (uint16_t)(piece.flags | (i + 1 < count ? DESCRIPTOR_NEXT : 0));
        if (ring->packed) {
            ring->wrap = first + i >= ring->size ? !wrap : wrap;
        }
        ring_set_descriptor(device, index, &piece, (uint16_t)((index + 1) % ring->size));
    }
    ring->wrap = wrap;
    if (!ring->packed) {
        write_at(ring->driver + AVAILABLE + 2u * (ring->next % ring->size), 2, first);
    }
    ring_advance(device, (uint16_t)(ring->packed ? count : 1));
}

bool ring_take(struct device *device)
{
    struct ring *ring = &device->ring;
    if (!ring->packed) {
        uint16_t used = (uint16_t)read_at(ring->device + USED_IDX, 2);
        bool found = used != ring->last_used;
        ring->last_used = used;
        return found;
    }
    uint64_t flags = read_at(ring->descriptors + 16ull * ring->last_used + 14, 2);
    bool available = (flags & DESCRIPTOR_AVAILABLE) != 0;
    bool used = (flags & DESCRIPTOR_USED) != 0;
    if (available != used || used != ring->used_wrap) {
        return false;
    }
    /* All that was made available is used, for a well-behaved driver waits for each. */
    ring->last_used = ring->next;
    ring->used_wrap = ring->wrap;
    return true;
}

bool device_answers(struct device *device, uint32_t milliseconds)
{
    uint64_t end = machine_now() + milliseconds * machine_millisecond();
    do {
        if (ring_take(device)) {
            return true;
        }
    } while (machine_now() < end);
    return false;
}

/* --- Requests --- */

#define OPCODE_INIT     26u
#define OPERATION_RESET 3u

/* Up to three pieces; how many. */
static uint32_t make_request(const struct device *device, uint64_t buffer, struct piece pieces[3])
{
    memory_set(buffer, 0, PAGE);
    switch (device->type) {
    case TYPE_BLOCK: /* read a sector */
        pieces[0] = (struct piece){buffer, 16, 0};
        pieces[1] = (struct piece){buffer + 512, 512, DESCRIPTOR_WRITE};
        pieces[2] = (struct piece){buffer + 1024, 1, DESCRIPTOR_WRITE};
        return 3;
    case TYPE_NET: /* a frame to nobody; a header of offloads first */
        memory_set(buffer + 512, 0x02, 64);
        pieces[0] = (struct piece){buffer, device_is_legacy(device) ? 10 : 12, 0};
        pieces[1] = (struct piece){buffer + 512, 60, 0};
        return 2;
    case TYPE_CONSOLE: /* DEVICE_READY: that it is not */
        pieces[0] = (struct piece){buffer, 8, 0};
        return 1;
    case TYPE_ENTROPY:
        pieces[0] = (struct piece){buffer, 16, DESCRIPTOR_WRITE};
        return 1;
    case TYPE_SOCKET: /* of a connection that there is not, from nobody */
        write_at(buffer + 28, 2, 1);
        write_at(buffer + 30, 2, OPERATION_RESET);
        pieces[0] = (struct piece){buffer, 44, 0};
        return 1;
    case TYPE_FILE_SYSTEM:
        write_at(buffer, 4, 40 + 16);
        write_at(buffer + 4, 4, OPCODE_INIT);
        write_at(buffer + 8, 8, 1);
        write_at(buffer + 40, 4, 7);
        write_at(buffer + 44, 4, 31);
        pieces[0] = (struct piece){buffer, 56, 0};
        pieces[1] = (struct piece){buffer + 512, 80, DESCRIPTOR_WRITE};
        return 2;
    case TYPE_PMEM: /* flush */
        pieces[0] = (struct piece){buffer, 4, 0};
        pieces[1] = (struct piece){buffer + 512, 4, DESCRIPTOR_WRITE};
        return 2;
    default: /* balloon: gives up a page of the pool */
        write_at(buffer, 4, (pool_base() + POOL_SIZE) / PAGE);
        pieces[0] = (struct piece){buffer, 4, 0};
        return 1;
    }
}

void device_add_request(struct device *device)
{
    struct piece pieces[3];
    uint32_t count = make_request(device, pool_base() + POOL_BUFFERS, pieces);
    ring_add(device, pieces, count);
}

void device_request(struct device *device)
{
    device_add_request(device);
    device_notify(device, device->queue);
}
