/* SPDX-License-Identifier: BSD-2-Clause */
/* From the loader's entry to the first protection domain, on every CPU. */
#include <arch/boot.h>
#include <arch/clock.h>
#include <arch/cpu.h>
#include <arch/cpu_features.h>
#include <arch/descriptor_tables.h>
#include <arch/ioapic.h>
#include <arch/lapic.h>
#include <arch/layout.h>
#include <arch/machine_check.h>
#include <arch/page_table.h>
#include <arch/percpu.h>
#include <arch/power.h>
#include <base/memory.h>
#include <kernel/arch.h>
#include <kernel/construct.h>
#include <kernel/fpu.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <kernel/published.h>
#include <kernel/scheduler.h>
#include <kernel/syscall.h>
#include <kernel/system.h>
#include <kernel/vcpu.h>

#define KERNEL_VERSION "0.1.0"
#define COM1_FIRST     0x3f8u
#define COM1_LAST      0x3ffu

/* Stack canary: GCC's name. A first value holds until there is a better one. */
uintptr_t __stack_chk_guard = 0x595e9fbd94fda766;

struct kernel_system kernel_system;

/* For the other CPUs, which wait in entry.S: those with an index below the count
 * may go on, with these page tables and stacks. */
volatile uint32_t cpu_release_count = 1;
uint64_t cpu_release_page_table;
uint64_t cpu_release_stacks[PLAN_MAX_CPUS];

static uint32_t cpus_ready;
static uint32_t start_scheduling;
static bool vcpus_available;

__attribute__((noreturn)) void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
    kernel_panic("stack canary overwritten on CPU %u", current_cpu_index());
}

static struct percpu *percpu_of(uint32_t index)
{
    return (struct percpu *)(void *)((char *)kernel_system.cpus[index] - offsetof(struct percpu, core));
}

static void check_boot_info(const struct boot_info *boot)
{
    extern char image_start[], image_end[];

    if (boot->magic != BOOT_INFO_MAGIC || boot->version != BOOT_INFO_VERSION || boot->size != sizeof(*boot)) {
        kernel_refuse("the loader's boot information is of another version");
    }
    if (boot->kernel_virtual != (uint64_t)image_start || boot->kernel_physical % PAGE_SIZE_2M != 0 ||
        boot->kernel_size < (uint64_t)image_end - (uint64_t)image_start) {
        kernel_refuse("the loader placed the kernel wrongly: 0x%llx at 0x%llx",
                      (unsigned long long)boot->kernel_virtual, (unsigned long long)boot->kernel_physical);
    }
    if (boot->pool_physical % PAGE_SIZE_2M != 0 || boot->pool_size % PAGE_SIZE_2M != 0 || boot->pool_size == 0 ||
        boot->pool_size > KERNEL_POOL_MAX) {
        kernel_refuse("the loader's kernel pool has 0x%llx bytes at 0x%llx", (unsigned long long)boot->pool_size,
                      (unsigned long long)boot->pool_physical);
    }
    if (boot->cpu_count == 0 || boot->cpu_count > PLAN_MAX_CPUS || boot->hardware_size < sizeof(struct hardware_info)) {
        kernel_refuse("the loader's boot information is inconsistent");
    }
}

static void make_cpus(const struct boot_info *boot)
{
    kernel_system.cpu_count = boot->cpu_count;
    for (uint32_t i = 0; i < boot->cpu_count; i++) {
        struct percpu *percpu = pool_alloc(sizeof(*percpu), PAGE_SIZE_4K);
        percpu->self = percpu;
        percpu->index = i;
        percpu->apic_id = kernel_system.hardware->cpus[i].apic_id;
        percpu->flags = (cpu_features.smap ? PERCPU_FLAG_SMAP : 0u) | (cpu_features.verw ? PERCPU_FLAG_VERW : 0u);
        kernel_system.cpus[i] = &percpu->core;
        descriptor_tables_create(percpu);
        scheduler_init_cpu(&percpu->core, i, &kernel_system.statistics->cpus[i], read_tsc());
        cpu_release_stacks[i] = percpu->stack_top;
    }
    cpu_release_page_table = page_table_kernel_address_space();
}

/* This CPU's own hardware. */
static void init_cpu(struct percpu *percpu)
{
    percpu->spec_ctrl = cpu_features_enable();
    descriptor_tables_load(percpu);
    machine_check_cpu_init();
    lapic_cpu_init();
    fpu_cpu_init((cpu_id_t){percpu->index});
    if (lapic_id() != percpu->apic_id) {
        kernel_refuse("CPU %u has APIC id %u, not %u", percpu->index, lapic_id(), percpu->apic_id);
    }
}

static void find_machine(const struct boot_info *boot, struct plan_machine *machine)
{
    *machine = (struct plan_machine){
        .extents = (const struct region_extent *)boot->extents_physical,
        .extent_count = boot->extent_count,
        .hardware = kernel_system.hardware,
        .cpu_count = boot->cpu_count,
        .kernel = {{.base = boot->kernel_physical, .size = boot->kernel_size},
                   {.base = boot->pool_physical, .size = boot->pool_size}},
    };
}

static void check_plan(const struct boot_info *boot, const struct plan_machine *machine, struct plan_view *view)
{
    struct plan_error error;

    if (!plan_check((const void *)boot->plan_physical, boot->plan_size, machine, view, &error)) {
        kernel_refuse("%s", error.text);
    }
    if (view->counts[PLAN_TABLE_VMS] != 0 && !vcpus_available) {
        kernel_refuse("the system has VMs, but this machine cannot run them");
    }
}

