/* SPDX-License-Identifier: BSD-2-Clause */
/* AArch64: what a VMM may ask of a vCPU, and what a syndrome says: decoded and checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <skyscope/guest_aarch64.h>

#include "../../../kernel/arch/aarch64/vcpu/decode.h"

/* 32-bit instruction, as nearly all are. */
#define ESR(class, iss)     ((uint64_t)(class) << 26 | 1ull << 25 | (iss))
#define DATA_ABORT          0x24u
#define FETCH_ABORT         0x20u
#define FAULT_TRANSLATION_3 0x07u
#define FAULT_ACCESS_3      0x0bu
#define FAULT_PERMISSION_3  0x0fu
#define ISV                 (1u << 24)
#define SIZE(log2)          ((uint32_t)(log2) << 22)
#define SSE                 (1u << 21)
#define REGISTER(n)         ((uint32_t)(n) << 16)
#define SF                  (1u << 15)
#define FNV                 (1u << 10)
#define CM                  (1u << 8)
#define WALK                (1u << 7)
#define WRITE               (1u << 6)

static bool pstate_is(uint64_t given, bool aarch32, bool valid, uint64_t expected)
{
    uint64_t pstate = given;
    return vcpu_pstate_valid(&pstate, aarch32) == valid && (!valid || pstate == expected);
}

static void pstate_modes(void **state)
{
    (void)state;
    for (uint64_t mode = 0; mode < 32; mode++) {
        bool ours = mode == 0 || mode == 4 || mode == 5;
        assert_true(pstate_is(mode, false, ours, mode));
        assert_true(pstate_is(mode, true, ours || mode == 0x10, mode));
    }
}

static void pstate_bits(void **state)
{
    (void)state;
    /* Everything set but the mode: EL1h with what the architecture defines. */
    assert_true(pstate_is(~0x1full | 5, false, true, 0xf3f01fc5));
    /* AArch32 has other bits, in the lower half. */
    assert_true(pstate_is(~0xfull, true, true, 0xfffffff0));
    /* EL2h is no guest's. */
    assert_true(pstate_is(0x3c9, true, false, 0));
}

static void mpidr_fields(void **state)
{
    (void)state;
    assert_int_equal(vcpu_mpidr_valid(0), 1ull << 31);
    assert_int_equal(vcpu_mpidr_valid(~0ull), 0xffc1ffffffull);
    assert_int_equal(vcpu_mpidr_valid(0x0102030405ull), 0x0180030405ull);
}

static void kinds_of_exits(void **state)
{
    (void)state;
    assert_int_equal(vcpu_classify(ESR(0x01, 0)), VCPU_EXIT_HALT);
    assert_int_equal(vcpu_classify(ESR(0x01, 1)), VCPU_EXIT_PAUSE);
    assert_int_equal(vcpu_classify(ESR(0x01, 2)), VCPU_EXIT_PAUSE);
    assert_int_equal(vcpu_classify(ESR(0x01, 3)), VCPU_EXIT_PAUSE);
    assert_int_equal(vcpu_classify(ESR(0x16, 0x1234)), VCPU_EXIT_HYPERCALL);
    assert_int_equal(vcpu_classify(ESR(0x17, 0)), VCPU_EXIT_SECURE_CALL);
    assert_int_equal(vcpu_classify(ESR(0x18, 0)), VCPU_EXIT_SYSTEM_REGISTER);
    assert_int_equal(vcpu_classify(ESR(DATA_ABORT, FAULT_TRANSLATION_3)), VCPU_EXIT_MEMORY);
    assert_int_equal(vcpu_classify(ESR(FETCH_ABORT, FAULT_PERMISSION_3)), VCPU_EXIT_MEMORY);
    /* External abort: nothing to be mapped will help. */
    assert_int_equal(vcpu_classify(ESR(DATA_ABORT, 0x10)), VCPU_EXIT_EXCEPTION);
    assert_int_equal(vcpu_classify(ESR(DATA_ABORT, 0x21)), VCPU_EXIT_EXCEPTION);
    static const uint32_t others[] = {0x00, 0x03, 0x07, 0x09, 0x0e, 0x12, 0x19, 0x1d, 0x22, 0x2f, 0x30, 0x3c, 0x3f};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(vcpu_classify(ESR(others[i], 0)), VCPU_EXIT_EXCEPTION);
    }
    assert_true(vcpu_returns_behind(ESR(0x16, 0)));
    assert_false(vcpu_returns_behind(ESR(0x17, 0)));
    assert_int_equal(vcpu_instruction_length(ESR(0x24, 0)), 4);
    assert_int_equal(vcpu_instruction_length(0x24ull << 26), 2);
}

