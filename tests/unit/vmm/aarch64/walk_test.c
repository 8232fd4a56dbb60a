/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's own page tables: walks, faults, hostile tables. */
#include "memory_fixture.h"

/* --- Page tables --- */

#define L0 (GUEST_RAM_BASE + 0x10000)
#define L1 (GUEST_RAM_BASE + 0x11000)
#define L2 (GUEST_RAM_BASE + 0x12000)
#define L3 (GUEST_RAM_BASE + 0x13000)
#define AF (1ull << 10)

static void entry(struct arm_fixture *f, uint64_t table, uint32_t index, uint64_t value)
{
    ((uint64_t *)fixture_ram(f, table))[index] = value;
}

/* 48 bits, 4 KiB: TTBR0's virtual 0x0000008040201000 is page L3[1]. */
static void make_tables(struct arm_fixture *f)
{
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->sctlr_el1 = SCTLR_M;
    s->tcr_el1 = 16 | 16ull << 16 | 2ull << 30;
    s->ttbr0_el1 = s->ttbr1_el1 = L0;
    for (uint32_t i = 0; i < 512; i++) {
        entry(f, L0, i, i == 1 || i == 511 ? L1 | 3 : 0);
        entry(f, L1, i, i == 1 ? L2 | 3 : i == 2 ? 0x80000000ull | AF | 1 : 0);
        entry(f, L2, i, i == 1 ? L3 | 3 : i == 2 ? 0x40400000ull | AF | 1 : 0);
        entry(f, L3, i, 0);
    }
    entry(f, L3, 1, TEST_BASE | AF | 3);
    entry(f, L3, 2, TEST_BASE | AF | 3 | 1ull << 7); /* read-only */
    entry(f, L3, 3, TEST_BASE | AF | 3 | 1ull << 6); /* EL0 too */
    entry(f, L3, 4, TEST_BASE | 3);                  /* no access flag */
    entry(f, L3, 5, TEST_BASE | AF | 1);             /* reserved */
    entry(f, L3, 6, TEST_BASE | AF | 3 | 1ull << 7 | 1ull << 51);
}

#define VA(l3) (0x0000008040200000ull + (l3)*0x1000ull)

static struct walk_result translate(struct arm_fixture *f, uint64_t address, uint32_t access)
{
    return walk(&f->vm->vcpus[0], address, access);
}

static void walks_find_pages_and_blocks(void **state)
{
    struct arm_fixture *f = *state;
    make_tables(f);
    assert_int_equal(translate(f, VA(1) + 0x123, WALK_READ).gpa, TEST_BASE + 0x123);
    assert_int_equal(translate(f, 0x0000008040400000ull + 0x123456, WALK_READ).gpa, 0x40400000 + 0x123456);
    assert_int_equal(translate(f, 0x0000008080000000ull + 0x1234567, WALK_READ).gpa, 0x80000000ull + 0x1234567);
    assert_int_equal(translate(f, 0xffffff8040201000ull, WALK_READ).gpa, TEST_BASE); /* TTBR1 */
}

static void expect_fault(struct arm_fixture *f, uint64_t address, uint32_t access, uint32_t status)
{
    struct walk_result result = translate(f, address, access);
    assert_true(result.fault);
    assert_int_equal(result.status, status);
}

static void walks_fault_as_the_architecture_says(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    make_tables(f);
    expect_fault(f, 0, WALK_READ, FAULT_TRANSLATION);
    expect_fault(f, 0x0000008000000000ull, WALK_READ, FAULT_TRANSLATION + 1);
    expect_fault(f, 0x0000008040000000ull, WALK_READ, FAULT_TRANSLATION + 2);
    expect_fault(f, VA(0), WALK_READ, FAULT_TRANSLATION + 3);
    expect_fault(f, VA(5), WALK_READ, FAULT_TRANSLATION + 3);
    expect_fault(f, VA(4), WALK_READ, FAULT_ACCESS_FLAG + 3);
    expect_fault(f, VA(2), WALK_WRITE, FAULT_PERMISSION + 3);
    assert_false(translate(f, VA(2), WALK_READ).fault);
    expect_fault(f, VA(1), WALK_READ | WALK_UNPRIVILEGED, FAULT_PERMISSION + 3);
    assert_false(translate(f, VA(3), WALK_WRITE | WALK_UNPRIVILEGED).fault);
    s->pstate |= PSTATE_PAN;
    expect_fault(f, VA(3), WALK_READ, FAULT_PERMISSION + 3);
    assert_false(translate(f, VA(1), WALK_READ).fault);
    expect_fault(f, 1ull << 48, WALK_READ, FAULT_TRANSLATION);            /* above TTBR0's half */
    expect_fault(f, 0xfff7ff8040201000ull, WALK_READ, FAULT_TRANSLATION); /* between the halves */
    expect_fault(f, VA(6), WALK_WRITE, FAULT_PERMISSION + 3);
    s->tcr_el1 |= TCR_HA | TCR_HD;
    assert_false(translate(f, VA(4), WALK_READ).fault);
    assert_false(translate(f, VA(6), WALK_WRITE).fault);
    s->tcr_el1 |= TCR_EPD0;
    expect_fault(f, VA(1), WALK_READ, FAULT_TRANSLATION);
}

