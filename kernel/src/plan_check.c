/* SPDX-License-Identifier: BSD-2-Clause */
/* The plan's outer structure, its objects and how they refer to each other. */
#include <stdarg.h>

#include <base/format.h>
#include <base/memory.h>
#include <kernel/plan_check.h>
#include <skyscope/types.h>

/* Periods that still can be counted in ticks: 12 days. */
#define MAX_PERIOD_US (1ull << 40)

bool plan_refuse(struct plan_error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return false;
}

struct table_rule {
    const char *name;
    uint32_t entry_size;
    uint32_t limit;
};

static const struct table_rule table_rules[PLAN_TABLE_COUNT] = {
    [PLAN_TABLE_REGIONS] = {"regions", sizeof(struct plan_region), PLAN_MAX_REGIONS},
    [PLAN_TABLE_SPACES] = {"spaces", sizeof(struct plan_space), PLAN_MAX_SPACES},
    [PLAN_TABLE_MAPS] = {"maps", sizeof(struct plan_map), PLAN_MAX_MAPS},
    [PLAN_TABLE_PDS] = {"protection domains", sizeof(struct plan_pd), PLAN_MAX_PDS},
    [PLAN_TABLE_THREADS] = {"threads", sizeof(struct plan_thread), PLAN_MAX_THREADS},
    [PLAN_TABLE_CHANNEL_ENDS] = {"channel ends", sizeof(struct plan_channel_end), PLAN_MAX_CHANNEL_ENDS},
    [PLAN_TABLE_IRQS] = {"interrupts", sizeof(struct plan_irq), PLAN_MAX_IRQS},
    [PLAN_TABLE_IOPORTS] = {"I/O ports", sizeof(struct plan_ioport), PLAN_MAX_IOPORTS},
    [PLAN_TABLE_VMS] = {"VMs", sizeof(struct plan_vm), PLAN_MAX_VMS},
    [PLAN_TABLE_VCPUS] = {"vCPUs", sizeof(struct plan_vcpu), PLAN_MAX_VCPUS},
};

static const void *table(const struct plan_header *header, enum plan_table index)
{
    return (const char *)header + header->tables[index].offset;
}

bool plan_check_tables(const void *plan, uint64_t size, struct plan_view *view, struct plan_error *error)
{
    const struct plan_header *header = plan;

    if (size < sizeof(*header) || size > PLAN_MAX_SIZE) {
        return plan_refuse(error, "plan: %llu bytes is no possible size", (unsigned long long)size);
    }
    if (memcmp(header->magic, PLAN_MAGIC, sizeof(header->magic)) != 0 || header->version != PLAN_VERSION) {
        return plan_refuse(error, "plan: not a plan of version %u", PLAN_VERSION);
    }
    if (header->total_size > size || header->total_size < sizeof(*header)) {
        return plan_refuse(error, "plan: says that it has %u bytes, there are %llu", header->total_size,
                           (unsigned long long)size);
    }
    if (header->machine != HARDWARE_PLAN_MACHINE) {
        return plan_refuse(error, "plan: for another machine (ELF's number %u), not for this one (%u)", header->machine,
                           HARDWARE_PLAN_MACHINE);
    }
    if (header->cpu_count == 0 || header->cpu_count > PLAN_MAX_CPUS || header->kernel_pool_size == 0 ||
        header->kernel_pool_size % PAGE_SIZE_2M != 0) {
        return plan_refuse(error, "plan: bad header (%u CPUs, pool of 0x%llx bytes)", header->cpu_count,
                           (unsigned long long)header->kernel_pool_size);
    }
    if (strnlen(header->system_name, PLAN_NAME_LENGTH) == PLAN_NAME_LENGTH) {
        return plan_refuse(error, "plan: the system's name does not end");
    }
    for (unsigned int i = 0; i < PLAN_TABLE_COUNT; i++) {
        const struct plan_table_location *location = &header->tables[i];
        const struct table_rule *rule = &table_rules[i];
        if (location->entry_size != rule->entry_size || location->reserved != 0) {
            return plan_refuse(error, "plan: table of %s has entries of %u bytes, not %u", rule->name,
                               location->entry_size, rule->entry_size);
        }
        if (location->count > rule->limit) {
            return plan_refuse(error, "plan: %u %s, at most %u are possible", location->count, rule->name, rule->limit);
        }
        /* No overflow: the limits keep the product below 2^32. */
        uint64_t bytes = (uint64_t)location->count * rule->entry_size;
        if (location->offset % 8 != 0 || location->offset < sizeof(*header) || location->offset > header->total_size ||
            bytes > header->total_size - location->offset) {
            return plan_refuse(error, "plan: table of %s lies outside the plan", rule->name);
        }
        view->counts[i] = location->count;
    }
    view->header = header;
    view->regions = table(header, PLAN_TABLE_REGIONS);
    view->spaces = table(header, PLAN_TABLE_SPACES);
    view->maps = table(header, PLAN_TABLE_MAPS);
    view->pds = table(header, PLAN_TABLE_PDS);
    view->threads = table(header, PLAN_TABLE_THREADS);
    view->channel_ends = table(header, PLAN_TABLE_CHANNEL_ENDS);
    view->irqs = table(header, PLAN_TABLE_IRQS);
    view->ioports = table(header, PLAN_TABLE_IOPORTS);
    view->vms = table(header, PLAN_TABLE_VMS);
    view->vcpus = table(header, PLAN_TABLE_VCPUS);
    return true;
}

