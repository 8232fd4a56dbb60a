/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order of allocation: regions at fixed addresses first, since they have no
 * choice; then what must be contiguous and is aligned most; small pages last,
 * which fit into what remains.
 */
#include <loader/bind.h>

#include <base/format.h>
#include <base/memory.h>
#include <skyscope/types.h>

#define MIB(bytes) ((unsigned long long)(((bytes) + 0xfffffu) >> 20))

struct binder {
    const struct binding_request *request;
    struct free_memory *free;
    struct binding *binding;
    struct loader_error *error;
};

static int add_extent(struct binder *b, uint32_t region, uint64_t offset, uint64_t address, uint64_t size)
{
    struct binding *binding = b->binding;
    if (binding->extent_count == binding->extent_capacity) {
        return error_set(b->error, "the machine's memory is too fragmented for this system");
    }
    /* Keep the array sorted; a region's own pieces come in order. */
    uint32_t place = binding->extent_count++;
    for (; place > 0 && binding->extents[place - 1].region > region; place--) {
        binding->extents[place] = binding->extents[place - 1];
    }
    binding->extents[place] =
        (struct region_extent){.region = region, .region_offset = offset, .physical_address = address, .size = size};
    return 1;
}

static int no_memory(struct binder *b, const char *what, uint64_t size, uint64_t alignment, bool contiguous)
{
    unsigned long long total = free_memory_total(b->free) >> 20;
    if (size <= free_memory_total(b->free) && (contiguous || alignment > PAGE_SIZE_4K)) {
        return error_set(
            b->error,
            "the system needs %llu MiB%s aligned to %llu KiB for %s; the machine has %llu MiB free, at most "
            "%llu MiB of it in one such piece",
            MIB(size), contiguous ? " of contiguous memory" : "", (unsigned long long)alignment >> 10, what, total,
            (unsigned long long)free_memory_largest(b->free, alignment) >> 20);
    }
    return error_set(b->error, "the system needs %llu MiB for %s, the machine has %llu MiB free", MIB(size), what,
                     total);
}

static int no_memory_for_region(struct binder *b, const struct plan_region *region, bool contiguous)
{
    char what[PLAN_NAME_LENGTH + 16];
    snprintf(what, sizeof(what), "region \"%s\"", region->name);
    return no_memory(b, what, region->size, region->page_size, contiguous);
}

/* Whether the payload's own pages can serve as the region; then their address. */
static bool find_in_place(const struct binding_request *request, const struct plan_region *region, uint64_t *address)
{
    if ((region->flags & PLAN_REGION_IN_PLACE) == 0 || region->physical_address != PLAN_ANY_ADDRESS) {
        return false;
    }
    const struct manifest_image *image = &request->payload->manifest.images[region->image];
    uint64_t covered = (region->image_size + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
    /* What follows the filled part in its last page must be padding, which is zero. */
    bool ends_clean =
        region->image_size % PAGE_SIZE_4K == 0 || region->image_offset + region->image_size == image->size;
    *address = request->payload_address + image->offset + region->image_offset;
    return region->prefill_offset == 0 && covered == region->size && ends_clean && *address % region->page_size == 0;
}

static int bind_fixed(struct binder *b, uint32_t index)
{
    const struct plan_region *region = &b->request->plan->regions[index];
    uint64_t address = region->physical_address;
    if (!free_memory_contains(b->free, address, region->size)) {
        bool ram = memory_map_is(b->request->map, address, region->size, HARDWARE_MEMORY_USABLE);
        return error_set(b->error, "region \"%s\" needs the %llu MiB at 0x%llx, which %s", region->name,
                         MIB(region->size), (unsigned long long)address,
                         ram ? "are in use already" : "this machine does not have as usable memory");
    }
    if (!free_memory_remove(b->free, address, region->size)) {
        return error_set(b->error, "the machine's memory is too fragmented for this system");
    }
    return add_extent(b, index, 0, address, region->size);
}

static int bind_device(struct binder *b, uint32_t index)
{
    static const uint32_t memory_kinds[] = {HARDWARE_MEMORY_USABLE, HARDWARE_MEMORY_ACPI_RECLAIMABLE,
                                            HARDWARE_MEMORY_ACPI_NVS, HARDWARE_MEMORY_BAD};
    const struct plan_region *region = &b->request->plan->regions[index];
    for (uint32_t i = 0; i < sizeof(memory_kinds) / sizeof(memory_kinds[0]); i++) {
        if (memory_map_touches(b->request->map, region->physical_address, region->size, memory_kinds[i])) {
            return error_set(b->error, "device region \"%s\" at 0x%llx is memory on this machine, not a device",
                             region->name, (unsigned long long)region->physical_address);
        }
    }
    return 1;
}

/* One block if there is one; else, unless it must be contiguous, the largest pieces. */
static int bind_anywhere(struct binder *b, uint32_t index)
{
    const struct plan_region *region = &b->request->plan->regions[index];
    uint64_t address;
    if (find_in_place(b->request, region, &address)) {
        b->binding->in_place[index] = 1;
        return add_extent(b, index, 0, address, region->size);
    }
    bool contiguous = (region->flags & PLAN_REGION_CONTIGUOUS) != 0;
    for (uint64_t offset = 0; offset < region->size;) {
        uint64_t rest = region->size - offset;
        uint64_t largest = free_memory_largest(b->free, region->page_size);
        uint64_t size = rest <= largest ? rest : largest;
        if (size == 0 || (contiguous && size < rest)) {
            return no_memory_for_region(b, region, contiguous);
        }
        address = free_memory_allocate(b->free, size, region->page_size, UINT64_MAX);
        if (address == 0 || !add_extent(b, index, offset, address, size)) {
            return address == 0 ? no_memory_for_region(b, region, contiguous) : 0;
        }
        offset += size;
    }
    return 1;
}

static int bind_regions_of(struct binder *b, uint64_t page_size, bool contiguous)
{
    const struct plan_regions *plan = b->request->plan;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_region *region = &plan->regions[i];
        if (region->kind == PLAN_REGION_RAM && region->physical_address == PLAN_ANY_ADDRESS &&
            region->page_size == page_size && ((region->flags & PLAN_REGION_CONTIGUOUS) != 0) == contiguous &&
            !bind_anywhere(b, i)) {
            return 0;
        }
    }
    return 1;
}

