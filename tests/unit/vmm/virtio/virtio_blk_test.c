/* SPDX-License-Identifier: BSD-2-Clause */
/* The block device between a guest's driver and the storage service. */
#include <stdlib.h>
#include <string.h>

#include "virtio_machine.h"

#include <storage.h>
#include <vmm/hv.h>
#include <vmm/virtio/virtio_blk.h>

#define CAPACITY  16u
#define DATA_SIZE 0x10000u
#define DISK_SIZE 0x80000u
#define SECTORS   (DISK_SIZE / 512)
#define CHANNEL   5u
#define FREQUENCY 1000000u

struct fixture {
    struct virtio_machine machine;
    struct virtio_blk blk;
    struct vm_device_config config;
    struct storage storage;
    struct storage_config storage_config;
    _Alignas(8) uint8_t requests[sizeof(struct block_request_queue) + CAPACITY * sizeof(struct block_request)];
    _Alignas(8) uint8_t responses[sizeof(struct block_response_queue) + CAPACITY * sizeof(struct block_response)];
    struct block_storage_info info;
    _Alignas(4096) uint8_t data[DATA_SIZE];
    uint8_t disk[DISK_SIZE];
};

static struct fixture *current;
static uint64_t clock_value;
static bool server_runs; /* at once when it is notified, as one of higher priority on the same CPU does */
static uint32_t server_notified, client_notified, kicks;

/* --- What is around the device --- */

uint64_t hv_now(void)
{
    return clock_value;
}

void hv_notify(unsigned int channel)
{
    assert_int_equal(channel, CHANNEL);
    server_notified++;
    if (server_runs) {
        storage_serve(&current->storage);
    }
}

void vcpu_kick(struct vcpu_context *vcpu)
{
    (void)vcpu;
    kicks++;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    return size <= sizeof(current->blk) ? &current->blk : NULL;
}

static void (*listener)(void *context);

int device_listen(struct vm *vm, uint32_t channel, void (*notified)(void *context), void *context)
{
    (void)vm;
    assert_int_equal(channel, CHANNEL);
    assert_ptr_equal(context, &current->blk);
    listener = notified;
    return 0;
}

/* --- And around the server --- */

static void notify_client(unsigned int channel)
{
    (void)channel;
    client_notified++;
}

static void wake_at(uint64_t deadline)
{
    (void)deadline;
}

static void report(const char *disk, const char *problem)
{
    fail_msg("%s: %s", disk, problem);
}

static const struct storage_operations operations = {
    .now = hv_now, .notify = notify_client, .wake_at = wake_at, .report = report};

/* The server works, and the VMM hears of it. */
static void serve(struct fixture *f)
{
    storage_serve(&f->storage);
    listener(&f->blk);
}

/* --- Set up --- */

static uint8_t content(uint64_t at)
{
    return (uint8_t)(at * 3 + (at >> 9) * 5 + 7);
}

static struct fixture *prepare(uint32_t transfer_size)
{
    struct fixture *f = aligned_alloc(4096, sizeof(*f));
    memset(f, 0, sizeof(*f));
    current = f;
    clock_value = 1000;
    server_runs = true;
    server_notified = client_notified = kicks = 0;
    machine_create(&f->machine);
    for (uint32_t i = 0; i < DISK_SIZE; i++) {
        f->disk[i] = content(i);
    }
    f->storage_config = (struct storage_config){.magic = STORAGE_CONFIG_MAGIC,
                                                .version = STORAGE_CONFIG_VERSION,
                                                .size = sizeof(f->storage_config),
                                                .disk_count = 1};
    f->storage_config.disks[0] = (struct storage_disk_config){
        .name = "vm/disk",
        .serial = "serial",
        .kind = STORAGE_MEMORY,
        .base = (uintptr_t)f->disk,
        .base_size = DISK_SIZE,
        .request_queue = (uintptr_t)f->requests,
        .response_queue = (uintptr_t)f->responses,
        .data = (uintptr_t)f->data,
        .storage_info = (uintptr_t)&f->info,
        .data_size = DATA_SIZE,
        .capacity = CAPACITY,
        .channel = CHANNEL,
        .transfer_size = transfer_size,
    };
    f->config = (struct vm_device_config){.kind = VM_DEVICE_BLOCK, .queues = 1, .name = "disk0"};
    f->config.block.client = (struct block_client_config){
        .request_queue = (uintptr_t)f->requests,
        .response_queue = (uintptr_t)f->responses,
        .data = (uintptr_t)f->data,
        .storage_info = (uintptr_t)&f->info,
        .data_size = DATA_SIZE,
        .capacity = CAPACITY,
        .channel = CHANNEL,
        .transfer_size = transfer_size,
    };
    memcpy(f->config.block.serial, "0123456789abcdefghij", 20);
    f->config.block.logical_block_size = 512;
    return f;
}

