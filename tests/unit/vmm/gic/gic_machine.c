/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic_machine.h"

#include <string.h>

#define LR_STATE (LR_PENDING | LR_ACTIVE)

void vmm_log(struct vm *vm, const char *format, ...)
{
    (void)vm;
    (void)format;
}

void log_guest_error(struct vm *vm, struct log_limit *limit, const char *device, const char *format, ...)
{
    (void)vm;
    (void)device;
    (void)format;
    limit->total++;
}

static uint32_t current_vcpu(void *context)
{
    return ((struct machine *)context)->current;
}

static void kick(void *context, uint32_t vcpu)
{
    struct machine *machine = context;
    assert_true(vcpu < machine->vcpus && vcpu != machine->current);
    machine->kicked |= 1u << vcpu;
    machine->kicks++;
}

static const struct gic_ops ops = {.current = current_vcpu, .kick = kick};

void machine_create(struct machine *machine, uint32_t version, uint32_t vcpus, bool its)
{
    machine_create_with_lists(machine, version, vcpus, its, MACHINE_LISTS);
}

void machine_create_with_lists(struct machine *machine, uint32_t version, uint32_t vcpus, bool its, uint32_t lists)
{
    memset(machine, 0, sizeof(*machine));
    machine->vcpus = vcpus;
    machine->lists = lists;
    machine->current = GIC_NO_VCPU;
    machine->memory.count = 1;
    machine->memory.ranges[0] = (struct vm_ram_range){
        .gpa = GUEST_RAM_BASE, .size = MACHINE_RAM_SIZE, .address = (uint64_t)(uintptr_t)machine->ram};
    struct gic_config config = {.version = version, .vcpu_count = vcpus, .its = its, .ops = &ops, .context = machine};
    for (uint32_t i = 0; i < vcpus; i++) {
        struct vcpu_gic *page = &machine->cpus[i].page;
        page->list_count = lists;
        page->kernel_private = 0xffff | 1u << GUEST_PPI_VIRTUAL_TIMER;
        page->version = version;
        page->vmcr = 0xf8000003;
        config.vcpus[i] = (struct gic_vcpu_config){.mpidr = 0x80000000u | i, .hardware = page};
    }
    assert_int_equal(gic_init(&machine->gic, &config, &machine->bus, &machine->router, &machine->memory, NULL), 0);
    for (uint32_t i = 0; i < vcpus; i++) {
        machine->cpus[i].running = true;
        machine->current = i;
        gic_enter(&machine->gic, i);
    }
    machine->current = GIC_NO_VCPU;
    machine_settle(machine);
}

/* --- Threads --- */

static void begin(struct machine *machine, uint32_t vcpu)
{
    assert_int_equal(machine->current, GIC_NO_VCPU);
    machine->current = vcpu;
}

static void enter(struct machine *machine)
{
    machine->cpus[machine->current].running = true;
    gic_enter(&machine->gic, machine->current);
    machine->current = GIC_NO_VCPU;
}

/* What finish() of a handler does for a vCPU that was kicked. */
static void look(struct machine *machine, uint32_t vcpu)
{
    begin(machine, vcpu);
    if (machine->cpus[vcpu].running || gic_wakes(&machine->gic, vcpu)) {
        enter(machine);
    }
    machine->current = GIC_NO_VCPU;
}

static uint32_t maintenance(const struct machine_cpu *cpu, uint32_t lists)
{
    uint32_t reasons = 0;
    uint32_t valid = 0;
    bool pending = false;
    for (uint32_t i = 0; i < lists; i++) {
        uint64_t lr = cpu->page.list[i];
        reasons |= (lr & (LR_STATE | LR_HARDWARE | LR_END)) == LR_END ? 1u : 0;
        valid += (lr & LR_STATE) != 0 ? 1u : 0;
        pending |= (lr & LR_STATE) == LR_PENDING;
    }
    reasons |= valid <= 1 ? VCPU_GIC_UNDERFLOW & cpu->page.control : 0;
    reasons |= cpu->end_count != 0 ? VCPU_GIC_ENTRY_NOT_PRESENT & cpu->page.control : 0;
    reasons |= !pending ? VCPU_GIC_NO_PENDING & cpu->page.control : 0;
    return reasons;
}

