/* SPDX-License-Identifier: BSD-2-Clause */
/* The storage service and clients that keep to no rule: they harm themselves only. */
#include "storage_fixture.h"

/* The well-behaved client of disk 1 gets its work done meanwhile. */
static void assert_others_are_served(struct storage_fixture *f)
{
    struct storage_client *client = &f->clients[1];
    static uint8_t byte;
    byte++;
    memset(client->data, byte, 0x1000);
    uint32_t id = fixture_queue(client, BLOCK_REQUEST_WRITE, 0, 16, 8);
    storage_serve(&f->storage);
    struct block_response response = fixture_response(client);
    assert_int_equal(response.id, id);
    assert_int_equal(response.status, BLOCK_RESPONSE_OK);
    assert_int_equal(f->media[1][16 * BLOCK], byte);
}

static void senseless_requests_are_refused(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    const uint64_t blocks = MEDIUM_SIZE / BLOCK;
    const struct {
        uint32_t code;
        uint64_t offset, block;
        uint16_t count;
    } bad[] = {
        {BLOCK_REQUEST_READ, 0, blocks, 1},
        {BLOCK_REQUEST_READ, 0, blocks - 1, 2},
        {BLOCK_REQUEST_READ, 0, ~0ull, 1},
        {BLOCK_REQUEST_READ, 0, ~0ull, 2},
        {BLOCK_REQUEST_READ, 0, 1ull << 55, 1},
        {BLOCK_REQUEST_READ, 0, 0, 0},
        {BLOCK_REQUEST_WRITE, 0, 0, 0},
        {BLOCK_REQUEST_READ, DATA_SIZE, 0, 1},
        {BLOCK_REQUEST_READ, DATA_SIZE - 511, 0, 1},
        {BLOCK_REQUEST_READ, ~0ull, 0, 1},
        {BLOCK_REQUEST_READ, ~0ull - 511, 0, 1},
        {BLOCK_REQUEST_WRITE, 512, 0, DATA_SIZE / BLOCK},
        {BLOCK_REQUEST_READ, 0, 0, 65535},
        {BLOCK_REQUEST_DISCARD, 0, 1, 65535},
        {BLOCK_REQUEST_WRITE_ZEROES, 0, blocks, 1},
        {4, 0, 0, 1},
        {18, 0, 0, 1},
        {0xffffffff, 0, 0, 1},
    };
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(fixture_do(f, 0, bad[i].code, bad[i].offset, bad[i].block, bad[i].count),
                         BLOCK_RESPONSE_INVALID);
    }
    assert_int_equal(f->counters.disks[0].refused, sizeof(bad) / sizeof(bad[0]));
    assert_others_are_served(f);
}

static void indices_that_jump_stop_only_their_own_queue(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    struct storage_client *client = &f->clients[0];
    struct block_request_queue *requests = client->queue.requests;
    struct block_response_queue *responses = client->queue.responses;
    const uint32_t indices[] = {CAPACITY + 1, 0x80000000u, 0xffffffffu, 12345678u};
    for (uint32_t i = 0; i < 4; i++) {
        requests->tail = indices[i];
        assert_others_are_served(f);
        assert_int_equal(f->counters.disks[0].refused + f->counters.disks[0].reads, 0);
        requests->head = indices[i]; /* the server's own: it is not believed */
        assert_others_are_served(f);
    }
    requests->head = requests->tail = 0;
    /* A response queue that is said to be full: nothing is taken. */
    responses->head = 0u - CAPACITY;
    fixture_queue(client, BLOCK_REQUEST_READ, 0, 0, 1);
    storage_serve(&f->storage);
    assert_int_equal(f->counters.disks[0].reads, 0);
    responses->head = 77777;
    storage_serve(&f->storage);
    assert_int_equal(f->counters.disks[0].reads, 0);
    responses->tail = 4711; /* the server's own */
    responses->head = 0;
    storage_serve(&f->storage);
    assert_int_equal(f->counters.disks[0].reads, 1);
    assert_int_equal(responses->tail, 1);
    assert_others_are_served(f);
}