static void create(struct fixture *f)
{
    struct virtio_device *device = NULL;
    assert_true(storage_initialise(&f->storage, &operations, &f->storage_config, FREQUENCY));
    const char *problem = virtio_blk_kind.create(&f->machine.vm, &f->config, &device);
    assert_null(problem);
    assert_ptr_equal(device, &f->blk.device);
    machine_attach(&f->machine, device);
}

static void start(struct fixture *f, uint64_t without)
{
    create(f);
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~without, 64);
}

static int set_up(void **state)
{
    *state = prepare(512);
    return 0;
}

static int set_up_large(void **state)
{
    *state = prepare(4096);
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* --- The driver --- */

struct request {
    uint64_t header, data, status; /* guest-physical */
    uint32_t length;
    uint16_t id, queue;
};

/* Makes a request available. Its data, in pieces of `piece` bytes, is zero, or for a write bytes of `fill`. */
static struct request add(struct fixture *f, uint32_t queue, uint32_t type, uint64_t sector, uint32_t length,
                          uint32_t piece_size, uint8_t fill)
{
    struct virtio_machine *m = &f->machine;
    bool writable = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID || type == VIRTIO_BLK_T_GET_LIFETIME;
    struct request r = {.header = machine_allocate(m, 16, 16),
                        .data = machine_allocate(m, length + 1, 16),
                        .status = machine_allocate(m, 1, 1),
                        .length = length,
                        .queue = (uint16_t)queue};
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header = {type, 0, sector};
    memcpy(machine_memory(m, r.header), &header, sizeof(header));
    memset(machine_memory(m, r.data), fill, length);
    *(uint8_t *)machine_memory(m, r.status) = 0xee;
    struct piece pieces[BLK_SEGMENTS] = {{r.header, 16, false}};
    uint32_t count = 1;
    for (uint32_t at = 0; at < length; at += piece_size) {
        pieces[count++] = (struct piece){r.data + at, length - at < piece_size ? length - at : piece_size, writable};
    }
    pieces[count++] = (struct piece){r.status, 1, true};
    r.id = driver_add(m, queue, pieces, count, (f->blk.device.features & VIRTIO_F_INDIRECT_DESC) != 0);
    return r;
}

static uint8_t status_of(struct fixture *f, const struct request *r)
{
    return *(uint8_t *)machine_memory(&f->machine, r->status);
}

static uint8_t *data_of(struct fixture *f, const struct request *r)
{
    return machine_memory(&f->machine, r->data);
}

/* One request, from its notification to its status. */
static struct request ask(struct fixture *f, uint32_t type, uint64_t sector, uint32_t length, uint8_t fill,
                          uint8_t expected)
{
    uint16_t id;
    uint32_t written;
    f->machine.next_free = 0x100000;
    struct request r = add(f, 0, type, sector, length, 4096, fill);
    virtio_notify(&f->blk.device, 0);
    for (uint32_t i = 0; i < 100 && status_of(f, &r) == 0xee; i++) {
        serve(f);
    }
    assert_int_equal(status_of(f, &r), expected);
    assert_true(driver_take(&f->machine, 0, &id, &written));
    assert_int_equal(id, r.id);
    if (expected == VIRTIO_BLK_S_OK && (type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_OUT)) {
        assert_int_equal(written, type == VIRTIO_BLK_T_IN ? length + 1 : 1);
    }
    return r;
}

static struct request ask_ranges(struct fixture *f, uint32_t type, const uint32_t ranges[][3], uint32_t count,
                                 uint8_t expected)
{
    f->machine.next_free = 0x100000;
    struct request r = add(f, 0, type, 0, count * 16, 4096, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t sector = ranges[i][0];
        memcpy(data_of(f, &r) + i * 16, &sector, 8);
        memcpy(data_of(f, &r) + i * 16 + 8, &ranges[i][1], 8);
    }
    uint16_t id;
    uint32_t written;
    virtio_notify(&f->blk.device, 0);
    for (uint32_t i = 0; i < 100 && status_of(f, &r) == 0xee; i++) {
        serve(f);
    }
    assert_int_equal(status_of(f, &r), expected);
    assert_true(driver_take(&f->machine, 0, &id, &written));
    return r;
}

/* --- Tests --- */

static void configuration_says_what_the_disk_is(void **state)
{
    struct fixture *f = *state;
    f->config.queues = 4;
    create(f);
    const struct virtio_device *device = &f->blk.device;
    assert_int_equal(virtio_read_config(device, 0, 8), SECTORS);
    assert_int_equal(virtio_read_config(device, 12, 4), 126);
    assert_int_equal(virtio_read_config(device, 20, 4), 512);
    assert_int_equal(virtio_read_config(device, 24, 1), 3);
    assert_int_equal(virtio_read_config(device, 26, 2), 8);
    assert_int_equal(virtio_read_config(device, 32, 1), 1);
    assert_int_equal(virtio_read_config(device, 34, 2), 4);
    assert_int_equal(virtio_read_config(device, 40, 4), 16);
    assert_int_equal(virtio_read_config(device, 56, 1), 1);
    assert_int_equal(device->queue_count, 4);
    uint64_t features = device->offered;
    assert_true(features & VIRTIO_BLK_F_MQ && features & VIRTIO_BLK_F_DISCARD && features & VIRTIO_BLK_F_WRITE_ZEROES);
    assert_true(features & VIRTIO_BLK_F_FLUSH && features & VIRTIO_BLK_F_CONFIG_WCE &&
                features & VIRTIO_BLK_F_LIFETIME);
    assert_false(features & VIRTIO_BLK_F_RO);
    assert_false(features & 1ull << 16); /* secure erase */
}

static void reads_and_writes(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    struct request r = ask(f, VIRTIO_BLK_T_IN, 3, 512, 0, VIRTIO_BLK_S_OK);
    assert_memory_equal(data_of(f, &r), f->disk + 3 * 512, 512);
    ask(f, VIRTIO_BLK_T_OUT, 8, 8192, 0x5a, VIRTIO_BLK_S_OK);
    for (uint32_t i = 0; i < DISK_SIZE; i++) {
        assert_int_equal(f->disk[i], i / 512 >= 8 && i / 512 < 24 ? 0x5a : content(i));
    }
    ask(f, VIRTIO_BLK_T_FLUSH, 0, 0, 0, VIRTIO_BLK_S_OK);
    assert_int_equal(f->storage.counters->disks[0].flushes, 1);
}

/* More than the data region holds, in pieces that are no multiple of anything. */
static void large_requests_are_cut(void **state)
{
    struct fixture *f = *state;
    start(f, 0); /* packed */
    f->machine.next_free = 0x100000;
    struct request r = add(f, 0, VIRTIO_BLK_T_IN, 5, DISK_SIZE - 10 * 512, 5001, 0);
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(status_of(f, &r), VIRTIO_BLK_S_OK);
    assert_memory_equal(data_of(f, &r), f->disk + 5 * 512, DISK_SIZE - 10 * 512);
    r = add(f, 0, VIRTIO_BLK_T_OUT, 7, DISK_SIZE - 20 * 512, 7777, 0);
    for (uint32_t i = 0; i < r.length; i++) {
        data_of(f, &r)[i] = (uint8_t)(i * 11 + i / 1000);
    }
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(status_of(f, &r), VIRTIO_BLK_S_OK);
    assert_memory_equal(data_of(f, &r), f->disk + 7 * 512, r.length);
    assert_int_equal(f->disk[6 * 512], content(6 * 512));
    assert_int_equal(f->disk[DISK_SIZE - 1], content(DISK_SIZE - 1));
    assert_int_equal(f->blk.piece_count + f->blk.request_count, 0);
}

static void requests_out_of_bounds_are_errors(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    ask(f, VIRTIO_BLK_T_IN, SECTORS, 512, 0, VIRTIO_BLK_S_IOERR);
    ask(f, VIRTIO_BLK_T_IN, SECTORS - 1, 1024, 0, VIRTIO_BLK_S_IOERR);
    ask(f, VIRTIO_BLK_T_OUT, ~0ull, 512, 0, VIRTIO_BLK_S_IOERR);
    ask(f, VIRTIO_BLK_T_OUT, ~0ull / 512 + 1, 512, 0, VIRTIO_BLK_S_IOERR);
    ask(f, VIRTIO_BLK_T_IN, 0, 511, 0, VIRTIO_BLK_S_IOERR);
    ask(f, VIRTIO_BLK_T_OUT, 0, 513, 0, VIRTIO_BLK_S_IOERR);
    ask(f, VIRTIO_BLK_T_IN, SECTORS - 1, 512, 0, VIRTIO_BLK_S_OK);
    for (uint32_t i = 0; i < DISK_SIZE; i++) {
        assert_int_equal(f->disk[i], content(i));
    }
    assert_int_equal(f->storage.counters->disks[0].refused, 0); /* none reached the server */
}

static void other_requests(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    struct request r = ask(f, VIRTIO_BLK_T_GET_ID, 0, 20, 0, VIRTIO_BLK_S_OK);
    assert_memory_equal(data_of(f, &r), "0123456789abcdefghij", 20);
    r = ask(f, VIRTIO_BLK_T_GET_ID, 0, 5, 0, VIRTIO_BLK_S_OK);
    assert_memory_equal(data_of(f, &r), "01234", 5);
    r = ask(f, VIRTIO_BLK_T_GET_LIFETIME, 0, 6, 0xff, VIRTIO_BLK_S_OK);
    assert_memory_equal(data_of(f, &r), "\1\0\0\0\0\0", 6);
    ask(f, 14, 0, 16, 0, VIRTIO_BLK_S_UNSUPP); /* secure erase */
    ask(f, 2, 0, 512, 0, VIRTIO_BLK_S_UNSUPP); /* SCSI */
    ask(f, 0xffffffff, 0, 0, 0, VIRTIO_BLK_S_UNSUPP);
}

static void discards_and_zeroes(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    const uint32_t two[][3] = {{8, 16, 0}, {100, 1, 1}};
    ask_ranges(f, VIRTIO_BLK_T_WRITE_ZEROES, two, 2, VIRTIO_BLK_S_OK);
    for (uint32_t i = 0; i < DISK_SIZE; i++) {
        uint32_t sector = i / 512;
        assert_int_equal(f->disk[i], (sector >= 8 && sector < 24) || sector == 100 ? 0 : content(i));
    }
    const uint32_t all[][3] = {{0, SECTORS, 0}};
    ask_ranges(f, VIRTIO_BLK_T_DISCARD, all, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(f->disk[DISK_SIZE - 1], 0);
    const uint32_t beyond[][3] = {{0, 1, 0}, {SECTORS - 1, 2, 0}}, flags[][3] = {{0, 1, 2}}, unmap[][3] = {{0, 1, 1}},
                   nothing[][3] = {{0, 0, 0}};
    ask_ranges(f, VIRTIO_BLK_T_DISCARD, beyond, 2, VIRTIO_BLK_S_IOERR);
    ask_ranges(f, VIRTIO_BLK_T_WRITE_ZEROES, flags, 1, VIRTIO_BLK_S_UNSUPP);
    ask_ranges(f, VIRTIO_BLK_T_DISCARD, unmap, 1, VIRTIO_BLK_S_UNSUPP);
    ask_ranges(f, VIRTIO_BLK_T_DISCARD, nothing, 1, VIRTIO_BLK_S_OK);
    uint32_t many[17][3] = {{0}};
    ask_ranges(f, VIRTIO_BLK_T_DISCARD, (const uint32_t(*)[3])many, 17, VIRTIO_BLK_S_IOERR);
    ask(f, VIRTIO_BLK_T_DISCARD, 0, 15, 0, VIRTIO_BLK_S_IOERR);
    ask(f, VIRTIO_BLK_T_DISCARD, 0, 0, 0, VIRTIO_BLK_S_IOERR);
}

static void what_was_not_negotiated_is_unsupported(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES | VIRTIO_BLK_F_LIFETIME);
    const uint32_t one[][3] = {{0, 1, 0}};
    ask_ranges(f, VIRTIO_BLK_T_DISCARD, one, 1, VIRTIO_BLK_S_UNSUPP);
    ask_ranges(f, VIRTIO_BLK_T_WRITE_ZEROES, one, 1, VIRTIO_BLK_S_UNSUPP);
    ask(f, VIRTIO_BLK_T_GET_LIFETIME, 0, 6, 0, VIRTIO_BLK_S_UNSUPP);
}

static void read_only_disks_are_not_written(void **state)
{
    struct fixture *f = *state;
    f->storage_config.disks[0].kind = STORAGE_IMAGE;
    f->config.flags = VM_BLOCK_READ_ONLY;
    start(f, VIRTIO_F_RING_PACKED);
    assert_true(f->blk.device.offered & VIRTIO_BLK_F_RO);
    assert_false(f->blk.device.offered & (VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES));
    ask(f, VIRTIO_BLK_T_OUT, 0, 512, 1, VIRTIO_BLK_S_IOERR);
    ask(f, VIRTIO_BLK_T_IN, 0, 512, 1, VIRTIO_BLK_S_OK);
    ask(f, VIRTIO_BLK_T_FLUSH, 0, 0, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(f->disk[0], content(0));
}

static void write_cache_can_be_switched(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    const struct storage_disk_counters *counters = &f->storage.counters->disks[0];
    ask(f, VIRTIO_BLK_T_OUT, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(counters->flushes, 0);
    virtio_write_config(&f->blk.device, 32, 1, 0);
    assert_int_equal(virtio_read_config(&f->blk.device, 32, 1), 0);
    ask(f, VIRTIO_BLK_T_OUT, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(counters->flushes, 1);
    ask(f, VIRTIO_BLK_T_IN, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(counters->flushes, 1);
    virtio_write_config(&f->blk.device, 32, 1, 2); /* ignored, as all others */
    virtio_write_config(&f->blk.device, 0, 8, 0);
    virtio_write_config(&f->blk.device, 32, 4, 1);
    assert_int_equal(virtio_read_config(&f->blk.device, 32, 1), 0);
    assert_int_equal(virtio_read_config(&f->blk.device, 0, 8), SECTORS);
    virtio_write_config(&f->blk.device, 32, 1, 1);
    ask(f, VIRTIO_BLK_T_OUT, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(counters->flushes, 1);
}

/* §5.2.6.2: a driver that knows nothing of a cache has none. */
static void drivers_without_flush_write_through(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE);
    ask(f, VIRTIO_BLK_T_OUT, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(f->storage.counters->disks[0].flushes, 1);
}

static void batches_cost_one_notification_and_one_interrupt(void **state)
{
    struct fixture *f = *state;
    struct request requests[12];
    start(f, VIRTIO_F_RING_PACKED);
    f->machine.next_free = 0x100000;
    server_notified = f->machine.interrupts[0] = 0;
    for (uint32_t i = 0; i < 12; i++) {
        requests[i] = add(f, 0, VIRTIO_BLK_T_IN, i * 8, 4096, 4096, 0);
    }
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(server_notified, 1);
    assert_int_equal(f->machine.interrupts[0], 1);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(status_of(f, &requests[i]), VIRTIO_BLK_S_OK);
        assert_memory_equal(data_of(f, &requests[i]), f->disk + i * 4096, 4096);
    }
}

static void more_requests_than_places_wait_in_the_ring(void **state)
{
    struct fixture *f = *state;
    struct request requests[100];
    f->config.queues = 2;
    create(f);
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~(VIRTIO_F_RING_PACKED), 256);
    server_runs = false;
    f->machine.next_free = 0x100000;
    for (uint32_t i = 0; i < 100; i++) {
        requests[i] = add(f, i % 2, VIRTIO_BLK_T_OUT, i, 512, 512, (uint8_t)(i + 1));
    }
    virtio_notify(&f->blk.device, 0);
    virtio_notify(&f->blk.device, 1);
    assert_int_equal(f->blk.request_count, BLK_MAX_REQUESTS);
    assert_int_equal(f->blk.piece_count, CAPACITY);
    for (uint32_t i = 0; i < 20; i++) {
        serve(f);
    }
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(status_of(f, &requests[i]), VIRTIO_BLK_S_OK);
        assert_int_equal(f->disk[i * 512 + 511], i + 1);
    }
    assert_int_equal(f->blk.request_count + f->blk.piece_count, 0);
}

static void broken_chains_break_the_device(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    uint64_t memory = machine_allocate(&f->machine, 4096, 4096);
    const struct piece no_status[] = {{memory, 16, false}};
    driver_add(&f->machine, 0, no_status, 1, false);
    virtio_notify(&f->blk.device, 0);
    assert_true(f->blk.device.status & VIRTIO_STATUS_NEEDS_RESET);
    virtio_write_status(&f->blk.device, 0);
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~VIRTIO_F_RING_PACKED, 64);
    const struct piece short_header[] = {{memory, 15, false}, {memory + 100, 1, true}};
    driver_add(&f->machine, 0, short_header, 2, false);
    virtio_notify(&f->blk.device, 0);
    assert_true(f->blk.device.status & VIRTIO_STATUS_NEEDS_RESET);
    virtio_write_status(&f->blk.device, 0);
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~VIRTIO_F_RING_PACKED, 64);
    ask(f, VIRTIO_BLK_T_IN, 0, 512, 0, VIRTIO_BLK_S_OK);
}

/* The header and the status may be anywhere in the pieces, §5.2.6 and §2.6.4. */
static void any_layout(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    uint64_t memory = machine_allocate(&f->machine, 4096, 4096);
    memcpy(machine_memory(&f->machine, memory), "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16);
    memset(machine_memory(&f->machine, memory + 16), 0x77, 1024);
    const struct piece write[] = {
        {memory, 5, false}, {memory + 5, 100, false}, {memory + 105, 16 + 1024 - 105, false}, {memory + 2000, 1, true}};
    driver_add(&f->machine, 0, write, 4, false);
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(*(uint8_t *)machine_memory(&f->machine, memory + 2000), 0);
    assert_int_equal(f->disk[1024], 0x77);
    assert_int_equal(f->disk[2047], 0x77);
    *(uint8_t *)machine_memory(&f->machine, memory) = 0;
    const struct piece read[] = {{memory, 16, false}, {memory + 1100, 1025, true}};
    driver_add(&f->machine, 0, read, 2, false);
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(*(uint8_t *)machine_memory(&f->machine, memory + 1100 + 1024), 0);
    assert_memory_equal(machine_memory(&f->machine, memory + 1100), f->disk + 1024, 1024);
}

static void reset_forgets_requests_but_not_cells(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    server_runs = false;
    f->machine.next_free = 0x100000;
    struct request read = add(f, 0, VIRTIO_BLK_T_IN, 0, 0x8000, 4096, 0);
    struct request write = add(f, 0, VIRTIO_BLK_T_OUT, 200, 0x4000, 4096, 0x31);
    virtio_notify(&f->blk.device, 0);
    uint32_t pieces = f->blk.piece_count;
    assert_true(pieces >= 2);
    virtio_write_status(&f->blk.device, 0);
    assert_int_equal(f->blk.request_count, 0);
    assert_int_equal(f->blk.piece_count, pieces);
    /* A new driver, before the server has answered: its data goes elsewhere. */
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~VIRTIO_F_RING_PACKED, 64);
    f->machine.next_free = 0x200000;
    struct request again = add(f, 0, VIRTIO_BLK_T_IN, 300, 0x1000, 4096, 0);
    virtio_notify(&f->blk.device, 0);
    serve(f);
    assert_int_equal(status_of(f, &again), VIRTIO_BLK_S_OK);
    assert_memory_equal(data_of(f, &again), f->disk + 300 * 512, 0x1000);
    assert_int_equal(f->blk.late_answers, pieces);
    assert_int_equal(f->blk.piece_count, 0);
    /* What was sent to the server was done, but the guest's memory was not touched. */
    assert_int_equal(f->disk[200 * 512], 0x31);
    assert_int_equal(status_of(f, &read), 0xee);
    assert_int_equal(status_of(f, &write), 0xee);
    for (uint32_t i = 0; i < 0x8000; i++) {
        assert_int_equal(data_of(f, &read)[i], 0);
    }
    for (uint32_t i = 0; i < BLK_MAX_CELLS; i++) {
        assert_int_equal(f->blk.cells[i], 0);
    }
}

static void reset_of_one_queue_leaves_the_others(void **state)
{
    struct fixture *f = *state;
    f->config.queues = 2;
    start(f, VIRTIO_F_RING_PACKED);
    server_runs = false;
    f->machine.next_free = 0x100000;
    struct request first = add(f, 0, VIRTIO_BLK_T_IN, 0, 4096, 4096, 0);
    struct request second = add(f, 1, VIRTIO_BLK_T_IN, 8, 4096, 4096, 0);
    virtio_notify(&f->blk.device, 0);
    virtio_notify(&f->blk.device, 1);
    virtio_reset_queue(&f->blk.device, 0);
    serve(f);
    assert_int_equal(status_of(f, &first), 0xee);
    assert_int_equal(status_of(f, &second), VIRTIO_BLK_S_OK);
    driver_start_queue(&f->machine, &f->blk.device, 0, 64);
    server_runs = true;
    ask(f, VIRTIO_BLK_T_IN, 0, 512, 0, VIRTIO_BLK_S_OK);
}

/* The server is not believed more than it must be. */
static void senseless_answers_are_ignored(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    server_runs = false;
    f->machine.next_free = 0x100000;
    struct request r = add(f, 0, VIRTIO_BLK_T_IN, 0, 512, 512, 0);
    virtio_notify(&f->blk.device, 0);
    struct block_response_queue *responses = (struct block_response_queue *)(void *)f->responses;
    const uint32_t ids[] = {0xffffffff, 0, 1, 255, 0x100 + 1};
    for (uint32_t i = 0; i < 5; i++) {
        responses->entries[i] = (struct block_response){.id = ids[i], .success_count = 1};
    }
    responses->tail = 5;
    listener(&f->blk);
    assert_int_equal(f->blk.bad_answers, 5);
    assert_int_equal(status_of(f, &r), 0xee);
    responses->tail = 0x80000000; /* an index that jumps: nothing is there */
    listener(&f->blk);
    assert_int_equal(f->blk.bad_answers, 5);
    struct block_request_queue *requests = (struct block_request_queue *)(void *)f->requests;
    responses->entries[5] = (struct block_response){.id = requests->entries[0].id, .success_count = 0};
    responses->tail = 6; /* done, it says, but nothing transferred */
    listener(&f->blk);
    assert_int_equal(status_of(f, &r), VIRTIO_BLK_S_IOERR);
}

static void server_that_starts_late_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct virtio_device *device = NULL;
    assert_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    machine_attach(&f->machine, device);
    assert_int_equal(virtio_read_config(device, 0, 8), 0);
    driver_start(&f->machine, device, VIRTIO_F_VERSION_1, 64);
    assert_true(storage_initialise(&f->storage, &operations, &f->storage_config, FREQUENCY));
    uint32_t generation = device->config_generation;
    listener(&f->blk);
    assert_int_equal(virtio_read_config(device, 0, 8), SECTORS);
    assert_true(device->config_generation != generation);
    assert_int_equal(f->machine.config_interrupts, 1);
    ask(f, VIRTIO_BLK_T_IN, 0, 512, 0, VIRTIO_BLK_S_OK);
}

