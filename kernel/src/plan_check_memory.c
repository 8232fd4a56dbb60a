/* SPDX-License-Identifier: BSD-2-Clause */
/* The plan's regions and mappings, and the memory that the loader bound to them. */
#include <arch/frame.h>
#include <base/memory.h>
#include <kernel/plan_check.h>
#include <skyscope/kernel_info.h>
#include <skyscope/types.h>

#define MAX_EXTENTS 16384u

/* [base, base + size) without wrapping, below end. */
static bool within(uint64_t base, uint64_t size, uint64_t end)
{
    return base <= end && size <= end - base;
}

/* Bytes of the regions that the kernel itself fills. */
static uint64_t published_size(uint32_t kind)
{
    switch (kind) {
    case PLAN_REGION_HARDWARE:
        return HARDWARE_INFO_REGION_SIZE;
    case PLAN_REGION_STATISTICS:
        return KERNEL_STATISTICS_REGION_SIZE;
    case PLAN_REGION_KERNEL_LOG:
        return KERNEL_LOG_REGION_SIZE;
    default:
        return 0;
    }
}

/* Device registers must be neither memory nor the interrupt controllers, which
 * are the kernel's. */
static bool check_device(const struct plan_region *region, const struct plan_machine *machine, struct plan_error *error)
{
    const struct hardware_info *hardware = machine->hardware;
    uint64_t address;

    if (!plan_arch_device_address(region, &hardware->arch, &address, error)) {
        return false;
    }
    if (region->physical_address == PLAN_ANY_ADDRESS || region->image != PLAN_NONE) {
        return plan_refuse(error, "region %s: device registers need an address and no image", region->name);
    }
    if (address == PLAN_ANY_ADDRESS) {
        return true; /* not on this machine: its maps are left out */
    }
    if (address % region->page_size != 0 || !within(address, region->size, PHYSICAL_ADDRESS_END)) {
        return plan_refuse(error, "region %s: device registers cannot be at 0x%llx", region->name,
                           (unsigned long long)address);
    }
    for (uint32_t i = 0; i < hardware->memory_count; i++) {
        const struct hardware_memory *memory = &hardware->memory[i];
        if (memory->kind == HARDWARE_MEMORY_USABLE && plan_overlap(address, region->size, memory->base, memory->size)) {
            return plan_refuse(error, "region %s: device registers at 0x%llx are memory", region->name,
                               (unsigned long long)address);
        }
    }
    return plan_arch_check_device(region, address, &hardware->arch, error);
}

static bool check_region(const struct plan_view *view, uint32_t index, const struct plan_machine *machine,
                         struct plan_error *error)
{
    const struct plan_region *region = &view->regions[index];
    static const uint32_t known_flags = PLAN_REGION_CONTIGUOUS | PLAN_REGION_IN_PLACE | PLAN_REGION_SEED;

    if (strnlen(region->name, PLAN_NAME_LENGTH) == PLAN_NAME_LENGTH || (region->flags & ~known_flags) != 0 ||
        ((region->flags & PLAN_REGION_SEED) == 0 && region->seed_offset != 0)) {
        return plan_refuse(error, "region %u: bad name or flags", index);
    }
    if ((region->flags & PLAN_REGION_SEED) != 0 && region->kind != PLAN_REGION_RAM) {
        return plan_refuse(error, "region %s: a seed in what is not RAM", region->name);
    }
    if (region->page_size != PAGE_SIZE_4K && region->page_size != PAGE_SIZE_2M && region->page_size != PAGE_SIZE_1G) {
        return plan_refuse(error, "region %s: there are no pages of 0x%llx bytes", region->name,
                           (unsigned long long)region->page_size);
    }
    if (region->size == 0 || region->size % region->page_size != 0 || region->size > PHYSICAL_ADDRESS_END) {
        return plan_refuse(error, "region %s: 0x%llx bytes are not a number of its pages", region->name,
                           (unsigned long long)region->size);
    }
    if (region->physical_address != PLAN_ANY_ADDRESS && region->physical_address % region->page_size != 0) {
        return plan_refuse(error, "region %s: address 0x%llx is not a multiple of its page size", region->name,
                           (unsigned long long)region->physical_address);
    }
    switch (region->kind) {
    case PLAN_REGION_RAM:
        return true;
    case PLAN_REGION_DEVICE:
        return check_device(region, machine, error);
    case PLAN_REGION_HARDWARE:
    case PLAN_REGION_STATISTICS:
    case PLAN_REGION_KERNEL_LOG:
        if (region->size != published_size(region->kind) || region->page_size != PAGE_SIZE_4K ||
            region->image != PLAN_NONE) {
            return plan_refuse(error, "region %s: the kernel publishes 0x%llx bytes here", region->name,
                               (unsigned long long)published_size(region->kind));
        }
        return true;
    default:
        return plan_refuse(error, "region %s: unknown kind %u", region->name, region->kind);
    }
}

