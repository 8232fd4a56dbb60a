/* SPDX-License-Identifier: BSD-2-Clause */
/* From a verified payload to the kernel's first instruction. */
#include <base/memory.h>
#include <loader/bind.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader/main.h>
#include <skyscope/types.h>

static void *at(uint64_t physical)
{
    return (void *)(uintptr_t)physical;
}

static void load_kernel(const uint8_t *file, const struct kernel_image *image, uint64_t physical)
{
    memory_clear(physical, image->size);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct kernel_segment *segment = &image->segments[i];
        memcpy(at(physical + (segment->virtual_address - image->virtual_base) + segment->data_offset),
               file + segment->file_offset, segment->file_size);
    }
    caches_clean(physical, image->size);
    page_tables_map_kernel(image, physical);
}

/* Fills one piece of a region: what comes from the image is copied, the rest is zero. */
static void fill_extent(const struct payload *payload, const struct plan_region *region,
                        const struct region_extent *extent)
{
    uint64_t start = extent->region_offset;
    uint64_t end = start + extent->size;
    uint64_t data_start = start;
    uint64_t data_end = start;
    if (region->image != PLAN_NONE) {
        uint64_t prefill_end = region->prefill_offset + region->image_size;
        data_start = region->prefill_offset > start ? region->prefill_offset : start;
        data_start = data_start < end ? data_start : end;
        data_end = prefill_end < end ? prefill_end : end;
        data_end = data_end > data_start ? data_end : data_start;
    }
    memory_clear(extent->physical_address, data_start - start);
    if (data_end > data_start) {
        const struct manifest_image *image = &payload->manifest.images[region->image];
        uint64_t image_offset = region->image_offset + (data_start - region->prefill_offset);
        memcpy(at(extent->physical_address + (data_start - start)), payload->bytes + image->offset + image_offset,
               data_end - data_start);
    }
    memory_clear(extent->physical_address + (data_end - start), end - data_end);
}

/* A place for a seed lies within a page, and so in one piece of its region. */
static void write_seed(struct entropy *entropy, const struct plan_regions *plan, const struct region_extent *extent)
{
    const struct plan_region *region = &plan->regions[extent->region];
    if ((region->flags & PLAN_REGION_SEED) != 0 && region->seed_offset >= extent->region_offset &&
        region->seed_offset - extent->region_offset < extent->size) {
        entropy_seed(entropy, extent->region, region,
                     at(extent->physical_address + (region->seed_offset - extent->region_offset)));
    }
}

void system_start(const struct payload *payload, struct trusted_platform *platform, struct entropy *entropy,
                  uint64_t payload_address, const struct memory_map *map, struct free_memory *free,
                  struct hardware_info *hardware)
{
    static uint8_t in_place[PLAN_MAX_REGIONS];
    static struct kernel_image kernel;
    static struct plan_regions plan;
    static struct boot_info boot_info;
    struct loader_error error;
    const uint8_t *kernel_file = payload->bytes + payload->kernel->offset;
    if (!plan_check(payload, &plan, &error) || !kernel_elf_read(kernel_file, payload->kernel->size, &kernel, &error)) {
        loader_fail("%s", error.text);
    }

    struct binding binding = {.in_place = in_place, .extent_capacity = BINDING_EXTENT_CAPACITY(plan.count)};
    uint64_t extents_size =
        (binding.extent_capacity * sizeof(struct region_extent) + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
    uint64_t extents = free_memory_allocate(free, extents_size, PAGE_SIZE_4K, UINT64_MAX);
    if (extents == 0) {
        loader_fail("no memory for the list of regions");
    }
    binding.extents = at(extents);
    struct binding_request request = {
        .plan = &plan,
        .payload = payload,
        .payload_address = payload_address,
        .kernel = &kernel,
        .map = map,
        .cpu_count = hardware->cpu_count,
    };
    if (!bind_plan(&request, free, &binding, &error)) {
        loader_fail("%s", error.text);
    }

    load_kernel(kernel_file, &kernel, binding.kernel_physical);
    for (uint32_t i = 0; i < binding.extent_count; i++) {
        const struct region_extent *extent = &binding.extents[i];
        if (!in_place[extent->region]) {
            fill_extent(payload, &plan.regions[extent->region], extent);
            write_seed(entropy, &plan, extent);
        }
        caches_clean(extent->physical_address, extent->size);
    }
    hardware->entropy.seeds = entropy->found.seeds;
    entropy_end(entropy);
    boot_info = (struct boot_info){
        .magic = BOOT_INFO_MAGIC,
        .version = BOOT_INFO_VERSION,
        .size = sizeof(boot_info),
        .kernel_physical = binding.kernel_physical,
        .kernel_virtual = kernel.virtual_base,
        .kernel_size = kernel.size,
        .pool_physical = binding.pool_physical,
        .pool_size = plan.header->kernel_pool_size,
        .plan_physical = payload_address + payload->plan->offset,
        .plan_size = payload->plan->size,
        .extents_physical = extents,
        .extent_count = binding.extent_count,
        .cpu_count = plan.header->cpu_count,
        .hardware_physical = (uintptr_t)hardware,
        .hardware_size = HARDWARE_INFO_REGION_SIZE,
    };
    trusted_platform_commit(platform, hardware);
    if (boot_info.cpu_count > 1) {
        cpus_start(hardware, boot_info.cpu_count, map);
    }
    loader_print("loader: starting \"%s\" on %u CPU%s\n", payload->manifest.system_name, boot_info.cpu_count,
                 boot_info.cpu_count == 1 ? "" : "s");
    cpus_enter_kernel(&boot_info, kernel.entry);
}