/* A client that keeps its queue full, as one on another CPU can. */
static bool flooding;
static struct storage_fixture *flooded;
static uint64_t (*real_now)(void);

static uint64_t flood(void)
{
    struct block_queue_handle *queue = &flooded->clients[0].queue;
    if (flooding) {
        queue->responses->head = queue->responses->tail;
        queue->requests->tail = queue->requests->head + CAPACITY;
    }
    return real_now();
}

/* Starts the service with a first client of that kind, by operations of its own, which the test keeps. */
static void start_flood(struct storage_fixture *f, struct storage_operations *operations)
{
    fixture_start(f);
    flooded = f;
    real_now = f->storage.operations->now;
    *operations = *f->storage.operations;
    operations->now = flood;
    f->storage.operations = operations;
    const struct block_request request = {.code = BLOCK_REQUEST_READ, .block_number = 0, .count = DATA_SIZE / BLOCK};
    for (uint32_t i = 0; i < CAPACITY; i++) {
        f->clients[0].queue.requests->entries[i] = request;
    }
    flooding = true;
}

static void work_is_bounded_and_shared(void **state)
{
    struct storage_fixture *f = *state;
    struct storage_operations operations;
    start_flood(f, &operations);
    fixture_deadline = 0;
    storage_serve(&f->storage); /* comes to an end */
    assert_true(fixture_deadline > fixture_now);
    assert_true(f->counters.disks[0].read_bytes <= 64ull * DISK_TURN_BYTES + DATA_SIZE);
    /* Two more who have as much to do get as much done. */
    uint64_t before = f->counters.disks[0].read_bytes;
    for (uint32_t i = 0; i < CAPACITY; i++) {
        fixture_queue(&f->clients[1], BLOCK_REQUEST_READ, 0, 0, DATA_SIZE / BLOCK);
        fixture_queue(&f->clients[3], BLOCK_REQUEST_READ, 0, 0, DATA_SIZE / BLOCK);
    }
    storage_serve(&f->storage);
    uint64_t flooder = f->counters.disks[0].read_bytes - before;
    assert_true(f->counters.disks[1].read_bytes >= (uint64_t)CAPACITY * DATA_SIZE);
    assert_true(f->counters.disks[3].read_bytes >= (uint64_t)CAPACITY * DATA_SIZE);
    assert_true(flooder <= 64ull * DISK_TURN_BYTES + DATA_SIZE);
    flooding = false;
}

static bool other_notified;
static uint64_t flooders_bytes; /* at that time */

static void note_bytes(unsigned int channel)
{
    if (channel == 1 && !other_notified) {
        other_notified = true;
        flooders_bytes = flooded->counters.disks[0].read_bytes;
    }
}

static void a_flood_delays_nobodys_notification(void **state)
{
    struct storage_fixture *f = *state;
    struct storage_operations operations;
    start_flood(f, &operations);
    operations.notify = note_bytes;
    other_notified = false;
    fixture_queue(&f->clients[1], BLOCK_REQUEST_READ, 0, 0, 1);
    storage_serve(&f->storage);
    flooding = false;
    assert_true(other_notified);
    assert_true(flooders_bytes <= 2ull * DISK_TURN_BYTES);
    assert_true(f->counters.disks[0].read_bytes >= 32ull * DISK_TURN_BYTES);
}

static void nonsense_is_bounded_too(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    flooded = f;
    real_now = f->storage.operations->now;
    struct storage_operations operations = *f->storage.operations;
    operations.now = flood;
    f->storage.operations = &operations;
    memset(f->clients[0].queue.requests->entries, 0xff, CAPACITY * sizeof(struct block_request));
    flooding = true;
    assert_others_are_served(f);
    flooding = false;
    assert_in_range(f->counters.disks[0].refused, 1, 64 * DISK_TURN_REQUESTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(senseless_requests_are_refused), TEST(indices_that_jump_stop_only_their_own_queue),
        TEST(work_is_bounded_and_shared),     TEST(a_flood_delays_nobodys_notification),
        TEST(nonsense_is_bounded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