static void permissions_of_tables(void **state)
{
    struct arm_fixture *f = *state;
    make_tables(f);
    entry(f, L1, 1, L2 | 3 | 1ull << 61); /* APTable: not EL0 */
    expect_fault(f, VA(3), WALK_READ | WALK_UNPRIVILEGED, FAULT_PERMISSION + 3);
    entry(f, L1, 1, L2 | 3 | 1ull << 62); /* read-only */
    expect_fault(f, VA(1), WALK_WRITE, FAULT_PERMISSION + 3);
    f->pages[0].state.tcr_el1 |= TCR_HPD0;
    assert_false(translate(f, VA(1), WALK_WRITE).fault);
}

static void tags_are_ignored_where_the_guest_says_so(void **state)
{
    struct arm_fixture *f = *state;
    make_tables(f);
    expect_fault(f, VA(1) | 0x5aull << 56, WALK_READ, FAULT_TRANSLATION);
    f->pages[0].state.tcr_el1 |= TCR_TBI0;
    assert_int_equal(translate(f, VA(1) | 0x5aull << 56, WALK_READ).gpa, TEST_BASE);
}

static void hostile_tables(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    make_tables(f);
    entry(f, L2, 1, NOWHERE | 3);
    expect_fault(f, VA(1), WALK_READ, FAULT_EXTERNAL_WALK + 3);
    entry(f, L0, 1, (FIXTURE_HIGH + FIXTURE_HIGH_SIZE) | 3);
    expect_fault(f, VA(1), WALK_READ, FAULT_EXTERNAL_WALK + 1);
    s->ttbr0_el1 = 0;
    expect_fault(f, VA(1), WALK_READ, FAULT_EXTERNAL_WALK);
    s->ttbr0_el1 = UINT64_MAX;
    expect_fault(f, VA(1), WALK_READ, FAULT_EXTERNAL_WALK);
    /* Tables that are their own next level: as many steps as there are levels. */
    for (uint32_t i = 0; i < 512; i++) {
        entry(f, L0, i, L0 | AF | 3);
    }
    s->ttbr0_el1 = L0;
    assert_int_equal(translate(f, VA(1) + 8, WALK_READ).gpa, L0 + 8);
    /* Sizes that are none. */
    for (uint32_t size = 0; size < 64; size++) {
        for (uint32_t granule = 0; granule < 4; granule++) {
            s->tcr_el1 = size | (uint64_t)size << 16 | (uint64_t)granule << 14 | (uint64_t)granule << 30;
            translate(f, 0x1234, WALK_READ);
            translate(f, 0xfffffffffffff234ull, WALK_WRITE);
        }
    }
}

