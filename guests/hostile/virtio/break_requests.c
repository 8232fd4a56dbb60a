/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of any content and shape to every queue of a device, and a second processor that changes what is read. */
#include "provocation.h"

#define REQUESTS   12u
#define MAX_QUEUES 6u
#define MAX_PIECES 6u
#define ENDLESS    20u /* milliseconds */
#define RACE_KICKS 32u

/* --- Content --- */

static void set(uint64_t at, uint32_t width, uint64_t value)
{
    write_at(at, width, value);
}

/* One of a few, or anything. */
static uint64_t pick(const uint32_t *values, uint32_t count)
{
    uint64_t number = random_number();
    return (number >> 32 & 7) == 0 ? number : values[number % count];
}
#define PICK(...)                                                                                                      \
    ({                                                                                                                 \
        static const uint32_t values_[] = {__VA_ARGS__};                                                               \
        pick(values_, sizeof(values_) / sizeof(values_[0]));                                                           \
    })

static void fill_block(uint64_t at)
{
    set(at, 4, PICK(0, 1, 4, 8, 11, 13, 14));
    set(at + 8, 8, PICK(0, 1, 7, 2047, 2048, 0xffffffff));
    for (uint32_t i = 0; i < 8; i++) { /* ranges to discard */
        set(at + 0x400 + 16 * i, 8, PICK(0, 8, 0xffffffff));
        set(at + 0x408 + 16 * i, 4, PICK(0, 8, 0xffffffff));
        set(at + 0x40c + 16 * i, 4, PICK(0, 1, 2));
    }
}

static void fill_net(uint64_t at, uint32_t queue)
{
    if (queue == 2) { /* a command */
        set(at, 1, PICK(0, 1, 2, 3, 4, 5));
        set(at + 1, 1, PICK(0, 1, 2, 3));
        set(at + 2, 4, PICK(0, 1, 64, 0xffffffff));
        return;
    }
    set(at, 1, PICK(0, 1, 2, 4));
    set(at + 1, 1, PICK(0, 1, 3, 4, 5, 0x81));
    set(at + 2, 2, PICK(0, 14, 54, 0xffff));
    set(at + 4, 2, PICK(0, 1, 1460, 0xffff));
    set(at + 6, 2, PICK(0, 14, 34, 0xffff));
    set(at + 8, 2, PICK(0, 6, 16, 0xffff));
    set(at + 10, 2, PICK(0, 1, 0xffff));
    set(at + 24, 2, PICK(0x0008, 0xdd86, 0x0081, 0));
}

static void fill_console(uint64_t at)
{
    set(at, 4, PICK(0, 1, 2, 7, 0xffffffff));
    set(at + 4, 2, PICK(0, 1, 2, 3, 4, 5, 6, 7, 8));
    set(at + 6, 2, PICK(0, 1, 2));
}

static void fill_socket(const struct device *device, uint64_t at)
{
    set(at, 8, (random_number() & 7) != 0 ? device_read_config(device, 0, 8) : random_number());
    set(at + 8, 8, PICK(2, 3, 4, 100, 0xffffffff));
    set(at + 16, 4, PICK(1, 7, 1024));
    set(at + 20, 4, PICK(1, 7, 1024));
    set(at + 24, 4, PICK(0, 1, 4096, 0xffffffff));
    set(at + 28, 2, PICK(1, 2));
    set(at + 30, 2, PICK(0, 1, 2, 3, 4, 5, 6, 7));
    set(at + 32, 4, PICK(0, 1, 2, 3));
    set(at + 36, 4, PICK(0, 1, 4096, 0xffffffff));
    set(at + 40, 4, PICK(0, 1, 0xffffffff));
}

static void fill_files(uint64_t at)
{
    set(at, 4, PICK(40, 44, 56, 80, 0, 0xffffffff));
    set(at + 4, 4, (random_number() & 7) != 0 ? random_number() % 53 : random_number());
    set(at + 16, 8, PICK(0, 1, 2, 3));
    set(at + 40, 8, PICK(0, 1, 2, 0xffffffff));
    set(at + 48, 8, PICK(0, 1, 4096, 0xffffffff));
    set(at + 56, 4, PICK(0, 1, 4096, 0xffffffff));
    if ((random_number() & 1) != 0) {
        set(at + 40, 8, 0x2e2e2f61); /* "a/.." */
    }
}

/* Pages of the pool's end, or none at all: not those that this program lies in. */
static void fill_balloon(uint64_t at)
{
    for (uint32_t i = 0; i < 0x1000; i += 4) {
        set(at + i, 4,
            (random_number() & 1) != 0 ? (pool_base() + POOL_SIZE) / 4096 + (random_number() & 255)
                                       : random_number() | 0x80000000);
    }
}

static void fill(const struct device *device, uint64_t at)
{
    for (uint64_t i = 0; i < 0x800; i += 8) {
        set(at + i, 8, random_number());
    }
    if ((random_number() & 15) == 0 && device->type != TYPE_BALLOON) {
        return;
    }
    switch (device->type) {
    case TYPE_BLOCK:
        fill_block(at);
        break;
    case TYPE_NET:
        fill_net(at, device->queue);
        break;
    case TYPE_CONSOLE:
        fill_console(at);
        break;
    case TYPE_SOCKET:
        fill_socket(device, at);
        break;
    case TYPE_FILE_SYSTEM:
        fill_files(at);
        break;
    case TYPE_PMEM:
        set(at, 4, PICK(0, 1));
        break;
    default:
        fill_balloon(at);
        break;
    }
}

/* --- Shape --- */

