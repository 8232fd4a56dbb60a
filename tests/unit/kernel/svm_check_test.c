/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VMM may ask of a vCPU, and what an exit says: decoded and checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../../kernel/arch/x86_64/svm/check.h"
#include "../../../kernel/arch/x86_64/svm/vmcb.h"

#define EVENT(type, vector)    (VCPU_EVENT_VALID | VCPU_EVENT_TYPE(type) | (vector))
#define WITH_CODE(event, code) ((event) | VCPU_EVENT_ERROR_CODE | (uint64_t)(code) << 32)

static void event_none_is_valid(void **state)
{
    (void)state;
    assert_true(svm_event_valid(0));
    /* Without the valid bit, nothing else matters. */
    assert_true(svm_event_valid(~VCPU_EVENT_VALID));
}

static void event_interrupts(void **state)
{
    (void)state;
    assert_true(svm_event_valid(EVENT(VCPU_EVENT_INTERRUPT, 0x20)));
    assert_true(svm_event_valid(EVENT(VCPU_EVENT_INTERRUPT, 0xff)));
    assert_true(svm_event_valid(EVENT(VCPU_EVENT_SOFTWARE, 0x80)));
    assert_false(svm_event_valid(WITH_CODE(EVENT(VCPU_EVENT_INTERRUPT, 0x20), 1)));
    assert_false(svm_event_valid(WITH_CODE(EVENT(VCPU_EVENT_SOFTWARE, 0x80), 0)));
}

static void event_nmi_has_vector_2(void **state)
{
    (void)state;
    assert_true(svm_event_valid(EVENT(VCPU_EVENT_NMI, 2)));
    assert_false(svm_event_valid(EVENT(VCPU_EVENT_NMI, 3)));
    assert_false(svm_event_valid(EVENT(VCPU_EVENT_NMI, 0)));
    assert_false(svm_event_valid(WITH_CODE(EVENT(VCPU_EVENT_NMI, 2), 0)));
}

static void event_exceptions(void **state)
{
    (void)state;
    static const bool code[32] = {
        [8] = 1, [10] = 1, [11] = 1, [12] = 1, [13] = 1, [14] = 1, [17] = 1, [21] = 1, [29] = 1, [30] = 1};
    for (uint32_t vector = 0; vector < 256; vector++) {
        bool possible = vector < 32 && vector != 2;
        assert_int_equal(svm_event_valid(EVENT(VCPU_EVENT_EXCEPTION, vector)), possible);
        assert_int_equal(svm_event_valid(WITH_CODE(EVENT(VCPU_EVENT_EXCEPTION, vector), 0xffffffff)),
                         possible && code[vector % 32]);
    }
}

static void event_unknown_types_and_reserved_bits(void **state)
{
    (void)state;
    assert_false(svm_event_valid(EVENT(1, 0x20)));
    assert_false(svm_event_valid(EVENT(5, 0x20)));
    assert_false(svm_event_valid(EVENT(6, 0x20)));
    assert_false(svm_event_valid(EVENT(7, 0x20)));
    for (int bit = 12; bit < 31; bit++) {
        assert_false(svm_event_valid(EVENT(VCPU_EVENT_INTERRUPT, 0x20) | 1ull << bit));
    }
}

static void event_software(void **state)
{
    (void)state;
    assert_true(svm_event_is_software(EVENT(VCPU_EVENT_SOFTWARE, 0x80)));
    assert_true(svm_event_is_software(EVENT(VCPU_EVENT_EXCEPTION, 3)));
    assert_true(svm_event_is_software(EVENT(VCPU_EVENT_EXCEPTION, 4)));
    assert_false(svm_event_is_software(EVENT(VCPU_EVENT_EXCEPTION, 14)));
    assert_false(svm_event_is_software(EVENT(VCPU_EVENT_INTERRUPT, 3)));
    assert_false(svm_event_is_software(EVENT(VCPU_EVENT_NMI, 2)));
}

static void canonical_addresses(void **state)
{
    (void)state;
    assert_true(svm_canonical(0, 48));
    assert_true(svm_canonical(0x00007fffffffffffull, 48));
    assert_false(svm_canonical(0x0000800000000000ull, 48));
    assert_false(svm_canonical(0xffff7fffffffffffull, 48));
    assert_true(svm_canonical(0xffff800000000000ull, 48));
    assert_true(svm_canonical(0x0000800000000000ull, 57));
    assert_false(svm_canonical(0x0100000000000000ull, 57));
    assert_true(svm_canonical(0xff00000000000000ull, 57));
}

