/* SPDX-License-Identifier: BSD-2-Clause */
#include <base/memory.h>
#include <kernel/log.h>
#include <kernel/pool.h>

static struct {
    char *base;
    hpa_t physical;
    uint64_t size;
    uint64_t used;
    int sealed;
} pool;

void pool_init(void *virtual_base, hpa_t physical_base, uint64_t size)
{
    pool.base = virtual_base;
    pool.physical = physical_base;
    pool.size = size;
    pool.used = 0;
    pool.sealed = 0;
}

void *pool_alloc(size_t size, size_t alignment)
{
    if (pool.sealed) {
        kernel_panic("pool: allocation after boot");
    }
    /* The base is 2 MiB-aligned, more than anyone asks for. */
    uint64_t start = (pool.used + alignment - 1) & ~((uint64_t)alignment - 1);
    if (start > pool.size || size > pool.size - start) {
        kernel_refuse("the plan's kernel memory is too small: %llu KiB of %llu KiB in use, %llu bytes wanted",
                      (unsigned long long)(pool.used / 1024), (unsigned long long)(pool.size / 1024),
                      (unsigned long long)size);
    }
    pool.used = start + size;
    memset(pool.base + start, 0, size);
    return pool.base + start;
}

hpa_t pool_hpa(const void *address)
{
    return HPA(pool.physical.value + (uint64_t)((const char *)address - pool.base));
}

void *pool_pointer(hpa_t address)
{
    return pool.base + (address.value - pool.physical.value);
}

void pool_move(void *virtual_base)
{
    pool.base = virtual_base;
}

void pool_seal(void)
{
    pool.sealed = 1;
}

uint64_t pool_used(void)
{
    return pool.used;
}

uint64_t pool_size(void)
{
    return pool.size;
}
