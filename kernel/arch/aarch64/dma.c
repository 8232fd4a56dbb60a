/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cache.h>
#include <arch/dma.h>
#include <arch/smmu.h>
#include <kernel/log.h>
#include <kernel/pool.h>

static hpa_t roots[PLAN_MAX_PDS]; /* one table for all devices of a PD; 0: none yet */

/* The pool's memory from here on was not handed out yet; boot takes it in order. */
static uint64_t pool_mark(void)
{
    return (uint64_t)pool_alloc(0, PAGE_SIZE_4K);
}

static hpa_t make_root(uint64_t doorbell, const struct plan_view *view, const struct plan_machine *machine, uint32_t pd)
{
    uint64_t start = pool_mark();
    struct page_table table = page_table_create_vm();

    if (!dma_make_table(&table, doorbell, view, machine, view->pds[pd].space)) {
        kernel_log("smmu: devices of PD %s do not reach its memory above 512 GiB\n", view->pds[pd].name);
    }
    cache_publish((const void *)start, pool_mark() - start);
    return table.root;
}

void dma_give_device(uint16_t device, uint64_t doorbell, const struct plan_view *view,
                     const struct plan_machine *machine, uint32_t pd)
{
    if (!smmu_present()) {
        return;
    }
    if (!smmu_has_stage2()) {
        kernel_log("smmu: device %02x:%02x.%x of PD %s reaches all memory: there is no stage 2 to confine it\n",
                   device >> 8, device >> 3 & 31u, device & 7u, view->pds[pd].name);
        smmu_bypass(device);
        return;
    }
    if (roots[pd].value == 0) {
        roots[pd] = make_root(doorbell, view, machine, pd);
    }
    kernel_log("smmu: device %02x:%02x.%x reaches memory of PD %s alone\n", device >> 8, device >> 3 & 31u, device & 7u,
               view->pds[pd].name);
    smmu_translate(device, roots[pd], page_table_vmid_of_pd(pd));
}
