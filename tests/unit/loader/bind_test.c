/* SPDX-License-Identifier: BSD-2-Clause */
/* Binding plans to machines. */
#include "support.h"

#include <loader/bind.h>
#include <skyscope/types.h>

#define KIB             1024ull
#define MIB             (1024 * KIB)
#define GIB             (1024 * MIB)
#define PAYLOAD_ADDRESS (64 * MIB)

static struct memory_map map;
static struct free_memory memory;
static struct region_extent extents[BINDING_EXTENT_CAPACITY(64)];
static uint32_t extent_capacity = BINDING_EXTENT_CAPACITY(64);
static uint8_t in_place[64];
static struct binding binding;
static struct loader_error error;
static uint8_t data[10000];

/* A machine with one or two ranges of memory and the payload's pages in use. */
static void make_machine(uint64_t low, uint64_t high)
{
    const struct memory_range ranges[] = {
        {0, 0xa0000, HARDWARE_MEMORY_USABLE},
        {MIB, low - MIB, HARDWARE_MEMORY_USABLE},
        {0xf0000000, 0x10000000, HARDWARE_MEMORY_RESERVED},
        {4 * GIB, high, HARDWARE_MEMORY_USABLE},
        {low, 64 * KIB, HARDWARE_MEMORY_ACPI_NVS},
    };
    assert_int_equal(memory_map_normalise(&map, ranges, 5, &error), 1);
    free_memory_from_map(&memory, &map);
    assert_true(free_memory_remove(&memory, 0, 2 * MIB));
    assert_true(free_memory_remove(&memory, PAYLOAD_ADDRESS, MIB));
}

static int bind_on_cpus(const struct plan_region *regions, uint32_t count, uint32_t cpus_needed, uint32_t cpus)
{
    uint64_t plan_size, size;
    const uint8_t *plan_bytes = make_plan(regions, count, cpus_needed, 4 * MIB, &plan_size);
    const struct test_image images[] = {
        {"kernel", MANIFEST_ROLE_KERNEL, "k", 1, 0},
        {"plan", MANIFEST_ROLE_PLAN, plan_bytes, plan_size, 0},
        {"data", MANIFEST_ROLE_DATA, data, sizeof(data), 0},
    };
    static const struct kernel_image kernel = {.virtual_base = KERNEL_LINK_BASE, .size = 0x234000};
    uint8_t *bytes = make_payload(images, 3, &size);
    struct payload payload;
    struct plan_regions plan;
    assert_int_equal(payload_read(bytes, size, &payload, &error), 1);
    assert_int_equal(plan_check(&payload, &plan, &error), 1);
    struct binding_request request = {.plan = &plan,
                                      .payload = &payload,
                                      .payload_address = PAYLOAD_ADDRESS,
                                      .kernel = &kernel,
                                      .map = &map,
                                      .cpu_count = cpus};
    binding = (struct binding){.extents = extents, .extent_capacity = extent_capacity, .in_place = in_place};
    memset(&error, 0, sizeof(error));
    int result = bind_plan(&request, &memory, &binding, &error);
    free(bytes);
    return result;
}

static int bind(const struct plan_region *regions, uint32_t count)
{
    return bind_on_cpus(regions, count, 1, 1);
}

static void expect_refused(const struct plan_region *regions, uint32_t count, const char *part)
{
    assert_int_equal(bind(regions, count), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

/* What boot_info.h promises of the extents, and that nothing overlaps anything. */
static void check_extents(const struct plan_region *regions, uint32_t count)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t covered = 0;
        for (; next < binding.extent_count && extents[next].region == i; next++) {
            const struct region_extent *extent = &extents[next];
            assert_int_equal(extent->region_offset, covered);
            assert_int_equal(extent->physical_address % regions[i].page_size, 0);
            assert_int_equal(extent->size % regions[i].page_size, 0);
            assert_true(extent->size > 0);
            if (!in_place[i]) {
                assert_true(memory_map_is(&map, extent->physical_address, extent->size, HARDWARE_MEMORY_USABLE));
                assert_true(extent->physical_address >= 2 * MIB);
                assert_false(extent->physical_address < PAYLOAD_ADDRESS + MIB &&
                             extent->physical_address + extent->size > PAYLOAD_ADDRESS);
            }
            covered += extent->size;
        }
        assert_int_equal(covered, regions[i].kind == PLAN_REGION_RAM ? regions[i].size : 0);
    }
    assert_int_equal(next, binding.extent_count);
    assert_true(binding.kernel_physical >= binding.pool_physical + 4 * MIB ||
                binding.pool_physical >= binding.kernel_physical + 4 * MIB);
    assert_false(free_memory_contains(&memory, binding.kernel_physical + 0x3ff000, 0x1000));
    assert_false(free_memory_contains(&memory, binding.pool_physical + 4 * MIB - 0x1000, 0x1000));
    for (uint32_t i = 0; i < binding.extent_count; i++) {
        const uint64_t blocks[][2] = {{binding.kernel_physical, 0x400000}, {binding.pool_physical, 4 * MIB}};
        for (uint32_t b = 0; b < 2; b++) {
            assert_int_equal(blocks[b][0] % (2 * MIB), 0);
            assert_false(extents[i].physical_address < blocks[b][0] + blocks[b][1] &&
                         blocks[b][0] < extents[i].physical_address + extents[i].size);
        }
        for (uint32_t j = 0; j < i; j++) {
            assert_false(extents[i].physical_address < extents[j].physical_address + extents[j].size &&
                         extents[j].physical_address < extents[i].physical_address + extents[i].size);
        }
    }
}

