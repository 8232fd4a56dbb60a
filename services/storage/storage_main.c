/* SPDX-License-Identifier: BSD-2-Clause */
/* The storage service's program. */
#include <skyscope.h>

#include "storage.h"

uintptr_t skyscope_config; /* written by the tool: address of a struct storage_config */

static struct storage storage;
static bool running;

static uint64_t now(void)
{
    return skyscope_clock();
}

static void wake_at(uint64_t deadline)
{
    (void)skyscope_timer_set(deadline);
}

static void report(const char *disk, const char *problem)
{
    microkit_dbg_puts("storage: ");
    microkit_dbg_puts(disk);
    microkit_dbg_puts(": ");
    microkit_dbg_puts(problem);
    microkit_dbg_puts("\n");
}

static const struct storage_operations operations = {
    .now = now,
    .notify = microkit_notify,
    .wake_at = wake_at,
    .report = report,
};

void init(void)
{
    running = storage_initialise(&storage, &operations, (const struct storage_config *)skyscope_config,
                                 skyscope_time().tick_frequency);
    if (!running) {
        microkit_dbg_puts("storage: no valid configuration\n");
    }
}

void notified(microkit_channel channel)
{
    (void)channel; /* all queues are looked at */
    if (running) {
        storage_serve(&storage);
    }
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
    if (running) {
        storage_serve(&storage);
    }
}
