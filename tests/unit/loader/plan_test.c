/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader checks of the plan. */
#include "support.h"

#include <loader/plan.h>
#include <skyscope/boot_info.h>
#include <skyscope/kernel_info.h>

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static uint8_t data[10000];

/* Checks a plan, changed by the caller after make_plan(), inside of a payload. */
static int check(const uint8_t *plan_bytes, uint64_t plan_size, struct loader_error *error)
{
    const struct test_image images[] = {
        {"kernel", MANIFEST_ROLE_KERNEL, "k", 1, 0},
        {"plan", MANIFEST_ROLE_PLAN, plan_bytes, plan_size, 0},
        {"data", MANIFEST_ROLE_DATA, data, sizeof(data), 0},
    };
    uint64_t size;
    uint8_t *bytes = make_payload(images, 3, &size);
    struct payload payload;
    struct plan_regions plan;
    memset(error, 0, sizeof(*error));
    assert_int_equal(payload_read(bytes, size, &payload, error), 1);
    int result = plan_check(&payload, &plan, error);
    if (result == 1) {
        assert_int_equal(plan.count, plan.header->tables[PLAN_TABLE_REGIONS].count);
    }
    free(bytes);
    return result;
}

static void expect_refused(const uint8_t *bytes, uint64_t size, const char *part)
{
    struct loader_error error;
    assert_int_equal(check(bytes, size, &error), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

static void test_accepts(void **state)
{
    (void)state;
    struct plan_region regions[] = {ram_region("a", 8 * KIB, 4 * KIB), ram_region("b", 4 * MIB, 2 * MIB),
                                    ram_region("c", GIB, GIB), ram_region("d", 12 * KIB, 4 * KIB),
                                    ram_region("e", 4 * KIB, 4 * KIB)};
    regions[3].image = 2;
    regions[3].image_size = sizeof(data);
    regions[3].flags = PLAN_REGION_IN_PLACE;
    regions[4].kind = PLAN_REGION_DEVICE;
    regions[4].physical_address = 0xfee00000;
    uint64_t size;
    struct loader_error error;
    const uint8_t *plan = make_plan(regions, 5, 2, 2 * MIB, &size);
    assert_int_equal(check(plan, size, &error), 1);
    plan = make_plan(NULL, 0, 1, 2 * MIB, &size);
    assert_int_equal(check(plan, size, &error), 1);
}

static void test_header(void **state)
{
    (void)state;
    uint64_t size;
    struct plan_region region = ram_region("a", 8 * KIB, 4 * KIB);
    struct plan_header *header = (struct plan_header *)(uintptr_t)make_plan(&region, 1, 1, 2 * MIB, &size);
#define EXPECT_WITH(field, value, part)                                                                                \
    do {                                                                                                               \
        make_plan(&region, 1, 1, 2 * MIB, &size);                                                                      \
        header->field = (value);                                                                                       \
        expect_refused((const uint8_t *)header, size, part);                                                           \
    } while (0)
    EXPECT_WITH(magic[7], '2', "magic");
    EXPECT_WITH(version, 4, "version 4");
    EXPECT_WITH(machine, PLAN_MACHINE_AARCH64, "another machine");
    EXPECT_WITH(total_size, 10, "header says");
    EXPECT_WITH(total_size, 0xffffffff, "header says");
    EXPECT_WITH(cpu_count, 0, "CPUs");
    EXPECT_WITH(cpu_count, PLAN_MAX_CPUS + 1, "CPUs");
    EXPECT_WITH(kernel_pool_size, 0, "pool");
    EXPECT_WITH(kernel_pool_size, MIB, "pool");
    EXPECT_WITH(kernel_pool_size, UINT64_MAX & ~(2 * MIB - 1), "pool");
    for (uint32_t i = 0; i < PLAN_TABLE_COUNT; i++) {
        EXPECT_WITH(tables[i].entry_size, header->tables[i].entry_size + 4, "table");
        EXPECT_WITH(tables[i].count, 0xffffffff, "table");
        EXPECT_WITH(tables[i].count, 9, "table");
        EXPECT_WITH(tables[i].offset, 4, "table");
        EXPECT_WITH(tables[i].offset, 0xfffffff8, "table");
    }
#undef EXPECT_WITH
    make_plan(&region, 1, 1, 2 * MIB, &size);
    expect_refused((const uint8_t *)header, sizeof(*header) - 1, "size");
}

static void expect_region_refused(struct plan_region region, const char *part)
{
    uint64_t size;
    const uint8_t *plan = make_plan(&region, 1, 1, 2 * MIB, &size);
    expect_refused(plan, size, part);
}

static void test_regions(void **state)
{
    (void)state;
    struct plan_region good = ram_region("r", 12 * KIB, 4 * KIB);
    struct plan_region bad;
#define EXPECT_WITH(field, value, part)                                                                                \
    do {                                                                                                               \
        bad = good;                                                                                                    \
        bad.field = (value);                                                                                           \
        expect_region_refused(bad, part);                                                                              \
    } while (0)
    EXPECT_WITH(name[0], '\0', "name");
    EXPECT_WITH(name[0], '\x1b', "name");
    EXPECT_WITH(size, 0, "size");
    EXPECT_WITH(size, 4097, "size");
    EXPECT_WITH(size, UINT64_MAX & ~4095ull, "size");
    EXPECT_WITH(page_size, 0, "page size");
    EXPECT_WITH(page_size, 8192, "page size");
    EXPECT_WITH(page_size, 2 * MIB, "size");
    EXPECT_WITH(physical_address, 5, "physical address");
    EXPECT_WITH(physical_address, UINT64_MAX & ~4095ull, "physical address");
    EXPECT_WITH(kind, 0, "kind");
    EXPECT_WITH(kind, 6, "kind");
    EXPECT_WITH(kind, PLAN_REGION_DEVICE, "no physical address");
    EXPECT_WITH(flags, 8, "flags");
    EXPECT_WITH(flags, PLAN_REGION_IN_PLACE, "no image");
    memset(good.name, 'r', sizeof(good.name));
    expect_region_refused(good, "name");
    good = ram_region("r", 12 * KIB, 4 * KIB);
    good.image = 2;
    good.image_size = sizeof(data);
    EXPECT_WITH(image, 3, "does not exist");
    EXPECT_WITH(image, 0xfffffffe, "does not exist");
    EXPECT_WITH(image_size, sizeof(data) + 1, "more than its image");
    EXPECT_WITH(image_size, UINT64_MAX, "more than its image");
    EXPECT_WITH(image_offset, 1, "more than its image");
    EXPECT_WITH(image_offset, UINT64_MAX, "more than its image");
    EXPECT_WITH(prefill_offset, 12 * KIB - sizeof(data) + 1, "smaller than");
    EXPECT_WITH(prefill_offset, UINT64_MAX, "smaller than");
    EXPECT_WITH(kind, PLAN_REGION_STATISTICS, "not memory");
    good = ram_region("r", 4 * MIB, 4 * KIB);
    EXPECT_WITH(kind, PLAN_REGION_HARDWARE, "larger");
    EXPECT_WITH(kind, PLAN_REGION_STATISTICS, "larger");
    EXPECT_WITH(kind, PLAN_REGION_KERNEL_LOG, "larger");
    good = ram_region("r", 12 * KIB, 4 * KIB);
    EXPECT_WITH(seed_offset, 128, "no flag");
    good.flags = PLAN_REGION_SEED;
    EXPECT_WITH(seed_offset, 127, "no room");
    EXPECT_WITH(seed_offset, 64, "no room");
    EXPECT_WITH(seed_offset, 12 * KIB, "no room");
    EXPECT_WITH(seed_offset, 12 * KIB - 64, "no room");
    EXPECT_WITH(seed_offset, 0xffffff80, "no room");
    good.seed_offset = 12 * KIB - 128; /* the last place */
    EXPECT_WITH(kind, PLAN_REGION_STATISTICS, "not memory of its own");
    good.image = 2;
    good.image_size = sizeof(data);
    EXPECT_WITH(flags, PLAN_REGION_SEED | PLAN_REGION_IN_PLACE, "not memory of its own");
    uint64_t seed_size;
    struct loader_error seed_error;
    const uint8_t *seed_plan = make_plan(&good, 1, 1, 2 * MIB, &seed_size);
    assert_int_equal(check(seed_plan, seed_size, &seed_error), 1);
#undef EXPECT_WITH
    /* Just as large as they are. */
    static const struct {
        uint32_t kind;
        uint64_t size;
    } largest[] = {{PLAN_REGION_HARDWARE, HARDWARE_INFO_REGION_SIZE},
                   {PLAN_REGION_STATISTICS, KERNEL_STATISTICS_REGION_SIZE},
                   {PLAN_REGION_KERNEL_LOG, KERNEL_LOG_REGION_SIZE}};
    for (unsigned int i = 0; i < 3; i++) {
        struct loader_error error;
        uint64_t size;
        good = ram_region("r", largest[i].size, 4 * KIB);
        good.kind = largest[i].kind;
        const uint8_t *plan = make_plan(&good, 1, 1, 2 * MIB, &size);
        assert_int_equal(check(plan, size, &error), 1);
        good.size += 4 * KIB;
        expect_region_refused(good, "larger");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_regions),
    };
    return cmocka_run_group_tests_name("loader_plan", tests, NULL, NULL);
}
