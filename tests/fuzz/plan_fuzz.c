/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's plan checks on a valid plan in which the input changes bytes: pairs
 * of a 16-bit offset (over plan, extents and hardware information) and a byte;
 * if the input starts with the plan's magic, it is the plan itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/kernel/fake/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const void *plan, uint64_t size, const struct plan_machine *machine)
{
    struct plan_view view;
    struct plan_error error;

    memset(&error, 0, sizeof(error));
    if (!plan_check(plan, size, machine, &view, &error)) {
        /* There is always a reason, and it ends. */
        if (error.text[0] == '\0' || memchr(error.text, '\0', sizeof(error.text)) == NULL) {
            abort();
        }
        return;
    }
    /* What was accepted must be safe to follow. */
    for (uint32_t i = 0; i < view.counts[PLAN_TABLE_CHANNEL_ENDS]; i++) {
        const struct plan_channel_end *end = &view.channel_ends[i];
        const struct plan_pd *peer = &view.pds[end->peer_pd];
        if (view.threads[peer->first_thread + end->peer_thread].pd != end->peer_pd) {
            abort();
        }
    }
    for (uint32_t i = 0; i < view.counts[PLAN_TABLE_MAPS]; i++) {
        const struct plan_map *map = &view.maps[i];
        if (map->region_offset + map->size > view.regions[map->region].size ||
            (view.spaces[map->space].kind == PLAN_SPACE_PD && map->virtual_address + map->size > 0x7ffffffff000ull)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fake_plan plan;
    static struct fake_machine machine;

    fake_machine_init(&machine);
    if (size >= sizeof(struct plan_header) && memcmp(data, PLAN_MAGIC, 8) == 0) {
        void *copy = malloc(size); /* exact bounds, aligned */
        if (copy != NULL) {
            memcpy(copy, data, size);
            check(copy, size, &machine.machine);
            free(copy);
        }
        return 0;
    }
    fake_plan_init(&plan);
    for (size_t i = 0; i + 2 < size; i += 3) {
        size_t offset = (size_t)data[i] | (size_t)data[i + 1] << 8;
        if (offset < sizeof(plan)) {
            ((uint8_t *)&plan)[offset] = data[i + 2];
            continue;
        }
        offset -= sizeof(plan);
        if (offset < sizeof(machine.extents)) {
            ((uint8_t *)machine.extents)[offset] = data[i + 2];
            continue;
        }
        offset -= sizeof(machine.extents);
        if (offset < sizeof(machine.hardware)) {
            ((uint8_t *)&machine.hardware)[offset] = data[i + 2];
        }
    }
    check(&plan, sizeof(plan), &machine.machine);
    return 0;
}
