/* SPDX-License-Identifier: BSD-2-Clause */
/* The storage service for clients that keep to the rules: media, overlays, limits, turns. */
#include "storage_fixture.h"

#define READ    BLOCK_REQUEST_READ
#define WRITE   BLOCK_REQUEST_WRITE
#define FLUSH   BLOCK_REQUEST_FLUSH
#define DISCARD BLOCK_REQUEST_DISCARD
#define ZEROES  BLOCK_REQUEST_WRITE_ZEROES

static void fill(struct storage_client *client, uint64_t offset, uint64_t length, uint8_t byte)
{
    memset(client->data + offset, byte, length);
}

static void assert_all(const uint8_t *data, uint64_t length, uint8_t byte)
{
    for (uint64_t i = 0; i < length; i++) {
        assert_int_equal(data[i], byte);
    }
}

static void clients_learn_of_their_disk(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    const struct block_storage_info *info = f->clients[3].info;
    assert_int_equal(info->ready, 1);
    assert_int_equal(info->read_only, 1);
    assert_int_equal(info->capacity, MEDIUM_SIZE / BLOCK);
    assert_int_equal(info->sector_size, 512);
    assert_int_equal(info->block_size, 8);
    assert_int_equal(info->operations, 0);
    assert_string_equal(info->serial_number, "serial3");
    assert_int_equal(f->clients[0].info->operations, BLOCK_OPERATION_DISCARD | BLOCK_OPERATION_WRITE_ZEROES);
    assert_int_equal(f->clients[0].info->read_only, 0);
    for (uint32_t i = 0; i < FIXTURE_DISKS; i++) {
        assert_int_equal(f->clients[i].notifications, 1);
    }
    assert_true(f->counters.magic == STORAGE_COUNTERS_MAGIC);
    assert_string_equal(f->counters.disks[2].name, "vm2/disk");
}

static void memory_keeps_what_is_written(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    struct storage_client *client = &f->clients[0];
    for (uint32_t i = 0; i < 0x10000; i++) {
        client->data[i] = (uint8_t)(i * 31 + i / 256);
    }
    assert_int_equal(fixture_do(f, 0, WRITE, 0, 5, 128), BLOCK_RESPONSE_OK);
    assert_int_equal(fixture_do(f, 0, FLUSH, 0, 0, 0), BLOCK_RESPONSE_OK);
    assert_int_equal(fixture_do(f, 0, READ, 0x10000, 5, 128), BLOCK_RESPONSE_OK);
    assert_memory_equal(client->data, client->data + 0x10000, 0x10000);
    assert_memory_equal(f->media[0] + 5 * BLOCK, client->data, 0x10000);
    assert_all(f->media[0], 5 * BLOCK, 0);
    assert_all(f->media[0] + 5 * BLOCK + 0x10000, MEDIUM_SIZE - 5 * BLOCK - 0x10000, 0);
    assert_all(f->media[1], MEDIUM_SIZE, 0);
    assert_int_equal(fixture_do(f, 0, ZEROES, 0, 6, 2), BLOCK_RESPONSE_OK);
    assert_all(f->media[0] + 6 * BLOCK, 2 * BLOCK, 0);
    assert_int_equal(fixture_do(f, 0, DISCARD, 0, 100, 1), BLOCK_RESPONSE_OK);
    assert_all(f->media[0] + 100 * BLOCK, BLOCK, 0);
    const struct storage_disk_counters *counters = &f->counters.disks[0];
    assert_int_equal(counters->reads, 1);
    assert_int_equal(counters->writes, 1);
    assert_int_equal(counters->flushes, 1);
    assert_int_equal(counters->zeroes, 1);
    assert_int_equal(counters->discards, 1);
    assert_int_equal(counters->read_bytes, 0x10000);
    assert_int_equal(counters->written_bytes, 0x10000);
}

