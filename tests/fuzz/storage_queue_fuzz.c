/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of the storage service that writes anything anywhere in what it shares with it. Another client, on a disk
 * of its own, keeps to the rules: it must always get its answers, and its disk must hold what it wrote. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <storage.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CAPACITY    8u
#define DATA_SIZE   0x2000u
#define MEDIUM_SIZE 0x6000u
#define OVERLAY     0x3000u
#define BLOCK       512u

#define REQUESTS_SIZE  (sizeof(struct block_request_queue) + CAPACITY * sizeof(struct block_request))
#define RESPONSES_SIZE (sizeof(struct block_response_queue) + CAPACITY * sizeof(struct block_response))

/* What one client shares with the service, besides data. */
struct pages {
    _Alignas(8) uint8_t requests[REQUESTS_SIZE];
    _Alignas(8) uint8_t responses[RESPONSES_SIZE];
    struct block_storage_info info;
};

static uint64_t clock_value;

static uint64_t now(void)
{
    return clock_value++;
}

static void notify(unsigned int channel)
{
    (void)channel;
}

static void wake_at(uint64_t deadline)
{
    clock_value = deadline > clock_value ? deadline : clock_value;
}

static void report(const char *disk, const char *problem)
{
    (void)disk;
    (void)problem;
}

static const struct storage_operations operations = {
    .now = now, .notify = notify, .wake_at = wake_at, .report = report};

struct world {
    struct storage storage;
    struct storage_config config;
    struct pages *pages[2];
    uint8_t *data[2], *media[2], *overlay;
    uint32_t *map;
    uint8_t model[MEDIUM_SIZE];
    struct block_queue_handle victim;
};

static void describe(struct world *w, uint32_t i, uint32_t kind)
{
    struct storage_disk_config *config = &w->config.disks[i];
    w->pages[i] = calloc(1, sizeof(struct pages));
    w->data[i] = calloc(1, DATA_SIZE);
    w->media[i] = calloc(1, MEDIUM_SIZE);
    *config = (struct storage_disk_config){
        .name = "disk",
        .kind = kind,
        .base = (uintptr_t)w->media[i],
        .base_size = MEDIUM_SIZE,
        .overlay = (uintptr_t)w->overlay,
        .overlay_size = OVERLAY,
        .overlay_map = (uintptr_t)w->map,
        .overlay_map_size = STORAGE_OVERLAY_MAP_SIZE(MEDIUM_SIZE, OVERLAY),
        .request_queue = (uintptr_t)w->pages[i]->requests,
        .response_queue = (uintptr_t)w->pages[i]->responses,
        .data = (uintptr_t)w->data[i],
        .storage_info = (uintptr_t)&w->pages[i]->info,
        .data_size = DATA_SIZE,
        .capacity = CAPACITY,
        .channel = i,
        .transfer_size = BLOCK,
    };
}

static void require(bool good)
{
    if (!good) {
        abort();
    }
}

/* The victim writes a block, reads it, and finds what it wrote. */
static void check_victim(struct world *w, uint8_t byte)
{
    uint64_t block = byte % (MEDIUM_SIZE / BLOCK);
    struct block_request write = {.code = BLOCK_REQUEST_WRITE, .block_number = block, .count = 1, .id = 1};
    struct block_request read = {
        .code = BLOCK_REQUEST_READ, .offset = BLOCK, .block_number = block, .count = 1, .id = 2};
    struct block_response response;
    memset(w->data[1], byte, BLOCK);
    memset(w->model + block * BLOCK, byte, BLOCK);
    require(block_queue_put_request(&w->victim, &write) && block_queue_put_request(&w->victim, &read));
    block_queue_submit(&w->victim);
    storage_serve(&w->storage);
    for (uint32_t id = 1; id <= 2; id++) {
        require(block_queue_take_response(&w->victim, &response) && response.id == id &&
                response.status == BLOCK_RESPONSE_OK && response.success_count == 1);
    }
    require(memcmp(w->data[1] + BLOCK, w->data[1], BLOCK) == 0);
    require(memcmp(w->media[1], w->model, MEDIUM_SIZE) == 0);
}

/* Steps of eleven bytes: what, where, and a value. */
static void attack(struct world *w, const uint8_t *step)
{
    struct pages *pages = w->pages[0];
    struct block_request_queue *requests = (struct block_request_queue *)(void *)pages->requests;
    struct block_response_queue *responses = (struct block_response_queue *)(void *)pages->responses;
    uint64_t value;
    uint32_t at = (uint32_t)step[1] << 8 | step[2];
    memcpy(&value, step + 3, sizeof(value));
    switch (step[0] % 6) {
    case 0: /* anything in the requests' page */
        memcpy(pages->requests + at % (sizeof(pages->requests) - 8), &value, 8);
        break;
    case 1:
        memcpy(pages->responses + at % (sizeof(pages->responses) - 8), &value, 8);
        break;
    case 2: { /* a request that is nearly right, made visible */
        struct block_request *entry = &requests->entries[requests->tail % CAPACITY];
        *entry = (struct block_request){.code = step[1] % 8 < 4 ? step[1] % 8 : 16u + step[1] % 2,
                                        .offset = value & 0x3fff,
                                        .block_number = value >> 16 & 0x3f,
                                        .count = step[2] % 20,
                                        .id = (uint32_t)(value >> 32)};
        requests->tail++;
        break;
    }
    case 3:
        responses->head = responses->tail;
        break;
    case 4:
        memcpy(w->data[0] + at % (DATA_SIZE - 8), &value, 8);
        break;
    default:
        storage_serve(&w->storage);
        check_victim(w, step[1]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t kinds[] = {STORAGE_MEMORY, STORAGE_IMAGE, STORAGE_OVERLAY};
    if (size < 2) {
        return 0;
    }
    struct world *w = calloc(1, sizeof(*w));
    w->overlay = malloc(OVERLAY);
    w->map = calloc(1, STORAGE_OVERLAY_MAP_SIZE(MEDIUM_SIZE, OVERLAY));
    w->config = (struct storage_config){
        .magic = STORAGE_CONFIG_MAGIC, .version = STORAGE_CONFIG_VERSION, .size = sizeof(w->config), .disk_count = 2};
    describe(w, 0, kinds[data[0] % 3]);
    describe(w, 1, STORAGE_MEMORY);
    w->config.disks[0].requests_per_second = data[0] & 0x80 ? 1000 : 0;
    w->config.disks[0].bytes_per_second = data[0] & 0x40 ? 1u << 20 : 0;
    clock_value = 1000000;
    require(storage_initialise(&w->storage, &operations, &w->config, 1000000));
    require(
        block_queue_attach(&w->victim, w->config.disks[1].request_queue, w->config.disks[1].response_queue, CAPACITY));
    for (size_t at = 1; at + 11 <= size; at += 11) {
        attack(w, data + at);
    }
    storage_serve(&w->storage);
    check_victim(w, data[1]);
    require(w->storage.disks[0].overlay.used <= OVERLAY / STORAGE_OVERLAY_BLOCK);
    for (uint32_t i = 0; i < 2; i++) {
        free(w->pages[i]);
        free(w->data[i]);
        free(w->media[i]);
    }
    free(w->overlay);
    free(w->map);
    free(w);
    return 0;
}