static void pat_types(void **state)
{
    (void)state;
    assert_true(svm_pat_valid(0x0007040600070406ull));
    assert_true(svm_pat_valid(0x0407050600070106ull));
    for (int byte = 0; byte < 8; byte++) {
        for (uint64_t type = 0; type < 256; type++) {
            bool known = type == 0 || type == 1 || (type >= 4 && type <= 7);
            assert_int_equal(svm_pat_valid(type << (8 * byte)), known);
        }
    }
}

static const struct svm_limits limits = {
    .efer = 0xd01, .spec_ctrl = 0, .physical_address_bits = 40, .linear_address_bits = 48};

static struct vcpu_arch_state long_mode(void)
{
    return (struct vcpu_arch_state){.cr0 = 0x80050033,
                                    .cr3 = 0x1000,
                                    .cr4 = 0x20,
                                    .efer = 0xd01,
                                    .pat = 0x0007040600070406ull,
                                    .xcr0 = 1,
                                    .dr6 = 0xffff0ff0,
                                    .dr7 = 0x400,
                                    .cs.attributes = 0x29b};
}

static void state_of_linux_is_valid(void **state)
{
    (void)state;
    struct vcpu_arch_state s = long_mode();
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), 0);
}

static void state_control_registers(void **state)
{
    (void)state;
    struct {
        uint64_t cr0, cr3, cr4, efer;
    } bad[] = {
        {0x180050033, 0x1000, 0x20, 0xd01},          /* upper half of CR0 */
        {0x80050033, 0x1000, 0x100000020, 0xd01},    /* of CR4 */
        {0x80050032, 0x1000, 0x20, 0xd01},           /* paging without protection */
        {0xa0050033, 0x1000, 0x20, 0xd01},           /* NW without CD */
        {0x80050033, 0x10000000000ull, 0x20, 0xd01}, /* CR3 beyond physical addresses */
        {0x80050033, 0x8000000000001000ull, 0x20, 0xd01},
        {0x80050033, 0x1000, 0x00, 0xd01},    /* long mode without PAE */
        {0x80050033, 0x1000, 0x20, 0x1d01},   /* SVME is the kernel's */
        {0x80050033, 0x1000, 0x20, 0x200d01}, /* automatic IBRS */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct vcpu_arch_state s = long_mode();
        s.cr0 = bad[i].cr0;
        s.cr3 = bad[i].cr3;
        s.cr4 = bad[i].cr4;
        s.efer = bad[i].efer;
        assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_CONTROL);
        /* Not looked at unless it was named. */
        assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL & ~VCPU_STATE_CONTROL, &limits), 0);
    }
}

static void state_segments(void **state)
{
    (void)state;
    struct vcpu_arch_state s = long_mode();
    s.cs.attributes |= 1u << 10; /* L and D together */
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_SEGMENTS);
    s = long_mode();
    s.gs.base = 0x0000800000000000ull;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_SEGMENTS);
    s = long_mode();
    s.gdtr.limit = 0x10000;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_SEGMENTS);
    s = long_mode();
    s.idtr.limit = 0xffffffff;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_SEGMENTS);
}

static void state_system_calls(void **state)
{
    (void)state;
    struct vcpu_arch_state s = long_mode();
    s.lstar = 0x8000000000000000ull;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_SYSCALL);
    s = long_mode();
    s.kernel_gs_base = 0x0001000000000000ull;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_SYSCALL);
    s = long_mode();
    s.sfmask = 1ull << 32;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_SYSCALL);
}

static void state_debug_and_misc(void **state)
{
    (void)state;
    struct vcpu_arch_state s = long_mode();
    s.dr7 = 1ull << 32;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_DEBUG);
    s = long_mode();
    s.xss = 0x800;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_MISC);
    s = long_mode();
    s.spec_ctrl = 1;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_MISC);
    s = long_mode();
    s.tsc_aux = 1ull << 40;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits), VCPU_STATE_MISC);
    s = long_mode();
    s.pat = 2;
    s.dr6 = 1ull << 63;
    s.efer = ~0ull;
    assert_int_equal(svm_invalid_groups(&s, VCPU_STATE_ALL, &limits),
                     VCPU_STATE_MISC | VCPU_STATE_DEBUG | VCPU_STATE_CONTROL);
}