static void kinds_of_aborts(void **state)
{
    (void)state;
    for (uint32_t fault = 0; fault < 64; fault++) {
        enum vcpu_abort expected = fault < 12      ? VCPU_ABORT_NOT_MAPPED
                                   : fault < 16    ? VCPU_ABORT_PERMISSION
                                   : fault == 0x30 ? VCPU_ABORT_TLB_CONFLICT
                                                   : VCPU_ABORT_OTHER;
        assert_int_equal(vcpu_abort_kind(ESR(DATA_ABORT, WALK | WRITE | fault)), expected);
    }
}

static void memory_reads(void **state)
{
    (void)state;
    struct vcpu_exit_memory m = vcpu_decode_memory(ESR(DATA_ABORT, ISV | SIZE(2) | REGISTER(7) | FAULT_TRANSLATION_3),
                                                   0xffff800012345678, 0x0900000000 >> 8);
    assert_int_equal(m.gpa, 0x0900000678);
    assert_int_equal(m.gva, 0xffff800012345678);
    assert_int_equal(m.gva_valid, 1);
    assert_int_equal(m.access, VCPU_ACCESS_READ);
    assert_int_equal(m.width, 4);
    assert_int_equal(m.gpr, 7);
    assert_int_equal(m.sign_extend, 0);
    assert_int_equal(m.register_width, 4);
    m = vcpu_decode_memory(ESR(DATA_ABORT, ISV | SIZE(0) | SSE | SF | REGISTER(31) | FAULT_ACCESS_3), 0, 0);
    assert_int_equal(m.width, 1);
    assert_int_equal(m.gpr, 31);
    assert_int_equal(m.sign_extend, 1);
    assert_int_equal(m.register_width, 8);
}

static void memory_writes(void **state)
{
    (void)state;
    struct vcpu_exit_memory m =
        vcpu_decode_memory(ESR(DATA_ABORT, ISV | SIZE(3) | SF | WRITE | FAULT_PERMISSION_3), 0xff8, 0xfffffffff0);
    assert_int_equal(m.access, VCPU_ACCESS_WRITE);
    assert_int_equal(m.width, 8);
    assert_int_equal(m.gpa, 0xfffffffff000 | 0xff8);
}

static void memory_without_transfer(void **state)
{
    (void)state;
    /* A pair or a vector: no ISV, whatever the other fields hold. */
    struct vcpu_exit_memory m =
        vcpu_decode_memory(ESR(DATA_ABORT, SIZE(3) | REGISTER(5) | SF | WRITE | FAULT_TRANSLATION_3), 0, 0x10);
    assert_int_equal(m.width, 0);
    assert_int_equal(m.gpr, 0);
    assert_int_equal(m.access, VCPU_ACCESS_WRITE);
    assert_int_equal(m.gpa, 0x1000);
    /* Cache maintenance transfers nothing. */
    m = vcpu_decode_memory(ESR(DATA_ABORT, ISV | CM | WRITE | SIZE(3) | FAULT_TRANSLATION_3), 0, 0);
    assert_int_equal(m.width, 0);
    m = vcpu_decode_memory(ESR(DATA_ABORT, FNV | FAULT_TRANSLATION_3), 0x123, 0x20);
    assert_int_equal(m.gva_valid, 0);
    m = vcpu_decode_memory(ESR(FETCH_ABORT, FAULT_TRANSLATION_3), 0x40000124, 0x400000);
    assert_int_equal(m.access, VCPU_ACCESS_FETCH);
    assert_int_equal(m.gpa, 0x40000124);
    assert_int_equal(m.width, 0);
}

