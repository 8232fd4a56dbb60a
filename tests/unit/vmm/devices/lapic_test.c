/* SPDX-License-Identifier: BSD-2-Clause */
/* Local APIC as one vCPU sees it: registers, priorities, pins, modes. */
#include "pc.h"

#define PAGE   0xfee00000ull
#define X2APIC (PAGE | 0xc00 | 0x100)

static int setup(void **state)
{
    static struct pc pc;
    pc_create(&pc);
    mmio_write(&pc, 0, PAGE + 0xf0, 4, 0x1ff);
    *state = &pc;
    return 0;
}

static uint32_t get(struct pc *pc, uint32_t offset)
{
    return (uint32_t)mmio_read(pc, 0, PAGE + offset, 4);
}

static void set(struct pc *pc, uint32_t offset, uint32_t value)
{
    mmio_write(pc, 0, PAGE + offset, 4, value);
}

static uint64_t rdmsr(struct pc *pc, uint32_t index)
{
    uint64_t value = 0;
    assert_int_equal(lapic_msr_read(&pc->lapics[0], index, &value), 0);
    return value;
}

static void wrmsr(struct pc *pc, uint32_t index, uint64_t value)
{
    assert_int_equal(lapic_msr_write(&pc->lapics[0], index, value), 0);
}

static void wrmsr_faults(struct pc *pc, uint32_t index, uint64_t value)
{
    assert_int_equal(lapic_msr_write(&pc->lapics[0], index, value), -1);
}

static void power_on_state(void **state)
{
    (void)state;
    struct pc pc;
    pc_create(&pc);
    assert_int_equal(rdmsr(&pc, 0x1b), 0xfee00900);
    uint64_t base;
    assert_int_equal(lapic_msr_read(&pc.lapics[1], 0x1b, &base), 0);
    assert_int_equal(base, 0xfee00800);
    assert_int_equal(get(&pc, 0x20), 0);
    assert_int_equal(mmio_read(&pc, 2, PAGE + 0x20, 4), 0x02000000);
    assert_int_equal(get(&pc, 0x30), 0x01050014);
    assert_int_equal(get(&pc, 0xf0), 0xff);
    assert_int_equal(get(&pc, 0xe0), 0xffffffff);
    for (uint32_t lvt = 0x320; lvt <= 0x370; lvt += 0x10) {
        assert_int_equal(get(&pc, lvt), 0x10000);
    }
    assert_false(lapic_deliver(&pc.lapics[0], 0x40, false)); /* software-disabled */
    assert_int_equal(lapic_highest_pending(&pc.lapics[0]), -1);
}

static void virtual_wire_lets_the_8259_pair_through(void **state)
{
    struct pc *pc = *state;
    lapic_reset(&pc->lapics[0], true);
    assert_int_equal(get(pc, 0xf0), 0x1ff);
    assert_int_equal(get(pc, 0x350), 0x700);
    assert_int_equal(get(pc, 0x360), 0x400);
    assert_false(lapic_extint_pending(&pc->lapics[0]));
    lapic_set_lint(&pc->lapics[0], 0, true);
    assert_true(lapic_extint_pending(&pc->lapics[0]));
    lapic_accept_extint(&pc->lapics[0]);
    assert_true(lapic_extint_pending(&pc->lapics[0])); /* as long as the pin says so */
    set(pc, 0x350, 0x10700);
    assert_false(lapic_extint_pending(&pc->lapics[0]));
    wrmsr(pc, 0x1b, PAGE);
    assert_true(lapic_extint_pending(&pc->lapics[0])); /* without APIC, LINT0 is INTR */
}

static void request_acceptance_and_end(void **state)
{
    struct pc *pc = *state;
    struct lapic *lapic = &pc->lapics[0];
    assert_true(lapic_deliver(lapic, 0x41, false));
    assert_int_equal(get(pc, 0x220), 2);
    assert_int_equal(lapic_highest_pending(lapic), 0x41);
    lapic_accept(lapic, 0x41);
    assert_int_equal(get(pc, 0x220), 0);
    assert_int_equal(get(pc, 0x120), 2);
    assert_int_equal(get(pc, 0xa0), 0x40);
    assert_int_equal(lapic_highest_pending(lapic), -1);
    set(pc, 0xb0, 0);
    assert_int_equal(get(pc, 0x120), 0);
    assert_int_equal(get(pc, 0xa0), 0);
}

