/* SPDX-License-Identifier: BSD-2-Clause */
#include "storage.h"

#include <base/memory.h>

/* Of all disks, each time it is woken. */
#define MAX_ROUNDS  64u
/* What is left then waits for this part of a second: who has a lower priority here gets on too. */
#define PAUSE_PART  10000u
#define NO_DEADLINE UINT64_MAX
#define CHANNELS    62u

bool storage_initialise(struct storage *storage, const struct storage_operations *operations,
                        const struct storage_config *config, uint64_t frequency)
{
    if (config == NULL || config->magic != STORAGE_CONFIG_MAGIC || config->version != STORAGE_CONFIG_VERSION ||
        config->size != sizeof(*config) || config->disk_count > STORAGE_MAX_DISKS ||
        (config->counters != 0 && config->counters_size < sizeof(struct storage_counters)) ||
        config->request % 8 != 0 || config->manager_channel >= CHANNELS) {
        return false;
    }
    storage->operations = operations;
    storage->frequency = frequency;
    storage->counters =
        config->counters != 0 ? (struct storage_counters *)(uintptr_t)config->counters : &storage->own_counters;
    for (uint32_t i = 0; i < config->disk_count; i++) {
        struct disk *disk = &storage->disks[storage->disk_count];
        bool usable;
        const char *problem = disk_initialise(disk, &config->disks[i], frequency, operations->now(),
                                              &storage->counters->disks[i], &usable);
        if (problem != NULL) {
            operations->report(usable ? storage->counters->disks[i].name : "a disk", problem);
        }
        if (usable) {
            storage->disk_count++;
            operations->notify(disk->channel);
        }
    }
    storage->request = (const struct storage_request *)(uintptr_t)config->request;
    storage->manager_channel = config->manager_channel;
    storage->counters->disk_count = config->disk_count;
    __atomic_store_n(&storage->counters->magic, STORAGE_COUNTERS_MAGIC, __ATOMIC_RELEASE);
    return true;
}

static void send_notification(struct storage *storage, struct disk *disk)
{
    if (!disk->answered) {
        return;
    }
    disk->answered = false;
    if (block_queue_client_waits(&disk->queue)) {
        storage->counters->notifications++;
        storage->operations->notify(disk->channel);
    }
}

/* One turn of each disk. Returns whether any did something; *deadline: when the first that waits may go on. Who has
 * nothing more to be done hears of it at once, not when the others have all they want. */
static bool serve_round(struct storage *storage, uint64_t *deadline)
{
    bool worked = false;
    uint64_t now = storage->operations->now();
    *deadline = NO_DEADLINE;
    for (uint32_t i = 0; i < storage->disk_count; i++) {
        struct disk *disk = &storage->disks[(storage->first + i) % storage->disk_count];
        enum disk_turn turn = disk_turn(disk, now);
        worked = worked || turn == DISK_WORKED;
        if (turn != DISK_WORKED) {
            send_notification(storage, disk);
        }
        if (turn == DISK_THROTTLED && disk_ready_at(disk) < *deadline) {
            *deadline = disk_ready_at(disk);
        }
    }
    storage->first = storage->disk_count == 0 ? 0 : (storage->first + 1) % storage->disk_count;
    return worked;
}

/* --- The manager's requests --- */

static uint32_t set_limits(struct storage *storage, const struct storage_request *request)
{
    for (uint32_t i = 0; i < storage->disk_count; i++) {
        struct disk *disk = &storage->disks[i];
        if (request->disk < STORAGE_MAX_DISKS && disk->counters == &storage->counters->disks[request->disk]) {
            disk_limit(disk, request->requests_per_second, request->bytes_per_second, storage->operations->now());
            return STORAGE_RESULT_DONE;
        }
    }
    return STORAGE_RESULT_NO_DISK;
}

static void take_request(struct storage *storage)
{
    if (storage->request == NULL ||
        __atomic_load_n(&storage->request->sequence, __ATOMIC_ACQUIRE) == storage->request_sequence) {
        return;
    }
    struct storage_request request = *(const volatile struct storage_request *)storage->request;
    uint32_t result =
        request.command == STORAGE_COMMAND_LIMIT ? set_limits(storage, &request) : STORAGE_RESULT_UNKNOWN_COMMAND;
    storage->request_sequence = request.sequence;
    storage->counters->result = result;
    __atomic_store_n(&storage->counters->sequence, request.sequence, __ATOMIC_RELEASE);
    storage->operations->notify(storage->manager_channel);
}

void storage_serve(struct storage *storage)
{
    uint64_t deadline = NO_DEADLINE;
    bool more = true;
    storage->counters->wakes++;
    take_request(storage);
    for (uint32_t round = 0; round < MAX_ROUNDS && more; round++) {
        more = serve_round(storage, &deadline);
    }
    for (uint32_t i = 0; i < storage->disk_count; i++) {
        send_notification(storage, &storage->disks[i]);
    }
    if (more) {
        deadline = storage->operations->now() + storage->frequency / PAUSE_PART;
    }
    if (deadline != NO_DEADLINE) {
        storage->operations->wake_at(deadline);
    }
}
