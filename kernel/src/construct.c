/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/irq_setup.h>
#include <arch/page_table.h>
#include <arch/percpu.h>
#include <arch/time.h>
#include <base/memory.h>
#include <kernel/construct.h>
#include <kernel/control.h>
#include <kernel/fpu.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <kernel/published.h>
#include <kernel/scheduler.h>
#include <kernel/system.h>

#define MICROSECONDS_PER_SECOND   1000000ull
/* A refill of less than this is not worth a switch. */
#define MINIMUM_REFILL_US         5ull
/* msg[] of seL4_IPCBuffer comes after the tag word. */
#define IPC_BUFFER_MESSAGE_OFFSET 8u

/* What is needed while the objects are made. */
struct construction {
    const struct plan_view *view;
    const struct plan_machine *machine;
    struct page_table *pd_tables; /* by PD */
};

/* First extent of a region: they are sorted by region. */
static uint32_t first_extent(const struct plan_machine *machine, uint32_t region)
{
    uint32_t low = 0;
    uint32_t high = machine->extent_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (machine->extents[middle].region < region) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void map_or_refuse(const struct plan_view *view, const struct plan_map *map, struct page_table *table,
                          uint64_t offset, uint64_t physical, uint64_t size)
{
    const struct plan_region *region = &view->regions[map->region];

    if (!page_table_map(table, map->virtual_address + offset, HPA(physical), size, region->page_size, map->flags)) {
        kernel_refuse("map of %s in %s: something is there already", region->name, view->spaces[map->space].name);
    }
}

static void map_memory(const struct construction *c, const struct plan_map *map, struct page_table *table)
{
    uint64_t end = map->region_offset + map->size;

    for (uint32_t i = first_extent(c->machine, map->region);
         i < c->machine->extent_count && c->machine->extents[i].region == map->region; i++) {
        const struct region_extent *extent = &c->machine->extents[i];
        uint64_t from = extent->region_offset;
        uint64_t to = from + extent->size;
        from = from > map->region_offset ? from : map->region_offset;
        to = to < end ? to : end;
        if (from < to) {
            map_or_refuse(c->view, map, table, from - map->region_offset,
                          extent->physical_address + (from - extent->region_offset), to - from);
        }
    }
}

static void map_device(const struct construction *c, const struct plan_map *map, struct page_table *table)
{
    const struct plan_region *region = &c->view->regions[map->region];
    struct plan_error error;
    uint64_t address;

    if (!plan_arch_device_address(region, &c->machine->hardware->arch, &address, &error)) {
        kernel_refuse("%s", error.text);
    }
    if (address != PLAN_ANY_ADDRESS) {
        map_or_refuse(c->view, map, table, 0, address + map->region_offset, map->size);
    }
}

static void map_space(const struct construction *c, uint32_t space, struct page_table *table)
{
    for (uint32_t i = 0; i < c->view->counts[PLAN_TABLE_MAPS]; i++) {
        const struct plan_map *map = &c->view->maps[i];
        if (map->space != space) {
            continue;
        }
        const struct plan_region *region = &c->view->regions[map->region];
        switch (region->kind) {
        case PLAN_REGION_RAM:
            map_memory(c, map, table);
            break;
        case PLAN_REGION_DEVICE:
            map_device(c, map, table);
            break;
        default:
            map_or_refuse(c->view, map, table, 0, published_region(region->kind).value + map->region_offset, map->size);
            break;
        }
    }
}

/* Maps a page that the kernel provides. */
static void map_own_page(struct page_table *table, uint64_t address, const void *page, const char *name)
{
    if (!page_table_map(table, address, pool_hpa(page), PAGE_SIZE_4K, PAGE_SIZE_4K, PLAN_MAP_READ | PLAN_MAP_WRITE)) {
        kernel_refuse("PD %s: something is at 0x%llx already", name, (unsigned long long)address);
    }
}

static void make_pd(struct construction *c, uint32_t index)
{
    const struct plan_pd *planned = &c->view->pds[index];
    struct pd *pd = &kernel_system.pds[index];
    char *name = kernel_system.statistics->pd_names[index];

    strlcpy(name, planned->name, PLAN_NAME_LENGTH);
    pd->name = name;
    pd->number = index;
    pd->flags = planned->flags;
    pd->threads = &kernel_system.threads[planned->first_thread];
    pd->thread_count = planned->thread_count;
    if (planned->parent != PLAN_NONE) {
        pd->parent = &kernel_system.pds[planned->parent];
        pd->child_id = planned->child_id;
        pd->parent->children[planned->child_id] = pd;
    }
    c->pd_tables[index] = page_table_create_pd();
    map_space(c, planned->space, &c->pd_tables[index]);
    pd->address_space = page_table_address_space(&c->pd_tables[index], index);
}

static uint64_t ticks(uint64_t microseconds)
{
    uint64_t frequency = kernel_system.tick_frequency;

    return microseconds / MICROSECONDS_PER_SECOND * frequency +
           microseconds % MICROSECONDS_PER_SECOND * frequency / MICROSECONDS_PER_SECOND;
}

static void make_thread(struct construction *c, uint32_t number)
{
    const struct plan_thread *planned = &c->view->threads[number];
    struct thread *thread = &kernel_system.threads[number];
    struct thread_statistics *statistics = &kernel_system.statistics->threads[number];
    char *ipc_buffer = pool_alloc(PAGE_SIZE_4K, PAGE_SIZE_4K);

    thread->pd = &kernel_system.pds[planned->pd];
    thread->number = number;
    thread->index = planned->index;
    thread->cpu = planned->cpu;
    thread->priority = (uint8_t)planned->priority;
    thread->entry = planned->entry;
    thread->stack_top = planned->stack_top;
    thread->message = (uint64_t *)(void *)(ipc_buffer + IPC_BUFFER_MESSAGE_OFFSET);
    map_own_page(&c->pd_tables[planned->pd], planned->ipc_buffer, ipc_buffer, thread->pd->name);
    if ((thread->pd->flags & PLAN_PD_FPU) != 0) {
        thread->fpu = fpu_create();
        if (thread->fpu == NULL) {
            kernel_refuse("the plan's kernel memory is too small");
        }
    }
    *statistics = (struct thread_statistics){
        .pd = planned->pd, .index = planned->index, .cpu = planned->cpu, .priority = planned->priority};
    thread->statistics = statistics;

    uint64_t minimum = ticks(MINIMUM_REFILL_US);
    uint64_t budget = ticks(planned->budget_us);
    uint64_t period = ticks(planned->period_us);
    budget = budget != 0 ? budget : 1;
    scheduler_init_context(thread, budget, period > budget ? period : budget, minimum, arch_time());
}

static void make_vm(struct construction *c, uint32_t index)
{
    const struct plan_vm *planned = &c->view->vms[index];
    struct page_table nested = page_table_create_vm();

    strlcpy(kernel_system.statistics->vm_names[index], planned->name, PLAN_NAME_LENGTH);
    map_space(c, planned->space, &nested);
    for (uint32_t i = 0; i < planned->vcpu_count; i++) {
        uint32_t number = planned->first_vcpu + i;
        const struct plan_vcpu *vcpu = &c->view->vcpus[number];
        struct thread *thread = &kernel_system.threads[vcpu->thread];
        struct vcpu_statistics *statistics = &kernel_system.statistics->vcpus[number];
        void *page = pool_alloc(PAGE_SIZE_4K, PAGE_SIZE_4K);
        struct vcpu_parameters parameters = {
            .page = page, .statistics = statistics, .nested_root = nested.root, .vm = index, .id = i};

        statistics->vm = index;
        statistics->id = i;
        statistics->thread = vcpu->thread;
        map_own_page(&c->pd_tables[planned->pd], vcpu->state_page, page, thread->pd->name);
        if (!vcpu_create(&kernel_system.vcpus[number], &parameters)) {
            kernel_refuse("VM %s: vCPU %u cannot be made: the plan's kernel memory is too small", planned->name, i);
        }
        thread->vcpu = &kernel_system.vcpus[number];
    }
}

static void make_channels(const struct construction *c)
{
    for (uint32_t i = 0; i < c->view->counts[PLAN_TABLE_CHANNEL_ENDS]; i++) {
        const struct plan_channel_end *end = &c->view->channel_ends[i];
        kernel_system.pds[end->pd].channels[end->id] = (struct channel){
            .peer = &kernel_system.pds[end->peer_pd].threads[end->peer_thread],
            .bit = 1ull << end->peer_id,
            .peer_id = (uint8_t)end->peer_id,
            .flags = (uint8_t)end->flags,
        };
    }
}

static void make_ioports(const struct construction *c)
{
    for (uint32_t i = 0; i < c->view->counts[PLAN_TABLE_IOPORTS]; i++) {
        const struct plan_ioport *ports = &c->view->ioports[i];
        kernel_system.pds[ports->pd].ioports[ports->id] =
            (struct ioport_range){.base = ports->base, .size = ports->size};
    }
}

static void make_irqs(const struct construction *c)
{
    for (uint32_t i = 0; i < c->view->counts[PLAN_TABLE_IRQS]; i++) {
        const struct plan_irq *planned = &c->view->irqs[i];
        struct pd *pd = &kernel_system.pds[planned->pd];
        struct irq *irq = &kernel_system.irqs[i];

        irq->target = &pd->threads[planned->thread];
        irq->bit = 1ull << planned->id;
        irq->kind = planned->kind;
        pd->irqs[planned->id] = irq;
        irq_setup(irq, c->view, c->machine, i);
    }
}

static void start_threads(void)
{
    for (uint32_t i = 0; i < kernel_system.thread_count; i++) {
        struct thread *thread = &kernel_system.threads[i];
        control_start_thread(thread, thread->entry);
        ready_queue_push_back(&kernel_system.cpus[thread->cpu]->ready, thread);
    }
}

void construct_system(const struct plan_view *view, const struct plan_machine *machine)
{
    struct kernel_statistics *statistics = kernel_system.statistics;
    struct construction c = {.view = view, .machine = machine};

    kernel_system.pd_count = view->counts[PLAN_TABLE_PDS];
    kernel_system.thread_count = view->counts[PLAN_TABLE_THREADS];
    kernel_system.irq_count = view->counts[PLAN_TABLE_IRQS];
    kernel_system.vcpu_count = view->counts[PLAN_TABLE_VCPUS];
    kernel_system.pds = pool_alloc(kernel_system.pd_count * sizeof(struct pd), 64);
    kernel_system.threads = pool_alloc(kernel_system.thread_count * sizeof(struct thread), 64);
    kernel_system.irqs = pool_alloc(kernel_system.irq_count * sizeof(struct irq), 64);
    kernel_system.vcpus = pool_alloc(kernel_system.vcpu_count * sizeof(struct vcpu), 64);
    c.pd_tables = pool_alloc(kernel_system.pd_count * sizeof(struct page_table), 64);

    for (uint32_t i = 0; i < kernel_system.pd_count; i++) {
        make_pd(&c, i);
    }
    for (uint32_t i = 0; i < kernel_system.thread_count; i++) {
        make_thread(&c, i);
    }
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_VMS]; i++) {
        make_vm(&c, i);
    }
    make_channels(&c);
    make_ioports(&c);
    make_irqs(&c);
    start_threads();

    statistics->thread_count = kernel_system.thread_count;
    statistics->vcpu_count = kernel_system.vcpu_count;
    statistics->cpu_count = kernel_system.cpu_count;
    statistics->pd_count = kernel_system.pd_count;
    statistics->vm_count = view->counts[PLAN_TABLE_VMS];
}