static void every_vector_reaches_its_bit_and_comes_back(void **state)
{
    struct pc *pc = *state;
    struct lapic *lapic = &pc->lapics[0];
    for (uint32_t vector = 16; vector < 256; vector++) {
        uint32_t word = vector / 32 * 0x10;
        assert_true(lapic_deliver(lapic, (uint8_t)vector, false));
        assert_int_equal(get(pc, 0x200 + word), 1u << vector % 32);
        assert_int_equal(lapic_highest_pending(lapic), vector);
        lapic_accept(lapic, (uint8_t)vector);
        assert_int_equal(get(pc, 0x100 + word), 1u << vector % 32);
        set(pc, 0xb0, 0);
    }
}

static void only_a_higher_class_interrupts_what_is_in_service(void **state)
{
    struct pc *pc = *state;
    struct lapic *lapic = &pc->lapics[0];
    lapic_deliver(lapic, 0x51, false);
    lapic_accept(lapic, 0x51);
    lapic_deliver(lapic, 0x5f, false);
    assert_int_equal(lapic_highest_pending(lapic), -1);
    assert_int_equal(lapic_highest_request(lapic), 0x5f);
    lapic_deliver(lapic, 0x60, false);
    assert_int_equal(lapic_highest_pending(lapic), 0x60);
    lapic_accept(lapic, 0x60);
    set(pc, 0xb0, 0);
    assert_int_equal(lapic_highest_pending(lapic), -1);
    set(pc, 0xb0, 0);
    assert_int_equal(lapic_highest_pending(lapic), 0x5f);
}

static void task_priority_holds_back_its_class_and_below(void **state)
{
    struct pc *pc = *state;
    struct lapic *lapic = &pc->lapics[0];
    lapic_deliver(lapic, 0x45, false);
    set(pc, 0x80, 0x40);
    assert_int_equal(lapic_highest_pending(lapic), -1);
    assert_int_equal(lapic_cr8(lapic), 4);
    lapic_set_cr8(lapic, 3);
    assert_int_equal(get(pc, 0x80), 0x30);
    assert_int_equal(lapic_highest_pending(lapic), 0x45);
    set(pc, 0x80, 0x3f);
    assert_int_equal(get(pc, 0xa0), 0x3f);
    lapic_accept(lapic, 0x45);
    assert_int_equal(get(pc, 0xa0), 0x40);
}

static void end_without_service_does_nothing(void **state)
{
    struct pc *pc = *state;
    lapic_deliver(&pc->lapics[0], 0x45, false);
    for (int i = 0; i < 100; i++) {
        set(pc, 0xb0, 0);
    }
    assert_int_equal(lapic_highest_pending(&pc->lapics[0]), 0x45);
}

static void illegal_vectors_and_registers_show_in_esr_after_a_write(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x370, 0xfe);
    lapic_deliver(&pc->lapics[0], 3, false);
    assert_int_equal(get(pc, 0x280), 0);
    assert_int_equal(lapic_highest_pending(&pc->lapics[0]), 0xfe);
    set(pc, 0x300, 0x00040005); /* self-IPI with vector 5 */
    get(pc, 0x3f0);             /* no such register in xAPIC mode */
    set(pc, 0x280, 0);
    assert_int_equal(get(pc, 0x280), 0xe0);
    set(pc, 0x280, 0xff);
    assert_int_equal(get(pc, 0x280), 0);
    static const uint32_t holes[] = {0x000, 0x010, 0x040, 0x290, 0x2f0, 0x3a0, 0x3f0, 0x400, 0xff0};
    for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
        set(pc, holes[i], 0);
        set(pc, 0x280, 0);
        assert_int_equal(get(pc, 0x280), 0x80);
    }
}

static void error_interrupt_with_illegal_vector_ends(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x370, 0x05);
    get(pc, 0x000);
    lapic_deliver(&pc->lapics[0], 0, false);
    set(pc, 0x280, 0);
    assert_int_equal(get(pc, 0x280), 0xc0);
    assert_int_equal(lapic_highest_pending(&pc->lapics[0]), -1);
}

static void software_disable_masks_the_lvt_and_refuses_interrupts(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0x40);
    assert_int_equal(get(pc, 0x320), 0x40);
    set(pc, 0xf0, 0xff);
    assert_int_equal(get(pc, 0x320), 0x10040);
    set(pc, 0x320, 0x40);
    assert_int_equal(get(pc, 0x320), 0x10040);
    assert_false(lapic_deliver(&pc->lapics[0], 0x50, false));
}

