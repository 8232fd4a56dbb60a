/* SPDX-License-Identifier: BSD-2-Clause */
/* Names to objects, files to contents, sizes and page sizes. */
#include <stdlib.h>
#include <string.h>
#include <tool/elf_image.h>
#include <tool/layout.h>
#include <tool/system.h>
#include <tool/target.h>

/* Parents before children, depth first: the order of protection domains in the plan. */
static void flatten(struct system *system, const struct list *pds)
{
    LIST_FOR (struct pd, pd, pds) {
        pd->index = (uint32_t)system->pds.count;
        list_append(&system->arena, &system->pds, pd);
        flatten(system, &pd->children);
    }
}

static struct region *find_region(struct system *system, long line, const char *element, const char *name)
{
    if (name == NULL) {
        return NULL;
    }
    struct region *region = system_find_region(system, name);
    if (region == NULL) {
        report_error(&system->diagnostics, line,
                     "<%s> names memory region '%s', which does not exist; add <memory_region name=\"%s\" ... /> or "
                     "correct the name",
                     element, name, name);
    }
    return region;
}

static void resolve_maps(struct system *system, struct list *maps)
{
    LIST_FOR (struct map, map, maps) {
        map->region = find_region(system, map->line, "map", map->region_name);
    }
}

static void resolve_channel(struct system *system, struct channel *channel)
{
    for (uint32_t i = 0; i < channel->end_count; i++) {
        struct channel_end *end = &channel->ends[i];
        end->pd = system_find_pd(system, end->pd_name);
        if (end->pd == NULL && end->pd_name != NULL) {
            report_error(&system->diagnostics, end->line,
                         "<end> names protection domain '%s', which does not exist; add it or correct the name",
                         end->pd_name);
        }
    }
}

static void read_prefill(struct system *system, struct region *region)
{
    if (region->prefill_path == NULL || region->prefill != NULL) {
        return;
    }
    const char *reason = NULL;
    const char *path = find_file(&system->arena, system->search, region->prefill_path);
    if (path == NULL) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> prefill_path=\"%s\" is not found; correct it or add its directory "
                     "with --search-path",
                     region->name, region->prefill_path);
        return;
    }
    region->prefill = system_read_blob(system, path, &reason);
    if (region->prefill == NULL) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> prefill_path=\"%s\" cannot be read: %s; give a readable file",
                     region->name, region->prefill_path, reason);
    } else if (region->prefill->size == 0) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> prefill_path=\"%s\" is an empty file; give one with content or "
                     "remove prefill_path",
                     region->name, region->prefill_path);
        region->prefill = NULL;
    }
}

static bool maps_aligned(const struct list *maps, const struct region *region, uint64_t alignment)
{
    LIST_FOR (const struct map, map, maps) {
        if (map->region == region && map->address % alignment != 0) {
            return false;
        }
    }
    return true;
}

/* Without page_size, a region gets the largest pages that its size and all its places
 * allow. Prefilled regions stay at 4 KiB: then they can be used where the payload lies. */
static void choose_page_size(struct system *system, struct region *region)
{
    if (region->page_size_given || region->prefill_path != NULL || region->size == 0 ||
        region->size % PAGE_SIZE_2M != 0 || region_provided_size(region) != 0 ||
        (region->has_physical_address && region->physical_address % PAGE_SIZE_2M != 0)) {
        return;
    }
    LIST_FOR (const struct pd, pd, &system->pds) {
        if (!maps_aligned(&pd->maps, region, PAGE_SIZE_2M) ||
            (pd->vm != NULL && !maps_aligned(&pd->vm->maps, region, PAGE_SIZE_2M))) {
            return;
        }
    }
    region->page_size = PAGE_SIZE_2M;
}

static void resolve_region(struct system *system, struct region *region)
{
    read_prefill(system, region);
    uint64_t provided = region_provided_size(region);
    if (!region->size_given) {
        if (provided != 0) {
            region->size = provided;
        } else if (region->prefill != NULL) {
            region->size = align_up(region->prefill->size, region->page_size);
        } else if (region->prefill_path == NULL) {
            report_error(&system->diagnostics, region->line,
                         "<memory_region name=\"%s\"> lacks the attribute 'size'; add size=\"...\" in bytes, only "
                         "prefilled regions can do without",
                         region->name);
        }
    }
    choose_page_size(system, region);
}

static struct elf_image *read_program(struct system *system, struct pd *pd, const char *path, const char *what,
                                      const char **file)
{
    if (path == NULL || path[0] == '\0') {
        return NULL;
    }
    const char *found = find_file(&system->arena, system->search, path);
    if (found == NULL) {
        report_error(&system->diagnostics, pd->image_line,
                     "<program_image> %s=\"%s\" of protection domain '%s' is not found; build it, correct the path or "
                     "add its directory with --search-path",
                     what, path, pd->name);
        return NULL;
    }
    *file = found;
    const char *reason = NULL;
    struct blob *blob = system_read_blob(system, found, &reason);
    struct elf_image *image = blob == NULL ? NULL : elf_read(&system->arena, blob, &reason);
    if (image == NULL) {
        report_error(&system->diagnostics, pd->image_line,
                     "<program_image> %s=\"%s\" of protection domain '%s' cannot be used: %s; give an ELF64 executable "
                     "linked with libmicrokit",
                     what, path, pd->name, reason);
        return NULL;
    }
    if (image->machine != system->target->machine) {
        const struct target *other = target_of_machine(image->machine);
        report_error(
            &system->diagnostics, pd->image_line,
            "<program_image> %s=\"%s\" of protection domain '%s': '%s' is for %s, and %s is for %s; compile it "
            "with %s, or choose the other machine with --arch %s",
            what, path, pd->name, found, other->name,
            system->kernel_file == NULL ? "the system"
                                        : arena_format(&system->arena, "the kernel '%s'", system->kernel_file),
            system->target->name, system->target->compile, other->option);
        return NULL;
    }
    return image;
}

static void resolve_program(struct system *system, struct pd *pd)
{
    pd->image = read_program(system, pd, pd->image_path, "path", &pd->image_file);
    pd->symbols = read_program(system, pd, pd->symbols_path, "path_for_symbols", &pd->symbols_file);
    if (pd->image == NULL) {
        return;
    }
    struct list problems = {0};
    if (system->sel4.board != NULL) {
        return; /* what a program has to be like there, the Microkit's tool says */
    }
    elf_check_program(&system->arena, system->target, pd->image, &problems);
    LIST_FOR (const char, problem, &problems) {
        report_error(&system->diagnostics, pd->image_line,
                     "<program_image> path=\"%s\" of protection domain '%s' cannot be used: %s", pd->image_path,
                     pd->name, problem);
    }
    if (problems.count != 0) {
        pd->image = NULL;
    }
}

void system_resolve(struct system *system)
{
    flatten(system, &system->top_pds);
    LIST_FOR (struct pd, pd, &system->pds) {
        resolve_maps(system, &pd->maps);
        if (pd->vm != NULL) {
            resolve_maps(system, &pd->vm->maps);
        }
        LIST_FOR (struct setvar, setvar, &pd->setvars) {
            setvar->region = find_region(system, setvar->line, "setvar", setvar->region_name);
        }
        resolve_program(system, pd);
    }
    LIST_FOR (struct channel, channel, &system->channels) {
        resolve_channel(system, channel);
    }
    LIST_FOR (struct region, region, &system->regions) {
        resolve_region(system, region);
    }
}