static void memory_of_page_walks(void **state)
{
    (void)state;
    /* FAR is the address that was being translated, not the table's. */
    struct vcpu_exit_memory m =
        vcpu_decode_memory(ESR(DATA_ABORT, WALK | ISV | SIZE(2) | FAULT_TRANSLATION_3), 0x1234, 0x50);
    assert_int_equal(m.gpa, 0x5000);
    assert_int_equal(m.access, VCPU_ACCESS_READ | VCPU_ACCESS_PAGE_WALK);
    assert_int_equal(m.width, 0);
    m = vcpu_decode_memory(ESR(FETCH_ABORT, WALK | FAULT_TRANSLATION_3), 0x1234, 0x50);
    assert_int_equal(m.access, VCPU_ACCESS_READ | VCPU_ACCESS_PAGE_WALK);
}

static void system_registers(void **state)
{
    (void)state;
    uint32_t encoding = VCPU_SYSREG(3, 3, 14, 2, 1);
    struct vcpu_exit_system_register r = vcpu_decode_system_register(ESR(0x18, encoding | 9u << 5 | 1));
    assert_int_equal(r.encoding, encoding);
    assert_int_equal(r.write, 0);
    assert_int_equal(r.gpr, 9);
    r = vcpu_decode_system_register(ESR(0x18, VCPU_SYSREG_ICC_SGI1R | 31u << 5));
    assert_int_equal(r.encoding, VCPU_SYSREG_ICC_SGI1R);
    assert_int_equal(r.write, 1);
    assert_int_equal(r.gpr, 31);
}

static void id_registers(void **state)
{
    (void)state;
    assert_int_equal(vcpu_id_register(VCPU_SYSREG(3, 0, 0, 0, 0)), -1); /* MIDR_EL1 */
    assert_int_equal(vcpu_id_register(VCPU_SYSREG(3, 0, 0, 1, 0)), 0);
    assert_int_equal(vcpu_id_register(VCPU_SYSREG(3, 0, 0, 4, 0)), 24);
    assert_int_equal(vcpu_id_register(VCPU_SYSREG(3, 0, 0, 7, 7)), VCPU_ID_REGISTERS - 1);
    assert_int_equal(vcpu_id_register(VCPU_SYSREG(3, 0, 0, 8, 0)), -1);
    assert_int_equal(vcpu_id_register(VCPU_SYSREG(3, 1, 0, 4, 0)), -1);
    assert_int_equal(vcpu_id_register(VCPU_SYSREG(2, 0, 0, 4, 0)), -1);
    assert_int_equal(vcpu_id_register(VCPU_SYSREG(3, 0, 1, 4, 0)), -1);
}

static uint64_t field(uint32_t crm, uint32_t op2, bool sve, uint32_t low_bit)
{
    return vcpu_id_register_limit((crm - 1) * 8 + op2, ~0ull, sve) >> low_bit & 0xf;
}

static void features_that_guests_cannot_have(void **state)
{
    (void)state;
    assert_int_equal(field(4, 0, false, 32), 0); /* SVE */
    assert_int_equal(field(4, 0, true, 32), 0xf);
    assert_int_equal(field(4, 4, false, 0), 0);
    assert_int_equal(field(4, 0, true, 8), 0);    /* EL2 */
    assert_int_equal(field(4, 0, true, 16), 0xf); /* floating point */
    assert_int_equal(field(4, 1, true, 8), 0);    /* memory tagging */
    assert_int_equal(field(4, 1, true, 24), 0);   /* SME */
    assert_int_equal(field(4, 1, true, 0), 0xf);  /* branch targets */
    for (uint32_t bit = 4; bit < 64; bit += 4) {
        assert_int_equal(field(5, 0, true, bit), 0); /* PMU, trace, statistical profiling, breakpoints */
    }
    assert_int_equal(field(6, 0, true, 20), 0xf); /* atomic operations */
    assert_int_equal(field(6, 1, true, 4), 0);    /* pointer authentication, four kinds */
    assert_int_equal(field(6, 1, true, 8), 0);
    assert_int_equal(field(6, 1, true, 24), 0);
    assert_int_equal(field(6, 1, true, 28), 0);
    assert_int_equal(field(6, 2, true, 8), 0);
    assert_int_equal(field(6, 2, true, 12), 0);
    assert_int_equal(field(7, 1, true, 8), 0);    /* VHE */
    assert_int_equal(field(7, 1, true, 20), 0xf); /* PAN */
    assert_int_equal(field(7, 2, true, 24), 0);   /* nested virtualisation */
}