static bool usable(const struct hardware_info *hardware, uint64_t base, uint64_t size)
{
    /* Adjacent ranges of the firmware's map count as one. */
    while (size != 0) {
        uint64_t end = base;
        for (uint32_t i = 0; i < hardware->memory_count; i++) {
            const struct hardware_memory *memory = &hardware->memory[i];
            if (memory->kind == HARDWARE_MEMORY_USABLE && base >= memory->base && base - memory->base < memory->size) {
                end = memory->base + memory->size;
            }
        }
        if (end <= base) {
            return false;
        }
        uint64_t covered = end - base;
        if (covered >= size) {
            return true;
        }
        base += covered;
        size -= covered;
    }
    return true;
}

static bool check_extent(const struct plan_view *view, const struct plan_machine *machine, uint32_t index,
                         struct plan_error *error)
{
    const struct region_extent *extent = &machine->extents[index];
    const struct plan_region *region = &view->regions[extent->region];

    if (extent->size == 0 || extent->size % region->page_size != 0 ||
        extent->physical_address % region->page_size != 0 ||
        !within(extent->physical_address, extent->size, PHYSICAL_ADDRESS_END) ||
        !within(extent->region_offset, extent->size, region->size)) {
        return plan_refuse(error, "region %s: the loader bound it to an impossible extent", region->name);
    }
    if (!usable(machine->hardware, extent->physical_address, extent->size)) {
        return plan_refuse(error, "region %s: 0x%llx is not usable memory", region->name,
                           (unsigned long long)extent->physical_address);
    }
    if (region->physical_address != PLAN_ANY_ADDRESS &&
        extent->physical_address != region->physical_address + extent->region_offset) {
        return plan_refuse(error, "region %s: the loader bound it to another address", region->name);
    }
    for (unsigned int i = 0; i < 2; i++) {
        if (plan_overlap(extent->physical_address, extent->size, machine->kernel[i].base, machine->kernel[i].size)) {
            return plan_refuse(error, "region %s: overlaps the kernel", region->name);
        }
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct region_extent *other = &machine->extents[i];
        /* Read-only data may be shared between regions. */
        bool shared = (region->flags & view->regions[other->region].flags & PLAN_REGION_IN_PLACE) != 0 &&
                      other->region != extent->region;
        if (!shared && plan_overlap(extent->physical_address, extent->size, other->physical_address, other->size)) {
            return plan_refuse(error, "region %s: shares memory with region %s", region->name,
                               view->regions[other->region].name);
        }
    }
    return true;
}

/* Extents are sorted, and cover each region of memory once and completely. */
static bool check_extents(const struct plan_view *view, const struct plan_machine *machine, struct plan_error *error)
{
    uint32_t next = 0;

    if (machine->extent_count > MAX_EXTENTS) {
        return plan_refuse(error, "plan: memory in %u pieces", machine->extent_count);
    }
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_REGIONS]; i++) {
        const struct plan_region *region = &view->regions[i];
        uint64_t covered = 0;
        uint32_t first = next;
        if (region->kind != PLAN_REGION_RAM) {
            continue;
        }
        while (next < machine->extent_count && machine->extents[next].region == i &&
               machine->extents[next].region_offset == covered && covered < region->size) {
            if (!check_extent(view, machine, next, error)) {
                return false;
            }
            covered += machine->extents[next].size;
            next++;
        }
        if (covered != region->size) {
            return plan_refuse(error, "region %s: the loader gave it 0x%llx of 0x%llx bytes", region->name,
                               (unsigned long long)covered, (unsigned long long)region->size);
        }
        for (uint32_t j = first + 1; (region->flags & PLAN_REGION_CONTIGUOUS) != 0 && j < next; j++) {
            if (machine->extents[j].physical_address !=
                machine->extents[j - 1].physical_address + machine->extents[j - 1].size) {
                return plan_refuse(error, "region %s: is not contiguous", region->name);
            }
        }
    }
    if (next != machine->extent_count) {
        return plan_refuse(error, "plan: an extent belongs to no region, or is out of order");
    }
    return true;
}