static void lint_pins_do_what_their_entries_say(void **state)
{
    struct pc *pc = *state;
    struct lapic *lapic = &pc->lapics[0];
    set(pc, 0x360, 0x400); /* NMI */
    lapic_set_lint(lapic, 1, true);
    lapic_set_lint(lapic, 1, true);
    assert_int_equal(pc->event_count, 1);
    assert_int_equal(pc->events[0].event, APIC_EVENT_NMI);
    set(pc, 0x350, 0x35); /* fixed, edge */
    lapic_set_lint(lapic, 0, true);
    assert_int_equal(lapic_highest_pending(lapic), 0x35);
    lapic_accept(lapic, 0x35);
    set(pc, 0xb0, 0);
    assert_int_equal(lapic_highest_pending(lapic), -1);
    lapic_set_lint(lapic, 7, true);
}

static void level_triggered_lint_requests_until_released(void **state)
{
    struct pc *pc = *state;
    struct lapic *lapic = &pc->lapics[0];
    for (uint32_t pin = 0; pin < 2; pin++) {
        uint32_t entry = 0x350 + 0x10 * pin;
        set(pc, entry, 0x8035); /* no level yet */
        assert_int_equal(get(pc, entry), 0x8035);
        set(pc, entry, 0x18035);
        lapic_set_lint(lapic, pin, true);
        set(pc, entry, 0x8035);
        assert_int_equal(get(pc, entry), 0xc035);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(lapic_highest_pending(lapic), 0x35);
            lapic_accept(lapic, 0x35);
            set(pc, entry, 0x8035); /* written again while in service: no second request */
            assert_int_equal(get(pc, entry), 0xc035);
            assert_int_equal(lapic_highest_request(lapic), -1);
            set(pc, 0xb0, 0);
        }
        lapic_accept(lapic, 0x35);
        lapic_set_lint(lapic, pin, false);
        set(pc, 0xb0, 0);
        assert_int_equal(lapic_highest_pending(lapic), -1);
        assert_int_equal(get(pc, entry), 0x8035);
        lapic_set_lint(lapic, pin, true);
        lapic_accept(lapic, 0x35);
        set(pc, entry, 0x0035); /* edge: nothing to end */
        assert_int_equal(get(pc, entry), 0x0035);
        set(pc, 0xb0, 0);
        assert_int_equal(lapic_highest_pending(lapic), -1);
    }
}

static void base_register_has_the_architectures_transitions(void **state)
{
    struct pc *pc = *state;
    wrmsr_faults(pc, 0x1b, PAGE | 0x400);              /* x2APIC without enable */
    wrmsr_faults(pc, 0x1b, PAGE | 0x800 | 1);          /* reserved bit */
    wrmsr_faults(pc, 0x1b, PAGE | 0x800 | 1ull << 40); /* beyond MAXPHYADDR */
    wrmsr(pc, 0x1b, X2APIC);
    wrmsr_faults(pc, 0x1b, PAGE | 0x900); /* back to xAPIC */
    wrmsr(pc, 0x1b, PAGE | 0x100);        /* off */
    wrmsr_faults(pc, 0x1b, X2APIC);       /* from off straight to x2APIC */
    wrmsr(pc, 0x1b, PAGE | 0x900);
    wrmsr(pc, 0x1b, X2APIC);
    assert_int_equal(rdmsr(pc, 0x1b), X2APIC);
    assert_int_equal(lapic_mmio_base(&pc->lapics[0]), 0);
}

static void base_register_can_move_the_page(void **state)
{
    struct pc *pc = *state;
    wrmsr(pc, 0x1b, 0xfed00000 | 0x800);
    assert_int_equal(rdmsr(pc, 0x1b), 0xfed00900); /* BSP is not the guest's to change */
    assert_int_equal(lapic_mmio_base(&pc->lapics[0]), 0xfed00000);
    assert_int_equal(mmio_read(pc, 0, 0xfed00030, 4), 0x01050014);
}

