/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory regions: sizes, places, sources. */
#include "check.h"
#include <stdlib.h>
#include <tool/layout.h>
#include <tool/number.h>
#include <tool/target.h>

static void check_size(struct system *system, const struct region *region)
{
    char text[32];
    if (region->size == 0) {
        return;
    }
    if (region->size % region->page_size != 0) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> size %#llx is not a multiple of its page size %s; use %#llx",
                     region->name, (unsigned long long)region->size, format_size(text, region->page_size),
                     (unsigned long long)align_up(region->size, region->page_size));
    }
    if (region->size > system->target->physical_end) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> size %#llx is more than %s can address; make it smaller",
                     region->name, (unsigned long long)region->size, system->target->name);
    }
    if (region->prefill != NULL && region->prefill->size > region->size) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> size %#llx is smaller than its prefill file '%s' (%zu bytes); use "
                     "%#llx or leave size out",
                     region->name, (unsigned long long)region->size, region->prefill_path, region->prefill->size,
                     (unsigned long long)align_up(region->prefill->size, region->page_size));
    }
}

static void check_physical_address(struct system *system, const struct region *region)
{
    char text[32];
    if (!region->has_physical_address || region_place_is_symbolic(region)) {
        return;
    }
    if (region->physical_address % region->page_size != 0) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> phys_addr %#llx is not a multiple of its page size %s; use %#llx",
                     region->name, (unsigned long long)region->physical_address, format_size(text, region->page_size),
                     (unsigned long long)align_down(region->physical_address, region->page_size));
    }
    uint64_t end = system->target->physical_end;
    if (region->size < end && region->physical_address + region->size > end) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> ends beyond the %u bits of a physical address; correct phys_addr or "
                     "size",
                     region->name, (unsigned int)__builtin_ctzll(end));
    }
}

static void check_source(struct system *system, const struct region *region)
{
    bool provided = region->source == REGION_SOURCE_HARDWARE || region->source == REGION_SOURCE_STATISTICS ||
                    region->source == REGION_SOURCE_KERNEL_LOG;
    if (provided && (region->has_physical_address || region->prefill_path != NULL)) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> is filled by Skyscope (source); remove phys_addr and prefill_path",
                     region->name);
    }
    if (provided && region->page_size != PAGE_SIZE_4K) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> is filled by Skyscope (source) and has 4 KiB pages; remove page_size",
                     region->name);
    }
    if (!region_place_is_symbolic(region)) {
        system->target->check_device(system, region);
    }
    if (region->source == REGION_SOURCE_DEVICE && !region->has_physical_address) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> source=\"device\" lacks phys_addr; add where the device is",
                     region->name);
    }
    if (region->source == REGION_SOURCE_DEVICE && region->prefill_path != NULL) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> source=\"device\" has a prefill_path; device registers are not "
                     "filled, remove it",
                     region->name);
    }
}

/* First physical address after the region. */
static unsigned long long physical_end(const struct region *region)
{
    return region->physical_address + region->size;
}

static int compare_addresses(const void *left, const void *right)
{
    const struct region *a = *(struct region *const *)left, *b = *(struct region *const *)right;
    return a->physical_address < b->physical_address ? -1 : a->physical_address > b->physical_address;
}

static void check_physical_overlaps(struct system *system)
{
    struct list sorted = {0};
    LIST_FOR (struct region, region, &system->regions) {
        if (region->has_physical_address && !region_place_is_symbolic(region) && region->size != 0 &&
            region->size < system->target->physical_end) {
            list_append(&system->arena, &sorted, region);
        }
    }
    if (sorted.count < 2) {
        return;
    }
    qsort(sorted.items, sorted.count, sizeof(void *), compare_addresses);
    const struct region *widest = sorted.items[0];
    for (size_t i = 1; i < sorted.count; i++) {
        const struct region *region = sorted.items[i];
        if (region->physical_address < widest->physical_address + widest->size) {
            const struct region *later = region->line > widest->line ? region : widest;
            const struct region *earlier = later == region ? widest : region;
            report_error(&system->diagnostics, later->line,
                         "<memory_region name=\"%s\"> phys_addr %#llx to %#llx overlaps region '%s' of line %ld (%#llx "
                         "to %#llx); move one of them",
                         later->name, (unsigned long long)later->physical_address, physical_end(later), earlier->name,
                         earlier->line, (unsigned long long)earlier->physical_address, physical_end(earlier));
        }
        if (region->physical_address + region->size > widest->physical_address + widest->size) {
            widest = region;
        }
    }
}

static bool is_used(const struct system *system, const struct region *region)
{
    LIST_FOR (const struct pd, pd, &system->pds) {
        LIST_FOR (const struct setvar, setvar, &pd->setvars) {
            if (setvar->region == region) {
                return true;
            }
        }
        LIST_FOR (const struct map, map, &pd->maps) {
            if (map->region == region) {
                return true;
            }
        }
        if (pd->vm != NULL) {
            LIST_FOR (const struct map, map, &pd->vm->maps) {
                if (map->region == region) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* Regions at places that are known only at boot: one for each, device registers and nothing else. */
static void check_symbolic_place(struct system *system, const struct region *region)
{
    if (!region_place_is_symbolic(region)) {
        return;
    }
    const char *place = region->physical_address == PLAN_CONSOLE_ADDRESS ? "console" : "gicv";
    if (region->prefill_path != NULL || region->source == REGION_SOURCE_RAM) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> phys_addr=\"%s\" is a device; remove prefill_path and source=\"ram\"",
                     region->name, place);
    }
    LIST_FOR (const struct region, before, &system->regions) {
        if (before == region) {
            return;
        }
        if (before->has_physical_address && before->physical_address == region->physical_address) {
            const struct region *own = before->generated ? region : before->line > region->line ? before : region;
            const struct region *other = own == region ? before : region;
            report_error(&system->diagnostics, own->line,
                         "<memory_region name=\"%s\"> phys_addr=\"%s\" is region '%s' already (line %ld%s); map that",
                         own->name, place, other->name, other->line, other->generated ? ", added for a <vm>" : "");
            return;
        }
    }
}

void check_regions(struct system *system)
{
    LIST_FOR (const struct region, region, &system->regions) {
        check_size(system, region);
        check_physical_address(system, region);
        check_source(system, region);
        check_symbolic_place(system, region);
        uint64_t minimum = region_provided_size(region);
        if (minimum != 0 && region->size != 0 && region->size != minimum) {
            report_error(&system->diagnostics, region->line,
                         "<memory_region name=\"%s\"> size %#llx: regions from this source have %#llx bytes; use that "
                         "or leave size out",
                         region->name, (unsigned long long)region->size, (unsigned long long)minimum);
        }
        if (region->name[0] != '\0' && !is_used(system, region)) {
            report_warning(&system->diagnostics, region->line,
                           "<memory_region name=\"%s\"> is mapped nowhere; add a <map mr=\"%s\" ... /> or remove it",
                           region->name, region->name);
        }
    }
    check_physical_overlaps(system);
}
