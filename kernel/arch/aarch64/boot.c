/* SPDX-License-Identifier: BSD-2-Clause */
/* From the loader's entry to the first protection domain, on every CPU. */
#include <arch/boot.h>
#include <arch/console.h>
#include <arch/cpu.h>
#include <arch/cpu_features.h>
#include <arch/gic.h>
#include <arch/layout.h>
#include <arch/page_table.h>
#include <arch/percpu.h>
#include <arch/smmu.h>
#include <arch/vcpu_host.h>
#include <base/format.h>
#include <kernel/arch.h>
#include <kernel/fpu.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <kernel/scheduler.h>
#include <kernel/syscall.h>
#include <kernel/system.h>
#include <kernel/vcpu.h>

#define MPIDR_AFFINITY 0xff00ffffffull
/* A counter that is slower or faster is no clock for budgets of microseconds. */
#define MIN_FREQUENCY  1000000ull
#define MAX_FREQUENCY  10000000000ull

struct cpu_release cpu_release;
struct percpu *cpu_release_percpus[PLAN_MAX_CPUS];

extern char boot_emergency_stack_end[];
struct percpu boot_percpu = {.emergency_top = (uint64_t)boot_emergency_stack_end};

static bool vcpus_available;

static void make_cpus(void)
{
    for (uint32_t i = 0; i < kernel_system.cpu_count; i++) {
        struct percpu *percpu = pool_alloc(sizeof(*percpu), PAGE_SIZE_4K);
        percpu->index = i;
        percpu->mpidr = kernel_system.hardware->cpus[i].mpidr;
        percpu->stack_top = page_table_map_stack(i, KERNEL_STACK_MAIN);
        percpu->emergency_top = page_table_map_stack(i, KERNEL_STACK_EMERGENCY);
        kernel_system.cpus[i] = &percpu->core;
        scheduler_init_cpu(&percpu->core, i, &kernel_system.statistics->cpus[i], read_counter());
        cpu_release_percpus[i] = percpu;
    }
    cpu_release =
        (struct cpu_release){.mair = PAGE_TABLE_MAIR, .tcr = page_table_tcr(), .ttbr0 = page_table_kernel_root().value};
}

/* This CPU's own hardware. */
static void init_cpu(struct percpu *percpu)
{
    uint64_t mpidr = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;

    if (mpidr != percpu->mpidr) {
        kernel_refuse("CPU %u has affinity 0x%llx, not 0x%llx", percpu->index, (unsigned long long)mpidr,
                      (unsigned long long)percpu->mpidr);
    }
    cpu_features_enable();
    page_table_cpu_init();
    percpu->vttbr = read_sysreg(vttbr_el2);
    fpu_cpu_init((cpu_id_t){percpu->index});
    gic_cpu_init();
    gic_private_enable(kernel_system.hardware->arch.hyper_timer.intid,
                       kernel_system.hardware->arch.hyper_timer.edge != 0);
    if (vcpus_available) {
        vcpu_cpu_init((cpu_id_t){percpu->index});
    }
}

static void init_clock(void)
{
    uint64_t frequency = read_sysreg(cntfrq_el0);

    if (frequency < MIN_FREQUENCY || frequency > MAX_FREQUENCY) {
        kernel_refuse("the firmware says that the counter runs at %llu Hz", (unsigned long long)frequency);
    }
    kernel_system.tick_frequency = frequency;
    kernel_system.statistics->tick_frequency = frequency;
    kernel_system.statistics->clock_source = CLOCK_FROM_FIRMWARE;
}

static void report(void)
{
    struct kernel_statistics *statistics = kernel_system.statistics;
    char clock[64];

    statistics->features = cpu_features_in_force() | vcpu_features();
    statistics->features |= gic_version() == 3 ? KERNEL_FEATURE_GICV3 : 0;
    statistics->features |= kernel_system.hardware->arch.its_count != 0 ? KERNEL_FEATURE_ITS : 0;
    statistics->features |= smmu_present() ? KERNEL_FEATURE_SMMU : 0;
    snprintf(clock, sizeof(clock), "counter %llu.%03llu MHz, GICv%u",
             (unsigned long long)(kernel_system.tick_frequency / 1000000),
             (unsigned long long)(kernel_system.tick_frequency / 1000 % 1000), gic_version());
    boot_report(clock);
    cpu_features_report(statistics->features);
}

__attribute__((noreturn)) static void enter_user(struct percpu *percpu)
{
    struct cpu *cpu = &percpu->core;

    cpu->charged_until = read_counter();
    kernel_exit(cpu);
    vcpu_leave(percpu);
    __asm__ volatile("b return_to_user");
    __builtin_unreachable();
}

__attribute__((no_stack_protector)) void boot_cpu_main(const struct boot_info *loader_boot)
{
    uint64_t entry_ticks = read_counter();

    /* Not checked yet, but without a console there would be nobody to tell. */
    console_init_early(&((const struct hardware_info *)loader_boot->hardware_physical)->arch);
    const struct boot_info *boot = boot_take_info(loader_boot);
    const struct hardware_info *hardware = (const struct hardware_info *)boot->hardware_physical;
    cpu_features_detect(&hardware->arch);
    __stack_chk_guard = (uintptr_t)cpu_random() & ~0xffull; /* a zero byte ends strings */

    pool_init((void *)boot->pool_physical, HPA(boot->pool_physical), boot->pool_size);
    page_table_init_kernel(boot);
    pool_move((void *)KERNEL_POOL_BASE);

    boot_publish(hardware, entry_ticks);
    console_init(&kernel_system.hardware->arch);
    make_cpus();
    struct percpu *percpu = cpu_release_percpus[0];
    write_sysreg(tpidr_el2, percpu);
    gic_init(kernel_system.hardware);
    smmu_init(&kernel_system.hardware->arch);
    init_clock();
    init_cpu(percpu);
    vcpus_available = vcpu_platform_init(kernel_system.cpu_count);
    if (vcpus_available) {
        vcpu_cpu_init((cpu_id_t){0});
    }
    report();
    boot_construct(vcpus_available);
    page_table_drop_identity_map();
    boot_start_others();
    enter_user(percpu);
}

void other_cpu_main(void)
{
    struct percpu *percpu = current_percpu();

    init_cpu(percpu);
    boot_wait();
    enter_user(percpu);
}