static void disabling_forgets_the_state(void **state)
{
    struct pc *pc = *state;
    lapic_deliver(&pc->lapics[0], 0x45, false);
    wrmsr(pc, 0x1b, PAGE);
    assert_int_equal(lapic_highest_pending(&pc->lapics[0]), -1);
    wrmsr(pc, 0x1b, PAGE | 0x800);
    assert_int_equal(get(pc, 0xf0), 0xff);
    assert_int_equal(get(pc, 0x220), 0);
}

static void x2apic_is_refused_where_not_offered(void **state)
{
    struct pc *pc = *state;
    pc->lapics[0].config.x2apic = false;
    pc->lapics[0].config.tsc_deadline = false;
    wrmsr_faults(pc, 0x1b, X2APIC);
    wrmsr_faults(pc, 0x6e0, 1);
    uint64_t value;
    assert_int_equal(lapic_msr_read(&pc->lapics[0], 0x6e0, &value), -1);
    set(pc, 0x320, 0x40040);
    assert_int_equal(get(pc, 0x320), 0x40);
}

static void x2apic_registers(void **state)
{
    struct pc *pc = *state;
    uint64_t value;
    assert_int_equal(lapic_msr_read(&pc->lapics[0], 0x802, &value), -1); /* still xAPIC */
    wrmsr_faults(pc, 0x80b, 0);
    for (uint32_t i = 0; i < PC_VCPUS; i++) {
        assert_int_equal(lapic_msr_write(&pc->lapics[i], 0x1b, PAGE | 0xc00), 0);
        assert_int_equal(lapic_msr_read(&pc->lapics[i], 0x802, &value), 0);
        assert_int_equal(value, i);
        assert_int_equal(lapic_msr_read(&pc->lapics[i], 0x80d, &value), 0);
        assert_int_equal(value, 1u << i);
    }
    assert_int_equal(rdmsr(pc, 0x80f), 0x1ff); /* the rest is as it was */
    lapic_deliver(&pc->lapics[0], 0x45, false);
    assert_int_equal(rdmsr(pc, 0x822), 0x20);
    lapic_accept(&pc->lapics[0], 0x45);
    assert_int_equal(rdmsr(pc, 0x812), 0x20);
    wrmsr(pc, 0x80b, 0);
    assert_int_equal(rdmsr(pc, 0x812), 0);
    wrmsr(pc, 0x808, 0x20);
    assert_int_equal(rdmsr(pc, 0x80a), 0x20);
    wrmsr(pc, 0x808, 0);
    wrmsr(pc, 0x83f, 0x77);
    assert_int_equal(lapic_highest_pending(&pc->lapics[0]), 0x77);
}

static void x2apic_reserved_bits_and_registers_fault(void **state)
{
    struct pc *pc = *state;
    uint64_t value;
    wrmsr(pc, 0x1b, X2APIC);
    wrmsr_faults(pc, 0x80b, 1);
    wrmsr_faults(pc, 0x828, 1);
    wrmsr_faults(pc, 0x808, 0x100);
    wrmsr_faults(pc, 0x80f, 0x200 | 1ull << 32);
    wrmsr_faults(pc, 0x832, 1ull << 32);
    wrmsr_faults(pc, 0x83f, 0x100);
    wrmsr_faults(pc, 0x838, 1ull << 32);
    wrmsr_faults(pc, 0x83e, 0x10);
    wrmsr_faults(pc, 0x830, 1u << 20);
    wrmsr_faults(pc, 0x802, 0);
    wrmsr_faults(pc, 0x80d, 0);
    wrmsr_faults(pc, 0x80e, 0);
    wrmsr_faults(pc, 0x831, 0);
    wrmsr_faults(pc, 0x839, 0);
    wrmsr_faults(pc, 0x82f, 0);
    wrmsr_faults(pc, 0x8ff, 0);
    static const uint32_t unreadable[] = {0x800, 0x809, 0x80b, 0x80c, 0x80e, 0x831, 0x83f, 0x840, 0x8ff};
    for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
        assert_int_equal(lapic_msr_read(&pc->lapics[0], unreadable[i], &value), -1);
    }
}

