/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps: alignment, range, overlaps, permissions. */
#include "check.h"
#include <stdlib.h>
#include <tool/layout.h>
#include <tool/number.h>

/* An address space with the names for its messages. */
struct space {
    const char *kind, *name;
    uint64_t end; /* first address that maps cannot have */
    bool guest;
};

/* First address after the map. */
static unsigned long long map_end(const struct map *map)
{
    return map->address + map->region->size;
}

static void check_alignment(struct system *system, const struct map *map)
{
    char text[32];
    if (map->address % map->region->page_size != 0) {
        report_error(&system->diagnostics, map->line,
                     "<map mr=\"%s\"> vaddr %#llx is not a multiple of the region's page size %s; use %#llx",
                     map->region_name, (unsigned long long)map->address, format_size(text, map->region->page_size),
                     (unsigned long long)align_down(map->address, map->region->page_size));
    }
}

/* True if the map lies within the address space. */
static bool check_range(struct system *system, const struct space *space, const struct map *map)
{
    uint64_t end;
    if (__builtin_add_overflow(map->address, map->region->size, &end) || end > space->end) {
        report_error(&system->diagnostics, map->line,
                     "<map mr=\"%s\"> vaddr %#llx with size %#llx ends outside the addresses of %s '%s' (0 to %#llx); "
                     "use a lower vaddr",
                     map->region_name, (unsigned long long)map->address, (unsigned long long)map->region->size,
                     space->kind, space->name, (unsigned long long)space->end);
        return false;
    }
    return true;
}

static void check_permissions(struct system *system, const struct space *space, const struct map *map)
{
    bool write = (map->permissions & PLAN_MAP_WRITE) != 0, execute = (map->permissions & PLAN_MAP_EXECUTE) != 0;
    enum plan_region_kind kind = region_kind(system, map->region);
    if (!space->guest && write && execute) {
        report_error(&system->diagnostics, map->line,
                     "<map mr=\"%s\"> perms has both w and x: memory of protection domains is never writable and "
                     "executable; remove one, or map the region twice",
                     map->region_name);
    }
    bool provided = kind == PLAN_REGION_HARDWARE || kind == PLAN_REGION_STATISTICS || kind == PLAN_REGION_KERNEL_LOG;
    if (provided && (write || execute)) {
        report_error(&system->diagnostics, map->line,
                     "<map mr=\"%s\"> perms: a region that Skyscope fills can only be read; use perms=\"r\"",
                     map->region_name);
    }
    if (provided && space->guest) {
        report_error(&system->diagnostics, map->line,
                     "<map mr=\"%s\"> in <virtual_machine>: a region that Skyscope fills is for protection domains; "
                     "map it in the VMM",
                     map->region_name);
    }
    if (!space->guest && map->region->has_physical_address && map->region->physical_address == PLAN_GICV_ADDRESS) {
        report_error(
            &system->diagnostics, map->line,
            "<map mr=\"%s\"> maps the virtual CPU interface into a protection domain; it is for guests, map it "
            "in <virtual_machine>",
            map->region_name);
    }
    if (kind == PLAN_REGION_DEVICE && execute) {
        report_error(&system->diagnostics, map->line,
                     "<map mr=\"%s\"> perms has x: device registers are not code; remove it", map->region_name);
    }
    if (kind == PLAN_REGION_DEVICE && map->cached) {
        report_warning(&system->diagnostics, map->line,
                       "<map mr=\"%s\"> maps device registers cached; add cached=\"false\"", map->region_name);
    }
    if (map->setvar_prefill_size != NULL && map->region->prefill_path == NULL) {
        report_error(&system->diagnostics, map->line,
                     "<map mr=\"%s\"> has setvar_prefill_size, but the region has no prefill_path; remove it or add "
                     "one to the region",
                     map->region_name);
    }
}

static int compare_maps(const void *left, const void *right)
{
    const struct map *a = *(struct map *const *)left, *b = *(struct map *const *)right;
    if (a->address != b->address) {
        return a->address < b->address ? -1 : 1;
    }
    return a->line < b->line ? -1 : a->line > b->line;
}

static void report_overlap(struct system *system, const struct space *space, const struct map *a, const struct map *b)
{
    const struct map *later = a->line >= b->line ? a : b, *earlier = later == a ? b : a;
    report_error(&system->diagnostics, later->line,
                 "<map mr=\"%s\"> at %#llx to %#llx overlaps the map of '%s' of line %ld (%#llx to %#llx) in %s '%s'; "
                 "move one of them",
                 later->region_name, (unsigned long long)later->address, map_end(later), earlier->region_name,
                 earlier->line, (unsigned long long)earlier->address, map_end(earlier), space->kind, space->name);
}

static void check_overlaps(struct system *system, const struct space *space, struct list *maps)
{
    if (maps->count < 2) {
        return;
    }
    qsort(maps->items, maps->count, sizeof(void *), compare_maps);
    const struct map *widest = maps->items[0];
    for (size_t i = 1; i < maps->count; i++) {
        const struct map *map = maps->items[i];
        if (map->address < widest->address + widest->region->size) {
            report_overlap(system, space, map, widest);
        }
        if (map->address + map->region->size > widest->address + widest->region->size) {
            widest = map;
        }
    }
}

/* The maps of the space that can be placed, to `good`. */
static void check_each(struct system *system, const struct space *space, const struct list *maps, struct list *good)
{
    LIST_FOR (struct map, map, maps) {
        if (map->region == NULL || !map->address_valid) {
            continue;
        }
        check_permissions(system, space, map);
        if (map->region->size == 0) {
            continue;
        }
        check_alignment(system, map);
        if (check_range(system, space, map)) {
            list_append(&system->arena, good, map);
        }
    }
    check_overlaps(system, space, good);
}

static void check_occupied(struct system *system, const struct pd *pd, const struct list *maps)
{
    struct list ranges = {0};
    layout_occupied(system, pd, &ranges);
    LIST_FOR (const struct map, map, maps) {
        if (map->address == 0) {
            report_error(&system->diagnostics, map->line,
                         "<map mr=\"%s\"> is at address 0 of protection domain '%s', which stays unmapped so that null "
                         "pointers are faults; use another vaddr",
                         map->region_name, pd->name);
        }
        LIST_FOR (const struct occupied, range, &ranges) {
            if (map->address < range->end && range->start < map->address + map->region->size) {
                report_error(&system->diagnostics, map->line,
                             "<map mr=\"%s\"> at %#llx to %#llx overlaps protection domain '%s': %s is at %#llx to "
                             "%#llx; use another vaddr",
                             map->region_name, (unsigned long long)map->address, map_end(map), pd->name, range->what,
                             (unsigned long long)range->start, (unsigned long long)range->end);
                break;
            }
        }
    }
}

void check_maps(struct system *system)
{
    LIST_FOR (const struct pd, pd, &system->pds) {
        struct space space = {.kind = "protection domain", .name = pd->name, .end = system->target->user_end};
        struct list good = {0};
        check_each(system, &space, &pd->maps, &good);
        /* On seL4 the Microkit lays out an address space, and checks its own part of it. */
        if (system->sel4.board == NULL) {
            check_occupied(system, pd, &good);
        }
        if (pd->vm != NULL) {
            struct space guest = {
                .kind = "virtual machine", .name = pd->vm->name, .end = system->target->guest_end, .guest = true};
            struct list guest_maps = {0};
            check_each(system, &guest, &pd->vm->maps, &guest_maps);
        }
    }
}
