/* SPDX-License-Identifier: BSD-2-Clause */
/* What a PD's devices reach: its memory, by physical address and with its rights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arch/dma.h>
#include <kernel/log.h>
#include <kernel/pool.h>

#include "fake/plan.h"

#define POOL_SIZE 0x100000u
#define DOORBELL  0x48090040ull
#define READ      (1ull << 6)
#define WRITE     (1ull << 7)
#define NEVER     (1ull << 54)

static struct fake_plan plan;
static struct fake_machine machine;
static struct plan_view view;
static void *pool;

void kernel_panic(const char *format, ...)
{
    (void)format;
    abort();
}

void kernel_refuse(const char *format, ...)
{
    (void)format;
    abort();
}

static int setup(void **state)
{
    (void)state;
    fake_plan_init(&plan);
    fake_machine_init(&machine);
    pool = aligned_alloc(0x1000, POOL_SIZE);
    assert_non_null(pool);
    pool_init(pool, HPA(0x7000000000), POOL_SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(pool);
    return 0;
}

static struct page_table make(uint32_t pd, bool complete)
{
    struct plan_error error;
    struct page_table table = page_table_create_vm();

    assert_true(plan_check(&plan, sizeof(plan), &machine.machine, &view, &error));
    assert_true(dma_make_table(&table, DOORBELL, &view, &machine.machine, plan.pds[pd].space) == complete);
    return table;
}

/* READ, WRITE, NEVER of what is mapped at its own address; 0: nothing. */
static uint64_t rights(const struct page_table *table, uint64_t address)
{
    const uint64_t *current = pool_pointer(table->root);

    for (unsigned int level = 1;; level++) {
        unsigned int shift = 39 - 9 * level;
        uint64_t entry = current[address >> shift & 511];
        if ((entry & 1) == 0) {
            return 0;
        }
        if (level == 3 || (entry & 2) == 0) {
            assert_true((entry & 0xfffffffff000ull) >> shift == address >> shift);
            return entry & (READ | WRITE | NEVER);
        }
        current = pool_pointer(HPA(entry & 0xfffffffff000ull));
    }
}

static void test_memory_of_the_pd(void **state)
{
    (void)state;
    struct page_table table = make(FAKE_PD_CLIENT, true);

    /* Code: to be read. Data in two pieces: to be written. Nothing is to be executed. */
    assert_true(rights(&table, 0x300000) == (READ | NEVER));
    assert_true(rights(&table, 0x303fff) == (READ | NEVER));
    assert_true(rights(&table, 0x304000) == 0);
    assert_true(rights(&table, 0x310000) == (READ | WRITE | NEVER));
    assert_true(rights(&table, 0x311000) == (READ | WRITE | NEVER));
    assert_true(rights(&table, 0x312000) == 0);
    assert_true(rights(&table, 0x325fff) == (READ | WRITE | NEVER));
    assert_true(rights(&table, 0x326000) == 0);
    /* Others' memory, and the kernel's. */
    assert_true(rights(&table, 0x400000) == 0);
    assert_true(rights(&table, 0x2000000) == 0);
}

static void test_doorbell(void **state)
{
    (void)state;
    struct page_table table = make(FAKE_PD_CLIENT, true);

    assert_true(rights(&table, DOORBELL) == (READ | WRITE | NEVER));
    assert_true(rights(&table, DOORBELL + 0x1000) == 0);
    assert_true(rights(&table, 0x49000000) == 0); /* the console */
}

static void test_no_registers(void **state)
{
    (void)state;
    struct page_table table = make(FAKE_PD_SERVER, true);

    assert_true(rights(&table, 0x49000000) == 0);
    assert_true(rights(&table, 0x300000) == (READ | NEVER));
}

static void test_part_of_a_region(void **state)
{
    (void)state;
    plan.maps[1].region_offset = 0x1000;
    plan.maps[1].size = 0x2000;
    struct page_table table = make(FAKE_PD_CLIENT, true);

    assert_true(rights(&table, 0x310000) == 0);
    assert_true(rights(&table, 0x311000) == (READ | WRITE | NEVER));
    assert_true(rights(&table, 0x320000) == (READ | WRITE | NEVER));
    assert_true(rights(&table, 0x321000) == 0);
}

static void test_mapped_twice(void **state)
{
    (void)state;
    /* Read-only first in the plan, and a part of it writable. */
    plan.maps[0].region = FAKE_REGION_DATA;
    plan.maps[0].flags = PLAN_MAP_READ;
    plan.maps[0].size = 0x4000;
    plan.maps[1].size = 0x1000;
    plan.threads[0].entry = 0x200000;
    struct page_table table = make(FAKE_PD_CLIENT, true);

    assert_true(rights(&table, 0x310000) == (READ | WRITE | NEVER));
    assert_true(rights(&table, 0x311000) == (READ | NEVER));
    assert_true(rights(&table, 0x321000) == (READ | NEVER));
    assert_true(rights(&table, 0x322000) == 0);
}

static void test_too_high(void **state)
{
    (void)state;
    machine.hardware.memory[2] =
        (struct hardware_memory){.base = 0x8000000000, .size = 0x100000, .kind = HARDWARE_MEMORY_USABLE};
    machine.extents[0].physical_address = 0x8000000000;
    struct page_table table = make(FAKE_PD_CLIENT, false);

    assert_true(rights(&table, 0) == 0);
    assert_true(rights(&table, 0x310000) == (READ | WRITE | NEVER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_memory_of_the_pd, setup, teardown),
        cmocka_unit_test_setup_teardown(test_doorbell, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_part_of_a_region, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mapped_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_high, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