static void init_signal_keeps_mode_and_id(void **state)
{
    struct pc *pc = *state;
    struct lapic *lapic = &pc->lapics[1];
    uint64_t value;
    assert_int_equal(lapic_msr_write(lapic, 0x1b, PAGE | 0xc00), 0);
    assert_int_equal(lapic_msr_write(lapic, 0x80f, 0x1ff), 0);
    lapic_deliver(lapic, 0x50, false);
    lapic_init_signal(lapic);
    assert_int_equal(lapic_msr_read(lapic, 0x802, &value), 0);
    assert_int_equal(value, 1);
    assert_int_equal(lapic_msr_read(lapic, 0x80d, &value), 0);
    assert_int_equal(value, 2);
    assert_int_equal(lapic_msr_read(lapic, 0x80f, &value), 0);
    assert_int_equal(value, 0xff);
    assert_int_equal(lapic_highest_pending(lapic), -1);
}

static void narrow_and_odd_accesses(void **state)
{
    struct pc *pc = *state;
    assert_int_equal(mmio_read(pc, 0, PAGE + 0x30, 1), 0x14);
    assert_int_equal(mmio_read(pc, 0, PAGE + 0x32, 2), 0x0105);
    assert_int_equal(mmio_read(pc, 0, PAGE + 0x30, 8), 0x01050014);
    assert_int_equal(mmio_read(pc, 0, PAGE + 0x34, 4), 0);
    mmio_write(pc, 0, PAGE + 0x80, 1, 0x50);
    mmio_write(pc, 0, PAGE + 0x82, 4, 0x50);
    assert_int_equal(get(pc, 0x80), 0);
    mmio_write(pc, 0, PAGE + 0x80, 8, 0x50);
    assert_int_equal(get(pc, 0x80), 0x50);
}

static void read_only_registers_stay(void **state)
{
    struct pc *pc = *state;
    static const uint32_t offsets[] = {0x30, 0x90, 0xa0, 0xc0, 0x100, 0x180, 0x200, 0x390};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        uint32_t before = get(pc, offsets[i]);
        set(pc, offsets[i], ~before);
        assert_int_equal(get(pc, offsets[i]), before);
    }
    set(pc, 0x280, 0);
    assert_int_equal(get(pc, 0x280), 0);
}

static void hint_never_loses_a_request(void **state)
{
    struct pc *pc = *state;
    struct lapic *lapic = &pc->lapics[0];
    for (uint32_t round = 0; round < 1000; round++) {
        uint8_t vector = (uint8_t)(16 + round * 7 % 240);
        assert_int_equal(lapic_highest_request(lapic), -1);
        lapic_deliver(lapic, vector, (round & 1) != 0);
        assert_int_equal(lapic_highest_request(lapic), vector);
        lapic_accept(lapic, vector);
        set(pc, 0xb0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_on_state),
        cmocka_unit_test_setup(virtual_wire_lets_the_8259_pair_through, setup),
        cmocka_unit_test_setup(request_acceptance_and_end, setup),
        cmocka_unit_test_setup(every_vector_reaches_its_bit_and_comes_back, setup),
        cmocka_unit_test_setup(only_a_higher_class_interrupts_what_is_in_service, setup),
        cmocka_unit_test_setup(task_priority_holds_back_its_class_and_below, setup),
        cmocka_unit_test_setup(end_without_service_does_nothing, setup),
        cmocka_unit_test_setup(illegal_vectors_and_registers_show_in_esr_after_a_write, setup),
        cmocka_unit_test_setup(error_interrupt_with_illegal_vector_ends, setup),
        cmocka_unit_test_setup(software_disable_masks_the_lvt_and_refuses_interrupts, setup),
        cmocka_unit_test_setup(lint_pins_do_what_their_entries_say, setup),
        cmocka_unit_test_setup(level_triggered_lint_requests_until_released, setup),
        cmocka_unit_test_setup(base_register_has_the_architectures_transitions, setup),
        cmocka_unit_test_setup(base_register_can_move_the_page, setup),
        cmocka_unit_test_setup(disabling_forgets_the_state, setup),
        cmocka_unit_test_setup(x2apic_is_refused_where_not_offered, setup),
        cmocka_unit_test_setup(x2apic_registers, setup),
        cmocka_unit_test_setup(x2apic_reserved_bits_and_registers_fault, setup),
        cmocka_unit_test_setup(init_signal_keeps_mode_and_id, setup),
        cmocka_unit_test_setup(narrow_and_odd_accesses, setup),
        cmocka_unit_test_setup(read_only_registers_stay, setup),
        cmocka_unit_test_setup(hint_never_loses_a_request, setup),
    };
    return cmocka_run_group_tests_name("lapic", tests, NULL, NULL);
}