static void sgi_of_gicv3(void **state)
{
    (void)state;
    struct vcpu_sgi sgi = vcpu_decode_sgi1r(5ull << 24 | 0x8001);
    assert_int_equal(sgi.intid, 5);
    assert_true(vcpu_sgi_reaches_v3(&sgi, 1ull << 31 | 0, false));
    assert_false(vcpu_sgi_reaches_v3(&sgi, 1ull << 31 | 1, false));
    assert_true(vcpu_sgi_reaches_v3(&sgi, 1ull << 31 | 15, true));
    assert_false(vcpu_sgi_reaches_v3(&sgi, 1ull << 31 | 16, false));
    assert_false(vcpu_sgi_reaches_v3(&sgi, 1ull << 31 | 0x100, false));
    /* Aff3.Aff2.Aff1 = 4.3.2, and Aff0 from 32 on. */
    sgi = vcpu_decode_sgi1r(4ull << 48 | 2ull << 44 | 3ull << 32 | 2ull << 16 | 15ull << 24 | 2);
    assert_int_equal(sgi.intid, 15);
    assert_true(vcpu_sgi_reaches_v3(&sgi, 4ull << 32 | 1ull << 31 | 0x030221, false));
    assert_false(vcpu_sgi_reaches_v3(&sgi, 4ull << 32 | 1ull << 31 | 0x030201, false));
    assert_false(vcpu_sgi_reaches_v3(&sgi, 5ull << 32 | 1ull << 31 | 0x030221, false));
    /* IRM: all others, whatever the rest says. */
    sgi = vcpu_decode_sgi1r(1ull << 40);
    assert_true(vcpu_sgi_reaches_v3(&sgi, 0x123456, false));
    assert_false(vcpu_sgi_reaches_v3(&sgi, 0x123456, true));
}

static void sgi_of_gicv2(void **state)
{
    (void)state;
    struct vcpu_sgi sgi = vcpu_decode_sgir(0x00820003);
    assert_int_equal(sgi.intid, 3);
    for (uint32_t id = 0; id < 40; id++) {
        assert_int_equal(vcpu_sgi_reaches_v2(&sgi, id, false), id == 1 || id == 7);
    }
    sgi = vcpu_decode_sgir(0x01ff0001);
    assert_true(vcpu_sgi_reaches_v2(&sgi, 3, false));
    assert_false(vcpu_sgi_reaches_v2(&sgi, 3, true));
    sgi = vcpu_decode_sgir(0x02ff0001);
    assert_false(vcpu_sgi_reaches_v2(&sgi, 3, false));
    assert_true(vcpu_sgi_reaches_v2(&sgi, 3, true));
    sgi = vcpu_decode_sgir(0x03ff0001); /* reserved */
    assert_false(vcpu_sgi_reaches_v2(&sgi, 3, false));
    assert_false(vcpu_sgi_reaches_v2(&sgi, 3, true));
}

static void lists_of_the_vmm(void **state)
{
    (void)state;
    uint64_t list = LIST_PENDING | LIST_GROUP1 | 0xa0ull << LIST_PRIORITY_SHIFT | 1ull << 41 | 8195;
    assert_int_equal(vcpu_list_valid(list, 3, 0), list);
    /* Bits without a meaning. */
    assert_int_equal(vcpu_list_valid(~LIST_HARDWARE, 3, 0), 0xd0ff0200ffffffffull);
    assert_int_equal(vcpu_list_valid(~LIST_HARDWARE, 2, 0), 0xd0ff0207000003ffull);
}