static void report(uint32_t clock_source)
{
    static const char *const sources[] = {[CLOCK_FROM_CPUID] = "CPUID",
                                          [CLOCK_FROM_HPET] = "HPET",
                                          [CLOCK_FROM_PIT] = "PIT",
                                          [CLOCK_FROM_PM_TIMER] = "PM timer"};
    struct kernel_statistics *statistics = kernel_system.statistics;

    statistics->features = cpu_features_in_force() | vcpu_features();
    kernel_log("kernel: %s, %u CPU%s, TSC %llu.%03llu MHz (%s)\n", KERNEL_VERSION, kernel_system.cpu_count,
               kernel_system.cpu_count == 1 ? "" : "s", (unsigned long long)(kernel_system.tick_frequency / 1000000),
               (unsigned long long)(kernel_system.tick_frequency / 1000 % 1000), sources[clock_source]);
    cpu_features_report(statistics->features);
}

/* Does a PD drive the serial port that the kernel writes to? */
static bool serial_port_owned(void)
{
    for (uint32_t i = 0; i < kernel_system.pd_count; i++) {
        for (uint32_t id = 0; id < PLAN_CHANNEL_IDS; id++) {
            const struct ioport_range *range = &kernel_system.pds[i].ioports[id];
            if (range->size != 0 && range->base <= COM1_LAST && range->base + range->size > COM1_FIRST) {
                return true;
            }
        }
    }
    return false;
}

/* Lets the other CPUs in and waits until each has made itself ready. */
static void start_others(void)
{
    uint64_t deadline = read_tsc() + 10 * kernel_system.tick_frequency;

    __atomic_store_n(&cpu_release_count, kernel_system.cpu_count, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&cpus_ready, __ATOMIC_ACQUIRE) != kernel_system.cpu_count - 1) {
        if (read_tsc() > deadline) {
            kernel_refuse("only %u of %u CPUs came up", cpus_ready + 1, kernel_system.cpu_count);
        }
        cpu_pause();
    }
}

__attribute__((noreturn)) static void enter_user(struct percpu *percpu)
{
    struct cpu *cpu = &percpu->core;

    kernel_exit(cpu);
    __asm__ volatile("jmp return_to_user");
    __builtin_unreachable();
}

/* The rest of boot, on the boot CPU's proper stack. */
static void finish_boot(void)
{
    struct percpu *percpu = current_percpu();
    struct kernel_statistics *statistics = kernel_system.statistics;

    statistics->pool_size = pool_size();
    statistics->pool_used = pool_used();
    kernel_log("kernel: %u PDs, %u threads, %u vCPUs; %llu of %llu KiB of kernel memory in use\n",
               kernel_system.pd_count, kernel_system.thread_count, kernel_system.vcpu_count,
               (unsigned long long)(pool_used() / 1024), (unsigned long long)(pool_size() / 1024));
    pool_seal();
    page_table_drop_identity_map();
    start_others();
    if (serial_port_owned()) {
        kernel_log_leave_serial();
    }
    statistics->ready_ticks = read_tsc();
    __atomic_store_n(&start_scheduling, 1, __ATOMIC_RELEASE);
    percpu->core.charged_until = read_tsc();
    enter_user(percpu);
}

__attribute__((no_stack_protector)) void boot_cpu_main(const struct boot_info *loader_boot)
{
    uint64_t entry_ticks = read_tsc();
    static struct boot_info boot;
    static struct plan_machine machine;
    static struct plan_view view;
    uint32_t clock_source;

    kernel_log_init();
    boot = *loader_boot;
    check_boot_info(&boot);
    const struct hardware_info *hardware = (const struct hardware_info *)boot.hardware_physical;
    cpu_features_detect(hardware->arch.x2apic != 0);
    __stack_chk_guard = (uintptr_t)cpu_random() & ~0xffull; /* a zero byte ends strings */

    pool_init((void *)boot.pool_physical, HPA(boot.pool_physical), boot.pool_size);
    page_table_init_kernel(&boot);
    pool_move((void *)KERNEL_POOL_BASE);

    published_init(&boot, hardware);
    kernel_system.statistics->entry_ticks = entry_ticks;
    strlcpy(kernel_system.statistics->version_string, "Skyscope " KERNEL_VERSION,
            sizeof(kernel_system.statistics->version_string));
    find_machine(&boot, &machine);
    struct plan_error error;
    if (!plan_check_hardware(kernel_system.hardware, &error)) {
        kernel_refuse("%s", error.text);
    }
    make_cpus(&boot);
    descriptor_tables_init();
    lapic_init(HPA(kernel_system.hardware->arch.lapic_address));
    init_cpu(percpu_of(0));
    ioapic_init(kernel_system.hardware);
    kernel_system.tick_frequency = clock_calibrate(kernel_system.hardware, &clock_source);
    kernel_system.statistics->tick_frequency = kernel_system.tick_frequency;
    kernel_system.statistics->clock_source = clock_source;
    lapic_cpu_init(); /* with the timer's proper mode now */
    power_init();
    vcpus_available = vcpu_platform_init(kernel_system.cpu_count);
    if (vcpus_available) {
        vcpu_cpu_init((cpu_id_t){0});
    }
    report(clock_source);
    check_plan(&boot, &machine, &view);
    construct_system(&view, &machine);
    finish_boot();
}

void other_cpu_main(uint32_t index)
{
    struct percpu *percpu = percpu_of(index);

    init_cpu(percpu);
    if (vcpus_available) {
        vcpu_cpu_init((cpu_id_t){index});
    }
    __atomic_fetch_add(&cpus_ready, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&start_scheduling, __ATOMIC_ACQUIRE) == 0) {
        cpu_pause();
    }
    percpu->core.charged_until = read_tsc();
    enter_user(percpu);
}
