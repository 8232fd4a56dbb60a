/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses whose instruction has to be decoded. */
#include "memory_fixture.h"

/* --- By decoding --- */

static void pairs(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gpr[1] = TEST_BASE + 32;
    s->gpr[2] = 0x1111222233334444ull;
    s->gpr[3] = 0x5555666677778888ull;
    fixture_undecoded(f, 0xa93e0c22, TEST_BASE + 16, true); /* stp x2, x3, [x1, #-32] */
    assert_int_equal(device.values[0], 0x1111222233334444ull);
    assert_int_equal(device.values[1], 0x5555666677778888ull);
    assert_int_equal(s->gpr[1], TEST_BASE + 32);
    device.values[4] = 0x80000001;
    device.values[4] |= 0x80000002ull << 32;
    fixture_undecoded(f, 0x68c11424, TEST_BASE + 32, false); /* ldpsw x4, x5, [x1], #8 */
    assert_int_equal(s->gpr[4], 0xffffffff80000001ull);
    assert_int_equal(s->gpr[5], 0xffffffff80000002ull);
    assert_int_equal(s->gpr[1], TEST_BASE + 40);
    s->gpr[6] = s->gpr[7] = UINT64_MAX;
    fixture_undecoded(f, 0x29bf1c26, TEST_BASE + 32, true); /* stp w6, w7, [x1, #-8]! */
    assert_int_equal(s->gpr[1], TEST_BASE + 32);
    assert_int_equal(device.last_width, 4);
    assert_int_equal(s->pc, FIXTURE_CODE + 12);
}

static void write_back(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gpr[1] = TEST_BASE + 8;
    s->gpr[2] = 0x12345678;
    fixture_undecoded(f, 0xb81f8c22, TEST_BASE, true); /* str w2, [x1, #-8]! */
    assert_int_equal(s->gpr[1], TEST_BASE);
    assert_int_equal(device.values[0], 0x12345678);
    fixture_undecoded(f, 0x38401423, TEST_BASE, false); /* ldrb w3, [x1], #1 */
    assert_int_equal(s->gpr[3], 0x78);
    assert_int_equal(s->gpr[1], TEST_BASE + 1);
}

static void stack_pointers(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->sp_el1 = TEST_BASE;
    s->sp_el0 = TEST_BASE + 0x100;
    fixture_undecoded(f, 0xf84087e2, TEST_BASE, false); /* ldr x2, [sp], #8 */
    assert_int_equal(s->sp_el1, TEST_BASE + 8);
    assert_int_equal(f->pages[0].control.dirty & VCPU_STATE_EL1, VCPU_STATE_EL1);
    s->pstate = PSTATE_EL1T;
    fixture_undecoded(f, 0xf84087e2, TEST_BASE + 0x100, false);
    assert_int_equal(s->sp_el0, TEST_BASE + 0x108);
    s->pstate = PSTATE_EL0;
    fixture_undecoded(f, 0xf84087e2, TEST_BASE + 0x108, false);
    assert_int_equal(s->sp_el0, TEST_BASE + 0x110);
    assert_int_equal(s->sp_el1, TEST_BASE + 8);
}

static void register_offsets(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    device.values[2] = 0x77;
    s->gpr[1] = TEST_BASE + 24;
    s->gpr[2] = 0xfffffffeull;                               /* -2, times 4: sxtw #2 */
    fixture_undecoded(f, 0xb862d823, TEST_BASE + 16, false); /* ldr w3, [x1, w2, sxtw #2] */
    assert_int_equal(s->gpr[3], 0x77);
    s->gpr[1] = TEST_BASE;
    s->gpr[2] = 0xffffffff00000002ull;
    s->gpr[3] = 0;
    fixture_undecoded(f, 0xf8625823, TEST_BASE + 16, false); /* ldr x3, [x1, w2, uxtw #3] */
    assert_int_equal(s->gpr[3], 0x77);
    s->gpr[2] = 16;
    s->gpr[3] = 0;
    fixture_undecoded(f, 0xf8626823, TEST_BASE + 16, false); /* ldr x3, [x1, x2] */
    assert_int_equal(s->gpr[3], 0x77);
}

static void cache_maintenance_is_nothing(void **state)
{
    struct arm_fixture *f = *state;
    static const uint32_t instructions[] = {0xd50b7e22, 0xd50b7a22, 0xd50b7b22, 0xd5087622, 0xd50b7522};
    for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
        fixture_undecoded(f, instructions[i], NOWHERE, true);
        assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4 * (i + 1));
    }
    fixture_undecoded(f, 0xd50b7422, NOWHERE, true); /* dc zva: a store */
    assert_true(fixture_took(f, DABT | WNR | EXTERNAL));
}

static void what_devices_do_not_take(void **state)
{
    struct arm_fixture *f = *state;
    static const uint32_t instructions[] = {
        0xc85f7c22, /* ldxr x2, [x1] */
        0xf8220023, /* ldadd x2, x3, [x1] */
        0xc8a27c23, /* cas x2, x3, [x1] */
        0x3dc00022, /* ldr q2, [x1] */
        0xad400c22, /* ldp q2, q3, [x1] */
        0x4c407022, /* ld1 {v2.16b}, [x1] */
        0xf8200422, /* ldraa x2, [x1] */
        0xd503201f, /* nop */
        0x00000000, 0xffffffff,
    };
    for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
        fixture_undecoded(f, instructions[i], TEST_BASE, false);
        assert_true(fixture_took(f, DABT | EXTERNAL));
    }
    assert_int_equal(device.reads + device.writes, 0);
    assert_non_null(strstr(fixture_log(f), "not an access that devices take"));
}

