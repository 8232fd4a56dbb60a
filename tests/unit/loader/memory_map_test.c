/* SPDX-License-Identifier: BSD-2-Clause */
#include "support.h"

#include <loader/memory_map.h>

#define USABLE   HARDWARE_MEMORY_USABLE
#define RESERVED HARDWARE_MEMORY_RESERVED
#define MIB      0x100000ull

static struct memory_map map;
static struct free_memory memory;
static struct loader_error error;

static void expect_range(uint32_t index, uint64_t base, uint64_t size, uint32_t kind)
{
    assert_true(index < map.count);
    assert_int_equal(map.ranges[index].base, base);
    assert_int_equal(map.ranges[index].size, size);
    assert_int_equal(map.ranges[index].kind, kind);
}

static void test_sorts_joins_rounds(void **state)
{
    (void)state;
    const struct memory_range ranges[] = {
        {4 * MIB, MIB, USABLE},     {MIB + 1, 2 * MIB, USABLE}, {5 * MIB, MIB, USABLE},
        {0x9fc00, 0x400, RESERVED}, {0, 0x9fc00, USABLE},
    };
    assert_int_equal(memory_map_normalise(&map, ranges, 5, &error), 1);
    assert_int_equal(map.count, 4);
    expect_range(0, 0, 0x9f000, USABLE);
    expect_range(1, 0x9f000, 0x1000, RESERVED);
    expect_range(2, MIB + 0x1000, 2 * MIB - 0x1000, USABLE);
    expect_range(3, 4 * MIB, 2 * MIB, USABLE);
    assert_int_equal(memory_map_total(&map, USABLE), 0x9f000 + 4 * MIB - 0x1000);
}

static void test_reserved_wins(void **state)
{
    (void)state;
    const struct memory_range ranges[] = {
        {0, 16 * MIB, USABLE},
        {4 * MIB + 0x10, 0x10, RESERVED}, /* one page of it, in the middle */
        {8 * MIB, MIB, HARDWARE_MEMORY_ACPI_RECLAIMABLE},
        {8 * MIB + 0x800, 0x1000, HARDWARE_MEMORY_BAD},
        {12 * MIB, 8 * MIB, 77}, /* a kind that nobody knows is reserved as well */
    };
    assert_int_equal(memory_map_normalise(&map, ranges, 5, &error), 1);
    expect_range(0, 0, 4 * MIB, USABLE);
    expect_range(1, 4 * MIB, 0x1000, RESERVED);
    expect_range(2, 4 * MIB + 0x1000, 4 * MIB - 0x1000, USABLE);
    expect_range(3, 8 * MIB, 0x2000, HARDWARE_MEMORY_BAD);
    expect_range(4, 8 * MIB + 0x2000, MIB - 0x2000, HARDWARE_MEMORY_ACPI_RECLAIMABLE);
    expect_range(5, 9 * MIB, 3 * MIB, USABLE);
    expect_range(6, 12 * MIB, 8 * MIB, 77);
    assert_int_equal(map.count, 7);
}

static void test_hostile_ranges(void **state)
{
    (void)state;
    const struct memory_range ranges[] = {
        {MIB, 16 * MIB, USABLE},
        {UINT64_MAX - 10, UINT64_MAX, USABLE}, /* wraps around */
        {0xfffffffffffff000ull, 0x1000, RESERVED},
        {8 * MIB, UINT64_MAX, RESERVED}, /* wraps around: cut at the top */
        {3 * MIB, 0, RESERVED},          /* empty */
        {4 * MIB + 1, 0xffe, USABLE},    /* less than a page */
    };
    assert_int_equal(memory_map_normalise(&map, ranges, 6, &error), 1);
    expect_range(0, MIB, 7 * MIB, USABLE);
    expect_range(1, 8 * MIB, (1ull << 47) - 8 * MIB, RESERVED);
    assert_int_equal(map.count, 2);
}

static void test_nothing_usable(void **state)
{
    (void)state;
    const struct memory_range range = {0, MIB, RESERVED};
    assert_int_equal(memory_map_normalise(&map, &range, 1, &error), 0);
    assert_int_equal(memory_map_normalise(&map, NULL, 0, &error), 0);
    assert_int_equal(memory_map_normalise(&map, &range, BOOT_MAX_MEMORY_RANGES + 1, &error), 0);
}

static void test_queries(void **state)
{
    (void)state;
    const struct memory_range ranges[] = {{MIB, MIB, USABLE}, {2 * MIB, MIB, RESERVED}};
    assert_int_equal(memory_map_normalise(&map, ranges, 2, &error), 1);
    assert_true(memory_map_is(&map, MIB, MIB, USABLE));
    assert_false(memory_map_is(&map, MIB, MIB + 1, USABLE));
    assert_false(memory_map_is(&map, MIB - 1, 2, USABLE));
    assert_false(memory_map_is(&map, MIB, UINT64_MAX, USABLE));
    assert_true(memory_map_touches(&map, 0, MIB + 1, USABLE));
    assert_false(memory_map_touches(&map, 0, MIB, USABLE));
    assert_true(memory_map_touches(&map, 2 * MIB - 1, 1, USABLE));
    assert_false(memory_map_touches(&map, 2 * MIB, MIB, USABLE));
    assert_true(memory_map_touches(&map, 0, UINT64_MAX, RESERVED));
    assert_false(memory_map_touches(&map, MIB, 0, USABLE));
}