/* Printable ASCII, terminated, not empty. */
static bool name_valid(const char *name)
{
    size_t length = strnlen(name, PLAN_NAME_LENGTH);

    if (length == 0 || length == PLAN_NAME_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (name[i] < 0x20 || name[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static bool check_threads(const struct plan_view *view, uint32_t pd_index, uint32_t *next_thread,
                          struct plan_error *error)
{
    const struct plan_pd *pd = &view->pds[pd_index];

    if (pd->first_thread != *next_thread || pd->thread_count == 0 ||
        pd->thread_count > view->counts[PLAN_TABLE_THREADS] - *next_thread) {
        return plan_refuse(error, "PD %s: its threads are not the next in the table", pd->name);
    }
    for (uint32_t i = 0; i < pd->thread_count; i++) {
        const struct plan_thread *thread = &view->threads[pd->first_thread + i];
        if (thread->pd != pd_index || thread->index != i || thread->reserved != 0) {
            return plan_refuse(error, "PD %s: thread %u is not its own", pd->name, i);
        }
        if (thread->cpu >= view->header->cpu_count) {
            return plan_refuse(error, "PD %s: thread %u is on CPU %u of %u", pd->name, i, thread->cpu,
                               view->header->cpu_count);
        }
        if (thread->priority > PLAN_PRIORITY_MAX) {
            return plan_refuse(error, "PD %s: thread %u has priority %u, the highest is %u", pd->name, i,
                               thread->priority, PLAN_PRIORITY_MAX);
        }
        if (thread->budget_us == 0 || thread->period_us < thread->budget_us || thread->period_us > MAX_PERIOD_US) {
            return plan_refuse(error, "PD %s: thread %u has a budget of %llu us in %llu us", pd->name, i,
                               (unsigned long long)thread->budget_us, (unsigned long long)thread->period_us);
        }
        if (thread->vcpu != PLAN_NONE && (thread->vcpu >= view->counts[PLAN_TABLE_VCPUS] ||
                                          view->vcpus[thread->vcpu].thread != pd->first_thread + i)) {
            return plan_refuse(error, "PD %s: thread %u runs a vCPU that is not its own", pd->name, i);
        }
    }
    *next_thread += pd->thread_count;
    return true;
}

static bool check_parent(const struct plan_view *view, uint32_t index, struct plan_error *error)
{
    const struct plan_pd *pd = &view->pds[index];
    uint32_t ancestor = pd->parent;

    if (pd->parent == PLAN_NONE) {
        return true;
    }
    if (pd->child_id >= PLAN_CHANNEL_IDS) {
        return plan_refuse(error, "PD %s: child id %u, the highest is %u", pd->name, pd->child_id,
                           PLAN_CHANNEL_IDS - 1);
    }
    for (uint32_t depth = 0; ancestor != PLAN_NONE; depth++) {
        if (ancestor >= view->counts[PLAN_TABLE_PDS] || depth >= PLAN_MAX_PDS) {
            return plan_refuse(error, "PD %s: has no proper parent", pd->name);
        }
        ancestor = view->pds[ancestor].parent;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (view->pds[i].parent == pd->parent && view->pds[i].child_id == pd->child_id) {
            return plan_refuse(error, "PD %s: has the same child id %u as %s", pd->name, pd->child_id,
                               view->pds[i].name);
        }
    }
    return true;
}

static bool check_pds(const struct plan_view *view, struct plan_error *error)
{
    uint32_t next_thread = 0;

    if (view->counts[PLAN_TABLE_PDS] == 0) {
        return plan_refuse(error, "plan: there is no protection domain");
    }
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_PDS]; i++) {
        const struct plan_pd *pd = &view->pds[i];
        if (!name_valid(pd->name)) {
            return plan_refuse(error, "PD %u: bad name", i);
        }
        if ((pd->flags & ~(uint32_t)(PLAN_PD_PASSIVE | PLAN_PD_FPU | PLAN_PD_SYSTEM_CONTROL)) != 0) {
            return plan_refuse(error, "PD %s: unknown flags 0x%x", pd->name, pd->flags);
        }
        if (pd->space >= view->counts[PLAN_TABLE_SPACES] || view->spaces[pd->space].kind != PLAN_SPACE_PD) {
            return plan_refuse(error, "PD %s: has no address space", pd->name);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (view->pds[j].space == pd->space) {
                return plan_refuse(error, "PD %s: shares the address space of %s", pd->name, view->pds[j].name);
            }
            if (strcmp(view->pds[j].name, pd->name) == 0) {
                return plan_refuse(error, "PD %s: there are two of this name", pd->name);
            }
        }
        if (!check_threads(view, i, &next_thread, error)) {
            return false;
        }
    }
    if (next_thread != view->counts[PLAN_TABLE_THREADS]) {
        return plan_refuse(error, "plan: %u threads belong to no PD", view->counts[PLAN_TABLE_THREADS] - next_thread);
    }
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_PDS]; i++) {
        if (!check_parent(view, i, error)) {
            return false;
        }
    }
    return true;
}