static bool check_map(const struct plan_view *view, uint32_t index, struct plan_error *error)
{
    const struct plan_map *map = &view->maps[index];
    static const uint32_t known_flags = PLAN_MAP_READ | PLAN_MAP_WRITE | PLAN_MAP_EXECUTE | PLAN_MAP_UNCACHED;

    if (map->space >= view->counts[PLAN_TABLE_SPACES] || map->region >= view->counts[PLAN_TABLE_REGIONS]) {
        return plan_refuse(error, "map %u: joins a space and a region that there are not", index);
    }
    const struct plan_space *space = &view->spaces[map->space];
    const struct plan_region *region = &view->regions[map->region];
    bool is_vm = space->kind == PLAN_SPACE_VM;
    uint64_t end = is_vm ? GUEST_PHYSICAL_END : USER_ADDRESS_END;

    if (map->reserved != 0 || (map->flags & ~known_flags) != 0 || (map->flags & PLAN_MAP_READ) == 0) {
        return plan_refuse(error, "map of %s in %s: bad flags 0x%x", region->name, space->name, map->flags);
    }
    if (!is_vm && (map->flags & PLAN_MAP_WRITE) != 0 && (map->flags & PLAN_MAP_EXECUTE) != 0) {
        return plan_refuse(error, "map of %s in %s: writable and executable", region->name, space->name);
    }
    if (map->size == 0 || (map->size | map->region_offset | map->virtual_address) % region->page_size != 0 ||
        !within(map->region_offset, map->size, region->size) || !within(map->virtual_address, map->size, end)) {
        return plan_refuse(error, "map of %s in %s: 0x%llx bytes at 0x%llx are not possible", region->name, space->name,
                           (unsigned long long)map->size, (unsigned long long)map->virtual_address);
    }
    if (!is_vm && map->virtual_address == 0) {
        return plan_refuse(error, "map of %s in %s: at address 0", region->name, space->name);
    }
    if ((region->kind >= PLAN_REGION_HARDWARE || (region->flags & PLAN_REGION_IN_PLACE) != 0) &&
        (map->flags & PLAN_MAP_WRITE) != 0) {
        return plan_refuse(error, "map of %s in %s: this region is read-only", region->name, space->name);
    }
    if (region->kind >= PLAN_REGION_HARDWARE && (is_vm || (map->flags & PLAN_MAP_EXECUTE) != 0)) {
        return plan_refuse(error, "map of %s in %s: this region is data for PDs", region->name, space->name);
    }
    if (region->kind == PLAN_REGION_DEVICE && !plan_arch_check_device_map(region, space, error)) {
        return false;
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct plan_map *other = &view->maps[i];
        if (other->space == map->space &&
            plan_overlap(map->virtual_address, map->size, other->virtual_address, other->size)) {
            return plan_refuse(error, "map of %s in %s: overlaps that of %s at 0x%llx", region->name, space->name,
                               view->regions[other->region].name, (unsigned long long)map->virtual_address);
        }
    }
    return true;
}

/* A page that the kernel provides: aligned, in the user half, clear of the maps. */
static bool page_free(const struct plan_view *view, uint32_t space, uint64_t address)
{
    /* The IPC buffer may be the very last page, where nothing can be executed. */
    if (address == 0 || address % PAGE_SIZE_4K != 0 || !within(address, PAGE_SIZE_4K, USER_CANONICAL_END)) {
        return false;
    }
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_MAPS]; i++) {
        const struct plan_map *map = &view->maps[i];
        if (map->space == space && plan_overlap(address, PAGE_SIZE_4K, map->virtual_address, map->size)) {
            return false;
        }
    }
    return true;
}

static bool check_thread_pages(const struct plan_view *view, struct plan_error *error)
{
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_THREADS]; i++) {
        const struct plan_thread *thread = &view->threads[i];
        const struct plan_pd *pd = &view->pds[thread->pd];
        if (!page_free(view, pd->space, thread->ipc_buffer)) {
            return plan_refuse(error, "PD %s: the IPC buffer of thread %u cannot be at 0x%llx", pd->name, thread->index,
                               (unsigned long long)thread->ipc_buffer);
        }
        if (thread->entry >= USER_ADDRESS_END || thread->stack_top > USER_ADDRESS_END || thread->stack_top % 16 != 0) {
            return plan_refuse(error, "PD %s: thread %u has a bad entry point or stack", pd->name, thread->index);
        }
        for (uint32_t j = pd->first_thread; j < i; j++) {
            if (view->threads[j].ipc_buffer == thread->ipc_buffer) {
                return plan_refuse(error, "PD %s: two IPC buffers at 0x%llx", pd->name,
                                   (unsigned long long)thread->ipc_buffer);
            }
        }
    }
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_VCPUS]; i++) {
        const struct plan_vcpu *vcpu = &view->vcpus[i];
        const struct plan_vm *vm = &view->vms[vcpu->vm];
        const struct plan_pd *pd = &view->pds[vm->pd];
        bool free = page_free(view, pd->space, vcpu->state_page);
        for (uint32_t j = 0; j < pd->thread_count; j++) {
            free = free && view->threads[pd->first_thread + j].ipc_buffer != vcpu->state_page;
        }
        for (uint32_t j = vm->first_vcpu; j < i; j++) {
            free = free && view->vcpus[j].state_page != vcpu->state_page;
        }
        if (!free) {
            return plan_refuse(error, "VM %s: the page of vCPU %u cannot be at 0x%llx", vm->name, vcpu->id,
                               (unsigned long long)vcpu->state_page);
        }
    }
    return true;
}

bool plan_check_memory(const struct plan_view *view, const struct plan_machine *machine, struct plan_error *error)
{
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_REGIONS]; i++) {
        if (!check_region(view, i, machine, error)) {
            return false;
        }
    }
    if (!check_extents(view, machine, error)) {
        return false;
    }
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_MAPS]; i++) {
        if (!check_map(view, i, error)) {
            return false;
        }
    }
    return check_thread_pages(view, error);
}
