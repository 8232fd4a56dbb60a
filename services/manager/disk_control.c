/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk_control.h"

#include <base/memory.h>

#include <skyscope/plan.h>

#include "manager.h"

#define ANSWER_SECONDS    5u
#define REQUESTS_MAXIMUM  1000000000u
#define BANDWIDTH_MINIMUM 4096u

bool disk_initialise(struct manager *manager, const struct manager_config *config)
{
    struct disk_control *control = &manager->disk;
    memset(control, 0, sizeof(*control));
    if (config->storage_request == 0) {
        return true;
    }
    if (config->storage_request % 8 != 0 || config->storage_channel >= PLAN_CHANNEL_IDS || config->storage == 0) {
        return false;
    }
    control->request = (struct storage_request *)(uintptr_t)config->storage_request;
    control->channel = config->storage_channel;
    control->sequence = control->request->sequence;
    return true;
}

/* The disk's number in the service's counters; STORAGE_MAX_DISKS, and says so, if there is none. */
static uint32_t find_disk(struct manager *manager, const char *vm, const char *disk)
{
    const struct storage_counters *counters = manager->storage;
    char name[STORAGE_NAME_LENGTH];
    strlcpy(name, vm, sizeof(name));
    strlcpy(name + strlen(name), "/", sizeof(name) - strlen(name));
    strlcpy(name + strlen(name), disk, sizeof(name) - strlen(name));
    if (__atomic_load_n(&counters->magic, __ATOMIC_ACQUIRE) == STORAGE_COUNTERS_MAGIC) {
        uint32_t count = *(const volatile uint32_t *)&counters->disk_count;
        for (uint32_t i = 0; i < count && i < STORAGE_MAX_DISKS; i++) {
            if (strncmp(counters->disks[i].name, name, STORAGE_NAME_LENGTH) == 0) {
                return i;
            }
        }
    }
    print(&manager->out, "there is no disk %s; disk list shows them\n", name);
    return STORAGE_MAX_DISKS;
}

static bool parse_limit(const char *name, const char *text, struct storage_request *limits)
{
    if (strcmp(name, "iops") == 0) {
        uint32_t number = 0;
        bool valid = parse_number_or_none(text, 1, REQUESTS_MAXIMUM, &number);
        limits->requests_per_second = number;
        return valid;
    }
    return strcmp(name, "bandwidth") == 0 && parse_size_or_none(text, BANDWIDTH_MINIMUM, &limits->bytes_per_second);
}

void run_disk_limit(struct manager *manager, const char *vm, const struct command_words *words)
{
    struct disk_control *control = &manager->disk;
    if (control->request == NULL) {
        print(&manager->out, "this system has no disks\n");
        return;
    }
    bool valid = words->count == 6 || words->count == 8;
    uint32_t disk = valid ? find_disk(manager, vm, words->word[3]) : STORAGE_MAX_DISKS;
    if (valid && disk == STORAGE_MAX_DISKS) {
        return;
    }
    struct storage_request limits = {0};
    if (valid) {
        const volatile struct storage_disk_counters *now = &manager->storage->disks[disk];
        limits.requests_per_second = now->requests_per_second;
        limits.bytes_per_second = now->bytes_per_second;
    }
    for (unsigned int i = 4; valid && i < words->count; i += 2) {
        valid = parse_limit(words->word[i], words->word[i + 1], &limits);
    }
    if (!valid) {
        print(&manager->out,
              "usage: disk limit VM DISK [iops N] [bandwidth SIZE]; in a second, SIZE at least 4KiB such as "
              "10MiB; none: no limit\n");
        return;
    }
    control->request->command = STORAGE_COMMAND_LIMIT;
    control->request->disk = disk;
    control->request->requests_per_second = limits.requests_per_second;
    control->request->bytes_per_second = limits.bytes_per_second;
    control->sequence++;
    __atomic_store_n(&control->request->sequence, control->sequence, __ATOMIC_RELEASE);
    control->waiting = true;
    control->deadline = manager->operations->now() + ANSWER_SECONDS * manager->tick_frequency;
    manager->operations->notify(control->channel);
    manager->busy = true;
    manager->busy_vm = MANAGER_NO_VM;
}

bool disk_step(struct manager *manager)
{
    struct disk_control *control = &manager->disk;
    if (__atomic_load_n(&manager->storage->sequence, __ATOMIC_ACQUIRE) == control->sequence) {
        uint32_t result = *(const volatile uint32_t *)&manager->storage->result;
        print(&manager->out, "%s\n",
              result == STORAGE_RESULT_DONE ? "done" : "the storage service does not use this disk");
        control->waiting = false;
    } else if (manager->operations->now() >= control->deadline) {
        print(&manager->out, "the storage service does not answer\n");
        control->waiting = false;
    }
    return control->waiting;
}