static bool check_vm_vcpus(const struct plan_view *view, uint32_t index, uint32_t *next_vcpu, struct plan_error *error)
{
    const struct plan_vm *vm = &view->vms[index];

    if (vm->first_vcpu != *next_vcpu || vm->vcpu_count == 0 ||
        vm->vcpu_count > view->counts[PLAN_TABLE_VCPUS] - *next_vcpu) {
        return plan_refuse(error, "VM %s: its vCPUs are not the next in the table", vm->name);
    }
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        const struct plan_vcpu *vcpu = &view->vcpus[vm->first_vcpu + i];
        if (vcpu->vm != index || vcpu->id != i || vcpu->reserved != 0) {
            return plan_refuse(error, "VM %s: vCPU %u is not its own", vm->name, i);
        }
        if (vcpu->thread >= view->counts[PLAN_TABLE_THREADS] || view->threads[vcpu->thread].pd != vm->pd ||
            view->threads[vcpu->thread].vcpu != vm->first_vcpu + i) {
            return plan_refuse(error, "VM %s: vCPU %u has no thread of its VMM", vm->name, i);
        }
    }
    *next_vcpu += vm->vcpu_count;
    return true;
}

static bool check_vms(const struct plan_view *view, struct plan_error *error)
{
    uint32_t next_vcpu = 0;

    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_VMS]; i++) {
        const struct plan_vm *vm = &view->vms[i];
        if (!name_valid(vm->name)) {
            return plan_refuse(error, "VM %u: bad name", i);
        }
        if (vm->space >= view->counts[PLAN_TABLE_SPACES] || view->spaces[vm->space].kind != PLAN_SPACE_VM) {
            return plan_refuse(error, "VM %s: has no guest-physical space", vm->name);
        }
        if (vm->pd >= view->counts[PLAN_TABLE_PDS]) {
            return plan_refuse(error, "VM %s: has no VMM", vm->name);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (view->vms[j].space == vm->space || view->vms[j].pd == vm->pd ||
                strcmp(view->vms[j].name, vm->name) == 0) {
                return plan_refuse(error, "VM %s: shares its name, space or VMM with %s", vm->name, view->vms[j].name);
            }
        }
        if (!check_vm_vcpus(view, i, &next_vcpu, error)) {
            return false;
        }
    }
    if (next_vcpu != view->counts[PLAN_TABLE_VCPUS]) {
        return plan_refuse(error, "plan: %u vCPUs belong to no VM", view->counts[PLAN_TABLE_VCPUS] - next_vcpu);
    }
    return true;
}

bool plan_check_objects(const struct plan_view *view, struct plan_error *error)
{
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_SPACES]; i++) {
        const struct plan_space *space = &view->spaces[i];
        if (!name_valid(space->name) || space->reserved != 0 ||
            (space->kind != PLAN_SPACE_PD && space->kind != PLAN_SPACE_VM)) {
            return plan_refuse(error, "space %u: bad name or kind", i);
        }
    }
    return check_pds(view, error) && check_vms(view, error);
}

bool plan_check_count(struct plan_error *error, const char *what, uint32_t count, uint32_t limit)
{
    return count <= limit || plan_refuse(error, "hardware: %u %s, at most %u are possible", count, what, limit);
}

bool plan_check_hardware(const struct hardware_info *hardware, struct plan_error *error)
{
    if (hardware->version != HARDWARE_INFO_VERSION || hardware->size > HARDWARE_INFO_REGION_SIZE) {
        return plan_refuse(error, "hardware: information of version %u, not %u", hardware->version,
                           HARDWARE_INFO_VERSION);
    }
    return plan_check_count(error, "memory ranges", hardware->memory_count, HARDWARE_MAX_MEMORY) &&
           plan_check_count(error, "CPUs", hardware->cpu_count, HARDWARE_MAX_CPUS) &&
           plan_check_count(error, "ECAM windows", hardware->ecam_count, HARDWARE_MAX_ECAM) &&
           plan_check_count(error, "PCI functions", hardware->pci_count, HARDWARE_MAX_PCI) &&
           plan_arch_check_hardware(&hardware->arch, error);
}

bool plan_check(const void *plan, uint64_t size, const struct plan_machine *machine, struct plan_view *view,
                struct plan_error *error)
{
    if (!plan_check_hardware(machine->hardware, error) || !plan_check_tables(plan, size, view, error)) {
        return false;
    }
    if (view->header->cpu_count != machine->cpu_count || machine->cpu_count > machine->hardware->cpu_count) {
        return plan_refuse(error, "plan: needs %u CPUs, %u entered the kernel, the machine has %u",
                           view->header->cpu_count, machine->cpu_count, machine->hardware->cpu_count);
    }
    return plan_check_objects(view, error) && plan_check_channels(view, error) &&
           plan_check_memory(view, machine, error) && plan_check_interrupts(view, machine, error);
}