static void start_free(uint64_t base, uint64_t size)
{
    memory.count = 1;
    memory.ranges[0].base = base;
    memory.ranges[0].size = size;
}

static void test_remove(void **state)
{
    (void)state;
    start_free(MIB, 8 * MIB);
    assert_true(free_memory_remove(&memory, 2 * MIB + 5, 1)); /* a page in the middle */
    assert_int_equal(memory.count, 2);
    assert_int_equal(memory.ranges[0].size, MIB);
    assert_int_equal(memory.ranges[1].base, 2 * MIB + 0x1000);
    assert_int_equal(free_memory_total(&memory), 8 * MIB - 0x1000);
    assert_true(free_memory_remove(&memory, 0, MIB + 0x1000)); /* a head */
    assert_int_equal(memory.ranges[0].base, MIB + 0x1000);
    assert_true(free_memory_remove(&memory, 8 * MIB, UINT64_MAX)); /* a tail, and all above */
    assert_int_equal(memory.ranges[1].base + memory.ranges[1].size, 8 * MIB);
    assert_true(free_memory_remove(&memory, 100 * MIB, MIB)); /* nothing there */
    assert_true(free_memory_remove(&memory, MIB, 0));
    assert_int_equal(memory.count, 2);
    assert_true(free_memory_remove(&memory, 0, 3 * MIB)); /* one whole, a part of the other */
    assert_int_equal(memory.count, 1);
    assert_int_equal(memory.ranges[0].base, 3 * MIB);
    assert_true(free_memory_remove(&memory, 0, UINT64_MAX));
    assert_int_equal(memory.count, 0);
}

static void test_remove_when_full(void **state)
{
    (void)state;
    memory.count = MEMORY_MAP_MAX;
    for (uint32_t i = 0; i < MEMORY_MAP_MAX; i++) {
        memory.ranges[i].base = i * MIB;
        memory.ranges[i].size = 0x4000;
    }
    assert_false(free_memory_remove(&memory, 5 * MIB + 0x1000, 0x1000));
    assert_int_equal(memory.count, MEMORY_MAP_MAX);
    assert_int_equal(memory.ranges[5].size, 0x4000);
}

static void test_allocate(void **state)
{
    (void)state;
    memory.count = 3;
    memory.ranges[0].base = MIB;
    memory.ranges[0].size = 7 * MIB;
    memory.ranges[1].base = 16 * MIB;
    memory.ranges[1].size = 2 * MIB;
    memory.ranges[2].base = 0x200000000ull;
    memory.ranges[2].size = 64 * MIB;
    assert_int_equal(free_memory_largest(&memory, 2 * MIB), 64 * MIB);
    /* The smallest range that fits. */
    assert_int_equal(free_memory_allocate(&memory, 2 * MIB, 2 * MIB, UINT64_MAX), 16 * MIB);
    assert_int_equal(memory.count, 2);
    assert_int_equal(free_memory_allocate(&memory, 2 * MIB, 2 * MIB, UINT64_MAX), 2 * MIB);
    assert_true(free_memory_contains(&memory, MIB, MIB));
    assert_false(free_memory_contains(&memory, MIB, MIB + 0x1000));
    assert_int_equal(free_memory_allocate(&memory, 8 * MIB, 0x1000, 0x100000000ull), 0); /* limit */
    assert_int_equal(free_memory_allocate(&memory, 65 * MIB, 0x1000, UINT64_MAX), 0);
    assert_int_equal(free_memory_allocate(&memory, UINT64_MAX & ~4095ull, 0x1000, UINT64_MAX), 0);
    assert_int_equal(free_memory_allocate(&memory, 64 * MIB, 0x40000000, UINT64_MAX), 0x200000000ull);
    assert_int_equal(free_memory_total(&memory), 5 * MIB);
    /* A limit inside a range. */
    assert_int_equal(free_memory_allocate(&memory, 0x1000, 0x1000, MIB + 0x1000), MIB);
    assert_int_equal(free_memory_allocate(&memory, 0x1000, 0x1000, MIB + 0x1000), 0);
}

static void test_address_zero_is_never_given(void **state)
{
    (void)state;
    start_free(0, MIB);
    assert_int_equal(free_memory_allocate(&memory, 0x1000, 0x1000, UINT64_MAX), 0);
    assert_int_equal(memory.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorts_joins_rounds),
        cmocka_unit_test(test_reserved_wins),
        cmocka_unit_test(test_hostile_ranges),
        cmocka_unit_test(test_nothing_usable),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_remove_when_full),
        cmocka_unit_test(test_allocate),
        cmocka_unit_test(test_address_zero_is_never_given),
    };
    return cmocka_run_group_tests_name("loader_memory_map", tests, NULL, NULL);
}
