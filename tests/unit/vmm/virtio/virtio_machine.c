/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define NEXT      1u
#define WRITE     2u
#define INDIRECT  4u
#define AVAILABLE (1u << 7)
#define USED      (1u << 15)

static uint8_t ram[MACHINE_RAM_SIZE + MACHINE_HIGH_RAM_SIZE] __attribute__((aligned(4096)));
static uint32_t guest_errors;
static char last_error[256];

void vmm_log(struct vm *vm, const char *format, ...)
{
    (void)vm;
    (void)format;
}

void log_guest_error(struct vm *vm, struct log_limit *limit, const char *device, const char *format, ...)
{
    (void)vm;
    (void)device;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof(last_error), format, arguments);
    va_end(arguments);
    limit->total++;
    guest_errors++;
}

uint32_t machine_guest_errors(void)
{
    return guest_errors;
}

const char *machine_last_error(void)
{
    return last_error;
}

void machine_create(struct virtio_machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    assert_int_equal(madvise(ram, sizeof(ram), MADV_DONTNEED), 0); /* zero, and quickly */
    machine->vm.memory.count = 2;
    machine->vm.memory.ranges[0] =
        (struct vm_ram_range){.gpa = MACHINE_RAM_BASE, .address = (uintptr_t)ram, .size = MACHINE_RAM_SIZE};
    machine->vm.memory.ranges[1] = (struct vm_ram_range){
        .gpa = MACHINE_HIGH_RAM_BASE, .address = (uintptr_t)ram + MACHINE_RAM_SIZE, .size = MACHINE_HIGH_RAM_SIZE};
    machine->next_free = 0x1000;
    last_error[0] = '\0';
}

uint64_t machine_allocate(struct virtio_machine *machine, uint64_t size, uint64_t alignment)
{
    uint64_t at = (machine->next_free + alignment - 1) & ~(alignment - 1);
    assert_true(at + size <= MACHINE_RAM_SIZE);
    machine->next_free = at + size;
    memset(ram + at, 0, size);
    return at;
}

void *machine_memory(struct virtio_machine *machine, uint64_t gpa)
{
    void *at = guest_slice(&machine->vm.memory, GPA(gpa), 1);
    assert_non_null(at);
    return at;
}

static void queue_interrupt(void *transport, struct virtqueue *queue)
{
    ((struct virtio_machine *)transport)->interrupts[queue->index]++;
}

static void config_interrupt(void *transport)
{
    ((struct virtio_machine *)transport)->config_interrupts++;
}

void machine_attach(struct virtio_machine *machine, struct virtio_device *device)
{
    static const struct virtio_transport_ops ops = {.queue_interrupt = queue_interrupt,
                                                    .config_interrupt = config_interrupt};
    virtio_set_transport(device, &ops, machine);
}

/* --- Driver --- */

void driver_negotiate(struct virtio_device *device, uint64_t features)
{
    virtio_write_status(device, 0);
    virtio_write_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
    virtio_write_status(device, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    virtio_write_features(device, 0, (uint32_t)features);
    virtio_write_features(device, 1, (uint32_t)(features >> 32));
    virtio_write_status(device, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK);
}

void driver_start_queue(struct virtio_machine *machine, struct virtio_device *device, uint32_t index, uint16_t size)
{
    struct driver_queue *driver = &machine->queues[index];
    struct virtqueue *queue = virtio_queue(device, index);
    assert_non_null(queue);
    *driver = (struct driver_queue){
        .queue = queue,
        .packed = virtio_has(device, VIRTIO_F_RING_PACKED),
        .size = size,
        .free_count = size,
        .next_wrap = true,
        .used_wrap = true,
    };
    for (uint16_t i = 0; i < size; i++) {
        driver->free[i] = (uint16_t)(size - 1 - i);
    }
    driver->descriptors = machine_allocate(machine, 16ull * size, 16);
    driver->driver = machine_allocate(machine, 6 + 2ull * size, 4);
    driver->device = machine_allocate(machine, 6 + 8ull * size, 4);
    queue->size = size;
    queue->descriptor_area = driver->descriptors;
    queue->driver_area = driver->driver;
    queue->device_area = driver->device;
    virtio_enable_queue(device, index);
}

void driver_start(struct virtio_machine *machine, struct virtio_device *device, uint64_t features, uint16_t queue_size)
{
    driver_negotiate(device, features);
    assert_true((device->status & VIRTIO_STATUS_FEATURES_OK) != 0);
    for (uint32_t i = 0; i < device->queue_count; i++) {
        uint16_t most = device->queues[i].maximum_size;
        driver_start_queue(machine, device, i, queue_size < most ? queue_size : most);
        assert_true(device->queues[i].enabled);
    }
    virtio_write_status(device, device->status | VIRTIO_STATUS_DRIVER_OK);
}

static void put16(uint8_t *at, uint16_t value)
{
    memcpy(at, &value, sizeof(value));
}

static uint16_t get16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static void put_descriptor(uint8_t *at, const struct piece *piece, uint16_t third, uint16_t fourth)
{
    memcpy(at, &piece->address, 8);
    memcpy(at + 8, &piece->length, 4);
    put16(at + 12, third);
    put16(at + 14, fourth);
}

static struct piece make_table(struct virtio_machine *machine, const struct piece *pieces, uint32_t count, bool packed)
{
    /* At an address that is a multiple of 8 only, as memory allocators give it. */
    uint64_t table = machine_allocate(machine, 16ull * count + 8, 16) + 8;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t flags = pieces[i].writable ? WRITE : 0;
        if (packed) {
            put_descriptor(machine_memory(machine, table + 16 * i), &pieces[i], 0, flags);
        } else {
            flags |= i + 1 < count ? NEXT : 0;
            put_descriptor(machine_memory(machine, table + 16 * i), &pieces[i], flags, (uint16_t)(i + 1));
        }
    }
    return (struct piece){.address = table, .length = 16 * count};
}