static void other_granules(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    memset(f->ram + 0x10000, 0, 0x40000);
    s->sctlr_el1 = SCTLR_M;
    /* 64 KiB, 42 bits: levels 2 and 3. */
    s->tcr_el1 = 22 | 1ull << 14;
    s->ttbr0_el1 = GUEST_RAM_BASE + 0x10000;
    entry(f, GUEST_RAM_BASE + 0x10000, 1, (GUEST_RAM_BASE + 0x20000) | 3);
    entry(f, GUEST_RAM_BASE + 0x20000, 2, 0x12340000ull | AF | 3);
    assert_int_equal(translate(f, 0x20000000ull + 0x20000 + 0xabcd, WALK_READ).gpa, 0x1234abcdull);
    entry(f, GUEST_RAM_BASE + 0x10000, 3, 0x60000000ull | AF | 1); /* a block of 512 MiB */
    assert_int_equal(translate(f, 0x60000000ull + 0x1234567, WALK_READ).gpa, 0x61234567ull);
    /* 16 KiB, 36 bits: levels 2 and 3. */
    s->tcr_el1 = 28 | 2ull << 14;
    entry(f, GUEST_RAM_BASE + 0x10000, 5, (GUEST_RAM_BASE + 0x20000) | 3);
    entry(f, GUEST_RAM_BASE + 0x20000, 7, 0x45678000ull | AF | 3);
    assert_int_equal(translate(f, 5ull * 0x2000000 + 7 * 0x4000 + 0x3abc, WALK_READ).gpa, 0x4567babcull);
    /* 4 KiB, 25 bits: one block level only, a small table. */
    s->tcr_el1 = 39;
    entry(f, GUEST_RAM_BASE + 0x10000, 15, 0x40e00000ull | AF | 1);
    assert_int_equal(translate(f, 0x1ffffff, WALK_READ).gpa, 0x40ffffffull);
    expect_fault(f, 0x2000000, WALK_READ, FAULT_TRANSLATION);
    /* It needs to be aligned to its own size only: sixteen entries. */
    s->ttbr0_el1 += 128;
    entry(f, GUEST_RAM_BASE + 0x10000, 16, 0x40a00000ull | AF | 1);
    assert_int_equal(translate(f, 0x1234, WALK_READ).gpa, 0x40a01234ull);
}

static void translation_off(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(translate(f, 0x123456789abull, WALK_WRITE).gpa, 0x123456789abull);
    expect_fault(f, 1ull << 50, WALK_READ, FAULT_ADDRESS_SIZE);
}

/* An instruction and a device behind page tables. */
static void emulation_through_tables(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    make_tables(f);
    entry(f, L3, 8, (GUEST_RAM_BASE + 0x30000) | AF | 3);
    const uint32_t store = 0xa9000c22; /* stp x2, x3, [x1] */
    memcpy(f->ram + 0x30010, &store, sizeof(store));
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    s->pc = VA(8) + 0x10;
    s->gpr[1] = VA(1) + 0xff8; /* second half: in the page that is read-only */
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = TEST_BASE + 0xff8, .gva = VA(1) + 0xff8, .gva_valid = 1, .access = VCPU_ACCESS_WRITE};
    fixture_handle(f, 0);
    assert_int_equal(s->far_el1, VA(2));
    assert_true(fixture_took(f, DABT | WNR | (FAULT_PERMISSION + 3)));
    assert_int_equal(device.writes, 0);
    entry(f, L3, 2, (TEST_BASE + 0x1000) | AF | 3);
    page->exit.memory.access = VCPU_ACCESS_WRITE;
    fixture_handle(f, 0);
    assert_int_equal(device.writes, 2);
    assert_int_equal(s->pc, VA(8) + 0x14);
}

static void walk_outside_ram_is_reported(void **state)
{
    struct arm_fixture *f = *state;
    make_tables(f);
    entry(f, L1, 1, NOWHERE | 3);
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = NOWHERE, .gva = VA(1), .gva_valid = 1, .access = VCPU_ACCESS_READ | VCPU_ACCESS_PAGE_WALK};
    fixture_handle(f, 0);
    assert_int_equal(page->state.far_el1, VA(1));
    assert_true(fixture_took(f, DABT | (FAULT_EXTERNAL_WALK + 2)));
    page->exit.memory.access = VCPU_ACCESS_FETCH | VCPU_ACCESS_PAGE_WALK;
    fixture_handle(f, 0);
    assert_true(fixture_took(f, IABT | (FAULT_EXTERNAL_WALK + 2)));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(walks_find_pages_and_blocks),
        TEST(walks_fault_as_the_architecture_says),
        TEST(permissions_of_tables),
        TEST(tags_are_ignored_where_the_guest_says_so),
        TEST(hostile_tables),
        TEST(other_granules),
        TEST(translation_off),
        TEST(emulation_through_tables),
        TEST(walk_outside_ram_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