static void test_all_kinds(void **state)
{
    (void)state;
    struct plan_region regions[] = {
        ram_region("small", 12 * KIB, 4 * KIB), ram_region("ram", 200 * MIB, 2 * MIB),
        ram_region("huge", GIB, GIB),           ram_region("contiguous", 30 * MIB, 4 * KIB),
        ram_region("fixed", 4 * MIB, 2 * MIB),  ram_region("hardware", 0x20000, 4 * KIB),
        ram_region("device", 4 * KIB, 4 * KIB), ram_region("in place", 12 * KIB, 4 * KIB),
    };
    regions[3].flags = PLAN_REGION_CONTIGUOUS;
    regions[4].physical_address = 16 * MIB;
    regions[5].kind = PLAN_REGION_HARDWARE;
    regions[6].kind = PLAN_REGION_DEVICE;
    regions[6].physical_address = 0xfed00000;
    regions[7].image = 2;
    regions[7].image_size = sizeof(data);
    regions[7].flags = PLAN_REGION_IN_PLACE;
    make_machine(256 * MIB, 2 * GIB);
    assert_int_equal(bind(regions, 8), 1);
    check_extents(regions, 8);
    assert_int_equal(in_place[7], 1);
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(in_place[i], 0);
    }
    uint32_t last = binding.extent_count - 1;
    assert_int_equal(extents[last].physical_address, PAYLOAD_ADDRESS + 4096 * 3);
}

/* When the payload's pages would show something else than the region should, they are copied. */
static void test_in_place_only_where_right(void **state)
{
    (void)state;
    struct plan_region good = ram_region("r", 12 * KIB, 4 * KIB);
    good.image = 2;
    good.image_size = sizeof(data);
    good.flags = PLAN_REGION_IN_PLACE;
    struct plan_region cases[8];
    for (uint32_t i = 0; i < 8; i++) {
        cases[i] = good;
    }
    cases[1].flags = 0;
    cases[2].image_size = 9000;    /* the image goes on in the last page */
    cases[3].size = 16 * KIB;      /* not entirely prefilled */
    cases[4].prefill_offset = 100; /* shifted */
    cases[5].image_offset = 8;     /* not on a page */
    cases[5].image_size -= 8;
    cases[6].physical_address = 16 * MIB; /* must be elsewhere */
    cases[7].image_offset = 4096;         /* the rest of the image */
    cases[7].image_size = sizeof(data) - 4096;
    cases[7].size = 8 * KIB;
    for (uint32_t i = 0; i < 8; i++) {
        make_machine(256 * MIB, GIB);
        assert_int_equal(bind(&cases[i], 1), 1);
        assert_int_equal(in_place[0], i == 0 || i == 7);
        check_extents(&cases[i], 1);
    }
}

static void test_splits(void **state)
{
    (void)state;
    struct plan_region region = ram_region("ram", 300 * MIB, 2 * MIB);
    make_machine(256 * MIB, 128 * MIB);
    assert_int_equal(bind(&region, 1), 1);
    check_extents(&region, 1);
    assert_true(binding.extent_count > 1);
    make_machine(256 * MIB, 128 * MIB);
    region.flags = PLAN_REGION_CONTIGUOUS;
    expect_refused(&region, 1, "contiguous memory");
    expect_refused(&region, 1, "\"ram\"");
}

static void test_too_little(void **state)
{
    (void)state;
    struct plan_region regions[] = {ram_region("tiny", 4 * KIB, 4 * KIB), ram_region("vm_ram", 4 * GIB, 2 * MIB)};
    make_machine(256 * MIB, 512 * MIB);
    expect_refused(regions, 2, "(4096 MiB for region \"vm_ram\"), the machine has 765 MiB free");
    /* Enough in sum, but not in such pages. */
    regions[1] = ram_region("huge", GIB, GIB);
    make_machine(2 * GIB, 512 * MIB);
    assert_true(free_memory_remove(&memory, GIB + 4096, 1));
    expect_refused(regions, 2, "1024 MiB aligned to 1048576 KiB for region \"huge\"");
    /* Not even room for the kernel. */
    make_machine(256 * MIB, 16 * MIB);
    assert_true(free_memory_remove(&memory, 0, 255 * MIB));
    assert_true(free_memory_remove(&memory, 4 * GIB, 16 * MIB));
    expect_refused(regions, 0, "the kernel");
}

