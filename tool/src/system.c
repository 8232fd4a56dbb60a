/* SPDX-License-Identifier: BSD-2-Clause */
#include <skyscope/boot_info.h>
#include <skyscope/kernel_info.h>
#include <stdlib.h>
#include <string.h>
#include <tool/sel4.h>
#include <tool/system.h>
#include <tool/target.h>

uint32_t pd_thread_count(const struct pd *pd)
{
    return pd->vm == NULL || pd->vm->vcpus.count == 0 ? 1 : (uint32_t)pd->vm->vcpus.count;
}

uint32_t pd_thread_cpu(const struct pd *pd, uint32_t thread)
{
    if (pd->vm != NULL && thread < pd->vm->vcpus.count) {
        const struct vcpu *vcpu = pd->vm->vcpus.items[thread];
        if (vcpu->cpu_given) {
            return vcpu->cpu;
        }
    }
    return pd->cpu;
}

uint32_t system_cpu_count(const struct system *system)
{
    uint32_t count = 1;
    LIST_FOR (const struct pd, pd, &system->pds) {
        for (uint32_t i = 0; i < pd_thread_count(pd); i++) {
            uint32_t cpu = pd_thread_cpu(pd, i);
            count = cpu + 1 > count ? cpu + 1 : count;
        }
    }
    return count;
}

struct pd *system_find_pd(const struct system *system, const char *name)
{
    if (name == NULL || name[0] == '\0') {
        return NULL;
    }
    LIST_FOR (struct pd, pd, &system->pds) {
        if (strcmp(pd->name, name) == 0) {
            return pd;
        }
    }
    return NULL;
}

struct region *system_find_region(const struct system *system, const char *name)
{
    if (name == NULL || name[0] == '\0') {
        return NULL;
    }
    LIST_FOR (struct region, region, &system->regions) {
        if (strcmp(region->name, name) == 0) {
            return region;
        }
    }
    return NULL;
}

/* Visits the maps of a region: all uncached? any writable? any at all? */
static void look_at_maps(const struct list *maps, const struct region *region, bool *any, bool *cached, bool *writable)
{
    LIST_FOR (const struct map, map, maps) {
        if (map->region == region) {
            *any = true;
            *cached = *cached || map->cached;
            *writable = *writable || (map->permissions & PLAN_MAP_WRITE) != 0;
        }
    }
}

static void look_at_region(const struct system *system, const struct region *region, bool *any, bool *cached,
                           bool *writable)
{
    *any = *cached = *writable = false;
    LIST_FOR (const struct pd, pd, &system->pds) {
        look_at_maps(&pd->maps, region, any, cached, writable);
        if (pd->vm != NULL) {
            look_at_maps(&pd->vm->maps, region, any, cached, writable);
        }
    }
}

bool region_is_writable(const struct system *system, const struct region *region)
{
    bool any, cached, writable;
    look_at_region(system, region, &any, &cached, &writable);
    return writable;
}

bool region_place_is_symbolic(const struct region *region)
{
    return region->has_physical_address &&
           (region->physical_address == PLAN_CONSOLE_ADDRESS || region->physical_address == PLAN_GICV_ADDRESS);
}

enum plan_region_kind region_kind(const struct system *system, const struct region *region)
{
    bool any, cached, writable;
    switch (region->source) {
    case REGION_SOURCE_RAM:
        return PLAN_REGION_RAM;
    case REGION_SOURCE_DEVICE:
        return PLAN_REGION_DEVICE;
    case REGION_SOURCE_HARDWARE:
        return PLAN_REGION_HARDWARE;
    case REGION_SOURCE_STATISTICS:
        return PLAN_REGION_STATISTICS;
    case REGION_SOURCE_KERNEL_LOG:
        return PLAN_REGION_KERNEL_LOG;
    case REGION_SOURCE_DEFAULT:
        break;
    }
    if (!region->has_physical_address || region->prefill_path != NULL) {
        return PLAN_REGION_RAM;
    }
    if (region_place_is_symbolic(region) ||
        (region->physical_address >= system->target->isa_start && region->physical_address < system->target->isa_end)) {
        return PLAN_REGION_DEVICE;
    }
    look_at_region(system, region, &any, &cached, &writable);
    return any && !cached ? PLAN_REGION_DEVICE : PLAN_REGION_RAM;
}

