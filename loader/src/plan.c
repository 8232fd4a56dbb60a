/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/plan.h>

#include <stdbool.h>
#include <stddef.h>

#include <base/memory.h>
#include <skyscope/boot_info.h>
#include <skyscope/kernel_info.h>
#include <skyscope/program_seed.h>
#include <skyscope/types.h>

/* No machine has more; keeps sums from overflowing. */
#define MAX_REGION_SIZE (1ull << 46)

static const struct {
    uint32_t entry_size, max_count;
} table_limits[PLAN_TABLE_COUNT] = {
    [PLAN_TABLE_REGIONS] = {sizeof(struct plan_region), PLAN_MAX_REGIONS},
    [PLAN_TABLE_SPACES] = {sizeof(struct plan_space), PLAN_MAX_SPACES},
    [PLAN_TABLE_MAPS] = {sizeof(struct plan_map), PLAN_MAX_MAPS},
    [PLAN_TABLE_PDS] = {sizeof(struct plan_pd), PLAN_MAX_PDS},
    [PLAN_TABLE_THREADS] = {sizeof(struct plan_thread), PLAN_MAX_THREADS},
    [PLAN_TABLE_CHANNEL_ENDS] = {sizeof(struct plan_channel_end), PLAN_MAX_CHANNEL_ENDS},
    [PLAN_TABLE_IRQS] = {sizeof(struct plan_irq), PLAN_MAX_IRQS},
    [PLAN_TABLE_IOPORTS] = {sizeof(struct plan_ioport), PLAN_MAX_IOPORTS},
    [PLAN_TABLE_VMS] = {sizeof(struct plan_vm), PLAN_MAX_VMS},
    [PLAN_TABLE_VCPUS] = {sizeof(struct plan_vcpu), PLAN_MAX_VCPUS},
};

static int check_header(const uint8_t *bytes, uint64_t size, struct loader_error *error)
{
    const struct plan_header *header = (const struct plan_header *)(const void *)bytes;
    if (size < sizeof(*header) || size > PLAN_MAX_SIZE) {
        return error_set(error, "plan: wrong size (%llu bytes)", (unsigned long long)size);
    }
    if (memcmp(header->magic, PLAN_MAGIC, sizeof(header->magic)) != 0) {
        return error_set(error, "plan: wrong magic");
    }
    if (header->version != PLAN_VERSION) {
        return error_set(error, "plan: format version %u, this loader reads version %u", header->version, PLAN_VERSION);
    }
    if (header->total_size != size) {
        return error_set(error, "plan: the header says %u bytes, the image has %llu", header->total_size,
                         (unsigned long long)size);
    }
    if (header->machine != HARDWARE_PLAN_MACHINE) {
        return error_set(error, "plan: for another machine (ELF's number %u), not for this one (%u)", header->machine,
                         HARDWARE_PLAN_MACHINE);
    }
    if (header->cpu_count == 0 || header->cpu_count > PLAN_MAX_CPUS) {
        return error_set(error, "plan: wrong number of CPUs (%u)", header->cpu_count);
    }
    if (header->kernel_pool_size == 0 || header->kernel_pool_size % PAGE_SIZE_2M != 0 ||
        header->kernel_pool_size > MAX_REGION_SIZE) {
        return error_set(error, "plan: wrong size of the kernel pool (%llu bytes)",
                         (unsigned long long)header->kernel_pool_size);
    }
    for (uint32_t i = 0; i < PLAN_TABLE_COUNT; i++) {
        const struct plan_table_location *table = &header->tables[i];
        if (table->entry_size != table_limits[i].entry_size || table->count > table_limits[i].max_count ||
            table->offset % 8 != 0 || table->offset > size ||
            (uint64_t)table->count * table->entry_size > size - table->offset) {
            return error_set(error, "plan: table %u does not lie in the plan or has wrong entries", i);
        }
    }
    return 1;
}

static bool name_valid(const char name[PLAN_NAME_LENGTH])
{
    size_t length = strnlen(name, PLAN_NAME_LENGTH);
    for (size_t i = 0; i < length; i++) {
        if (name[i] < ' ' || name[i] > '~') {
            return false;
        }
    }
    return length > 0 && length < PLAN_NAME_LENGTH;
}