static void maintain(struct machine *machine, uint32_t vcpu)
{
    struct machine_cpu *cpu = &machine->cpus[vcpu];
    for (uint32_t reasons; cpu->running && (reasons = maintenance(cpu, machine->lists)) != 0;) {
        machine->maintenance_exits++;
        for (uint32_t i = 0; i < machine->lists; i++) {
            uint64_t *lr = &cpu->page.list[i];
            *lr = (*lr & (LR_STATE | LR_HARDWARE | LR_END)) == LR_END ? 0 : *lr;
        }
        cpu->page.maintenance = reasons | cpu->end_count << 27;
        cpu->end_count = 0;
        begin(machine, vcpu);
        gic_maintenance(&machine->gic, vcpu);
        enter(machine);
        /* The guest must get to run now. */
        assert_int_equal(maintenance(cpu, machine->lists), 0);
    }
}

void machine_settle(struct machine *machine)
{
    for (uint32_t rounds = 0; machine->kicked != 0; rounds++) {
        assert_true(rounds < 1000);
        uint32_t vcpu = (uint32_t)__builtin_ctz(machine->kicked);
        machine->kicked &= machine->kicked - 1u;
        look(machine, vcpu);
    }
    for (uint32_t i = 0; i < machine->vcpus; i++) {
        maintain(machine, i);
    }
    if (machine->kicked != 0) {
        machine_settle(machine);
    }
}

static void settle_if_heard(struct machine *machine)
{
    if (!machine->deaf) {
        machine_settle(machine);
    }
}

static bool retry(struct machine *machine)
{
    if (!gic_take_retry(&machine->gic)) {
        return false;
    }
    uint32_t vcpu = machine->current;
    machine->retries++;
    enter(machine);
    machine_settle(machine);
    begin(machine, vcpu);
    return true;
}

uint64_t machine_read(struct machine *machine, uint32_t vcpu, uint64_t address, uint32_t width)
{
    uint64_t value;
    uint32_t before = machine->retries;
    begin(machine, vcpu);
    do {
        assert_true(machine->retries - before < 3);
        assert_true(bus_read(&machine->bus, address, width, &value));
    } while (retry(machine));
    enter(machine);
    settle_if_heard(machine);
    return value;
}

void machine_write(struct machine *machine, uint32_t vcpu, uint64_t address, uint32_t width, uint64_t value)
{
    begin(machine, vcpu);
    assert_true(bus_write(&machine->bus, address, width, value));
    assert_false(gic_take_retry(&machine->gic));
    enter(machine);
    settle_if_heard(machine);
}

void machine_system_register(struct machine *machine, uint32_t vcpu, enum gic_sgi_register which, uint64_t value)
{
    begin(machine, vcpu);
    gic_send_sgi(&machine->gic, vcpu, which, value);
    enter(machine);
    settle_if_heard(machine);
}

void machine_line(struct machine *machine, uint32_t line, bool level)
{
    irq_set_line(&machine->router, line, level);
    settle_if_heard(machine);
}

void machine_line_by(struct machine *machine, uint32_t vcpu, uint32_t line, bool level)
{
    begin(machine, vcpu);
    irq_set_line(&machine->router, line, level);
    enter(machine);
    settle_if_heard(machine);
}

void machine_msi(struct machine *machine, uint32_t device, uint32_t event)
{
    irq_send_msi(&machine->router, device, GUEST_ITS_BASE + 0x10040, event);
    settle_if_heard(machine);
}

void machine_exit(struct machine *machine, uint32_t vcpu)
{
    begin(machine, vcpu);
    enter(machine);
    settle_if_heard(machine);
}

bool machine_kernel_sgi(struct machine *machine, uint32_t source, uint32_t target, uint32_t intid)
{
    struct machine_cpu *cpu = &machine->cpus[target];
    bool v2 = machine->gic.config.version == 2;
    uint64_t *free = NULL;
    /* While interrupts wait for list registers, the order is the kernel's and the model's together: an SGI that waits
     * in the model as well may come twice, one of the kernel's before something more urgent. */
    bool waits = (machine->gic.vcpus[target].bank.latched >> intid & 1) != 0 || cpu->page.control != 0;
    if (!cpu->running || waits || (cpu->page.private_enabled >> intid & 1) == 0) {
        return false;
    }
    for (uint32_t i = 0; i < machine->lists; i++) {
        uint64_t *lr = &cpu->page.list[i];
        if ((*lr & LR_STATE) != 0 && (uint32_t)*lr == intid && (!v2 || LR_SOURCE(*lr) == source)) {
            *lr |= LR_PENDING;
            return true;
        }
        free = (*lr & LR_STATE) == 0 ? lr : free;
    }
    if (free == NULL) {
        return false;
    }
    *free = LR_PENDING | (v2 ? (uint64_t)source << 32 : LR_GROUP1) | (uint64_t)cpu->page.private_priority[intid] << 48 |
            intid;
    settle_if_heard(machine);
    return true;
}