static void image_is_only_read(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    assert_int_equal(fixture_do(f, 3, READ, 1024, 3, 2), BLOCK_RESPONSE_OK);
    assert_memory_equal(f->clients[3].data + 1024, f->media[3] + 3 * BLOCK, 2 * BLOCK);
    assert_int_equal(fixture_do(f, 3, WRITE, 0, 3, 2), BLOCK_RESPONSE_INVALID);
    assert_int_equal(fixture_do(f, 3, DISCARD, 0, 3, 2), BLOCK_RESPONSE_INVALID);
    assert_int_equal(fixture_do(f, 3, ZEROES, 0, 3, 2), BLOCK_RESPONSE_INVALID);
    assert_int_equal(f->counters.disks[3].refused, 3);
    for (uint32_t i = 0; i < MEDIUM_SIZE; i++) {
        assert_int_equal(f->media[3][i], fixture_byte(i));
    }
}

/* Against a copy that is written at once. */
static void overlay_is_as_a_disk_of_its_own(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    struct storage_client *client = &f->clients[2];
    uint8_t *model = malloc(MEDIUM_SIZE);
    memcpy(model, f->media[2], MEDIUM_SIZE);
    uint32_t random = 12345;
    /* Eight blocks of overlay: all changes are to eight blocks of the disk. */
    for (uint32_t i = 0; i < 20000; i++) {
        random = random * 1103515245u + 12345u;
        uint64_t block = random >> 16 & 63;
        uint16_t count = (uint16_t)(1 + (random >> 8 & 15));
        count = (uint16_t)(block + count > 64 ? 64 - block : count);
        uint32_t code = (uint32_t[]){READ, WRITE, ZEROES, WRITE}[random >> 28 & 3];
        fill(client, 0, count * BLOCK, (uint8_t)i);
        assert_int_equal(fixture_do(f, 2, code, 0, block, count), BLOCK_RESPONSE_OK);
        if (code == READ) {
            assert_memory_equal(client->data, model + block * BLOCK, count * BLOCK);
        } else {
            memset(model + block * BLOCK, code == WRITE ? (int)(uint8_t)i : 0, count * BLOCK);
        }
    }
    for (uint32_t at = 0; at < MEDIUM_SIZE; at += DATA_SIZE) {
        assert_int_equal(fixture_do(f, 2, READ, 0, at / BLOCK, DATA_SIZE / BLOCK), BLOCK_RESPONSE_OK);
        assert_memory_equal(client->data, model + at, DATA_SIZE);
    }
    for (uint32_t i = 0; i < MEDIUM_SIZE; i++) { /* what is below did not change */
        assert_int_equal(f->media[2][i], fixture_byte(i));
    }
    free(model);
}

static void full_overlay_refuses_writes_until_blocks_are_zeroed(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    struct storage_client *client = &f->clients[2];
    fill(client, 0, 0x10000, 0x5a);
    /* 16 blocks of 4096 bytes, of which eight find a place. */
    uint32_t id = fixture_queue(client, WRITE, 0, 0, 128);
    fixture_serve(f);
    struct block_response response = fixture_response(client);
    assert_int_equal(response.id, id);
    assert_int_equal(response.status, BLOCK_RESPONSE_IO);
    assert_int_equal(response.success_count, 64);
    assert_int_equal(f->counters.disks[2].overlay_used, 8);
    assert_int_equal(f->counters.disks[2].overlay_blocks, 8);
    assert_int_equal(f->counters.disks[2].failed, 1);
    assert_int_equal(fixture_do(f, 2, WRITE, 0, 64, 1), BLOCK_RESPONSE_IO);
    /* Those that are there can be written, and all can be read. */
    assert_int_equal(fixture_do(f, 2, WRITE, 0, 8, 16), BLOCK_RESPONSE_OK);
    assert_int_equal(fixture_do(f, 2, READ, 0, 64, 1), BLOCK_RESPONSE_OK);
    assert_memory_equal(client->data, f->media[2] + 64 * BLOCK, BLOCK);
    /* Whole blocks of zeros take no memory; parts of blocks stay. */
    assert_int_equal(fixture_do(f, 2, ZEROES, 0, 4, 24), BLOCK_RESPONSE_OK);
    assert_int_equal(f->counters.disks[2].overlay_used, 6);
    assert_int_equal(fixture_do(f, 2, DISCARD, 0, 31, 10), BLOCK_RESPONSE_OK);
    assert_int_equal(f->counters.disks[2].overlay_used, 5);
    assert_int_equal(fixture_do(f, 2, READ, 0, 0, 48), BLOCK_RESPONSE_OK);
    assert_all(client->data + 4 * BLOCK, 20 * BLOCK, 0);
    assert_all(client->data + 24 * BLOCK, 4 * BLOCK, 0); /* the half of a block that was to be zeroed */
    assert_all(client->data + 28 * BLOCK, 4 * BLOCK, 0x5a);
    assert_all(client->data + 32 * BLOCK, 8 * BLOCK, 0);
    assert_all(client->data + 40 * BLOCK, 8 * BLOCK, 0x5a); /* a part of a block is not discarded */
    fill(client, 0, 0x3000, 0x77);
    assert_int_equal(fixture_do(f, 2, WRITE, 0, 64, 24), BLOCK_RESPONSE_OK);
    assert_int_equal(fixture_do(f, 2, WRITE, 0, 96, 8), BLOCK_RESPONSE_IO);
}

