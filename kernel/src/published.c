/* SPDX-License-Identifier: BSD-2-Clause */
#include <base/memory.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <kernel/published.h>
#include <kernel/system.h>

static hpa_t log_region;

void published_init(const struct boot_info *boot, const struct hardware_info *hardware)
{
    uint64_t size = boot->hardware_size < HARDWARE_INFO_REGION_SIZE ? boot->hardware_size : HARDWARE_INFO_REGION_SIZE;

    kernel_system.hardware = pool_alloc(HARDWARE_INFO_REGION_SIZE, PAGE_SIZE_4K);
    memcpy(kernel_system.hardware, hardware, size);
    kernel_system.statistics = pool_alloc(KERNEL_STATISTICS_REGION_SIZE, PAGE_SIZE_4K);
    kernel_system.statistics->version = KERNEL_STATISTICS_VERSION;
    /* The log is older than the pool: it is part of the kernel's image. */
    log_region = HPA((uint64_t)kernel_log_region() - boot->kernel_virtual + boot->kernel_physical);
}

hpa_t published_region(uint32_t kind)
{
    switch (kind) {
    case PLAN_REGION_HARDWARE:
        return pool_hpa(kernel_system.hardware);
    case PLAN_REGION_STATISTICS:
        return pool_hpa(kernel_system.statistics);
    default:
        return log_region;
    }
}
