/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk_view.h"

#include "device_view.h"

static const char *kind_name(uint32_t kind)
{
    switch (kind) {
    case STORAGE_MEMORY:
        return "memory";
    case STORAGE_IMAGE:
        return "image";
    case STORAGE_OVERLAY:
        return "overlay";
    default:
        return "unknown";
    }
}

static void show_limits(struct text_output *out, const volatile struct storage_disk_counters *disk)
{
    uint64_t requests = disk->requests_per_second, bytes = disk->bytes_per_second;
    if (requests == 0 && bytes == 0) {
        return;
    }
    print(out, "    limits:");
    if (requests != 0) {
        print(out, " %llu requests/s", (unsigned long long)requests);
    }
    if (bytes != 0) {
        print(out, " %llu KiB/s", (unsigned long long)(bytes >> 10));
    }
    print(out, "; it has waited %llu times%s\n", (unsigned long long)disk->waits,
          disk->throttled != 0 ? ", and waits now" : "");
}

static unsigned long long sum(uint64_t a, uint64_t b)
{
    return a + b;
}

static void show_disk(struct manager *manager, const struct storage_disk_counters *shared)
{
    struct text_output *out = &manager->out;
    const volatile struct storage_disk_counters *disk = shared;
    print_untrusted(out, shared->name, sizeof(shared->name), 24);
    if (disk->state != STORAGE_DISK_READY) {
        print(out, " %s\n",
              disk->state == STORAGE_DISK_NO_PARTITION ? "its image has no such partition" : "not in use");
        return;
    }
    print(out, " %-8s %8llu %9llu %9llu %9llu %9llu %8llu %8llu%s\n", kind_name(disk->kind),
          (unsigned long long)(disk->size >> 10), (unsigned long long)disk->reads,
          (unsigned long long)(disk->read_bytes >> 10), (unsigned long long)disk->writes,
          (unsigned long long)(disk->written_bytes >> 10), (unsigned long long)disk->flushes,
          sum(disk->discards, disk->zeroes), plug_state_text(manager, shared->name, sizeof(shared->name)));
    if (disk->kind == STORAGE_OVERLAY) {
        print(out, "    overlay: %llu of %llu KiB used\n",
              (unsigned long long)(disk->overlay_used * STORAGE_OVERLAY_BLOCK >> 10),
              (unsigned long long)(disk->overlay_blocks * STORAGE_OVERLAY_BLOCK >> 10));
    }
    show_limits(out, disk);
    if (disk->refused != 0 || disk->failed != 0) {
        print(out, "    requests refused: %llu; failed, for the overlay was full: %llu\n",
              (unsigned long long)disk->refused, (unsigned long long)disk->failed);
    }
}

void show_disks(struct manager *manager)
{
    struct text_output *out = &manager->out;
    const struct storage_counters *counters = manager->storage;
    if (counters == NULL || __atomic_load_n(&counters->magic, __ATOMIC_ACQUIRE) != STORAGE_COUNTERS_MAGIC) {
        print(out, "this system has no disks\n");
        return;
    }
    uint32_t count = *(const volatile uint32_t *)&counters->disk_count;
    print(out, "%-24s %-8s %8s %9s %9s %9s %9s %8s %8s\n", "disk", "kind", "KiB", "reads", "KiB read", "writes",
          "KiB writ.", "flushes", "discards");
    for (uint32_t i = 0; i < count && i < STORAGE_MAX_DISKS; i++) {
        show_disk(manager, &counters->disks[i]);
    }
}
