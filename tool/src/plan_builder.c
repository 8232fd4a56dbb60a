/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/manifest.h>
#include <string.h>
#include <tool/elf_image.h>
#include <tool/layout.h>
#include <tool/plan_builder.h>
#include <tool/symbols.h>

static const size_t entry_sizes[PLAN_TABLE_COUNT] = {
    [PLAN_TABLE_REGIONS] = sizeof(struct plan_region), [PLAN_TABLE_SPACES] = sizeof(struct plan_space),
    [PLAN_TABLE_MAPS] = sizeof(struct plan_map),       [PLAN_TABLE_PDS] = sizeof(struct plan_pd),
    [PLAN_TABLE_THREADS] = sizeof(struct plan_thread), [PLAN_TABLE_CHANNEL_ENDS] = sizeof(struct plan_channel_end),
    [PLAN_TABLE_IRQS] = sizeof(struct plan_irq),       [PLAN_TABLE_IOPORTS] = sizeof(struct plan_ioport),
    [PLAN_TABLE_VMS] = sizeof(struct plan_vm),         [PLAN_TABLE_VCPUS] = sizeof(struct plan_vcpu),
};

/* A new zeroed row; valid until the next one. */
static void *add_row(struct plan_tables *plan, enum plan_table table)
{
    struct plan_rows *rows = &plan->tables[table];
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? 16 : rows->capacity * 2;
        void *bigger = arena_allocate(&plan->system->arena, capacity * rows->entry_size);
        if (rows->count != 0) {
            memcpy(bigger, rows->rows, rows->count * rows->entry_size);
        }
        rows->rows = bigger;
        rows->capacity = capacity;
    }
    return (uint8_t *)rows->rows + rows->entry_size * rows->count++;
}

static uint32_t row_count(const struct plan_tables *plan, enum plan_table table)
{
    return (uint32_t)plan->tables[table].count;
}

static void set_name(char name[PLAN_NAME_LENGTH], const char *text)
{
    memcpy(name, text, strnlen(text, PLAN_NAME_LENGTH - 1));
}

static uint32_t add_image(struct plan_tables *plan, const char *name, enum manifest_role role, const struct blob *blob)
{
    struct payload_item *item = ARENA_NEW(&plan->system->arena, struct payload_item);
    *item = (struct payload_item){.name = name, .role = role, .blob = blob};
    list_append(&plan->system->arena, &plan->images, item);
    return (uint32_t)plan->images.count - 1;
}

/* Whether an image can be that of a region: the same content, and the same said of it. */
static bool shares_image(const struct payload_item *item, const struct region *region, uint32_t role)
{
    return item->role == role && (item->flags & MANIFEST_IMAGE_UNSIGNED) == 0 && !region->is_unsigned &&
           item->blob->size == region->prefill->size &&
           memcmp(item->blob->data, region->prefill->data, region->prefill->size) == 0;
}

/* Two regions with the same content share one image, but for unsigned ones, which can be replaced. */
static uint32_t add_data(struct plan_tables *plan, const struct region *region)
{
    uint32_t role = region->is_guest ? MANIFEST_ROLE_GUEST : MANIFEST_ROLE_DATA;
    uint32_t index = 0;
    LIST_FOR (const struct payload_item, item, &plan->images) {
        if (shares_image(item, region, role)) {
            return index;
        }
        index++;
    }
    const char *name = region->is_guest ? arena_format(&plan->system->arena, "guest/%s", region->name)
                                        : arena_format(&plan->system->arena, "data/%.50s#%u", region->name, index);
    uint32_t image = add_image(plan, name, role, region->prefill);
    if (region->is_unsigned) {
        ((struct payload_item *)plan->images.items[image])->flags = MANIFEST_IMAGE_UNSIGNED;
    }
    return image;
}

static void add_system_region(struct plan_tables *plan, struct region *region)
{
    struct system *system = plan->system;
    uint32_t image = region->prefill == NULL ? PLAN_NONE : add_data(plan, region);
    region->plan_index = row_count(plan, PLAN_TABLE_REGIONS);
    struct plan_region *row = add_row(plan, PLAN_TABLE_REGIONS);
    set_name(row->name, region->name);
    row->size = region->size;
    row->page_size = region->page_size;
    row->physical_address = region->has_physical_address ? region->physical_address : PLAN_ANY_ADDRESS;
    row->kind = region_kind(system, region);
    row->flags = region->has_physical_address ? PLAN_REGION_CONTIGUOUS : 0;
    row->image = image;
    if (image != PLAN_NONE) {
        row->image_size = region->prefill->size;
        bool whole = align_up(region->prefill->size, LAYOUT_PAGE) == region->size && region->page_size == LAYOUT_PAGE;
        if (whole && !region->has_physical_address && !region_is_writable(system, region)) {
            row->flags |= PLAN_REGION_IN_PLACE;
        }
    }
}