static void partial_write_keeps_the_rest_of_the_block(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    struct storage_client *client = &f->clients[2];
    fill(client, 0, BLOCK, 0x11);
    assert_int_equal(fixture_do(f, 2, WRITE, 0, 10, 1), BLOCK_RESPONSE_OK);
    assert_int_equal(fixture_do(f, 2, READ, 0, 8, 8), BLOCK_RESPONSE_OK);
    assert_all(client->data + 2 * BLOCK, BLOCK, 0x11);
    assert_memory_equal(client->data, f->media[2] + 8 * BLOCK, 2 * BLOCK);
    assert_memory_equal(client->data + 3 * BLOCK, f->media[2] + 11 * BLOCK, 5 * BLOCK);
    /* On zeros: the rest stays zero, whatever the memory held. */
    assert_int_equal(fixture_do(f, 2, ZEROES, 0, 16, 8), BLOCK_RESPONSE_OK);
    fill(client, 0, BLOCK, 0x22);
    assert_int_equal(fixture_do(f, 2, WRITE, 0, 23, 1), BLOCK_RESPONSE_OK);
    assert_int_equal(fixture_do(f, 2, READ, 0, 16, 8), BLOCK_RESPONSE_OK);
    assert_all(client->data, 7 * BLOCK, 0);
    assert_all(client->data + 7 * BLOCK, BLOCK, 0x22);
}

static void answers_come_in_order(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    struct storage_client *client = &f->clients[0];
    uint32_t ids[6], notifications = client->notifications;
    uint32_t codes[6] = {WRITE, FLUSH, READ, BLOCK_REQUEST_BARRIER, WRITE, FLUSH};
    for (uint32_t i = 0; i < 6; i++) {
        ids[i] = fixture_queue(client, codes[i], 0, 0, 64);
    }
    fixture_serve(f);
    for (uint32_t i = 0; i < 6; i++) {
        struct block_response response = fixture_response(client);
        assert_int_equal(response.id, ids[i]);
        assert_int_equal(response.status, BLOCK_RESPONSE_OK);
        assert_int_equal(response.success_count, codes[i] == WRITE || codes[i] == READ ? 64 : 0);
    }
    assert_int_equal(client->notifications, notifications + 1); /* one for all */
}

static void collecting_client_is_left_alone(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    struct storage_client *client = &f->clients[0];
    struct block_response response;
    client->queue.requests->plugged = 1;
    fixture_queue(client, FLUSH, 0, 0, 0);
    fixture_serve(f);
    assert_false(block_queue_take_response(&client->queue, &response));
    client->queue.requests->plugged = 0;
    fixture_serve(f);
    assert_true(block_queue_take_response(&client->queue, &response));
}