static void instruction_out_of_reach(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    static const uint64_t places[] = {NOWHERE, FIXTURE_CODE + 2, UINT64_MAX - 3, FIXTURE_HIGH + FIXTURE_HIGH_SIZE};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
        page->exit.memory =
            (struct vcpu_exit_memory){.gpa = TEST_BASE, .gva = 1, .gva_valid = 1, .access = VCPU_ACCESS_READ};
        s->pc = places[i];
        fixture_handle(f, 0);
        assert_true(fixture_took(f, DABT | EXTERNAL));
    }
    s->pc = FIXTURE_CODE;
    s->pstate = 0x10; /* AArch32 */
    fixture_undecoded(f, 0xf8408422, TEST_BASE, false);
    assert_true(fixture_took(f, DABT_EL0 | EXTERNAL));
}

static void access_across_pages(void **state)
{
    struct arm_fixture *f = *state;
    f->pages[0].state.gpr[1] = TEST_BASE + 0xffc;
    fixture_undecoded(f, 0xf8408422, TEST_BASE + 0xffc, false); /* ldr x2, [x1], #8 */
    assert_true(fixture_took(f, DABT | EXTERNAL));
    assert_int_equal(f->pages[0].state.gpr[1], TEST_BASE + 0xffc);
}

/* A pair whose second half is elsewhere: nothing is done unless all can be. */
static void pair_across_pages(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gpr[1] = TEST_BASE + 0xff8;
    s->gpr[2] = 7;
    s->gpr[3] = 8;
    fixture_undecoded(f, 0xa9000c22, TEST_BASE + 0xff8, true); /* stp x2, x3, [x1] */
    assert_int_equal(device.writes, 2);
    assert_int_equal(device.last_offset, 0x1000);
    s->gpr[1] = TEST_BASE + 0x1ff8; /* the next page is nowhere */
    fixture_undecoded(f, 0xa9400c22, TEST_BASE + 0x1ff8, false);
    assert_true(fixture_took(f, DABT | EXTERNAL));
    assert_int_equal(s->gpr[2], 7);
}

static void decoding(void **state)
{
    (void)state;
    struct load_store d;
    assert_true(load_store_decode(0x58000041, &d)); /* ldr x1, . + 8 */
    assert_true(d.address == ADDRESS_LITERAL && d.offset == 8 && d.width == 8 && d.load && d.rt == 1);
    assert_true(load_store_decode(0x98ffffe1, &d)); /* ldrsw x1, . - 4 */
    assert_true(d.offset == -4 && d.width == 4 && d.sign_extend && d.register_width == 8);
    assert_true(load_store_decode(0x39400441, &d)); /* ldrb w1, [x2, #1] */
    assert_true(d.width == 1 && d.offset == 1 && d.rn == 2 && !d.sign_extend && d.register_width == 4);
    assert_true(load_store_decode(0xf9400441, &d)); /* ldr x1, [x2, #8] */
    assert_true(d.width == 8 && d.offset == 8);
    assert_true(load_store_decode(0x39c00041, &d)); /* ldrsb w1, [x2] */
    assert_true(d.sign_extend && d.register_width == 4);
    assert_true(load_store_decode(0x79800041, &d)); /* ldrsh x1, [x2] */
    assert_true(d.sign_extend && d.register_width == 8 && d.width == 2);
    assert_true(load_store_decode(0xb8400841, &d)); /* ldtr w1, [x2] */
    assert_true(d.unprivileged && d.width == 4);
    assert_true(load_store_decode(0xc8dffc41, &d)); /* ldar x1, [x2] */
    assert_true(d.load && d.width == 8 && d.address == ADDRESS_OFFSET && d.offset == 0);
    assert_true(load_store_decode(0x089ffc41, &d)); /* stlrb w1, [x2] */
    assert_true(!d.load && d.width == 1);
    assert_true(load_store_decode(0xf9800040, &d)); /* prfm pldl1keep, [x2] */
    assert_true(d.cache_maintenance);
    assert_true(load_store_decode(0x28400c41, &d)); /* ldnp w1, w3, [x2] */
    assert_true(d.count == 2 && d.width == 4);
    assert_false(load_store_decode(0xb8c00041 | 1u << 23 | 1u << 22 | 1u << 31, &d)); /* size 3, opc 3 */
    assert_false(load_store_decode(0xe9400c41, &d));                                  /* pair, opc 3 */
    assert_false(load_store_decode(0x69000c41, &d));                                  /* stgp */
    assert_false(load_store_decode(0x68400c41, &d));                                  /* non-temporal, opc 1 */
    assert_false(load_store_decode(0xf8e1f841 | 1u << 22, &d) && !d.cache_maintenance);
}

/* Nothing that is decoded makes sense of less than it should. */
static void every_instruction_decodes_within_bounds(void **state)
{
    (void)state;
    uint32_t instruction = 12345;
    for (uint32_t i = 0; i < 2000000; i++) {
        struct load_store d;
        instruction = instruction * 1664525 + 1013904223;
        if (load_store_decode(instruction, &d) && !d.cache_maintenance) {
            assert_true(d.width == 1 || d.width == 2 || d.width == 4 || d.width == 8);
            assert_true(d.count == 1 || d.count == 2);
            assert_true(d.shift <= 3 && d.rt < 32 && d.rt2 < 32 && d.rn < 32 && d.rm < 32);
            assert_true(!d.load || d.register_width == 4 || d.register_width == 8);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(pairs),
        TEST(write_back),
        TEST(stack_pointers),
        TEST(register_offsets),
        TEST(cache_maintenance_is_nothing),
        TEST(what_devices_do_not_take),
        TEST(instruction_out_of_reach),
        TEST(access_across_pages),
        TEST(pair_across_pages),
        cmocka_unit_test(decoding),
        cmocka_unit_test(every_instruction_decodes_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