static uint16_t add_split(struct virtio_machine *machine, struct driver_queue *q, const struct piece *pieces,
                          uint32_t count, uint16_t extra)
{
    assert_true(q->free_count >= count);
    uint16_t head = q->free[q->free_count - 1];
    for (uint32_t i = 0; i < count; i++) {
        uint16_t index = q->free[--q->free_count];
        uint16_t next = i + 1 < count ? q->free[q->free_count - 1] : 0;
        uint16_t flags = (uint16_t)(extra | (pieces[i].writable ? WRITE : 0) | (i + 1 < count ? NEXT : 0));
        put_descriptor(machine_memory(machine, q->descriptors + 16ull * index), &pieces[i], flags, next);
    }
    q->slots[head] = (uint16_t)count;
    uint8_t *ring = machine_memory(machine, q->driver);
    put16(ring + 4 + 2 * (q->next % q->size), head);
    q->next++;
    put16(ring + 2, q->next);
    return head;
}

static uint16_t add_packed(struct virtio_machine *machine, struct driver_queue *q, const struct piece *pieces,
                           uint32_t count, uint16_t extra)
{
    uint16_t id = q->free[--q->free_count];
    for (uint32_t i = 0; i < count; i++) {
        uint16_t flags = (uint16_t)(extra | (pieces[i].writable ? WRITE : 0) | (i + 1 < count ? NEXT : 0) |
                                    (q->next_wrap ? AVAILABLE : USED));
        put_descriptor(machine_memory(machine, q->descriptors + 16ull * q->next), &pieces[i], id, flags);
        if (++q->next == q->size) {
            q->next = 0;
            q->next_wrap = !q->next_wrap;
        }
    }
    q->slots[id] = (uint16_t)count;
    return id;
}

uint16_t driver_add(struct virtio_machine *machine, uint32_t queue, const struct piece *pieces, uint32_t count,
                    bool indirect)
{
    struct driver_queue *q = &machine->queues[queue];
    struct piece table;
    if (indirect) {
        table = make_table(machine, pieces, count, q->packed);
        pieces = &table;
        count = 1;
    }
    uint16_t extra = indirect ? INDIRECT : 0;
    return q->packed ? add_packed(machine, q, pieces, count, extra) : add_split(machine, q, pieces, count, extra);
}

static bool take_split(struct virtio_machine *machine, struct driver_queue *q, uint16_t *id, uint32_t *written)
{
    const uint8_t *ring = machine_memory(machine, q->device);
    if (get16(ring + 2) == q->last_used) {
        return false;
    }
    const uint8_t *entry = ring + 4 + 8 * (q->last_used % q->size);
    *id = get16(entry);
    memcpy(written, entry + 4, 4);
    q->last_used++;
    /* Give the chain's descriptors back. */
    uint16_t index = *id;
    for (uint16_t i = 0; i < q->slots[*id]; i++) {
        q->free[q->free_count++] = index;
        index = get16((uint8_t *)machine_memory(machine, q->descriptors + 16ull * index) + 14);
    }
    return true;
}

static bool take_packed(struct virtio_machine *machine, struct driver_queue *q, uint16_t *id, uint32_t *written)
{
    const uint8_t *entry = machine_memory(machine, q->descriptors + 16ull * q->last_used);
    uint16_t flags = get16(entry + 14);
    bool available = (flags & AVAILABLE) != 0;
    bool used = (flags & USED) != 0;
    if (available != used || used != q->used_wrap) {
        return false;
    }
    *id = get16(entry + 12);
    memcpy(written, entry + 8, 4);
    q->free[q->free_count++] = *id;
    q->last_used = (uint16_t)(q->last_used + q->slots[*id]);
    if (q->last_used >= q->size) {
        q->last_used = (uint16_t)(q->last_used - q->size);
        q->used_wrap = !q->used_wrap;
    }
    return true;
}

bool driver_take(struct virtio_machine *machine, uint32_t queue, uint16_t *id, uint32_t *written)
{
    struct driver_queue *q = &machine->queues[queue];
    return q->packed ? take_packed(machine, q, id, written) : take_split(machine, q, id, written);
}

void driver_want_interrupts(struct virtio_machine *machine, uint32_t queue, bool wanted)
{
    struct driver_queue *q = &machine->queues[queue];
    uint8_t *area = machine_memory(machine, q->driver);
    put16(area + (q->packed ? 2 : 0), wanted ? 0 : 1);
}

bool driver_must_notify(struct virtio_machine *machine, uint32_t queue, uint16_t added)
{
    struct driver_queue *q = &machine->queues[queue];
    const uint8_t *area = machine_memory(machine, q->device);
    uint16_t event;
    if (q->packed) {
        uint16_t flags = get16(area + 2);
        if (flags != 2) {
            return flags == 0;
        }
        event = get16(area) & 0x7fff;
        if ((get16(area) >> 15 != 0) != q->next_wrap) {
            event = (uint16_t)(event - q->size);
        }
    } else {
        if (!q->queue->event_index) {
            return get16(area) == 0;
        }
        event = get16(area + 4 + 8 * q->size);
    }
    return (uint16_t)(q->next - event - 1) < added;
}