static void client_that_looks_is_not_told(void **state)
{
    struct storage_fixture *f = *state;
    fixture_start(f);
    struct storage_client *client = &f->clients[0];
    uint32_t notifications = client->notifications;
    block_queue_set_looking(&client->queue, true);
    fixture_queue(client, FLUSH, 0, 0, 0);
    fixture_serve(f);
    assert_true(block_queue_has_response(&client->queue));
    (void)fixture_response(client);
    assert_false(block_queue_has_response(&client->queue));
    assert_int_equal(client->notifications, notifications);
    block_queue_set_looking(&client->queue, false);
    fixture_serve(f);
    assert_int_equal(client->notifications, notifications); /* nor later of what it has seen */
    fixture_queue(client, FLUSH, 0, 0, 0);
    fixture_serve(f);
    assert_int_equal(client->notifications, notifications + 1);
}

/* How many requests end in a second, one after the other. */
static uint32_t requests_in_a_second(struct storage_fixture *f, uint32_t disk, uint16_t count)
{
    struct storage_client *client = &f->clients[disk];
    struct block_response response;
    uint64_t end = fixture_now + FREQUENCY;
    uint32_t done = 0;
    while (fixture_now < end) {
        while (block_queue_take_response(&client->queue, &response)) {
            assert_int_equal(response.status, BLOCK_RESPONSE_OK);
            done++;
        }
        while (block_queue_free(&client->queue) > 0) {
            fixture_queue(client, READ, 0, 0, count);
        }
        fixture_deadline = 0;
        storage_serve(&f->storage);
        fixture_now = fixture_deadline > fixture_now ? fixture_deadline : fixture_now + 10;
    }
    return done;
}

static void limits_hold(void **state)
{
    struct storage_fixture *f = *state;
    f->config.disks[0].requests_per_second = 200;
    f->config.disks[1].bytes_per_second = 1 << 20;
    fixture_start(f);
    /* A tenth of a second's more at first. */
    assert_in_range(requests_in_a_second(f, 0, 1), 215, 222);
    assert_in_range(requests_in_a_second(f, 0, 1), 198, 202);
    assert_in_range(requests_in_a_second(f, 1, 64), 34, 37);
    assert_in_range(requests_in_a_second(f, 1, 64), 31, 33);
    assert_true(f->counters.disks[0].waits > 100);
    assert_true(requests_in_a_second(f, 2, 64) > 100000);
}

static void ask_for_limits(struct storage_fixture *f, uint32_t disk, uint64_t requests, uint64_t bytes, uint32_t result)
{
    uint32_t notifications = f->manager_notifications;
    f->request.command = STORAGE_COMMAND_LIMIT;
    f->request.disk = disk;
    f->request.requests_per_second = requests;
    f->request.bytes_per_second = bytes;
    f->request.sequence++;
    storage_serve(&f->storage);
    storage_serve(&f->storage);
    assert_int_equal(f->counters.sequence, f->request.sequence);
    assert_int_equal(f->counters.result, result);
    assert_int_equal(f->manager_notifications, notifications + 1);
}

static void limits_change(void **state)
{
    struct storage_fixture *f = *state;
    f->config.disks[0].requests_per_second = 1;
    fixture_start(f);
    /* Who waits for the old limit does not wait for the new one. */
    assert_in_range(requests_in_a_second(f, 0, 1), 1, 3);
    ask_for_limits(f, 0, 500, 0, STORAGE_RESULT_DONE);
    assert_in_range(requests_in_a_second(f, 0, 1), 500, 560);
    assert_int_equal(f->counters.disks[0].requests_per_second, 500);
    ask_for_limits(f, 0, 0, 1 << 20, STORAGE_RESULT_DONE);
    assert_in_range(requests_in_a_second(f, 0, 64), 31, 37 + CAPACITY); /* small ones were waiting */
    assert_in_range(requests_in_a_second(f, 0, 64), 31, 33);
    assert_int_equal(f->counters.disks[0].requests_per_second, 0);
    assert_int_equal(f->counters.disks[0].bytes_per_second, 1 << 20);
    ask_for_limits(f, 0, 1000000000, 1ull << 50, STORAGE_RESULT_DONE);
    assert_true(requests_in_a_second(f, 0, 64) > 100000);
    ask_for_limits(f, FIXTURE_DISKS, 1, 1, STORAGE_RESULT_NO_DISK);
    ask_for_limits(f, STORAGE_MAX_DISKS, 1, 1, STORAGE_RESULT_NO_DISK);
    ask_for_limits(f, UINT32_MAX, 1, 1, STORAGE_RESULT_NO_DISK);
    f->request.command = 77;
    f->request.sequence++;
    storage_serve(&f->storage);
    assert_int_equal(f->counters.result, STORAGE_RESULT_UNKNOWN_COMMAND);
}