uint64_t region_provided_size(const struct region *region)
{
    switch (region->source) {
    case REGION_SOURCE_HARDWARE:
        return HARDWARE_INFO_REGION_SIZE;
    case REGION_SOURCE_STATISTICS:
        return KERNEL_STATISTICS_REGION_SIZE;
    case REGION_SOURCE_KERNEL_LOG:
        return KERNEL_LOG_REGION_SIZE;
    default:
        return 0;
    }
}

struct blob *system_read_blob(struct system *system, const char *path, const char **reason)
{
    LIST_FOR (struct blob, blob, &system->blobs) {
        if (strcmp(blob->path, path) == 0) {
            return blob;
        }
    }
    struct blob *blob = read_file(&system->arena, path, FILE_MAX_SIZE, reason);
    if (blob != NULL) {
        list_append(&system->arena, &system->blobs, blob);
    }
    return blob;
}

static const char *system_name(struct arena *arena, const char *file)
{
    const char *base = base_name(file);
    const char *dot = strrchr(base, '.');
    int length = dot != NULL && dot != base ? (int)(dot - base) : (int)strlen(base);
    char *name = arena_format(arena, "%.*s", length < 63 ? length : 63, base);
    for (char *c = name; *c != '\0'; c++) {
        if (*c < 0x20 || *c > 0x7e) {
            *c = '_';
        }
    }
    return name;
}

void system_init(struct system *system, const char *file, const struct list *search, const struct target *target)
{
    *system = (struct system){.file = file, .target = target};
    diagnostics_init(&system->diagnostics, &system->arena, file);
    system->name = system_name(&system->arena, file);
    struct list *directories = ARENA_NEW(&system->arena, struct list);
    if (search != NULL) {
        LIST_FOR (char, directory, search) {
            list_append(&system->arena, directories, directory);
        }
    }
    list_append(&system->arena, directories, (void *)(uintptr_t)directory_of(&system->arena, file));
    list_append(&system->arena, directories, arena_copy_string(&system->arena, "."));
    system->search = directories;
}

/* Where the build puts programs; those for seL4 are linked with the library of a board and configuration. */
static char *default_programs(struct system *system)
{
    const char *directory =
        arena_format(&system->arena, "%s%s", installation_directory(&system->arena), system->target->directory);
    return system->sel4.board == NULL ? arena_format(&system->arena, "%s/programs", directory)
                                      : arena_format(&system->arena, "%s/sel4/%s-%s", directory,
                                                     system->sel4.board->name, system->sel4.configuration);
}

bool system_load(struct system *system, const char *file, const struct list *search, const struct machine *machine)
{
    system_init(system, file, search, machine->target != NULL ? machine->target : &target_x86_64);
    system->kernel_file = machine->kernel_file;
    system->sel4 = machine->sel4;
    list_append(&system->arena, system->search, default_programs(system));
    const char *reason = NULL;
    struct blob *text = read_file(&system->arena, file, FILE_MAX_SIZE, &reason);
    if (text == NULL) {
        report_error(&system->diagnostics, 0, "the file cannot be read: %s; check its name and permissions", reason);
        return false;
    }
    system_parse(system, text->data, text->size);
    if (!system->syntax_error) {
        system_expand(system);
        if (system->sel4.board != NULL) {
            sel4_adapt(system);
        }
        system_resolve(system);
        system_check(system, machine);
    }
    return system->diagnostics.error_count == 0;
}

void system_free(struct system *system)
{
    arena_free(&system->arena);
}
