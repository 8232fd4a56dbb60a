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
#include <base/format.h>
#include <kernel/arch.h>
#include <kernel/fpu.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <kernel/scheduler.h>
#include <kernel/syscall.h>
#include <kernel/system.h>
#include <kernel/vcpu.h>

/* For the other CPUs, which wait in entry.S: what they go on with. */
uint64_t cpu_release_page_table;
uint64_t cpu_release_stacks[PLAN_MAX_CPUS];

static bool vcpus_available;

static struct percpu *percpu_of(uint32_t index)
{
    return (struct percpu *)(void *)((char *)kernel_system.cpus[index] - offsetof(struct percpu, core));
}

static void make_cpus(void)
{
    for (uint32_t i = 0; i < kernel_system.cpu_count; i++) {
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

static void report(uint32_t clock_source)
{
    static const char *const sources[] = {[CLOCK_FROM_CPUID] = "CPUID",
                                          [CLOCK_FROM_HPET] = "HPET",
                                          [CLOCK_FROM_PIT] = "PIT",
                                          [CLOCK_FROM_PM_TIMER] = "PM timer"};
    struct kernel_statistics *statistics = kernel_system.statistics;
    char clock[64];

    statistics->features = cpu_features_in_force() | vcpu_features();
    snprintf(clock, sizeof(clock), "TSC %llu.%03llu MHz (%s)",
             (unsigned long long)(kernel_system.tick_frequency / 1000000),
             (unsigned long long)(kernel_system.tick_frequency / 1000 % 1000), sources[clock_source]);
    boot_report(clock);
    cpu_features_report(statistics->features);
}

__attribute__((noreturn)) static void enter_user(struct percpu *percpu)
{
    struct cpu *cpu = &percpu->core;

    cpu->charged_until = read_tsc();
    kernel_exit(cpu);
    __asm__ volatile("jmp return_to_user");
    __builtin_unreachable();
}

__attribute__((no_stack_protector)) void boot_cpu_main(const struct boot_info *loader_boot)
{
    uint64_t entry_ticks = read_tsc();
    uint32_t clock_source;

    const struct boot_info *boot = boot_take_info(loader_boot);
    const struct hardware_info *hardware = (const struct hardware_info *)boot->hardware_physical;
    cpu_features_detect(hardware->arch.x2apic != 0);
    __stack_chk_guard = (uintptr_t)cpu_random() & ~0xffull; /* a zero byte ends strings */

    pool_init((void *)boot->pool_physical, HPA(boot->pool_physical), boot->pool_size);
    page_table_init_kernel(boot);
    pool_move((void *)KERNEL_POOL_BASE);

    boot_publish(hardware, entry_ticks);
    make_cpus();
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
    boot_construct(vcpus_available);
    page_table_drop_identity_map();
    boot_start_others();
    enter_user(percpu_of(0));
}

void other_cpu_main(uint32_t index)
{
    struct percpu *percpu = percpu_of(index);

    init_cpu(percpu);
    if (vcpus_available) {
        vcpu_cpu_init((cpu_id_t){index});
    }
    boot_wait();
    enter_user(percpu);
}