static void who_waits_for_his_limit_stops_no_one(void **state)
{
    struct storage_fixture *f = *state;
    f->config.disks[0].requests_per_second = 1;
    fixture_start(f);
    for (uint32_t i = 0; i < 4; i++) {
        fixture_queue(&f->clients[0], READ, 0, 0, 1);
        fixture_queue(&f->clients[1], READ, 0, 0, 1);
    }
    storage_serve(&f->storage);
    struct block_response response;
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(block_queue_take_response(&f->clients[1].queue, &response));
    }
    assert_true(fixture_deadline > fixture_now);
    assert_true(block_queue_take_response(&f->clients[0].queue, &response));
    assert_false(block_queue_take_response(&f->clients[0].queue, &response));
    assert_int_equal(f->counters.disks[0].throttled, 1);
}

static void missing_partition_is_said(void **state)
{
    struct storage_fixture *f = *state;
    f->config.disks[3].partition = 2;
    fixture_start(f);
    assert_string_equal(fixture_report, "vm3/disk: the image has no partition table");
    assert_int_equal(f->clients[3].info->ready, 0);
    assert_int_equal(f->counters.disks[3].state, STORAGE_DISK_NO_PARTITION);
    assert_int_equal(fixture_do(f, 3, READ, 0, 0, 1), BLOCK_RESPONSE_NO_DEVICE);
    assert_int_equal(fixture_do(f, 2, READ, 0, 0, 1), BLOCK_RESPONSE_OK);
}

static void partition_is_a_disk(void **state)
{
    struct storage_fixture *f = *state;
    uint8_t *entry = f->media[2] + 446 + 16;
    memset(f->media[2] + 446, 0, 64);
    memcpy(entry, (uint8_t[16]){0, 0, 0, 0, 0x83, 0, 0, 0, 9, 0, 0, 0, 33, 0, 0, 0}, 16);
    memcpy(f->media[2] + 510, "\x55\xaa", 2);
    f->config.disks[2].partition = 2;
    fixture_start(f);
    struct storage_client *client = &f->clients[2];
    assert_int_equal(client->info->capacity, 33);
    assert_int_equal(fixture_do(f, 2, READ, 0, 0, 33), BLOCK_RESPONSE_OK);
    assert_memory_equal(client->data, f->media[2] + 9 * BLOCK, 33 * BLOCK);
    assert_int_equal(fixture_do(f, 2, READ, 0, 33, 1), BLOCK_RESPONSE_INVALID);
    assert_int_equal(fixture_do(f, 2, WRITE, 0, 32, 2), BLOCK_RESPONSE_INVALID);
    fill(client, 0, BLOCK, 0x99);
    assert_int_equal(fixture_do(f, 2, WRITE, 0, 32, 1), BLOCK_RESPONSE_OK); /* a block of the overlay, cut short */
    assert_int_equal(fixture_do(f, 2, ZEROES, 0, 0, 33), BLOCK_RESPONSE_OK);
    assert_int_equal(f->counters.disks[2].overlay_used, 0);
}

