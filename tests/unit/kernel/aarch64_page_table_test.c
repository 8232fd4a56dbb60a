/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of both stages, walked as the architecture says (Arm ARM DDI 0487, D8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arch/page_table.h>
#include <kernel/log.h>
#include <kernel/pool.h>

#define POOL_SIZE     0x100000u
#define POOL_PHYSICAL 0x7000000000ull
#define READ_WRITE    (PLAN_MAP_READ | PLAN_MAP_WRITE)

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
    pool = aligned_alloc(0x1000, POOL_SIZE);
    assert_non_null(pool);
    pool_init(pool, HPA(POOL_PHYSICAL), POOL_SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(pool);
    return 0;
}

/* The leaf for this address, and how much it translates; 0: none. */
static uint64_t leaf(const struct page_table *table, uint64_t address, uint64_t *size)
{
    const uint64_t *current = pool_pointer(table->root);
    unsigned int level = table->stage2 ? 1 : 0;

    for (;; level++) {
        unsigned int shift = 39 - 9 * level;
        uint64_t entry = current[address >> shift & 511];
        if ((entry & 1) == 0) {
            return 0;
        }
        if (level == 3 || (entry & 2) == 0) {
            assert_true(level == 3 ? (entry & 2) != 0 : level != 0);
            *size = 1ull << shift;
            return entry;
        }
        current = pool_pointer(HPA(entry & 0xfffffffff000ull));
    }
}

static uint64_t translate(const struct page_table *table, uint64_t address)
{
    uint64_t size = 0;
    uint64_t entry = leaf(table, address, &size);
    return entry == 0 ? UINT64_MAX : (entry & 0xfffffffff000ull & ~(size - 1)) | (address & (size - 1));
}

static void test_sizes_of_pages(void **state)
{
    (void)state;
    struct page_table table = page_table_create_pd();
    uint64_t size = 0;

    assert_true(table.stage2);
    assert_true(page_table_map(&table, 0x200000, HPA(0x40001000), 0x3000, PAGE_SIZE_4K, READ_WRITE));
    assert_true(page_table_map(&table, 0x40000000, HPA(0x80000000), 0x400000, PAGE_SIZE_2M, READ_WRITE));
    assert_true(page_table_map(&table, 0x7fc0000000, HPA(0xc0000000), 0x40000000, PAGE_SIZE_1G, READ_WRITE));
    assert_true(translate(&table, 0x202fff) == 0x40003fff);
    assert_true(translate(&table, 0x203000) == UINT64_MAX);
    assert_true(translate(&table, 0x1fffff) == UINT64_MAX);
    assert_true(translate(&table, 0x403fffff) == 0x803fffff);
    assert_true(translate(&table, 0x7fffffffff) == 0xffffffff);
    (void)leaf(&table, 0x7fffffffff, &size);
    assert_true(size == PAGE_SIZE_1G);
    (void)leaf(&table, 0x40000000, &size);
    assert_true(size == PAGE_SIZE_2M);
}

static void test_nothing_is_mapped_twice(void **state)
{
    (void)state;
    struct page_table table = page_table_create_vm();

    assert_true(page_table_map(&table, 0x40000000, HPA(0x80000000), PAGE_SIZE_2M, PAGE_SIZE_2M, READ_WRITE));
    assert_false(page_table_map(&table, 0x40001000, HPA(0x80000000), PAGE_SIZE_4K, PAGE_SIZE_4K, READ_WRITE));
    assert_false(page_table_map(&table, 0x40000000, HPA(0x80000000), PAGE_SIZE_2M, PAGE_SIZE_2M, READ_WRITE));
    assert_true(page_table_map(&table, 0x200000, HPA(0x80000000), PAGE_SIZE_4K, PAGE_SIZE_4K, READ_WRITE));
    assert_false(page_table_map(&table, 0x200000, HPA(0x80000000), PAGE_SIZE_2M, PAGE_SIZE_2M, READ_WRITE));
}

/* Bits of a stage-2 leaf besides address, type, access flag and shareability. */
static uint64_t stage2_rights(uint32_t flags)
{
    struct page_table table = page_table_create_vm();
    uint64_t size;
    assert_true(page_table_map(&table, 0x1000, HPA(0x1000), PAGE_SIZE_4K, PAGE_SIZE_4K, flags));
    uint64_t entry = leaf(&table, 0x1000, &size);
    assert_true((entry & (1u << 10 | 3u << 8)) == (1u << 10 | 3u << 8));
    return entry & ~(0xfffffffff000ull | 0x703);
}

static void test_rights_of_stage_2(void **state)
{
    (void)state;
    const uint64_t read = 1u << 6;
    const uint64_t write = 1u << 7;
    const uint64_t never = 1ull << 54;
    const uint64_t normal = 15u << 2;
    const uint64_t device = 1u << 2;

    assert_true(stage2_rights(PLAN_MAP_READ) == (normal | read | never));
    assert_true(stage2_rights(READ_WRITE) == (normal | read | write | never));
    assert_true(stage2_rights(PLAN_MAP_READ | PLAN_MAP_EXECUTE) == (normal | read));
    assert_true(stage2_rights(READ_WRITE | PLAN_MAP_UNCACHED) == (device | read | write | never));
}

static void test_kernel_table(void **state)
{
    (void)state;
    struct page_table table = page_table_create(false);
    uint64_t size;

    /* 48 bits; bit 6 is always 1 at EL2, bit 7 read-only; index 1: normal memory. */
    assert_true(page_table_map(&table, 0xffff80000000, HPA(0x50000000), PAGE_SIZE_4K, PAGE_SIZE_4K, PLAN_MAP_READ));
    assert_true(page_table_map(&table, 0xffff80001000, HPA(0x50001000), PAGE_SIZE_4K, PAGE_SIZE_4K,
                               PLAN_MAP_READ | PLAN_MAP_EXECUTE));
    assert_true(page_table_map(&table, 0xffffc0000000, HPA(0x9000000), PAGE_SIZE_4K, PAGE_SIZE_4K,
                               READ_WRITE | PLAN_MAP_UNCACHED));
    assert_true(translate(&table, 0xffff80000123) == 0x50000123);
    assert_true(translate(&table, 0x7fff80000123) == UINT64_MAX);
    assert_true((leaf(&table, 0xffff80000000, &size) & (1ull << 54 | 0xff)) == (1ull << 54 | 0xc7));
    assert_true((leaf(&table, 0xffff80001000, &size) & (1ull << 54 | 0xff)) == 0xc7);
    assert_true((leaf(&table, 0xffffc0000000, &size) & (1ull << 54 | 0xff)) == (1ull << 54 | 0x43));
}

static void test_vmids(void **state)
{
    (void)state;
    /* Every PD and VM has its own, none is 0, all have 8 bits. */
    uint8_t seen[256] = {0};
    for (uint32_t i = 0; i < PLAN_MAX_PDS; i++) {
        seen[page_table_vmid_of_pd(i)]++;
    }
    for (uint32_t i = 0; i < PLAN_MAX_VMS; i++) {
        seen[page_table_vmid_of_vm(i)]++;
    }
    assert_int_equal(seen[0], 0);
    for (unsigned int i = 0; i < 256; i++) {
        assert_true(seen[i] <= 1);
    }
    struct page_table table = page_table_create_pd();
    assert_true(page_table_address_space(&table, 5) == (table.root.value | 6ull << 48));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes_of_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_mapped_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rights_of_stage_2, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kernel_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vmids, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