/* Sizes, alignments and address. */
static const char *geometry_problem(const struct plan_region *region)
{
    if (region->page_size != PAGE_SIZE_4K && region->page_size != PAGE_SIZE_2M && region->page_size != PAGE_SIZE_1G) {
        return "page size is not 4 KiB, 2 MiB or 1 GiB";
    }
    if (region->size == 0 || region->size % region->page_size != 0 || region->size > MAX_REGION_SIZE) {
        return "size is not a multiple of its page size";
    }
    /* Of a device whose place the kernel knows. */
    bool named = region->kind == PLAN_REGION_DEVICE &&
                 (region->physical_address == PLAN_CONSOLE_ADDRESS || region->physical_address == PLAN_GICV_ADDRESS);
    if (region->physical_address != PLAN_ANY_ADDRESS && !named &&
        (region->physical_address % region->page_size != 0 || region->physical_address > MAX_REGION_SIZE)) {
        return "physical address is not a multiple of its page size";
    }
    return NULL;
}

static const char *kind_problem(const struct plan_region *region)
{
    if ((region->flags & ~(uint32_t)(PLAN_REGION_CONTIGUOUS | PLAN_REGION_IN_PLACE | PLAN_REGION_SEED)) != 0) {
        return "has unknown flags";
    }
    switch (region->kind) {
    case PLAN_REGION_RAM:
        return NULL;
    case PLAN_REGION_DEVICE:
        return region->physical_address == PLAN_ANY_ADDRESS ? "has no physical address" : NULL;
    case PLAN_REGION_HARDWARE:
        return region->size > HARDWARE_INFO_REGION_SIZE ? "is larger than the hardware information" : NULL;
    case PLAN_REGION_STATISTICS:
        return region->size > KERNEL_STATISTICS_REGION_SIZE ? "is larger than the statistics" : NULL;
    case PLAN_REGION_KERNEL_LOG:
        return region->size > KERNEL_LOG_REGION_SIZE ? "is larger than the kernel log" : NULL;
    default:
        return "has an unknown kind";
    }
}

static const char *prefill_problem(const struct plan_region *region, const struct payload *payload)
{
    if (region->image == PLAN_NONE) {
        return (region->flags & PLAN_REGION_IN_PLACE) != 0 ? "lies in place of no image" : NULL;
    }
    if (region->kind != PLAN_REGION_RAM) {
        return "is not memory but has an image";
    }
    if (region->image >= payload->manifest.image_count) {
        return "names an image that does not exist";
    }
    uint64_t image_size = payload->manifest.images[region->image].size;
    if (region->image_offset > image_size || region->image_size > image_size - region->image_offset) {
        return "takes more than its image has";
    }
    if (region->prefill_offset > region->size || region->image_size > region->size - region->prefill_offset) {
        return "is smaller than what it is filled with";
    }
    return NULL;
}

static const char *seed_problem(const struct plan_region *region)
{
    if ((region->flags & PLAN_REGION_SEED) == 0) {
        return region->seed_offset != 0 ? "has a place for a seed but no flag for it" : NULL;
    }
    if (region->kind != PLAN_REGION_RAM || (region->flags & PLAN_REGION_IN_PLACE) != 0) {
        return "cannot have a seed, since it is not memory of its own";
    }
    if (region->seed_offset % PROGRAM_SEED_ALIGNMENT != 0 || region->size < sizeof(struct program_seed) ||
        region->seed_offset > region->size - sizeof(struct program_seed)) {
        return "has no room where its seed should be";
    }
    return NULL;
}

int plan_check(const struct payload *payload, struct plan_regions *plan, struct loader_error *error)
{
    const uint8_t *bytes = payload->bytes + payload->plan->offset;
    if (!check_header(bytes, payload->plan->size, error)) {
        return 0;
    }
    plan->header = (const struct plan_header *)(const void *)bytes;
    const struct plan_table_location *table = &plan->header->tables[PLAN_TABLE_REGIONS];
    plan->regions = (const struct plan_region *)(const void *)(bytes + table->offset);
    plan->count = table->count;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_region *region = &plan->regions[i];
        if (!name_valid(region->name)) {
            return error_set(error, "plan: region %u has no valid name", i);
        }
        const char *problem = geometry_problem(region);
        problem = problem != NULL ? problem : kind_problem(region);
        problem = problem != NULL ? problem : prefill_problem(region, payload);
        problem = problem != NULL ? problem : seed_problem(region);
        if (problem != NULL) {
            return error_set(error, "plan: region \"%s\" %s", region->name, problem);
        }
    }
    return 1;
}