static uint32_t shape(const struct device *device, uint64_t at, struct piece pieces[MAX_PIECES])
{
    static const uint32_t header[] = {1, 2, 10, 12, 16, 40, 44, 56};
    uint32_t count = 1 + (uint32_t)(random_number() % MAX_PIECES);
    bool writable = device->type == TYPE_ENTROPY;
    uint64_t place = at;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = i == 0 ? (uint32_t)PICK(10, 12, 16, 40, 44, 56, 512) : (uint32_t)PICK(1, 4, 16, 512, 4096);
        if (length > 0x2000) {
            length = (random_number() & 15) == 0 ? length % BUFFER_AREA : header[length % 8];
        }
        if (device->type == TYPE_BALLOON) { /* no word of all that is here is then a page of this program */
            length = (length & 0x1f0) | 16;
            place = at;
        }
        writable = writable || (i != 0 && (random_number() & 1) != 0);
        bool wrong = (random_number() & 63) == 0;
        pieces[i] = (struct piece){place, length, writable != wrong ? DESCRIPTOR_WRITE : 0};
        place += (random_number() & 15) != 0 ? length : 0;
    }
    return count;
}

static void send(struct device *device)
{
    struct piece pieces[MAX_PIECES];
    if (device->ring.size < 2) { /* the second processor has selected a queue that is not there */
        device_notify(device, device->queue);
        return;
    }
    uint64_t at = BUFFERS + (random_number() & 3) * 0x2000;
    fill(device, at);
    uint32_t count = shape(device, at, pieces);
    if (count > device->ring.size / 2u) {
        count = device->ring.size / 2u;
    }
    if ((device->wanted & F_INDIRECT) != 0 && (random_number() & 1) != 0) {
        for (uint32_t i = 0; i < count; i++) {
            struct piece piece = pieces[i];
            piece.flags = device->ring.packed ? 0 : (uint16_t)(piece.flags | (i + 1 < count ? DESCRIPTOR_NEXT : 0));
            /* Flags are where split queues have the next one. */
            table_set(i, &piece, device->ring.packed ? pieces[i].flags : (uint16_t)(i + 1));
        }
        pieces[0] = (struct piece){TABLE, 16 * count, DESCRIPTOR_INDIRECT};
        count = 1;
    }
    ring_add(device, pieces, count);
    device_notify(device, device->queue);
}

static bool is_broken(const struct device *device)
{
    return (device_status(device) & STATUS_NEEDS_RESET) != 0;
}

static bool has_queue(const struct device *device, uint32_t index)
{
    device_select_queue(device, index);
    return device_queue_size(device) != 0;
}

/* Every queue of the device, in all formats that it has. */
static void requests_of_anything(struct device *device)
{
    uint64_t wanted = device->wanted;
    uint32_t queue = device->queue;
    for (uint32_t index = 0; index < MAX_QUEUES; index++) {
        device_begin(device, wanted);
        if (!has_queue(device, index)) {
            continue;
        }
        device->queue = index;
        device->wanted = wanted | F_INDIRECT | (random_number() & 0xffffff); /* with any of the device's own, too */
        device_set_up(device);
        for (uint32_t i = 0; i < REQUESTS; i++) {
            send(device);
            (void)ring_take(device);
            if (is_broken(device) || i % 4 == 3) {
                device->wanted = wanted | F_INDIRECT | (random_number() & 0xffffff);
                device_set_up(device);
            }
        }
        device_set_status(device, 0);
    }
    device->queue = queue;
    device->wanted = wanted;
    device_set_up(device);
}

/* --- Against the second processor --- */

static void race(struct device *device, enum race kind, const char *name)
{
    uint64_t wanted = device->wanted;
    device->wanted |= F_INDIRECT;
    device_set_up(device);
    if (!race_start(kind, device)) {
        device->wanted = wanted;
        return;
    }
    for (uint32_t i = 0; i < RACE_KICKS; i++) {
        send(device);
        device_notify(device, device->queue);
        if (is_broken(device) || i % 8 == 7) {
            device_set_up(device);
        }
    }
    race_stop(device, name);
    device->wanted = wanted;
}

static void changed_descriptors(struct device *device)
{
    race(device, RACE_RING, "descriptors changed by a second processor");
}

static void changed_requests(struct device *device)
{
    race(device, RACE_TABLE, "requests changed by a second processor");
}

/* A ring that is full of requests, all right, and full again as soon as they are done: the device, which has work
 * without end, may not keep this processor from going on. */
static void buffers_without_end(struct device *device)
{
    const char *name = "buffers added by a second processor";
    for (uint32_t i = 0; !device->ring.packed && i < device->ring.size; i++) {
        device_add_request(device);
    }
    if (race_start(RACE_FEED, device)) {
        device_notify(device, device->queue);
        uint64_t end = machine_now() + ENDLESS * machine_millisecond();
        while (machine_now() < end) {
        }
        race_stop(device, name);
    }
    race(device, RACE_FEED, name);
}

static void registers_by_two(struct device *device)
{
    race(device, RACE_REGISTERS, "registers written by two processors");
}

const struct provocation request_provocations[] = {
    {"requests of anything", ON_ANY, OUTCOME_EITHER, 0, .act = requests_of_anything},
    {"descriptors changed by a second processor", ON_ANY, OUTCOME_EITHER, 0, .act = changed_descriptors},
    {"requests changed by a second processor", ON_ANY, OUTCOME_EITHER, 0, .act = changed_requests},
    {"buffers added by a second processor", ON_ANY, OUTCOME_EITHER, 0, .act = buffers_without_end},
    {"registers written by two processors", ON_ANY, OUTCOME_EITHER, 0, .act = registers_by_two},
    {0},
};