static void port_io_decodes(void **state)
{
    (void)state;
    /* out %al, $0x3f8's port in DX: SZ8, A64. */
    struct vcpu_exit_port_io io = svm_decode_port_io(0x3f8ull << 16 | 1u << 4 | 1u << 9, true);
    assert_int_equal(io.port, 0x3f8);
    assert_int_equal(io.width, 1);
    assert_int_equal(io.write, 1);
    assert_int_equal(io.string, 0);
    assert_int_equal(io.repeat, 0);
    assert_int_equal(io.address_width, 8);
    assert_int_equal(io.segment, 0xff);
    /* rep insl, 32-bit addresses. */
    io = svm_decode_port_io(0xffffull << 16 | 1u << 6 | 1u << 8 | 1u << 3 | 1u << 2 | 1u, true);
    assert_int_equal(io.port, 0xffff);
    assert_int_equal(io.width, 4);
    assert_int_equal(io.write, 0);
    assert_int_equal(io.string, 1);
    assert_int_equal(io.repeat, 1);
    assert_int_equal(io.address_width, 4);
    assert_int_equal(io.segment, 0);
    /* outsw %fs:(%si): the segment only where the processor reports it. */
    uint64_t info = 0x71ull << 16 | 4u << 10 | 1u << 7 | 1u << 5 | 1u << 2;
    io = svm_decode_port_io(info, true);
    assert_int_equal(io.width, 2);
    assert_int_equal(io.address_width, 2);
    assert_int_equal(io.segment, 4);
    assert_int_equal(svm_decode_port_io(info, false).segment, 0xff);
}

static void memory_access_decodes(void **state)
{
    (void)state;
    assert_int_equal(svm_decode_memory_access(1ull << 32 | 4), VCPU_ACCESS_READ);
    assert_int_equal(svm_decode_memory_access(1ull << 32 | 7), VCPU_ACCESS_WRITE);
    assert_int_equal(svm_decode_memory_access(1ull << 32 | 0x14), VCPU_ACCESS_FETCH);
    assert_int_equal(svm_decode_memory_access(1ull << 33 | 6), VCPU_ACCESS_WRITE | VCPU_ACCESS_PAGE_WALK);
}

static void instruction_lengths(void **state)
{
    (void)state;
    assert_int_equal(svm_instruction_length(0x1000, 0x1002), 2);
    assert_int_equal(svm_instruction_length(0x1000, 0x100f), 15);
    assert_int_equal(svm_instruction_length(0x1000, 0x1010), 0);
    assert_int_equal(svm_instruction_length(0x1000, 0x1000), 0);
    assert_int_equal(svm_instruction_length(0x1000, 0xfff), 0);
    assert_int_equal(svm_instruction_length(0xffffffffffffffffull, 1), 2);
}

static void msr_permission_bits(void **state)
{
    (void)state;
    assert_int_equal(svm_msr_bit(0), 0);
    assert_int_equal(svm_msr_bit(0x1fff), 0x3ffe);
    assert_int_equal(svm_msr_bit(0x2000), -1);
    assert_int_equal(svm_msr_bit(0xbfffffff), -1);
    assert_int_equal(svm_msr_bit(0xc0000000), 0x800 * 8);
    assert_int_equal(svm_msr_bit(0xc0000080), 0x800 * 8 + 0x100);
    assert_int_equal(svm_msr_bit(0xc0010000), 0x1000 * 8);
    assert_int_equal(svm_msr_bit(0xc0011fff), 0x17ff * 8 + 6);
    assert_int_equal(svm_msr_bit(0xc0012000), -1);
    assert_int_equal(svm_msr_bit(0xffffffff), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_none_is_valid),
        cmocka_unit_test(event_interrupts),
        cmocka_unit_test(event_nmi_has_vector_2),
        cmocka_unit_test(event_exceptions),
        cmocka_unit_test(event_unknown_types_and_reserved_bits),
        cmocka_unit_test(event_software),
        cmocka_unit_test(canonical_addresses),
        cmocka_unit_test(pat_types),
        cmocka_unit_test(state_of_linux_is_valid),
        cmocka_unit_test(state_control_registers),
        cmocka_unit_test(state_segments),
        cmocka_unit_test(state_system_calls),
        cmocka_unit_test(state_debug_and_misc),
        cmocka_unit_test(port_io_decodes),
        cmocka_unit_test(memory_access_decodes),
        cmocka_unit_test(instruction_lengths),
        cmocka_unit_test(msr_permission_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