static int bind_fixed_regions(struct binder *b)
{
    const struct plan_regions *plan = b->request->plan;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_region *region = &plan->regions[i];
        if (region->kind == PLAN_REGION_DEVICE && !bind_device(b, i)) {
            return 0;
        }
        if (region->kind == PLAN_REGION_RAM && region->physical_address != PLAN_ANY_ADDRESS && !bind_fixed(b, i)) {
            return 0;
        }
    }
    return 1;
}

static int bind_kernel(struct binder *b)
{
    uint64_t size = (b->request->kernel->size + PAGE_SIZE_2M - 1) & ~(PAGE_SIZE_2M - 1);
    b->binding->kernel_physical = free_memory_allocate(b->free, size, PAGE_SIZE_2M, UINT64_MAX);
    if (b->binding->kernel_physical == 0) {
        return no_memory(b, "the kernel", size, PAGE_SIZE_2M, true);
    }
    uint64_t pool_size = b->request->plan->header->kernel_pool_size;
    b->binding->pool_physical = free_memory_allocate(b->free, pool_size, PAGE_SIZE_2M, UINT64_MAX);
    if (b->binding->pool_physical == 0) {
        return no_memory(b, "the kernel's pool", pool_size, PAGE_SIZE_2M, true);
    }
    return 1;
}

/* An early look at the sum says the most helpful thing when memory is short. */
static int check_total(struct binder *b)
{
    const struct plan_regions *plan = b->request->plan;
    const struct plan_region *largest = NULL;
    uint64_t total = b->request->kernel->size + plan->header->kernel_pool_size;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_region *region = &plan->regions[i];
        uint64_t address;
        if (region->kind != PLAN_REGION_RAM || find_in_place(b->request, region, &address)) {
            continue;
        }
        total += region->size;
        largest = largest == NULL || region->size > largest->size ? region : largest;
    }
    if (total <= free_memory_total(b->free) || largest == NULL) {
        return 1;
    }
    return error_set(b->error, "the system needs %llu MiB (%llu MiB for region \"%s\"), the machine has %llu MiB free",
                     MIB(total), MIB(largest->size), largest->name,
                     (unsigned long long)free_memory_total(b->free) >> 20);
}

int bind_plan(const struct binding_request *request, struct free_memory *free, struct binding *binding,
              struct loader_error *error)
{
    static const uint64_t page_sizes[] = {PAGE_SIZE_1G, PAGE_SIZE_2M, PAGE_SIZE_4K};
    struct binder b = {.request = request, .free = free, .binding = binding, .error = error};
    binding->extent_count = 0;
    memset(binding->in_place, 0, request->plan->count);
    if (request->plan->header->cpu_count > request->cpu_count) {
        return error_set(error, "the system needs %u CPUs, the machine has %u", request->plan->header->cpu_count,
                         request->cpu_count);
    }
    if (!check_total(&b) || !bind_fixed_regions(&b) || !bind_kernel(&b)) {
        return 0;
    }
    for (uint32_t i = 0; i < sizeof(page_sizes) / sizeof(page_sizes[0]); i++) {
        if (!bind_regions_of(&b, page_sizes[i], true) || !bind_regions_of(&b, page_sizes[i], false)) {
            return 0;
        }
    }
    return 1;
}
