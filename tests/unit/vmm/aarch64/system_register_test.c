/* SPDX-License-Identifier: BSD-2-Clause */
/* ID registers and other system registers that exit. */
#include "exits_fixture.h"

/* --- Identification --- */

static void id_registers_are_of_the_host_less_what_is_hidden(void **state)
{
    struct arm_fixture *f = *state;
    /* All fields 1, but AArch32 at all exception levels: it is there at EL0 only. */
    uint64_t pfr0 = fixture_mrs(f, ID_AA64PFR0, 0x1111111111112222ull);
    assert_int_equal(pfr0, 0x1101000101110012ull);
    assert_int_equal(fixture_mrs(f, ID_AA64DFR0, 0x1111111111111119ull), 0x000000f000101006ull);
    assert_int_equal(fixture_mrs(f, ID_AA64MMFR0, 0x0000000000101126ull), 0x0000000000100022ull);
    /* Known fields of ISAR0; more than this VMM knows of is cut. */
    assert_int_equal(fixture_mrs(f, ID_AA64ISAR0, UINT64_MAX), 0x1221111110212120ull);
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 16);
}

static void id_registers_stay_the_same(void **state)
{
    struct arm_fixture *f = *state;
    uint64_t first = fixture_mrs(f, ID_AA64ISAR0, 0x0000000000011120ull);
    assert_int_equal(first, 0x0000000000011120ull);
    assert_int_equal(fixture_mrs(f, ID_AA64ISAR0, 0), first); /* on another CPU */
}

static void floating_point_may_be_missing(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(fixture_mrs(f, ID_AA64PFR0, 0x00000000ffff0011ull) >> 16 & 0xff, 0xff);
}

static void gic_field_is_of_the_guest(void **state)
{
    struct arm_fixture *f = *state;
    f->vm->arch.id.gic_version = 2;
    assert_int_equal(fixture_mrs(f, ID_AA64PFR0, 0x01000011) >> 24 & 15, 0);
}

static void id_registers_of_aarch32(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 1, 0), 0xf1f10131ull), 0x01010131ull); /* ID_PFR0: no RAS, AMU */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 1, 1), 0x11111111ull), 0x00010001ull); /* ID_PFR1 */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 1, 2), 0x03010066ull), 6);             /* ID_DFR0: no PMU */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 2, 5), 0x00011121ull), 0x00011121ull); /* ID_ISAR5 */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 3, 0), 0x10110222ull), 0x10110222ull); /* MVFR0 */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, 3, 4), 0xff), 0x11);                   /* ID_PFR2 */
}

static void all_other_id_registers_are_zero(void **state)
{
    struct arm_fixture *f = *state;
    for (uint32_t crm = 1; crm <= 7; crm++) {
        for (uint32_t op2 = 0; op2 < 8; op2++) {
            bool known = (crm == 1 && op2 != 3) || crm == 2 || (crm == 3 && op2 <= 2) ||
                         (crm == 3 && (op2 == 4 || op2 == 6)) || (crm == 4 && (op2 == 0 || op2 == 1 || op2 == 4)) ||
                         (crm == 5 && op2 == 0) || (crm == 6 && op2 <= 2) || (crm == 7 && op2 <= 2);
            if (!known) {
                assert_int_equal(fixture_mrs(f, SYSREG(3, 0, 0, crm, op2), UINT64_MAX), 0);
            }
        }
    }
}

static void id_registers_cannot_be_written(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, ID_AA64PFR0, 1);
    assert_true(fixture_took(f, UNDEFINED));
}

/* --- Other system registers --- */

static void unknown_registers_are_undefined(void **state)
{
    struct arm_fixture *f = *state;
    static const uint32_t unknown[] = {
        SYSREG(3, 3, 9, 12, 0),  /* PMCR_EL0 */
        SYSREG(3, 0, 9, 14, 1),  /* PMINTENSET_EL1 */
        SYSREG(3, 0, 10, 4, 0),  /* LORSA_EL1 */
        SYSREG(3, 0, 10, 4, 7),  /* LORID_EL1 */
        SYSREG(3, 0, 5, 3, 0),   /* ERRIDR_EL1 */
        SYSREG(3, 0, 2, 1, 0),   /* APIAKeyLo_EL1 */
        SYSREG(3, 0, 15, 1, 0),  /* implementation-defined */
        SYSREG(2, 1, 0, 0, 1),   /* trace */
        SYSREG(2, 0, 0, 2, 4),   /* a third breakpoint */
        SYSREG(3, 0, 12, 11, 1), /* ICC_DIR_EL1 */
        SYSREG(1, 0, 7, 8, 0),   /* AT S1E1R */
    };
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        fixture_mrs(f, unknown[i], 0);
        assert_true(fixture_took(f, UNDEFINED));
        fixture_msr(f, unknown[i], 0);
        assert_true(fixture_took(f, UNDEFINED));
    }
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE);
    assert_non_null(strstr(fixture_log(f), "S3_3_C9_C12_0"));
    assert_int_equal(f->vm->guest_errors, 2 * sizeof(unknown) / sizeof(unknown[0]));
}