static void configurations_without_sense_are_refused(void **state)
{
    struct fixture *f = *state;
    struct vm_device_config good = f->config;
    struct virtio_device *device;
    f->config.queues = 0;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.queues = 9;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.block.client.capacity = 5;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.block.client.transfer_size = 1024;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.block.logical_block_size = 768;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.block.client.data_size = 4095;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
}

/* Blocks of 4096 bytes at the server, requests of any number of sectors: against a copy. */
static void parts_of_blocks_are_read_and_written_again(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    uint8_t *model = malloc(DISK_SIZE);
    memcpy(model, f->disk, DISK_SIZE);
    uint32_t random = 99;
    for (uint32_t i = 0; i < 3000; i++) {
        random = random * 1103515245u + 12345u;
        uint32_t sector = random >> 8 & 255, count = 1 + (random >> 20 & 31), kind = random >> 28 & 3;
        if (kind == 3) {
            const uint32_t range[][3] = {{sector, count, 0}};
            ask_ranges(f, VIRTIO_BLK_T_WRITE_ZEROES, range, 1, VIRTIO_BLK_S_OK);
            memset(model + sector * 512, 0, count * 512);
        } else if (kind == 2) {
            struct request r = ask(f, VIRTIO_BLK_T_IN, sector, count * 512, 0, VIRTIO_BLK_S_OK);
            assert_memory_equal(data_of(f, &r), model + sector * 512, count * 512);
        } else {
            ask(f, VIRTIO_BLK_T_OUT, sector, count * 512, (uint8_t)i, VIRTIO_BLK_S_OK);
            memset(model + sector * 512, (uint8_t)i, count * 512);
        }
        assert_memory_equal(f->disk, model, DISK_SIZE);
    }
    const uint32_t range[][3] = {{3, 14, 0}}; /* of which one block is whole */
    ask_ranges(f, VIRTIO_BLK_T_DISCARD, range, 1, VIRTIO_BLK_S_OK);
    memset(model + 8 * 512, 0, 4096);
    assert_memory_equal(f->disk, model, DISK_SIZE);
    free(model);
}

