/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest with a device in memory that keeps what was done to it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <vmm/arch/load_store.h>
#include <vmm/arch/walk.h>

#include "arm_fixture.h"

#define VBAR      0xffff800008010800ull
#define DABT      (0x25ull << 26 | 1ull << 25)
#define DABT_EL0  (0x24ull << 26 | 1ull << 25)
#define IABT      (0x21ull << 26 | 1ull << 25)
#define WNR       (1ull << 6)
#define FNV       (1ull << 10)
#define EXTERNAL  0x10ull
#define NOWHERE   0x20000000ull
#define TEST_BASE 0x30000000ull
#define SLOTS     32u

/* A device that remembers. */
struct test_device {
    uint64_t values[SLOTS];
    uint64_t last_offset;
    uint32_t last_width, reads, writes;
    bool retry; /* as the GIC does if another vCPU has what is asked for */
};

static struct arm_fixture fixture;

static inline uint64_t device_read(void *device, uint64_t offset, uint32_t width)
{
    struct test_device *d = device;
    d->last_offset = offset;
    d->last_width = width;
    d->reads++;
    fixture.vm->arch.gic.retry = d->retry;
    return d->values[offset / 8 % SLOTS] >> (8 * (offset % 8));
}

static inline void device_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct test_device *d = device;
    d->last_offset = offset;
    d->last_width = width;
    d->writes++;
    fixture.vm->arch.gic.retry = d->retry;
    d->values[offset / 8 % SLOTS] = value;
}

static const struct bus_ops device_ops = {.read = device_read, .write = device_write};
static struct test_device device;

static inline int set_up(void **state)
{
    fixture_start(&fixture, 3, 1);
    fixture.pages[0].state.vbar_el1 = VBAR;
    memset(&device, 0, sizeof(device));
    if (bus_register(&fixture.vm->memory_bus, TEST_BASE, 0x2000, &device_ops, &device, "test") != 0) {
        return -1;
    }
    *state = &fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    fixture_destroy(*state);
    return 0;
}