static void add_map(struct plan_tables *plan, uint32_t space, uint32_t region, uint64_t address, uint32_t flags)
{
    uint64_t size = PLAN_ROWS(plan, PLAN_TABLE_REGIONS, struct plan_region)[region].size;
    struct plan_map *row = add_row(plan, PLAN_TABLE_MAPS);
    row->space = space;
    row->region = region;
    row->virtual_address = address;
    row->size = size;
    row->flags = flags;
}

static void add_maps(struct plan_tables *plan, uint32_t space, const struct list *maps)
{
    LIST_FOR (const struct map, map, maps) {
        uint32_t flags = map->permissions | (map->cached ? 0u : PLAN_MAP_UNCACHED);
        add_map(plan, space, map->region->plan_index, map->address, flags);
    }
}

/* Names of regions that no system file can contain: with a colon. */
static void private_region_name(struct plan_tables *plan, char name[PLAN_NAME_LENGTH], const struct pd *pd,
                                const char *part, uint32_t number)
{
    const char *text = arena_format(&plan->system->arena, "%s:%s%u", pd->name, part, number);
    if (strlen(text) >= PLAN_NAME_LENGTH) {
        text = arena_format(&plan->system->arena, "pd%u:%s%u", pd->index, part, number);
    }
    set_name(name, text);
}

/* Whether the program's place for its random seed is in this segment. */
static bool has_seed(const struct elf_segment *segment, const struct elf_symbol *seed)
{
    return seed != NULL && segment->writable && seed->address >= segment->address &&
           seed->address - segment->address < segment->memory_size;
}

static void add_program(struct plan_tables *plan, const struct pd *pd, uint32_t space)
{
    struct system *system = plan->system;
    struct program *program = symbols_patch(system, pd);
    const struct elf_symbol *seed = symbols_seed(pd);
    const char *name = arena_format(&system->arena, "program/%s", pd->name);
    if (strlen(name) > MANIFEST_MAX_NAME) {
        name = arena_format(&system->arena, "program/#%u", pd->index);
    }
    uint32_t image = add_image(plan, name, MANIFEST_ROLE_PROGRAM, program_write(&system->arena, program, name));
    for (uint32_t i = 0; i < pd->image->segment_count; i++) {
        const struct elf_segment *segment = &pd->image->segments[i];
        uint64_t start = align_down(segment->address, LAYOUT_PAGE);
        uint32_t index = row_count(plan, PLAN_TABLE_REGIONS);
        struct plan_region *row = add_row(plan, PLAN_TABLE_REGIONS);
        private_region_name(plan, row->name, pd, "segment", i);
        row->size = align_up(segment->address + segment->memory_size, LAYOUT_PAGE) - start;
        row->page_size = LAYOUT_PAGE;
        row->physical_address = PLAN_ANY_ADDRESS;
        row->kind = PLAN_REGION_RAM;
        row->image = PLAN_NONE;
        if (program->segments[i].used != 0) {
            row->image = image;
            row->image_offset = program->segments[i].file_offset;
            row->image_size = program->segments[i].used;
            row->prefill_offset = segment->address - start;
            /* The written image keeps each segment on zero-padded pages of its own. */
            if (!segment->writable && row->prefill_offset == 0 && align_up(row->image_size, LAYOUT_PAGE) == row->size) {
                row->flags |= PLAN_REGION_IN_PLACE;
            }
        }
        if (has_seed(segment, seed)) {
            row->flags |= PLAN_REGION_SEED;
            row->seed_offset = (uint32_t)(seed->address - start);
        }
        uint32_t flags =
            PLAN_MAP_READ | (segment->writable ? PLAN_MAP_WRITE : 0u) | (segment->executable ? PLAN_MAP_EXECUTE : 0u);
        add_map(plan, space, index, start, flags);
    }
}