/* All at once: writes of parts of the same block do not undo each other. */
static void parts_of_one_block_at_the_same_time(void **state)
{
    struct fixture *f = *state;
    struct request requests[24];
    start(f, VIRTIO_F_RING_PACKED);
    server_runs = false;
    f->machine.next_free = 0x100000;
    for (uint32_t i = 0; i < 24; i++) {
        requests[i] = add(f, 0, VIRTIO_BLK_T_OUT, i % 12, 512, 512, (uint8_t)(i + 1));
    }
    virtio_notify(&f->blk.device, 0);
    for (uint32_t i = 0; i < 100; i++) {
        serve(f);
    }
    for (uint32_t i = 0; i < 24; i++) {
        assert_int_equal(status_of(f, &requests[i]), VIRTIO_BLK_S_OK);
        assert_int_equal(f->disk[i % 12 * 512], i % 12 + 13);
    }
    assert_int_equal(f->disk[12 * 512], content(12 * 512));
}

/* A guest whose other vCPU always has something more. */
static void work_is_bounded(void **state)
{
    struct fixture *f = *state;
    start(f, VIRTIO_F_RING_PACKED);
    f->machine.next_free = 0x100000;
    for (uint32_t i = 0; i < 64; i++) {
        add(f, 0, VIRTIO_BLK_T_IN, 0, 0x7000, 0x7000, 0); /* two pieces under way at a time */
    }
    virtio_notify(&f->blk.device, 0);
    assert_true(f->blk.requests_done < 64);
    assert_true(f->blk.timer.deadline != 0 && kicks == 1);
    for (uint32_t i = 0; i < 10; i++) {
        timer_run(&f->machine.vm.vcpus[0].timers, ++clock_value);
    }
    assert_int_equal(f->blk.requests_done, 64);
}

#define TEST(name)       cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_LARGE(name) cmocka_unit_test_setup_teardown(name, set_up_large, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(configuration_says_what_the_disk_is),
        TEST(reads_and_writes),
        TEST(large_requests_are_cut),
        TEST(requests_out_of_bounds_are_errors),
        TEST(other_requests),
        TEST(discards_and_zeroes),
        TEST(what_was_not_negotiated_is_unsupported),
        TEST(read_only_disks_are_not_written),
        TEST(write_cache_can_be_switched),
        TEST(drivers_without_flush_write_through),
        TEST(batches_cost_one_notification_and_one_interrupt),
        TEST(more_requests_than_places_wait_in_the_ring),
        TEST(broken_chains_break_the_device),
        TEST(any_layout),
        TEST(reset_forgets_requests_but_not_cells),
        TEST(reset_of_one_queue_leaves_the_others),
        TEST(senseless_answers_are_ignored),
        TEST(server_that_starts_late_is_waited_for),
        TEST(configurations_without_sense_are_refused),
        TEST_LARGE(parts_of_blocks_are_read_and_written_again),
        TEST_LARGE(parts_of_one_block_at_the_same_time),
        TEST(work_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
