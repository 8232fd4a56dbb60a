/* SPDX-License-Identifier: BSD-2-Clause */
#include "storage_fixture.h"

uint64_t fixture_now, fixture_deadline;
char fixture_report[160];
static struct storage_fixture *current;

static uint64_t now(void)
{
    return fixture_now;
}

static void notify(unsigned int channel)
{
    if (channel == FIXTURE_MANAGER) {
        current->manager_notifications++;
        return;
    }
    assert_true(channel < FIXTURE_DISKS);
    current->clients[channel].notifications++;
}

static void wake_at(uint64_t deadline)
{
    fixture_deadline = deadline;
}

static void report(const char *disk, const char *problem)
{
    snprintf(fixture_report, sizeof(fixture_report), "%s: %s", disk, problem);
}

static const struct storage_operations operations = {
    .now = now, .notify = notify, .wake_at = wake_at, .report = report};

uint8_t fixture_byte(uint64_t place)
{
    return (uint8_t)(place * 7 + (place >> 9) * 13 + 1);
}

static void make_disk(struct storage_fixture *f, uint32_t i)
{
    static const uint32_t kinds[FIXTURE_DISKS] = {STORAGE_MEMORY, STORAGE_MEMORY, STORAGE_OVERLAY, STORAGE_IMAGE};
    struct storage_disk_config *config = &f->config.disks[i];
    size_t sizes[4] = {sizeof(struct block_request_queue) + CAPACITY * sizeof(struct block_request),
                       sizeof(struct block_response_queue) + CAPACITY * sizeof(struct block_response), DATA_SIZE,
                       sizeof(struct block_storage_info)};
    for (uint32_t page = 0; page < 4; page++) {
        f->pages[i][page] = calloc(1, sizes[page]);
    }
    f->media[i] = calloc(1, MEDIUM_SIZE);
    for (uint32_t at = 0; at < MEDIUM_SIZE && i >= 2; at++) {
        f->media[i][at] = fixture_byte(at);
    }
    f->overlays[i] = malloc(OVERLAY_MEMORY);
    memset(f->overlays[i], 0xee, OVERLAY_MEMORY);
    f->maps[i] = calloc(1, STORAGE_OVERLAY_MAP_SIZE(MEDIUM_SIZE, OVERLAY_MEMORY));
    snprintf(config->name, sizeof(config->name), "vm%u/disk", i);
    snprintf(config->serial, sizeof(config->serial), "serial%u", i);
    config->kind = kinds[i];
    config->base = (uintptr_t)f->media[i];
    config->base_size = MEDIUM_SIZE;
    if (kinds[i] == STORAGE_OVERLAY) {
        config->overlay = (uintptr_t)f->overlays[i];
        config->overlay_size = OVERLAY_MEMORY;
        config->overlay_map = (uintptr_t)f->maps[i];
        config->overlay_map_size = STORAGE_OVERLAY_MAP_SIZE(MEDIUM_SIZE, OVERLAY_MEMORY);
    }
    config->request_queue = (uintptr_t)f->pages[i][0];
    config->response_queue = (uintptr_t)f->pages[i][1];
    config->data = (uintptr_t)f->pages[i][2];
    config->storage_info = (uintptr_t)f->pages[i][3];
    config->data_size = DATA_SIZE;
    config->capacity = CAPACITY;
    config->channel = i;
    config->transfer_size = BLOCK;
    f->clients[i].data = f->pages[i][2];
    f->clients[i].info = f->pages[i][3];
    assert_true(block_queue_attach(&f->clients[i].queue, config->request_queue, config->response_queue, CAPACITY));
}

int fixture_set_up(void **state)
{
    struct storage_fixture *f = calloc(1, sizeof(*f));
    *state = f;
    current = f;
    fixture_now = 1000 * FREQUENCY;
    fixture_deadline = 0;
    fixture_report[0] = '\0';
    f->config = (struct storage_config){.magic = STORAGE_CONFIG_MAGIC,
                                        .version = STORAGE_CONFIG_VERSION,
                                        .size = sizeof(struct storage_config),
                                        .request = (uintptr_t)&f->request,
                                        .manager_channel = FIXTURE_MANAGER,
                                        .disk_count = FIXTURE_DISKS,
                                        .counters = (uintptr_t)&f->counters,
                                        .counters_size = sizeof(f->counters)};
    for (uint32_t i = 0; i < FIXTURE_DISKS; i++) {
        make_disk(f, i);
    }
    return 0;
}

int fixture_tear_down(void **state)
{
    struct storage_fixture *f = *state;
    for (uint32_t i = 0; i < FIXTURE_DISKS; i++) {
        for (uint32_t page = 0; page < 4; page++) {
            free(f->pages[i][page]);
        }
        free(f->media[i]);
        free(f->overlays[i]);
        free(f->maps[i]);
    }
    free(f);
    return 0;
}

void fixture_start(struct storage_fixture *f)
{
    assert_true(storage_initialise(&f->storage, &operations, &f->config, FREQUENCY));
}

uint32_t fixture_queue(struct storage_client *client, uint32_t code, uint64_t offset, uint64_t block, uint16_t count)
{
    struct block_request request = {
        .code = code, .offset = offset, .block_number = block, .count = count, .id = client->next_id++};
    assert_true(block_queue_put_request(&client->queue, &request));
    block_queue_submit(&client->queue);
    return request.id;
}

void fixture_serve(struct storage_fixture *f)
{
    for (uint32_t i = 0; i < 100000; i++) {
        fixture_deadline = 0;
        storage_serve(&f->storage);
        if (fixture_deadline == 0) {
            return;
        }
        fixture_now = fixture_deadline > fixture_now ? fixture_deadline : fixture_now;
    }
    fail_msg("the service never comes to an end");
}

struct block_response fixture_response(struct storage_client *client)
{
    struct block_response response;
    assert_true(block_queue_take_response(&client->queue, &response));
    return response;
}

uint32_t fixture_do(struct storage_fixture *f, uint32_t disk, uint32_t code, uint64_t offset, uint64_t block,
                    uint16_t count)
{
    uint32_t id = fixture_queue(&f->clients[disk], code, offset, block, count);
    fixture_serve(f);
    struct block_response response = fixture_response(&f->clients[disk]);
    assert_int_equal(response.id, id);
    return response.status;
}