static void add_thread(struct plan_tables *plan, const struct pd *pd, uint32_t space, uint32_t index)
{
    uint32_t region = row_count(plan, PLAN_TABLE_REGIONS);
    struct plan_region *stack = add_row(plan, PLAN_TABLE_REGIONS);
    private_region_name(plan, stack->name, pd, "stack", index);
    stack->size = pd->stack_size;
    stack->page_size = LAYOUT_PAGE;
    stack->physical_address = PLAN_ANY_ADDRESS;
    stack->kind = PLAN_REGION_RAM;
    stack->image = PLAN_NONE;
    add_map(plan, space, region, layout_stack_top(plan->system->target, index) - pd->stack_size,
            PLAN_MAP_READ | PLAN_MAP_WRITE);
    struct plan_thread *row = add_row(plan, PLAN_TABLE_THREADS);
    row->pd = pd->index;
    row->index = index;
    row->cpu = pd_thread_cpu(pd, index);
    row->priority = pd->priority;
    row->budget_us = pd->budget;
    row->period_us = pd->period;
    row->entry = pd->image->entry;
    row->stack_top = layout_stack_top(plan->system->target, index);
    row->ipc_buffer = layout_ipc_buffer(plan->system->target, index);
    row->vcpu = PLAN_NONE;
}

static void add_pd(struct plan_tables *plan, const struct pd *pd)
{
    uint32_t space = row_count(plan, PLAN_TABLE_SPACES);
    struct plan_space *space_row = add_row(plan, PLAN_TABLE_SPACES);
    set_name(space_row->name, pd->name);
    space_row->kind = PLAN_SPACE_PD;
    add_program(plan, pd, space);
    add_maps(plan, space, &pd->maps);
    uint32_t first_thread = row_count(plan, PLAN_TABLE_THREADS);
    for (uint32_t i = 0; i < pd_thread_count(pd); i++) {
        add_thread(plan, pd, space, i);
    }
    struct plan_pd *row = add_row(plan, PLAN_TABLE_PDS);
    set_name(row->name, pd->name);
    row->space = space;
    row->parent = pd->parent == NULL ? PLAN_NONE : pd->parent->index;
    row->child_id = pd->child_id;
    row->flags = (pd->passive ? PLAN_PD_PASSIVE : 0u) | (pd->fpu ? PLAN_PD_FPU : 0u) |
                 (pd->system_control ? PLAN_PD_SYSTEM_CONTROL : 0u);
    row->first_thread = first_thread;
    row->thread_count = pd_thread_count(pd);
}

static void add_vm(struct plan_tables *plan, const struct pd *pd)
{
    uint32_t space = row_count(plan, PLAN_TABLE_SPACES);
    uint32_t vm = row_count(plan, PLAN_TABLE_VMS);
    struct plan_space *space_row = add_row(plan, PLAN_TABLE_SPACES);
    set_name(space_row->name, pd->vm->name);
    space_row->kind = PLAN_SPACE_VM;
    add_maps(plan, space, &pd->vm->maps);
    struct plan_vm *row = add_row(plan, PLAN_TABLE_VMS);
    set_name(row->name, pd->vm->name);
    row->space = space;
    row->pd = pd->index;
    row->first_vcpu = row_count(plan, PLAN_TABLE_VCPUS);
    row->vcpu_count = (uint32_t)pd->vm->vcpus.count;
    uint32_t first_thread = PLAN_ROWS(plan, PLAN_TABLE_PDS, struct plan_pd)[pd->index].first_thread;
    uint32_t index = 0;
    LIST_FOR (const struct vcpu, vcpu, &pd->vm->vcpus) {
        PLAN_ROWS(plan, PLAN_TABLE_THREADS, struct plan_thread)
        [first_thread + index].vcpu = row_count(plan, PLAN_TABLE_VCPUS);
        struct plan_vcpu *vcpu_row = add_row(plan, PLAN_TABLE_VCPUS);
        vcpu_row->vm = vm;
        vcpu_row->id = vcpu->id;
        vcpu_row->thread = first_thread + index;
        vcpu_row->state_page = layout_vcpu_page(plan->system->target, index);
        index++;
    }
}

