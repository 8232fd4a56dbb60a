/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses to devices as the syndrome describes them. */
#include "memory_fixture.h"

/* --- By syndrome --- */

static void loads_and_stores_of_all_widths(void **state)
{
    struct arm_fixture *f = *state;
    for (uint32_t width = 1; width <= 8; width *= 2) {
        fixture_store(f, 0, TEST_BASE + 8, width, 0x8182838485868788ull);
        assert_int_equal(device.last_width, width);
        assert_int_equal(device.last_offset, 8);
        uint64_t mask = width == 8 ? UINT64_MAX : (1ull << 8 * width) - 1;
        assert_int_equal(device.values[1], 0x8182838485868788ull & mask);
        assert_int_equal(fixture_load(f, 0, TEST_BASE + 8, width), 0x8182838485868788ull & mask);
    }
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4 * 8);
}

static uint64_t load_extended(struct arm_fixture *f, uint32_t width, uint32_t register_width, bool sign)
{
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){.gpa = TEST_BASE,
                                                  .access = VCPU_ACCESS_READ,
                                                  .width = (uint8_t)width,
                                                  .gpr = 7,
                                                  .sign_extend = sign,
                                                  .register_width = (uint8_t)register_width};
    page->state.gpr[7] = 0x1111111111111111ull;
    fixture_handle(f, 0);
    return page->state.gpr[7];
}

static void sign_extension(void **state)
{
    struct arm_fixture *f = *state;
    device.values[0] = 0xf0f1f2f380f582f7ull;
    assert_int_equal(load_extended(f, 1, 4, true), 0xfffffff7ull);
    assert_int_equal(load_extended(f, 1, 8, true), 0xfffffffffffffff7ull);
    assert_int_equal(load_extended(f, 2, 4, true), 0xffff82f7ull);
    assert_int_equal(load_extended(f, 2, 8, true), 0xffffffffffff82f7ull);
    assert_int_equal(load_extended(f, 4, 8, true), 0xffffffff80f582f7ull);
    assert_int_equal(load_extended(f, 4, 4, false), 0x80f582f7ull);
    assert_int_equal(load_extended(f, 8, 8, true), 0xf0f1f2f380f582f7ull);
    assert_int_equal(load_extended(f, 1, 4, false), 0xf7ull);
}

static void zero_register(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = TEST_BASE, .access = VCPU_ACCESS_WRITE, .width = 4, .gpr = 31, .register_width = 4};
    device.values[0] = 5;
    fixture_handle(f, 0);
    assert_int_equal(device.writes, 1);
    assert_int_equal(device.values[0], 0);
    page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = TEST_BASE, .access = VCPU_ACCESS_READ, .width = 4, .gpr = 31, .register_width = 4};
    fixture_handle(f, 0);
    assert_int_equal(device.reads, 1);
}

static void compressed_instructions(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.instruction_length = 2; /* T32 */
    page->exit.memory =
        (struct vcpu_exit_memory){.gpa = TEST_BASE, .access = VCPU_ACCESS_READ, .width = 4, .register_width = 4};
    fixture_handle(f, 0);
    assert_int_equal(page->state.pc, FIXTURE_CODE + 2);
}

static void nothing_there_is_an_external_abort(void **state)
{
    struct arm_fixture *f = *state;
    fixture_load(f, 0, NOWHERE + 8, 4);
    assert_int_equal(f->pages[0].state.far_el1, NOWHERE + 8);
    assert_true(fixture_took(f, DABT | EXTERNAL));
    fixture_store(f, 0, NOWHERE, 1, 0);
    assert_true(fixture_took(f, DABT | WNR | EXTERNAL));
    f->pages[0].state.pstate = PSTATE_EL0;
    fixture_store(f, 0, GUEST_PHYSICAL_END_AARCH64, 8, 0);
    assert_true(fixture_took(f, DABT_EL0 | WNR | EXTERNAL));
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE);
    assert_int_equal(f->vm->guest_errors, 3);
    assert_non_null(strstr(fixture_log(f), "nothing there"));
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
}

static void unknown_address_is_told(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){.gpa = NOWHERE, .gva = 5, .access = VCPU_ACCESS_READ, .width = 4};
    fixture_handle(f, 0);
    assert_int_equal(page->state.far_el1, 0);
    assert_true(fixture_took(f, DABT | EXTERNAL | FNV));
}

static void across_the_end_of_a_device(void **state)
{
    struct arm_fixture *f = *state;
    fixture_load(f, 0, TEST_BASE + 0x2000 - 4, 8);
    assert_true(fixture_took(f, DABT | EXTERNAL));
    assert_int_equal(device.reads, 0);
}

static void ram_that_exits_is_ram(void **state)
{
    struct arm_fixture *f = *state;
    fixture_store(f, 0, FIXTURE_HIGH + 16, 4, 0xabcdef01);
    assert_int_equal(fixture_load(f, 0, FIXTURE_HIGH + 16, 2), 0xef01);
    assert_int_equal(f->high_ram[17], 0xef);
    fixture_store(f, 0, FIXTURE_HIGH + FIXTURE_HIGH_SIZE - 4, 8, 0); /* half of it */
    assert_true(fixture_took(f, DABT | WNR | EXTERNAL));
}

static void accesses_to_be_repeated(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    device.retry = true;
    device.values[0] = 0x77;
    s->gpr[5] = 1;
    assert_int_equal(fixture_load(f, 0, TEST_BASE, 4), 1);
    assert_int_equal(s->pc, FIXTURE_CODE);
    fixture_store(f, 0, TEST_BASE, 4, 2);
    assert_int_equal(s->pc, FIXTURE_CODE);
    s->gpr[1] = TEST_BASE;
    fixture_undecoded(f, 0xb8404422, TEST_BASE, false); /* ldr w2, [x1], #4 */
    assert_int_equal(s->pc, FIXTURE_CODE);
    assert_int_equal(s->gpr[1], TEST_BASE);
    assert_int_equal(s->gpr[2], 0);
    device.retry = false;
    fixture_undecoded(f, 0xb8404422, TEST_BASE, false);
    assert_int_equal(s->pc, FIXTURE_CODE + 4);
}

static void code_outside_ram(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->state.pc = 0x1000;
    page->exit.memory =
        (struct vcpu_exit_memory){.gpa = 0x1000, .gva = 0x1000, .gva_valid = 1, .access = VCPU_ACCESS_FETCH};
    fixture_handle(f, 0);
    assert_int_equal(page->state.elr_el1, 0x1000);
    assert_true(fixture_took(f, IABT | EXTERNAL));
}

static void impossible_widths_are_decoded(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = TEST_BASE, .gva = TEST_BASE, .gva_valid = 1, .access = VCPU_ACCESS_READ, .width = 3};
    fixture_handle(f, 0); /* the instruction is a NOP */
    assert_true(fixture_took(f, DABT | EXTERNAL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(loads_and_stores_of_all_widths),
        TEST(sign_extension),
        TEST(zero_register),
        TEST(compressed_instructions),
        TEST(nothing_there_is_an_external_abort),
        TEST(unknown_address_is_told),
        TEST(across_the_end_of_a_device),
        TEST(ram_that_exits_is_ram),
        TEST(accesses_to_be_repeated),
        TEST(code_outside_ram),
        TEST(impossible_widths_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