static void test_cpus(void **state)
{
    (void)state;
    make_machine(256 * MIB, GIB);
    assert_int_equal(bind_on_cpus(NULL, 0, 4, 2), 0);
    assert_non_null(strstr(error.text, "needs 4 CPUs, the machine has 2"));
    assert_int_equal(bind_on_cpus(NULL, 0, 2, 2), 1);
}

static void test_fixed_addresses(void **state)
{
    (void)state;
    struct plan_region region = ram_region("fixed", 2 * MIB, 2 * MIB);
    make_machine(256 * MIB, GIB);
    region.physical_address = PAYLOAD_ADDRESS;
    expect_refused(&region, 1, "in use already");
    region.physical_address = 0;
    expect_refused(&region, 1, "does not have as usable memory");
    region.physical_address = 3 * GIB;
    expect_refused(&region, 1, "does not have as usable memory");
    region.physical_address = 254 * MIB; /* the last ones */
    assert_int_equal(bind(&region, 1), 1);
    region.physical_address = 256 * MIB; /* ACPI NVS begins here */
    expect_refused(&region, 1, "does not have");
    /* Two that overlap. */
    struct plan_region two[] = {ram_region("one", 4 * MIB, 2 * MIB), ram_region("two", 2 * MIB, 2 * MIB)};
    two[0].physical_address = 8 * MIB;
    two[1].physical_address = 10 * MIB;
    make_machine(256 * MIB, GIB);
    expect_refused(two, 2, "\"two\"");
    /* Fixed ones get their place whatever comes before them in the plan. */
    two[0].physical_address = PLAN_ANY_ADDRESS;
    two[1].physical_address = 2 * MIB;
    make_machine(256 * MIB, GIB);
    assert_int_equal(bind(two, 2), 1);
    check_extents(two, 2);
}

static void test_devices(void **state)
{
    (void)state;
    struct plan_region region = ram_region("device", 8 * KIB, 4 * KIB);
    region.kind = PLAN_REGION_DEVICE;
    make_machine(256 * MIB, GIB);
    static const struct {
        uint64_t address;
        int right;
    } cases[] = {{0xfee00000, 1},     {0xf0000000, 1},     {0xb8000, 1}, {256 * MIB - 4096, 0}, {256 * MIB, 0},
                 {4 * GIB - 4096, 0}, {4 * GIB - 8192, 1}, {5 * GIB, 1}, {5 * GIB - 4096, 0}};
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        region.physical_address = cases[i].address;
        if (bind(&region, 1) != cases[i].right) {
            fail_msg("device at 0x%llx", (unsigned long long)cases[i].address);
        }
    }
}

/* Memory in very many pieces: extents stay sorted and complete. */
static void test_fragmented(void **state)
{
    (void)state;
    struct plan_region regions[] = {ram_region("a", 64 * MIB, 4 * KIB), ram_region("b", 4 * MIB, 4 * KIB),
                                    ram_region("c", 100 * KIB, 4 * KIB)};
    make_machine(256 * MIB, GIB);
    assert_true(free_memory_remove(&memory, 4 * GIB, GIB));
    for (uint64_t address = 8 * MIB; address < 200 * MIB; address += 512 * KIB) {
        assert_true(free_memory_remove(&memory, address, 4096));
    }
    assert_int_equal(bind(regions, 3), 1);
    check_extents(regions, 3);
    assert_true(binding.extent_count > 3);
    /* The list of extents has an end. */
    make_machine(256 * MIB, GIB);
    assert_true(free_memory_remove(&memory, 4 * GIB, GIB));
    for (uint64_t address = 8 * MIB; address < 200 * MIB; address += 512 * KIB) {
        assert_true(free_memory_remove(&memory, address, 4096));
    }
    extent_capacity = 10;
    expect_refused(regions, 3, "too fragmented");
    extent_capacity = BINDING_EXTENT_CAPACITY(64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds), cmocka_unit_test(test_in_place_only_where_right),
        cmocka_unit_test(test_splits),    cmocka_unit_test(test_too_little),
        cmocka_unit_test(test_cpus),      cmocka_unit_test(test_fixed_addresses),
        cmocka_unit_test(test_devices),   cmocka_unit_test(test_fragmented),
    };
    return cmocka_run_group_tests_name("loader_bind", tests, NULL, NULL);
}