static void lists_with_hardware_interrupts(void **state)
{
    (void)state;
    uint64_t timer = LIST_HARDWARE | LIST_ACTIVE | GUEST_PPI_VIRTUAL_TIMER;
    assert_int_equal(vcpu_list_valid(timer | 99ull << LIST_PHYSICAL_SHIFT, 3, 28),
                     timer | 28ull << LIST_PHYSICAL_SHIFT);
    assert_int_equal(vcpu_list_valid(timer, 3, 0), timer & ~LIST_HARDWARE);
    uint64_t other = LIST_HARDWARE | LIST_ACTIVE | 40;
    assert_int_equal(vcpu_list_valid(other | 27ull << LIST_PHYSICAL_SHIFT, 3, 27), other & ~LIST_HARDWARE);
}

static void lists_in_gicv2(void **state)
{
    (void)state;
    assert_int_equal(vcpu_list_to_v2(0), 0);
    assert_int_equal(vcpu_list_to_v2(LIST_PENDING | 33), 1u << 28 | 33);
    assert_int_equal(vcpu_list_to_v2(LIST_ACTIVE | LIST_GROUP1 | 0xf8ull << LIST_PRIORITY_SHIFT | 1ull << 41 | 1019),
                     1u << 29 | 1u << 30 | 0x1fu << 23 | 1u << 19 | 1019);
    assert_int_equal(vcpu_list_to_v2(LIST_PENDING | 5ull << 32 | 2), 1u << 28 | 5u << 10 | 2);
    assert_int_equal(vcpu_list_to_v2(LIST_PENDING | LIST_HARDWARE | 27ull << LIST_PHYSICAL_SHIFT | 27),
                     1u << 31 | 1u << 28 | 27u << 10 | 27);
    /* Three bits of priority are lost. */
    assert_int_equal(vcpu_list_to_v2(0x0full << LIST_PRIORITY_SHIFT), 1u << 23);
    assert_int_equal(vcpu_list_state_of_v2(0), 0);
    assert_int_equal(vcpu_list_state_of_v2(~(1u << 28)), LIST_ACTIVE);
    assert_int_equal(vcpu_list_state_of_v2(~(1u << 29)), LIST_PENDING);
    assert_int_equal(vcpu_list_state_of_v2(3u << 28), LIST_PENDING | LIST_ACTIVE);
}

static void processors_that_walk_early(void **state)
{
    (void)state;
    assert_true(vcpu_walks_early(0x411fd070));  /* Cortex-A57 r1p0 */
    assert_true(vcpu_walks_early(0x410fd083));  /* Cortex-A72 r0p3 */
    assert_true(vcpu_walks_early(0x412fd050));  /* Cortex-A55 r2p0 */
    assert_false(vcpu_walks_early(0x413fd050)); /* r3p0 */
    assert_true(vcpu_walks_early(0x412fd0b0));  /* Cortex-A76 r2p0 */
    assert_false(vcpu_walks_early(0x414fd0b1)); /* r4p1 */
    assert_false(vcpu_walks_early(0x410fd034)); /* Cortex-A53 */
    assert_false(vcpu_walks_early(0x414fd0c1)); /* Neoverse N1 */
    assert_false(vcpu_walks_early(0x420fd083)); /* not Arm's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pstate_modes),         cmocka_unit_test(pstate_bits),
        cmocka_unit_test(mpidr_fields),         cmocka_unit_test(kinds_of_exits),
        cmocka_unit_test(kinds_of_aborts),      cmocka_unit_test(memory_reads),
        cmocka_unit_test(memory_writes),        cmocka_unit_test(memory_without_transfer),
        cmocka_unit_test(memory_of_page_walks), cmocka_unit_test(system_registers),
        cmocka_unit_test(id_registers),         cmocka_unit_test(features_that_guests_cannot_have),
        cmocka_unit_test(sgi_of_gicv3),         cmocka_unit_test(sgi_of_gicv2),
        cmocka_unit_test(lists_of_the_vmm),     cmocka_unit_test(lists_with_hardware_interrupts),
        cmocka_unit_test(lists_in_gicv2),       cmocka_unit_test(processors_that_walk_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