bool machine_sleep(struct machine *machine, uint32_t vcpu)
{
    begin(machine, vcpu);
    machine->cpus[vcpu].running = false;
    gic_leave(&machine->gic, vcpu);
    bool wakes = gic_wakes(&machine->gic, vcpu);
    if (wakes) {
        enter(machine);
    }
    machine->current = GIC_NO_VCPU;
    settle_if_heard(machine);
    return wakes;
}

void machine_wake(struct machine *machine, uint32_t vcpu)
{
    begin(machine, vcpu);
    enter(machine);
    settle_if_heard(machine);
}

/* --- The CPU interface --- */

static uint32_t running_priority(const struct machine_cpu *cpu)
{
    return cpu->depth > 0 ? cpu->priorities[cpu->depth - 1] : 0x100;
}

uint32_t machine_acknowledge(struct machine *machine, uint32_t vcpu)
{
    struct machine_cpu *cpu = &machine->cpus[vcpu];
    uint64_t *best = NULL;
    assert_true(cpu->running);
    for (uint32_t i = 0; i < machine->lists; i++) {
        uint64_t *lr = &cpu->page.list[i];
        uint32_t enable = (*lr & LR_GROUP1) != 0 ? 2 : 1;
        if ((*lr & LR_STATE) != LR_PENDING || (cpu->page.vmcr & enable) == 0 ||
            LR_PRIORITY(*lr) >= (cpu->page.vmcr >> 24) || LR_PRIORITY(*lr) >= running_priority(cpu)) {
            continue;
        }
        if (best == NULL || LR_PRIORITY(*lr) < LR_PRIORITY(*best) ||
            (LR_PRIORITY(*lr) == LR_PRIORITY(*best) && (uint32_t)*lr < (uint32_t)*best)) {
            best = lr;
        }
    }
    if (best == NULL) {
        return NOTHING;
    }
    uint32_t intid = (uint32_t)*best;
    intid |= machine->gic.config.version == 2 && intid < 16 ? LR_SOURCE(*best) << 10 : 0;
    *best ^= LR_STATE;
    cpu->priorities[cpu->depth++] = (uint8_t)LR_PRIORITY(*best);
    settle_if_heard(machine);
    return intid;
}

void machine_end(struct machine *machine, uint32_t vcpu, uint32_t intid)
{
    struct machine_cpu *cpu = &machine->cpus[vcpu];
    bool v2 = machine->gic.config.version == 2;
    bool found = false;
    assert_true(cpu->depth > 0);
    cpu->depth--;
    for (uint32_t i = 0; i < machine->lists && !found; i++) {
        uint64_t *lr = &cpu->page.list[i];
        uint32_t id = (uint32_t)*lr | (v2 && (uint32_t)*lr < 16 ? LR_SOURCE(*lr) << 10 : 0);
        found = (*lr & LR_ACTIVE) != 0 && id == intid;
        *lr &= found ? ~LR_ACTIVE : ~0ull;
    }
    /* Counted anew from when it is asked for. */
    cpu->end_count += !found && (cpu->page.control & VCPU_GIC_ENTRY_NOT_PRESENT) != 0 ? 1 : 0;
    settle_if_heard(machine);
}

uint32_t machine_take(struct machine *machine, uint32_t vcpu)
{
    uint32_t intid = machine_acknowledge(machine, vcpu);
    if (intid != NOTHING) {
        machine_end(machine, vcpu, intid);
    }
    return intid;
}

uint64_t machine_list(const struct machine *machine, uint32_t vcpu, uint32_t intid)
{
    for (uint32_t i = 0; i < machine->lists; i++) {
        uint64_t lr = machine->cpus[vcpu].page.list[i];
        if ((lr & LR_STATE) != 0 && (uint32_t)lr == intid) {
            return lr;
        }
    }
    return 0;
}