static void add_channel(struct plan_tables *plan, const struct channel *channel)
{
    for (uint32_t i = 0; i < 2; i++) {
        const struct channel_end *end = &channel->ends[i], *peer = &channel->ends[1 - i];
        struct plan_channel_end *row = add_row(plan, PLAN_TABLE_CHANNEL_ENDS);
        row->pd = end->pd->index;
        row->id = end->id;
        row->peer_pd = peer->pd->index;
        row->peer_thread = 0;
        row->peer_id = peer->id;
        row->flags = (end->notify ? PLAN_CHANNEL_NOTIFY : 0u) | (end->call ? PLAN_CHANNEL_CALL : 0u);
    }
}

static void add_interrupts_and_ports(struct plan_tables *plan, const struct pd *pd)
{
    LIST_FOR (const struct irq, irq, &pd->irqs) {
        struct plan_irq *row = add_row(plan, PLAN_TABLE_IRQS);
        row->pd = pd->index;
        row->thread = 0;
        row->id = irq->id;
        row->kind = irq->kind;
        row->vector = irq->vector;
        if (irq->kind == PLAN_IRQ_MSI) {
            row->flags = PLAN_IRQ_EDGE;
            row->pci_address = irq->pci_address;
            row->msi_handle = irq->msi_handle;
        } else {
            row->flags = (irq->edge ? PLAN_IRQ_EDGE : 0u) | (irq->active_low ? PLAN_IRQ_ACTIVE_LOW : 0u) |
                         (irq->legacy ? PLAN_IRQ_LEGACY_ISA : 0u);
            row->ioapic = irq->ioapic;
            row->pin = irq->pin;
        }
    }
    LIST_FOR (const struct ioport, port, &pd->ioports) {
        struct plan_ioport *row = add_row(plan, PLAN_TABLE_IOPORTS);
        row->pd = pd->index;
        row->id = port->id;
        row->base = port->base;
        row->size = port->size;
    }
}

static struct blob *serialise(struct plan_tables *plan)
{
    struct arena *arena = &plan->system->arena;
    struct plan_header header = {
        .version = PLAN_VERSION, .machine = plan->system->target->machine, .cpu_count = system_cpu_count(plan->system)};
    memcpy(header.magic, PLAN_MAGIC, sizeof(header.magic));
    set_name(header.system_name, plan->system->name);
    header.kernel_pool_size = plan_kernel_pool_size(plan);
    size_t size = sizeof(header);
    for (uint32_t i = 0; i < PLAN_TABLE_COUNT; i++) {
        header.tables[i].offset = (uint32_t)size;
        header.tables[i].count = (uint32_t)plan->tables[i].count;
        header.tables[i].entry_size = (uint32_t)plan->tables[i].entry_size;
        size = align_up(size + plan->tables[i].count * plan->tables[i].entry_size, 8);
    }
    header.total_size = (uint32_t)size;
    struct blob *blob = ARENA_NEW(arena, struct blob);
    *blob = (struct blob){.data = arena_allocate(arena, size), .size = size, .path = "plan", .generated = true};
    memcpy(blob->data, &header, sizeof(header));
    for (uint32_t i = 0; i < PLAN_TABLE_COUNT; i++) {
        if (plan->tables[i].count != 0) {
            memcpy(blob->data + header.tables[i].offset, plan->tables[i].rows,
                   plan->tables[i].count * plan->tables[i].entry_size);
        }
    }
    return blob;
}

struct plan_tables *plan_build(struct system *system, const struct blob *kernel)
{
    struct plan_tables *plan = ARENA_NEW(&system->arena, struct plan_tables);
    plan->system = system;
    for (uint32_t i = 0; i < PLAN_TABLE_COUNT; i++) {
        plan->tables[i].entry_size = entry_sizes[i];
    }
    add_image(plan, "kernel", MANIFEST_ROLE_KERNEL, kernel);
    uint32_t plan_image = add_image(plan, "plan", MANIFEST_ROLE_PLAN, NULL);
    LIST_FOR (struct region, region, &system->regions) {
        add_system_region(plan, region);
    }
    LIST_FOR (const struct pd, pd, &system->pds) {
        add_pd(plan, pd);
    }
    LIST_FOR (const struct pd, pd, &system->pds) {
        if (pd->vm != NULL) {
            add_vm(plan, pd);
        }
        add_interrupts_and_ports(plan, pd);
    }
    LIST_FOR (const struct channel, channel, &system->channels) {
        add_channel(plan, channel);
    }
    ((struct payload_item *)plan->images.items[plan_image])->blob = serialise(plan);
    return plan;
}