static void debug_registers(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, SYSREG(2, 0, 0, 1, 7), 0xffff); /* DBGWCR1_EL1 */
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 0, 1, 7), 0), 0);
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 1, 1, 4), 0), 8); /* OSLSR_EL1 */
    fixture_msr(f, SYSREG(2, 0, 1, 0, 4), 1);                      /* OSLAR_EL1 */
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 1, 1, 4), 0), 10);
    fixture_msr(f, SYSREG(2, 0, 1, 0, 4), 0);
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 1, 1, 4), 0), 8);
    fixture_msr(f, SYSREG(2, 0, 0, 2, 2), ~0ull); /* MDSCR_EL1 */
    assert_int_equal(f->pages[0].control.dirty & VCPU_STATE_DEBUG, VCPU_STATE_DEBUG);
    assert_int_equal(f->pages[0].state.mdscr_el1, 0xb001);
    assert_int_equal(fixture_mrs(f, SYSREG(2, 0, 0, 2, 2), 0), 0xb001);
    assert_int_equal(f->vm->guest_errors, 0);
    fixture_mrs(f, SYSREG(2, 0, 1, 0, 4), 0); /* OSLAR_EL1 is write-only */
    assert_true(fixture_took(f, UNDEFINED));
    fixture_msr(f, SYSREG(2, 0, 1, 1, 4), 0);
    assert_true(fixture_took(f, UNDEFINED));
}

static void caches_by_set_trap_once(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, SYSREG(1, 0, 7, 14, 2), 0); /* DC CISW */
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE);
    assert_int_equal(f->pages[0].state.traps, VCPU_TRAP_WFI);
    assert_int_equal(f->pages[0].control.dirty, VCPU_STATE_TRAPS);
}

static void cache_geometry_is_hidden(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(fixture_mrs(f, SYSREG(3, 1, 0, 0, 1), 0), 0); /* CLIDR_EL1 */
    fixture_msr(f, SYSREG(3, 2, 0, 0, 0), 0xffff);                 /* CSSELR_EL1 */
    assert_int_equal(fixture_mrs(f, SYSREG(3, 2, 0, 0, 0), 0), 0x1f);
    assert_int_equal(f->vm->guest_errors, 0);
}

static void zero_register(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register = (struct vcpu_exit_system_register){.encoding = CNTP_CVAL_EL0, .write = 1, .gpr = 31};
    vcpu(f)->arch.physical_compare = 77;
    fixture_handle(f, 0);
    assert_int_equal(vcpu(f)->arch.physical_compare, 0);
    page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register = (struct vcpu_exit_system_register){.encoding = CNTPCT_EL0, .gpr = 31};
    fixture_handle(f, 0);
    assert_int_equal(page->state.pc, FIXTURE_CODE + 8);
}

static void el0_reaches_only_its_own(void **state)
{
    struct arm_fixture *f = *state;
    f->pages[0].state.pstate = PSTATE_EL0;
    fixture_mrs(f, ID_AA64PFR0, 1);
    assert_true(fixture_took(f, UNDEFINED));
    assert_int_equal(fixture_mrs(f, CNTPCT_EL0, 0), 1000000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(id_registers_are_of_the_host_less_what_is_hidden),
        TEST(id_registers_stay_the_same),
        TEST(floating_point_may_be_missing),
        TEST(gic_field_is_of_the_guest),
        TEST(id_registers_of_aarch32),
        TEST(all_other_id_registers_are_zero),
        TEST(id_registers_cannot_be_written),
        TEST(unknown_registers_are_undefined),
        TEST(debug_registers),
        TEST(caches_by_set_trap_once),
        TEST(cache_geometry_is_hidden),
        TEST(zero_register),
        TEST(el0_reaches_only_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
