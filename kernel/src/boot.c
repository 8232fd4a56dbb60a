/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/percpu.h>
#include <arch/time.h>
#include <base/memory.h>
#include <kernel/arch.h>
#include <kernel/boot.h>
#include <kernel/construct.h>
#include <kernel/log.h>
#include <kernel/plan_check.h>
#include <kernel/pool.h>
#include <kernel/published.h>
#include <kernel/system.h>

#define KERNEL_VERSION "0.1.0"

/* A first value holds until there is a better one. */
uintptr_t __stack_chk_guard = 0x595e9fbd94fda766;

struct kernel_system kernel_system;
volatile uint32_t cpu_release_count = 1;

static struct boot_info info;
static struct plan_machine machine;
static struct plan_view view;
static uint32_t cpus_ready;
static uint32_t start_scheduling;
static bool console_owned; /* by a PD */

__attribute__((noreturn)) void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
    kernel_panic("stack canary overwritten on CPU %u", current_cpu_index());
}

static void check_info(const struct boot_info *boot)
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

const struct boot_info *boot_take_info(const struct boot_info *loader)
{
    kernel_log_init();
    info = *loader;
    check_info(&info);
    return &info;
}

void boot_publish(const struct hardware_info *hardware, uint64_t entry_ticks)
{
    struct plan_error error;

    published_init(&info, hardware);
    kernel_system.statistics->entry_ticks = entry_ticks;
    strlcpy(kernel_system.statistics->version_string, "Skyscope " KERNEL_VERSION,
            sizeof(kernel_system.statistics->version_string));
    kernel_system.cpu_count = info.cpu_count;
    machine = (struct plan_machine){
        .extents = (const struct region_extent *)info.extents_physical,
        .extent_count = info.extent_count,
        .hardware = kernel_system.hardware,
        .cpu_count = info.cpu_count,
        .kernel = {{.base = info.kernel_physical, .size = info.kernel_size},
                   {.base = info.pool_physical, .size = info.pool_size}},
    };
    if (!plan_check_hardware(kernel_system.hardware, &error)) {
        kernel_refuse("%s", error.text);
    }
}

void boot_report(const char *clock)
{
    kernel_log("kernel: %s, %u CPU%s, %s\n", KERNEL_VERSION, kernel_system.cpu_count,
               kernel_system.cpu_count == 1 ? "" : "s", clock);
}

void boot_construct(bool vcpus)
{
    struct kernel_statistics *statistics = kernel_system.statistics;
    struct plan_error error;

    if (!plan_check((const void *)info.plan_physical, info.plan_size, &machine, &view, &error)) {
        kernel_refuse("%s", error.text);
    }
    if (view.counts[PLAN_TABLE_VMS] != 0 && !vcpus) {
        kernel_refuse("the system has VMs, but this machine cannot run them");
    }
    construct_system(&view, &machine);
    statistics->pool_size = pool_size();
    statistics->pool_used = pool_used();
    kernel_log("kernel: %u PDs, %u threads, %u vCPUs; %llu of %llu KiB of kernel memory in use\n",
               kernel_system.pd_count, kernel_system.thread_count, kernel_system.vcpu_count,
               (unsigned long long)(pool_used() / 1024), (unsigned long long)(pool_size() / 1024));
    console_owned = arch_console_owned(&view);
    pool_seal();
}

void boot_start_others(void)
{
    uint64_t deadline = arch_time() + 10 * kernel_system.tick_frequency;

    __atomic_store_n(&cpu_release_count, kernel_system.cpu_count, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&cpus_ready, __ATOMIC_ACQUIRE) != kernel_system.cpu_count - 1) {
        if (arch_time() > deadline) {
            kernel_refuse("only %u of %u CPUs came up", cpus_ready + 1, kernel_system.cpu_count);
        }
        cpu_pause();
    }
    if (console_owned) {
        kernel_log_leave_serial();
    }
    kernel_system.statistics->ready_ticks = arch_time();
    __atomic_store_n(&start_scheduling, 1, __ATOMIC_RELEASE);
}

void boot_wait(void)
{
    __atomic_fetch_add(&cpus_ready, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&start_scheduling, __ATOMIC_ACQUIRE) == 0) {
        cpu_pause();
    }
}