static void unusable_configurations_are_refused(void **state)
{
    struct storage_fixture *f = *state;
    struct storage_config good = f->config;
    struct storage other = {0};
    fixture_start(f);
    const struct storage_operations *operations = f->storage.operations;
    f->config.magic++;
    assert_false(storage_initialise(&other, operations, &f->config, FREQUENCY));
    f->config = good;
    f->config.disk_count = STORAGE_MAX_DISKS + 1;
    assert_false(storage_initialise(&other, operations, &f->config, FREQUENCY));
    assert_false(storage_initialise(&other, operations, NULL, FREQUENCY));
    f->config = good;
    f->config.version++;
    assert_false(storage_initialise(&other, operations, &f->config, FREQUENCY));
    f->config = good;
    f->config.size--;
    assert_false(storage_initialise(&other, operations, &f->config, FREQUENCY));
    f->config = good;
    f->config.counters_size--;
    assert_false(storage_initialise(&other, operations, &f->config, FREQUENCY));
}

/* Each field that makes no sense costs its own disk. */
static void a_wrong_disk_is_left_out(void **state)
{
    struct storage_fixture *f = *state;
    const struct storage_config good = f->config;
    fixture_start(f);
    const struct storage_operations *operations = f->storage.operations;
    struct storage_disk_config *disk = &f->config.disks[2];
    static struct storage other;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        f->config = good;                                                                                              \
        other = (struct storage){0};                                                                                   \
        change;                                                                                                        \
        assert_true(storage_initialise(&other, operations, &f->config, FREQUENCY));                                    \
        assert_int_equal(f->counters.disks[2].state, STORAGE_DISK_BAD_CONFIG);                                         \
        assert_int_equal(other.disk_count, FIXTURE_DISKS - 1);                                                         \
    } while (0)
    REFUSED(disk->kind = 0);
    REFUSED(disk->kind = STORAGE_OVERLAY + 1);
    REFUSED(disk->base = 0);
    REFUSED(disk->base_size = 0);
    REFUSED(disk->base_size -= 1);
    REFUSED(disk->overlay = 0);
    REFUSED(disk->overlay_size = STORAGE_OVERLAY_BLOCK - 1);
    REFUSED(disk->overlay_map = 0);
    REFUSED(disk->overlay_map += 2);
    REFUSED(disk->overlay_map_size--);
    REFUSED(memset(disk->name, 'x', sizeof(disk->name)));
    REFUSED(memset(disk->serial, 'x', sizeof(disk->serial)));
    REFUSED(disk->request_queue = 0);
    REFUSED(disk->request_queue += 4);
    REFUSED(disk->response_queue = 0);
    REFUSED(disk->response_queue += 4);
    REFUSED(disk->capacity = 0);
    REFUSED(disk->capacity = 3);
    REFUSED(disk->capacity = 0x10000);
    REFUSED(disk->data = 0);
    REFUSED(disk->data_size = BLOCK - 1);
    REFUSED(disk->storage_info = 0);
    REFUSED(disk->storage_info += 4);
    REFUSED(disk->channel = 62);
    REFUSED(disk->transfer_size = 1024);
    f->config = good;
    other = (struct storage){0};
    assert_true(storage_initialise(&other, operations, &f->config, FREQUENCY));
    assert_int_equal(other.disk_count, FIXTURE_DISKS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clients_learn_of_their_disk),
        TEST(memory_keeps_what_is_written),
        TEST(image_is_only_read),
        TEST(overlay_is_as_a_disk_of_its_own),
        TEST(full_overlay_refuses_writes_until_blocks_are_zeroed),
        TEST(partial_write_keeps_the_rest_of_the_block),
        TEST(answers_come_in_order),
        TEST(collecting_client_is_left_alone),
        TEST(client_that_looks_is_not_told),
        TEST(limits_hold),
        TEST(limits_change),
        TEST(who_waits_for_his_limit_stops_no_one),
        TEST(missing_partition_is_said),
        TEST(partition_is_a_disk),
        TEST(unusable_configurations_are_refused),
        TEST(a_wrong_disk_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
